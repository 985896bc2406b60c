//! Days in UTC, as leads are counted and listed by them.

use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use leadping::time::Timestamp;

/// A day of the command line: `2026-06-15`, `today` or `yesterday`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Day {
    /// The day of a date.
    On(Date),
    /// So many days before today.
    Ago(i32),
}

impl Day {
    /// Its date, when today is this one.
    pub(crate) fn date(self, today: Date) -> Date {
        match self {
            Self::On(date) => date,
            Self::Ago(days) => today.saturating_sub(jiff::Span::new().days(days)),
        }
    }
}

impl FromStr for Day {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "today" => Ok(Self::Ago(0)),
            "yesterday" => Ok(Self::Ago(1)),
            _ if text.len() == "2026-06-15".len() => text.parse().map(Self::On).map_err(|_| NO_DAY),
            _ => Err(NO_DAY),
        }
    }
}

/// The date of a moment.
pub(crate) fn date(moment: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(moment.into()).date()
}

const NO_DAY: &str = "not a day: 2026-06-15, today or yesterday, in UTC";

/// The days from one to another, both of them in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Days {
    next: Date,
    last: Date,
}

impl Days {
    /// From a date to a date.
    pub(crate) fn new(from: Date, to: Date) -> Self {
        Self { next: from, last: to }
    }

    /// From the day of a moment to that of another.
    pub(crate) fn between(from: Timestamp, to: Timestamp) -> Self {
        Self::new(date(from), date(to))
    }
}

/// Each day as the index of days has it: `2026-06-15`.
impl Iterator for Days {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        let day = self.next;
        if day > self.last {
            return None;
        }
        // The end of time is its own tomorrow.
        match day.tomorrow() {
            Ok(tomorrow) => self.next = tomorrow,
            Err(_) => self.last = Date::MIN,
        }
        Some(day.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_in_utc_with_both_ends() {
        let days = |from: &str, to: &str| -> Vec<_> { Days::new(from.parse().unwrap(), to.parse().unwrap()).collect() };
        assert_eq!(days("2026-02-27", "2026-03-01"), ["2026-02-27", "2026-02-28", "2026-03-01"]);
        assert_eq!(days("2026-02-27", "2026-02-27"), ["2026-02-27"]);
        assert!(days("2026-02-27", "2026-02-26").is_empty());
        assert_eq!(days("9999-12-31", "9999-12-31"), ["9999-12-31"]);

        let late = "2026-06-15T23:59:59.999Z".parse().unwrap();
        let early = "2026-06-16T00:00:00Z".parse().unwrap();
        assert_eq!(Days::between(late, early).collect::<Vec<_>>(), ["2026-06-15", "2026-06-16"]);
    }

    #[test]
    fn a_day_is_a_date_or_a_word() {
        let today = "2026-03-01".parse().unwrap();
        for (text, date) in [("today", "2026-03-01"), ("yesterday", "2026-02-28"), ("2026-06-15", "2026-06-15")] {
            assert_eq!(text.parse::<Day>().unwrap().date(today).to_string(), date, "{text}");
        }
        for text in ["", "20260615", "2026-06-31", "15.06.2026", "2026-06-15T12:00:00Z", "tomorrow"] {
            assert!(text.parse::<Day>().is_err(), "{text}");
        }
    }
}
