//! Dates of birth.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::fmt::temporal::Pieces;
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};

use super::redact::redacted;

/// A date of birth from 1900 to today (contract, section 3.3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct BirthDate(Date);

impl BirthDate {
    /// Reads `YYYY-MM-DD`, or the date part of an ISO date-time as written, ignoring its offset.
    ///
    /// `None` for a day that does not exist, is before 1900, or has not begun anywhere on Earth at `now`.
    pub fn parse(text: &str, now: Timestamp) -> Option<Self> {
        let latest = Offset::constant(14).to_datetime(now).date();
        Self::read(text).filter(|birth| birth.0 <= latest)
    }

    /// The date, which prints as `YYYY-MM-DD`.
    pub fn date(self) -> Date {
        self.0
    }

    /// Applies the whole rule except for future dates.
    fn read(text: &str) -> Option<Self> {
        let date = Pieces::parse(text).ok()?.date();
        // The parser also takes compact dates, signed years and time-zone names.
        let is_plain = text.starts_with(&date.to_string()) && !text.contains('[');
        (is_plain && date.year() >= 1900).then_some(Self(date))
    }
}

/// Reads a stored date. It was not in the future when it was stored, so it is not now.
impl TryFrom<String> for BirthDate {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::read(&text).ok_or("not a birth date")
    }
}

redacted!(BirthDate);

#[cfg(test)]
mod tests {
    use super::*;

    /// The 15th has just ended at UTC+14.
    const NOW: &str = "2026-06-15T10:00:00Z";

    fn parsed(text: &str, now: &str) -> Option<String> {
        BirthDate::parse(text, now.parse().unwrap()).map(|birth| birth.date().to_string())
    }

    #[test]
    fn dates_are_read() {
        for (text, date) in [
            ("1970-01-15", "1970-01-15"),
            ("1970-01-15T00:00:00Z", "1970-01-15"),
            ("1970-01-15t00:00:00z", "1970-01-15"),
            ("1970-01-15T00:00:00", "1970-01-15"),
            ("1970-01-15T23:59", "1970-01-15"),
            ("1970-01-15 00:00:00", "1970-01-15"),
            ("1970-01-15T00:00:00.000Z", "1970-01-15"),
            ("1970-01-15T23:30:00-05:00", "1970-01-15"),
            ("1970-01-15T00:00:00.123456789+0530", "1970-01-15"),
            ("2000-02-29", "2000-02-29"),
            ("1900-01-01", "1900-01-01"),
        ] {
            assert_eq!(parsed(text, NOW).as_deref(), Some(date), "{text}");
            assert_eq!(parsed(date, NOW).as_deref(), Some(date), "again: {date}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "1970",
            "1970-01",
            "1970-1-15",
            "70-01-15",
            "19700115",
            "19700115T000000Z",
            "+001970-01-15",
            "-001970-01-15",
            "01/15/1970",
            "1970/01/15",
            "1970-015",
            "1970-W03-4",
            "1970-02-30",
            "1970-13-01",
            "1970-00-10",
            "1970-01-00",
            "1900-02-29",
            "1899-12-31",
            "0000-00-00",
            "1970-01-15T",
            "1970-01-15T25:00:00Z",
            "1970-01-15T00:61:00Z",
            "1970-01-15T00:00:00Zulu",
            "1970-01-15 noon",
            "1970-01-15x",
            "1970-01-151",
            "1970-01-15T00:00:00Z[UTC]",
            "1970-01-15[America/Chicago]",
            "１９７０-01-15",
        ] {
            assert_eq!(parsed(text, NOW), None, "{text}");
        }
    }

    #[test]
    fn a_day_is_valid_once_it_has_begun_anywhere() {
        for (text, now, ok) in [
            ("2026-06-15", "2026-06-15T00:00:00Z", true),
            ("2026-06-16", "2026-06-15T10:00:00Z", true),
            ("2026-06-16", "2026-06-15T09:59:59Z", false),
            ("2026-06-17", "2026-06-15T10:00:00Z", false),
            ("9999-12-31", "2026-06-15T10:00:00Z", false),
        ] {
            assert_eq!(parsed(text, now).is_some(), ok, "{text} at {now}");
        }
    }

    #[test]
    fn json_is_the_date_and_debug_hides_it() {
        let birth = BirthDate::parse("1970-01-15", NOW.parse().unwrap()).unwrap();
        let json = serde_json::to_string(&birth).unwrap();
        assert_eq!(json, r#""1970-01-15""#);
        assert_eq!(serde_json::from_str::<BirthDate>(&json).unwrap(), birth);
        assert_eq!(format!("{birth:?}"), "BirthDate(redacted)");
        let error = serde_json::from_str::<BirthDate>(r#""1870-01-15""#).unwrap_err();
        assert!(!error.to_string().contains("1870"), "{error}");
    }
}
