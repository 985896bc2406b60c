//! Days in UTC, as leads are counted and listed by them.

use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use leadping::time::Timestamp;

/// A day of the command line: `2026-06-15`, `today` or `yesterday`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Day(Date);

impl Day {
    /// The day of a moment.
    pub(crate) fn of(moment: Timestamp) -> Self {
        Self(TimeZone::UTC.to_datetime(moment.into()).date())
    }

    /// So many days earlier.
    pub(crate) fn earlier(self, days: i32) -> Self {
        Self(self.0.saturating_sub(jiff::Span::new().days(days)))
    }
}

impl FromStr for Day {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let today = Self::of(Timestamp::now());
        match text {
            "today" => Ok(today),
            "yesterday" => Ok(today.earlier(1)),
            _ if text.len() == "2026-06-15".len() => text.parse().map(Self).map_err(|_| NO_DAY),
            _ => Err(NO_DAY),
        }
    }
}

const NO_DAY: &str = "not a day: 2026-06-15, today or yesterday, in UTC";

/// The days from one to another, both of them in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Days {
    next: Date,
    last: Date,
}

impl Days {
    /// From a day to a day.
    pub(crate) fn new(from: Day, to: Day) -> Self {
        Self { next: from.0, last: to.0 }
    }

    /// From the day of a moment to that of another.
    pub(crate) fn between(from: Timestamp, to: Timestamp) -> Self {
        Self::new(Day::of(from), Day::of(to))
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
        assert_eq!("yesterday".parse::<Day>().unwrap(), "today".parse::<Day>().unwrap().earlier(1));
        for text in ["", "20260615", "2026-06-31", "15.06.2026", "2026-06-15T12:00:00Z", "tomorrow"] {
            assert!(text.parse::<Day>().is_err(), "{text}");
        }
    }
}
