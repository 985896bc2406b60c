//! How far an export into a file has come: a second file next to it says so until it is done.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use leadping::id::{LeadId, SourceId};
use leadping::store::{Listed, schema};
use leadping::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::extent::Extent;
use super::file;
use crate::error::{Error, reason};

/// A part of an index: leads of a source's day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Shard {
    pub(super) source: SourceId,
    pub(super) day: String,
    pub(super) number: u8,
}

/// The last lead that was written with the whole of its page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Place {
    shard: Shard,
    lead: LeadId,
    created_at: Timestamp,
}

impl Place {
    /// After a lead.
    pub(super) fn after(shard: &Shard, lead: &Listed) -> Self {
        Self { shard: shard.clone(), lead: lead.id.clone(), created_at: lead.created_at }
    }

    /// The shard, and the lead in it.
    pub(super) fn into_parts(self) -> (Shard, Listed) {
        (self.shard, Listed { id: self.lead, created_at: self.created_at })
    }
}

/// Everything that it takes to continue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cursor {
    /// The day on which the export was started.
    pub(super) today: Date,
    pub(super) extent: Extent,
    /// In the order of the export: those of a business can be others later.
    pub(super) sources: Vec<SourceId>,
    /// None before the first page.
    pub(super) place: Option<Place>,
    /// How long the file is: what comes after is written again.
    pub(super) length: u64,
    /// How many leads that is.
    #[serde(default)]
    pub(super) leads: u64,
}

impl Cursor {
    /// Before the first lead of these sources.
    pub(super) fn new(today: Date, extent: Extent, mut sources: Vec<SourceId>) -> Self {
        sources.sort();
        Self { today, extent, sources, place: None, length: 0, leads: 0 }
    }

    /// Reads how far the export into a file has come. `asked` is what the command line asks for, by the day on which the
    /// export was started.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is nothing to continue, [`Error::Usage`] when it is not what the command line asks
    /// for, [`Error::Refused`] when the file next to it cannot be read.
    pub(super) fn read(into: &Path, asked: impl FnOnce(Date) -> Result<Extent, Error>) -> Result<Self, Error> {
        let path = path(into);
        let text = file::read(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Error::NotFound(format!(
                "there is no export to continue: {} does not exist, because it is done or was never started",
                path.display()
            )),
            _ => Error::Refused(format!("{} cannot be read: {}", path.display(), reason(&error))),
        })?;
        let cursor: Self = serde_json::from_slice(&text).map_err(|_| {
            Error::Refused(format!("{} is not what this release writes: export into another file", path.display()))
        })?;
        let asked = asked(cursor.today)?;
        if asked != cursor.extent {
            return Err(Error::Usage(format!(
                "{} was started with `{}`, and `{asked}` is something else: give what it was started with, or export \
                 into another file",
                into.display(),
                cursor.extent
            )));
        }
        Ok(cursor)
    }

    /// All shards, in the order of the export.
    pub(super) fn shards(&self) -> impl Iterator<Item = Shard> {
        self.sources.iter().flat_map(|source| {
            self.extent.days().flat_map(move |day| {
                (0..schema::DAY_SHARDS).map(move |number| Shard { source: source.clone(), day: day.clone(), number })
            })
        })
    }

    /// Writes it next to the file.
    ///
    /// # Errors
    /// When it cannot be written. The one before is left then.
    pub(super) fn write(&self, into: &Path) -> io::Result<()> {
        let path = path(into);
        let next = path.with_extension("cursor.next");
        // One may be left of a process that was killed.
        match fs::remove_file(&next) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        file::create(&next)?.write_all(&serde_json::to_vec(self)?)?;
        fs::rename(next, path)
    }

    /// Removes it: the export into the file is done.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub(super) fn remove(into: &Path) -> io::Result<()> {
        fs::remove_file(path(into))
    }
}

fn path(into: &Path) -> PathBuf {
    let mut path = OsString::from(into);
    path.push(".cursor");
    path.into()
}
