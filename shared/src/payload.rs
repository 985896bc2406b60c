//! Payloads in: each entrance becomes one JSON value, which is read through the table of fields.
//!
//! [`read`] collects every failure of shape on the way, so that a partner hears of all at once.

pub mod fields;
mod form;
mod reader;
mod submission;
mod value;

pub use fields::Member;
pub use reader::read;
pub use submission::{Entry, Given, Reading, Submission};
pub use value::{Malformed, Value};

/// Reads a form or a query string into the value that [`read`] takes.
pub use form::parse as parse_form;

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
