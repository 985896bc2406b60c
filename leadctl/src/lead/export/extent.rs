//! What an export is of.

use std::fmt;

use clap::{Args, ValueEnum};
use jiff::civil::Date;
use leadping::id::{BusinessId, SourceId};
use leadping::ledger::Subject;
use serde::{Deserialize, Serialize};

use crate::days::Days;

/// Whose leads are wanted.
#[derive(Clone, Debug, PartialEq, Eq, Args, Serialize, Deserialize)]
#[group(required = true, multiple = false)]
pub(super) struct Whose {
    /// The source whose leads are wanted
    #[arg(long, value_name = "SOURCE")]
    pub(super) source: Option<SourceId>,

    /// The business whose leads are wanted
    #[arg(long, value_name = "BUSINESS")]
    pub(super) business: Option<BusinessId>,
}

/// The form of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Format {
    Ndjson,
    Csv,
}

/// What a command line asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Extent {
    pub(super) whose: Whose,
    pub(super) from: Date,
    pub(super) to: Date,
    pub(super) format: Format,
}

impl Extent {
    /// What the ledger has of it.
    pub(super) fn subject(&self) -> Subject {
        let Whose { source, business } = self.whose.clone();
        Subject { source_id: source, business_id: business, extent: Some(self.range()), ..Subject::default() }
    }

    /// Its days, in words.
    pub(super) fn range(&self) -> String {
        let Self { from, to, .. } = self;
        if from == to { from.to_string() } else { format!("{from} to {to}") }
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
