//! What an export is of and how far it has come: a file says so beside it until it is done.

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use leadping::id::{LeadId, SourceId};
use leadping::store::{Listed, schema};
use leadping::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Arguments, Format, Whose};
use crate::days::Days;
use crate::error::Error;

/// What a command line asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Extent {
    pub(super) whose: Whose,
    pub(super) from: Date,
    pub(super) to: Date,
    pub(super) format: Format,
}

impl Extent {
    /// What this command line asks for, when today is this day.
    pub(super) fn of(arguments: &Arguments, today: Date) -> Self {
        Self {
            whose: arguments.whose.clone(),
            from: arguments.from.date(today),
            to: arguments.to.date(today),
            format: arguments.format,
        }
    }

    /// Its days.
    pub(super) fn days(&self) -> Days {
        Days::new(self.from, self.to)
    }
}

/// As a command line has it.
impl fmt::Display for Extent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { whose, from, to, format } = self;
        whose.source.iter().try_for_each(|source| write!(f, "--source {source} "))?;
        whose.business.iter().try_for_each(|business| write!(f, "--business {business} "))?;
        let format = match format {
            Format::Ndjson => "ndjson",
            Format::Csv => "csv",
        };
        write!(f, "--from {from} --to {to} --format {format}")
    }
}

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
    /// Behind a lead.
    pub(super) fn behind(shard: &Shard, lead: &Listed) -> Self {
        Self { shard: shard.clone(), lead: lead.id.clone(), created_at: lead.created_at }
    }

    /// The shard, and the lead in it.
    pub(super) fn into_parts(self) -> (Shard, Listed) {
        (self.shard, Listed { id: self.lead, created_at: self.created_at })
    }
}

/// All that it takes to go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cursor {
    /// The day that the export was begun on.
    today: Date,
    pub(super) extent: Extent,
    /// In the order of the export: those of a business can be others later.
    pub(super) sources: Vec<SourceId>,
    /// None before the first page.
    pub(super) place: Option<Place>,
    /// How long the file is: what stands behind is written again.
    pub(super) length: u64,
}

impl Cursor {
    /// Before the first lead of these sources.
    pub(super) fn new(today: Date, extent: Extent, mut sources: Vec<SourceId>) -> Self {
        sources.sort();
        Self { today, extent, sources, place: None, length: 0 }
    }

    /// Where the export into a file was interrupted.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is nothing to go on with, [`Error::Usage`] when it is not what the command line
    /// asks for, [`Error::Refused`] when nobody can tell.
    pub(super) fn read(into: &Path, arguments: &Arguments) -> Result<Self, Error> {
        let path = path(into);
        let text = fs::read(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Error::NotFound(format!(
                "there is no export to go on with: {} is not there, which is so when it is done, too",
                path.display()
            )),
            kind => Error::Refused(format!("{} cannot be read: {kind}", path.display())),
        })?;
        let cursor: Self = serde_json::from_slice(&text).map_err(|_| {
            Error::Refused(format!("{} is not what this release writes: export into another file", path.display()))
        })?;
        let asked = Extent::of(arguments, cursor.today);
        if asked != cursor.extent {
            return Err(Error::Usage(format!(
                "{} was begun with `{}`, and `{asked}` is something else: give what it was begun with, or export into \
                 another file",
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

    /// Puts it beside the file.
    ///
    /// # Errors
    /// When it cannot be written. The one before is left then.
    pub(super) fn write(&self, into: &Path) -> io::Result<()> {
        let path = path(into);
        let next = path.with_extension("cursor.next");
        fs::write(&next, serde_json::to_vec(self)?)?;
        fs::rename(next, path)
    }

    /// Takes it away: the export into the file is done.
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
