//! A range of times.

use crate::store::Span;
use crate::time::Timestamp;

/// Times from and to, both included, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) from: i64,
    pub(super) to: i64,
}

impl Default for Range {
    /// Any time at which something can have been stored: 1970 to 9999.
    fn default() -> Self {
        Self { from: 0, to: jiff::Timestamp::MAX.as_millisecond() }
    }
}

impl Range {
    /// Whether no time is in the range.
    pub(super) fn is_empty(self) -> bool {
        self.from > self.to
    }

    /// The part of a list that is sorted by time.
    pub(super) fn span(self) -> Span {
        let text = |at: i64| {
            let at = jiff::Timestamp::from_millisecond(at).unwrap_or(jiff::Timestamp::MAX);
            Timestamp::from(at).to_string()
        };
        Span { from: text(self.from), to: text(self.to) }
    }

    /// Whether a time is in the range.
    pub(super) fn contains(self, at: Timestamp) -> bool {
        (self.from..=self.to).contains(&at.milliseconds())
    }
}
