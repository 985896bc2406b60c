//! Days in UTC, as leads are counted and listed by them.

use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use leadping::time::Timestamp;

use crate::error::Error;

/// A day of the command line: `2026-06-15`, `today` or `yesterday`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Day {
    /// This date.
    On(Date),
    /// This many days before today.
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

/// The first and the last day of a range, as dates. Without a last day it ends today.
///
/// # Errors
/// [`Error::Usage`] when it would end before it begins.
pub(crate) fn range(from: Day, to: Option<Day>, today: Date) -> Result<(Date, Date), Error> {
    let (from, given) = (from.date(today), to.map(|to| to.date(today)));
    match given {
        Some(to) if from > to => Err(Error::Usage(format!("--from {from} is after --to {to}"))),
        None if from > today => Err(Error::Usage(format!("--from {from} is after today, {today} in UTC"))),
        _ => Ok((from, given.unwrap_or(today))),
    }
}

/// The date of a moment.
pub(crate) fn date(moment: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(moment.into()).date()
}

const NO_DAY: &str = "not a day; give one in UTC, for example 2026-06-15, today or yesterday";

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
    fn a_range_ends_today_and_after_it_begins() {
        let today: Date = "2026-06-15".parse().unwrap();
        let on = |day: &str| day.parse::<Day>().unwrap();
        let ranges = [("2026-06-15", None), ("yesterday", Some("today")), ("2026-07-01", Some("2026-07-01"))];
        for (from, to) in ranges {
            let (first, last) = range(on(from), to.map(on), today).unwrap();
            assert_eq!((first, last), (on(from).date(today), to.map_or(today, |to| on(to).date(today))));
        }
        for (from, to, says) in [
            ("2026-06-16", None, "--from 2026-06-16 is after today, 2026-06-15"),
            ("today", Some("yesterday"), "--from 2026-06-15 is after --to 2026-06-14"),
        ] {
            assert!(range(on(from), to.map(on), today).unwrap_err().to_string().contains(says), "{from}");
        }
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
