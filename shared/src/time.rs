//! Points in time, as they are stored and answered.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A moment in UTC, to the millisecond: `2026-06-15T12:00:00.000Z`.
///
/// Its text always has the same length, so that moments sort as their texts do, also in a table's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Timestamp(jiff::Timestamp);

/// A text that is no moment.
#[derive(Debug, thiserror::Error)]
#[error("not a timestamp")]
pub struct InvalidTimestamp;

impl Timestamp {
    /// This moment.
    pub fn now() -> Self {
        jiff::Timestamp::now().into()
    }

    /// The moment so much later; the end of time where there is none.
    pub fn after(self, wait: Duration) -> Self {
        self.0.saturating_add(wait).map_or(self, Self::from)
    }

    /// How long it is since `earlier`: zero when that is not earlier.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.duration_since(earlier.0).try_into().unwrap_or_default()
    }

    /// Milliseconds since 1970.
    pub fn milliseconds(self) -> i64 {
        self.0.as_millisecond()
    }

    /// The day, in UTC: `2026-06-15`.
    pub fn day(self) -> String {
        self.0.strftime("%Y-%m-%d").to_string()
    }
}

impl From<jiff::Timestamp> for Timestamp {
    fn from(timestamp: jiff::Timestamp) -> Self {
        Self(jiff::Timestamp::from_millisecond(timestamp.as_millisecond()).unwrap_or(timestamp))
    }
}

impl From<Timestamp> for jiff::Timestamp {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.0
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.0)
    }
}

impl From<Timestamp> for String {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.to_string()
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        text.parse::<jiff::Timestamp>().map(Self::from).map_err(|_| InvalidTimestamp)
    }
}

impl TryFrom<String> for Timestamp {
    type Error = InvalidTimestamp;

    fn try_from(text: String) -> Result<Self, InvalidTimestamp> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_printed_to_the_millisecond() {
        let cases = [
            ("2026-06-15T12:00:00Z", "2026-06-15T12:00:00.000Z"),
            ("2026-06-15T12:00:00.1239Z", "2026-06-15T12:00:00.123Z"),
            ("2026-06-15T07:00:00-05:00", "2026-06-15T12:00:00.000Z"),
        ];
        for (text, printed) in cases {
            let timestamp: Timestamp = text.parse().unwrap();
            assert_eq!(timestamp.to_string(), printed);
            assert_eq!(printed.parse::<Timestamp>().unwrap(), timestamp);
        }
    }

    #[test]
    fn counts_forward_only() {
        let noon: Timestamp = "2026-06-15T12:00:00Z".parse().unwrap();
        let later = noon.after(Duration::from_millis(1_500));
        assert_eq!(later.to_string(), "2026-06-15T12:00:01.500Z");
        assert_eq!(later.since(noon), Duration::from_millis(1_500));
        assert_eq!(noon.since(later), Duration::ZERO);
        assert_eq!(noon.day(), "2026-06-15");
    }
}
