//! Where an export goes, and how far it has come.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use leadping::id::SourceId;
use leadping::store::{Listed, StoredLead};
use serde::{Deserialize, Serialize};

use super::rows::{self, COLUMNS};
use crate::error::Error;
use crate::lead::view::LeadView;

/// The last page that was written whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) source: SourceId,
    pub(super) day: String,
    pub(super) shard: u8,
    pub(super) after: Listed,
}

impl Cursor {
    /// Whether a shard of a source's day lies wholly before it.
    pub(super) fn is_behind(&self, source: &SourceId, day: &str, shard: u8) -> bool {
        (source, day, shard) < (&self.source, self.day.as_str(), self.shard)
    }

    /// Whether it stands in a shard of a source's day.
    pub(super) fn is_at(&self, source: &SourceId, day: &str, shard: u8) -> bool {
        (source, day, shard) == (&self.source, self.day.as_str(), self.shard)
    }
}

/// What stands beside the file while the export is not done.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Noted {
    source: SourceId,
    day: String,
    shard: u8,
    lead: leadping::id::LeadId,
    created_at: leadping::time::Timestamp,
    /// How long the file is: what stands behind is written again.
    length: u64,
}

/// Standard output, or a file with its cursor.
#[derive(Debug)]
pub(super) struct Sink {
    to: To,
    csv: bool,
    cursor: Option<Cursor>,
    /// The reader has seen enough.
    closed: bool,
}

#[derive(Debug)]
enum To {
    Stdout(BufWriter<io::Stdout>),
    File { file: BufWriter<File>, cursor_path: PathBuf },
}

impl Sink {
    /// Opens a file, or standard output.
    ///
    /// # Errors
    /// [`Error::Conflict`] when the file is there already, [`Error::NotFound`] when there is nothing to resume.
    pub(super) fn open(into: Option<&Path>, resume: bool, csv: bool) -> Result<Self, Error> {
        let Some(path) = into else {
            let to = To::Stdout(BufWriter::new(io::stdout()));
            return Self { to, csv, cursor: None, closed: false }.begun();
        };
        let mut cursor_path = path.as_os_str().to_owned();
        cursor_path.push(".cursor");
        let cursor_path = PathBuf::from(cursor_path);
        if resume {
            let noted = fs::read(&cursor_path).ok().and_then(|text| serde_json::from_slice::<Noted>(&text).ok());
            let noted = noted.ok_or_else(|| {
                Error::NotFound(format!(
                    "there is no export to go on with: {} is not there, which is so when it is done, too",
                    cursor_path.display()
                ))
            })?;
            let mut file = OpenOptions::new().write(true).open(path)?;
            file.set_len(noted.length)?;
            file.seek(SeekFrom::End(0))?;
            let after = Listed { id: noted.lead, created_at: noted.created_at };
            let cursor = Some(Cursor { source: noted.source, day: noted.day, shard: noted.shard, after });
            return Ok(Self { to: To::File { file: BufWriter::new(file), cursor_path }, csv, cursor, closed: false });
        }
        let file = OpenOptions::new().write(true).create_new(true).open(path).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Error::Conflict(format!(
                "{} is there already, and was left as it is: choose another file, or go on with --resume",
                path.display()
            )),
            kind => Error::Refused(format!("{} cannot be written: {kind}", path.display())),
        })?;
        Self { to: To::File { file: BufWriter::new(file), cursor_path }, csv, cursor: None, closed: false }.begun()
    }

    fn begun(mut self) -> Result<Self, Error> {
        if self.csv {
            self.line(&rows::csv_line(COLUMNS.iter().map(|column| (*column).to_owned()))?)?;
        }
        Ok(self)
    }

    /// Where to go on.
    pub(super) fn cursor(&self) -> Option<&Cursor> {
        self.cursor.as_ref()
    }

    /// Writes a lead.
    ///
    /// # Errors
    /// When the output takes no more.
    pub(super) fn write(&mut self, lead: &StoredLead) -> Result<(), Error> {
        let view = LeadView::of(lead);
        let line = if self.csv {
            rows::csv_line(rows::values(&view)?)?
        } else {
            let mut line = serde_json::to_vec(&view).map_err(io::Error::from)?;
            line.push(b'\n');
            line
        };
        self.line(&line)
    }

    /// A reader that has seen enough (`| head`) is no error.
    fn line(&mut self, line: &[u8]) -> Result<(), Error> {
        let written = match &mut self.to {
            To::Stdout(_) if self.closed => Ok(()),
            To::Stdout(out) => out.write_all(line),
            To::File { file, .. } => file.write_all(line),
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
    pub(super) fn keep(&mut self, cursor: &Cursor) -> Result<(), Error> {
        match &mut self.to {
            To::Stdout(_) if self.closed => Ok(()),
            To::Stdout(out) => {
                let flushed = out.flush();
                self.unless_closed(flushed)
            }
            To::File { file, cursor_path } => {
                file.flush()?;
                let noted = Noted {
                    source: cursor.source.clone(),
                    day: cursor.day.clone(),
                    shard: cursor.shard,
                    lead: cursor.after.id.clone(),
                    created_at: cursor.after.created_at,
                    length: file.get_ref().metadata()?.len(),
                };
                // A cursor is whole, or it is the one before.
                let next = cursor_path.with_extension("cursor.next");
                fs::write(&next, serde_json::to_vec(&noted).map_err(io::Error::from)?)?;
                Ok(fs::rename(next, cursor_path)?)
            }
        }
    }

    /// Whether nobody reads any more.
    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Ends the export: nothing is left to go on with.
    ///
    /// # Errors
    /// When the output takes no more.
    pub(super) fn finish(mut self) -> Result<(), Error> {
        match &mut self.to {
            To::Stdout(out) => {
                let flushed = out.flush();
                self.unless_closed(flushed)
            }
            To::File { file, cursor_path } => {
                file.flush()?;
                match fs::remove_file(cursor_path) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
                    _ => Ok(()),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_knows_what_is_done() {
        let cursor = Cursor {
            source: "source_2".parse().unwrap(),
            day: "2026-06-15".to_owned(),
            shard: 2,
            after: Listed { id: "lead_a".parse().unwrap(), created_at: "2026-06-15T12:00:00Z".parse().unwrap() },
        };
        for (source, day, shard, behind) in [
            ("source_1", "2026-06-30", 3, true),
            ("source_2", "2026-06-14", 3, true),
            ("source_2", "2026-06-15", 1, true),
            ("source_2", "2026-06-15", 2, false),
            ("source_2", "2026-06-16", 0, false),
            ("source_3", "2026-06-01", 0, false),
        ] {
            assert_eq!(cursor.is_behind(&source.parse().unwrap(), day, shard), behind, "{source} {day} {shard}");
        }
    }

    #[test]
    fn what_was_not_noted_is_written_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("leads.ndjson");
        let cursor = Cursor {
            source: "source_1".parse().unwrap(),
            day: "2026-06-15".to_owned(),
            shard: 0,
            after: Listed { id: "lead_a".parse().unwrap(), created_at: "2026-06-15T12:00:00Z".parse().unwrap() },
        };
        let mut sink = Sink::open(Some(&path), false, false).unwrap();
        sink.line(b"noted\n").unwrap();
        sink.keep(&cursor).unwrap();
        sink.line(b"lost\n").unwrap();
        drop(sink);
        assert!(matches!(Sink::open(Some(&path), false, false), Err(Error::Conflict(_))));

        let mut sink = Sink::open(Some(&path), true, false).unwrap();
        assert_eq!(sink.cursor(), Some(&cursor));
        sink.line(b"again\n").unwrap();
        sink.finish().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "noted\nagain\n");
        assert!(matches!(Sink::open(Some(&path), true, false), Err(Error::NotFound(_))), "it is done");
    }
}
