//! Where an export goes, and how far it has come.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use leadping::store::StoredLead;

use super::cursor::{Cursor, Place};
use super::extent::Format;
use super::file;
use super::rows::{self, COLUMNS};
use crate::error::{Error, reason};
use crate::output::{csv, escape};

/// Standard output, or a file with its cursor.
#[derive(Debug)]
pub(super) struct Sink {
    to: To,
    cursor: Cursor,
    /// The leads of the cursor that is written.
    kept: u64,
    /// The reader has seen enough.
    closed: bool,
}

#[derive(Debug)]
enum To {
    Stdout(BufWriter<io::Stdout>),
    File { file: BufWriter<File>, path: PathBuf },
}

impl Sink {
    /// Opens a new file, or standard output.
    ///
    /// # Errors
    /// [`Error::Conflict`] when the file is there already; else when it or its cursor cannot be written.
    pub(super) fn begin(into: Option<&Path>, cursor: Cursor) -> Result<Self, Error> {
        let to = match into {
            Some(path) => {
                let file = file::create(path).map_err(|error| match error.kind() {
                    io::ErrorKind::AlreadyExists => Error::Conflict(format!(
                        "{} exists already, and was left as it is: choose another file, or continue it with --resume",
                        path.display()
                    )),
                    _ => unwritable(path, &error),
                })?;
                To::File { file: BufWriter::new(file), path: path.to_owned() }
            }
            None => To::Stdout(BufWriter::new(io::stdout())),
        };
        let mut sink = Self { to, cursor, kept: 0, closed: false };
        if sink.cursor.extent.format == Format::Csv {
            sink.line(&csv::foreign(COLUMNS)?)?;
        }
        // The cursor of an earlier file of this name must not be continued.
        sink.note()?;
        Ok(sink)
    }

    /// Opens a file again, and cuts it to the length that its cursor knows.
    ///
    /// # Errors
    /// [`Error::Conflict`] when it is not the file that the cursor was of; else when it cannot be written.
    pub(super) fn resume(into: &Path, cursor: Cursor) -> Result<Self, Error> {
        let mut file = file::reopen(into).map_err(|error| unwritable(into, &error))?;
        if file.metadata()?.len() < cursor.length {
            return Err(Error::Conflict(format!(
                "{} is shorter than when the export was interrupted, and was left as it is: export into another file",
                into.display()
            )));
        }
        file.set_len(cursor.length)?;
        file.seek(SeekFrom::End(0))?;
        let kept = cursor.leads;
        Ok(Self { to: To::File { file: BufWriter::new(file), path: into.to_owned() }, cursor, kept, closed: false })
    }

    /// What the export is of, and how far it has come.
    pub(super) fn cursor(&self) -> &Cursor {
        &self.cursor
    }

    /// Writes a lead.
    ///
    /// # Errors
    /// When the output takes no more.
    pub(super) fn write(&mut self, lead: &StoredLead) -> Result<(), Error> {
        let view = lead.view();
        let line = match self.cursor.extent.format {
            Format::Csv => csv::foreign(rows::values(&view)?.iter().map(String::as_str))?,
            Format::Ndjson => escape::json(&serde_json::to_string(&view).map_err(io::Error::from)?) + "\n",
        };
        self.cursor.leads += 1;
        self.line(&line)
    }

    /// A reader that has seen enough (`| head`) is no error.
    fn line(&mut self, line: &str) -> Result<(), Error> {
        let written = match &mut self.to {
            To::Stdout(_) if self.closed => Ok(()),
            To::Stdout(out) => out.write_all(line.as_bytes()),
            To::File { file, .. } => file.write_all(line.as_bytes()),
        };
        self.unless_closed(written)
    }

    fn unless_closed(&mut self, written: io::Result<()>) -> Result<(), Error> {
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(())
            }
            written => Ok(written?),
        }
    }

    /// Notes that everything up to here is written.
    ///
    /// # Errors
    /// When the file or its cursor cannot be written.
    pub(super) fn keep(&mut self, place: Place) -> Result<(), Error> {
        self.cursor.place = Some(place);
        self.note()
    }

    /// How many leads the file holds for good.
    pub(super) fn kept(&self) -> u64 {
        self.kept
    }

    fn note(&mut self) -> Result<(), Error> {
        match &mut self.to {
            To::Stdout(_) if self.closed => Ok(()),
            To::Stdout(out) => {
                let flushed = out.flush();
                self.unless_closed(flushed)
            }
            To::File { file, path } => {
                file.flush()?;
                self.cursor.length = file.get_ref().metadata()?.len();
                self.cursor.write(path)?;
                self.kept = self.cursor.leads;
                Ok(())
            }
        }
    }

    /// Whether the reader has gone.
    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Ends the export: there is nothing left to continue. Returns how many leads it has.
    ///
    /// # Errors
    /// When the output takes no more.
    pub(super) fn finish(mut self) -> Result<u64, Error> {
        match &mut self.to {
            To::Stdout(out) => {
                let flushed = out.flush();
                self.unless_closed(flushed)?;
            }
            To::File { file, path } => {
                file.flush()?;
                Cursor::remove(path)?;
            }
        }
        Ok(self.cursor.leads)
    }
}

fn unwritable(path: &Path, error: &io::Error) -> Error {
    Error::Refused(format!("{} cannot be written: {}", path.display(), reason(error)))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use leadping::store::Listed;

    use super::*;
    use crate::lead::export::extent::{Extent, Whose};

    fn cursor(format: Format) -> Cursor {
        let whose = Whose { source: Some("source_1".parse().unwrap()), business: None };
        let day = "2026-06-15".parse().unwrap();
        Cursor::new(day, Extent { whose, from: day, to: day, format }, vec!["source_1".parse().unwrap()])
    }

    fn noted(into: &Path) -> Cursor {
        serde_json::from_slice(&fs::read(into.with_extension("ndjson.cursor")).unwrap()).unwrap()
    }

    #[test]
    fn what_the_cursor_does_not_know_is_written_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("leads.ndjson");
        let lead = Listed { id: "lead_a".parse().unwrap(), created_at: "2026-06-15T12:00:00Z".parse().unwrap() };
        let mut sink = Sink::begin(Some(&path), cursor(Format::Ndjson)).unwrap();
        let place = Place::after(&sink.cursor().shards().next().unwrap(), &lead);
        sink.line("noted\n").unwrap();
        sink.keep(place.clone()).unwrap();
        sink.line("lost\n").unwrap();
        drop(sink);
        assert!(matches!(Sink::begin(Some(&path), cursor(Format::Ndjson)), Err(Error::Conflict(_))));

        assert_eq!(noted(&path).place, Some(place));
        let mut sink = Sink::resume(&path, noted(&path)).unwrap();
        sink.line("again\n").unwrap();
        sink.finish().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "noted\nagain\n");
        assert!(!path.with_extension("ndjson.cursor").exists(), "it is done");
    }

    #[test]
    fn a_new_file_is_not_continued_by_an_old_cursor() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("leads.ndjson");
        drop(Sink::begin(Some(&path), cursor(Format::Csv)).unwrap());
        let old = noted(&path);
        assert_eq!(old.length, fs::metadata(&path).unwrap().len(), "with the names of the columns");
        fs::remove_file(&path).unwrap();

        drop(Sink::begin(Some(&path), cursor(Format::Ndjson)).unwrap());
        assert_eq!(noted(&path), cursor(Format::Ndjson));
        assert!(matches!(Sink::resume(&path, old), Err(Error::Conflict(_))), "it would be filled up with nothing");
        assert_eq!(fs::read(&path).unwrap(), b"");
    }
}
