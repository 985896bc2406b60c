//! Timestamps as the tables store them and answers show them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A time in UTC, to the millisecond: `2026-06-15T12:00:00.000Z`.
///
/// The text always has the same length, so texts sort in the order of time, also as a table's sort key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Timestamp(jiff::Timestamp);

/// The text is not a timestamp.
#[derive(Debug, thiserror::Error)]
#[error("not a timestamp")]
pub struct InvalidTimestamp;

impl Timestamp {
    /// The current time.
    pub fn now() -> Self {
        jiff::Timestamp::now().into()
    }

    /// This time plus `wait`; unchanged when the sum is out of range.
    pub fn after(self, wait: Duration) -> Self {
        self.0.saturating_add(wait).map_or(self, Self::from)
    }

    /// This time minus `age`; the earliest time when the difference is out of range.
    pub fn before(self, age: Duration) -> Self {
        self.0.saturating_sub(age).unwrap_or(jiff::Timestamp::MIN).into()
    }

    /// The duration since `earlier`; zero when `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.duration_since(earlier.0).try_into().unwrap_or_default()
    }

    /// Milliseconds since the Unix epoch.
    pub fn milliseconds(self) -> i64 {
        self.0.as_millisecond()
    }

    /// Whole seconds since the Unix epoch.
    pub fn seconds(self) -> i64 {
        self.0.as_second()
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
    fn prints_three_digits_of_a_second() {
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
    fn a_duration_is_never_negative() {
        let noon: Timestamp = "2026-06-15T12:00:00Z".parse().unwrap();
        let later = noon.after(Duration::from_millis(1_500));
        assert_eq!(later.to_string(), "2026-06-15T12:00:01.500Z");
        assert_eq!(later.since(noon), Duration::from_millis(1_500));
        assert_eq!(noon.since(later), Duration::ZERO);
        assert_eq!(noon.day(), "2026-06-15");
    }
}
