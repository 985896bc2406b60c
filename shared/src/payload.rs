//! Payloads in: what each entrance is sent is read through the table of fields.
//!
//! | step | module |
//! | --- | --- |
//! | the bytes become values: JSON, or the pairs of a form | `value`, `form` |
//! | a sent name is looked up; in a form also its brackets and dots | `names`, `path` |
//! | all names are gone through, JSON by its objects, a form before its query | `reader` |
//! | one value of each member counts, and is read as its kind | `held`, `reading` |
//!
//! Every failure of shape is collected on the way, so that a partner hears of all at once.

pub mod fields;
mod form;
mod held;
mod names;
mod path;
mod reader;
mod reading;
mod submission;
mod value;

pub use fields::Member;
pub use form::Form;
pub use reader::{read_form, read_json};
pub use submission::{Entry, Given, Reading, Submission};
pub use value::{Malformed, Position, Value};

/// Why nothing of a payload is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It is not one JSON object.
    Malformed(Malformed),
    /// None of its names is one of this endpoint's; the sentence says what it was read as.
    Unrecognized(&'static str),
}

impl From<Malformed> for Unreadable {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

/// What a payload is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notation {
    /// A body of JSON.
    Json,
    /// A form, and with it the query string.
    Form,
    /// The query string alone.
    Query,
}

/// The form of a payload, which says by which names its members are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entrance {
    /// `POST /leads`: `metadata`, `contact` and `customer`.
    Structured,
    /// `/leads/intake`: everything at the top.
    Flat,
}

impl Entrance {
    /// The path that payloads of this form are posted to (contract, section 1).
    pub const fn path(self) -> &'static str {
        match self {
            Self::Structured => "/leads",
            Self::Flat => "/leads/intake",
        }
    }

    /// The names of a field in this form, the structured model's own first.
    pub fn names(self, field: &fields::Field) -> &'static [&'static str] {
        match self {
            Self::Structured => field.structured,
            Self::Flat => field.flat,
        }
    }
}
