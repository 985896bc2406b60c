//! The days of a report.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;
use jiff::{Span as Length, Unit};
use lambda_http::Request;
use serde::Serialize;

use crate::http::Problem;
use crate::http::problem::{QueryFault, Spot};
use crate::read::options::time;
use crate::read::parameters::Parameters;
use crate::store::Span;
use crate::time::Timestamp;

/// The longest range, in days.
const MAX_DAYS: i64 = 92;
const DEFAULT_DAYS: i64 = 30;

/// The parameters that say which days are asked for.
const DAYS: &str = "days";
const START_AT: &str = "startAt";
const END_AT: &str = "endAt";

/// Whole UTC days, at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Days {
    pub(super) first: Date,
    /// The day after the last.
    end: Date,
}

/// A range of time; the end is not in it.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DateRange {
    pub(super) start_at: Timestamp,
    pub(super) end_at: Timestamp,
}

impl Days {
    /// The days of a question: `days` up to today, or those of `startAt` and `endAt`, of which the end is not in the range.
    pub(super) fn of(request: &Request, today: Date) -> Result<Self, Problem> {
        let parameters = Parameters::read(request, &[DAYS, START_AT, END_AT])?;
        let days = number_of_days(&parameters)?;
        let (start, end) = (time_of(&parameters, START_AT)?, time_of(&parameters, END_AT)?);
        if start.zip(end).is_some_and(|(start, end)| start >= end) {
            return Err(invalid_range());
        }
        let tomorrow = plus(today, 1);
        let (first, end) = match (start.map(DateTime::date), end.map(day_after), days) {
            (Some(_), Some(_), Some(_)) => return Err(invalid(DAYS, "Send days, or startAt and endAt.")),
            (Some(first), Some(end), None) => (first, end),
            (Some(first), None, Some(days)) => (first, plus(first, days)),
            (Some(first), None, None) => (first, tomorrow),
            (None, end, days) => {
                let end = end.unwrap_or(tomorrow);
                (plus(end, -days.unwrap_or(DEFAULT_DAYS)), end)
            }
        };
        let asked = Self { first, end };
        if (1..=MAX_DAYS).contains(&asked.length()) { Ok(asked) } else { Err(invalid_range()) }
    }

    /// One day.
    pub(super) fn one(day: Date) -> Self {
        Self { first: day, end: plus(day, 1) }
    }

    /// Each day, the first one first.
    pub(super) fn each(self) -> impl Iterator<Item = Date> {
        self.first.series(Length::new().days(1)).take_while(move |day| *day < self.end)
    }

    pub(super) fn last(self) -> Date {
        plus(self.end, -1)
    }

    /// The days of the same number before these.
    pub(super) fn before(self) -> Self {
        Self { first: plus(self.first, -self.length()), end: self.first }
    }

    pub(super) fn range(self) -> DateRange {
        let midnight = |date: Date| Offset::UTC.to_timestamp(date.at(0, 0, 0, 0));
        let at = |date: Date| midnight(date).unwrap_or(jiff::Timestamp::MAX).into();
        DateRange { start_at: at(self.first), end_at: at(self.end) }
    }

    /// The part of a list that is sorted by time.
    pub(super) fn span(self) -> Span {
        let DateRange { start_at, end_at } = self.range();
        let end: jiff::Timestamp = end_at.into();
        let last = end.checked_sub(jiff::SignedDuration::from_millis(1)).unwrap_or(end);
        Span { from: start_at.to_string(), to: Timestamp::from(last).to_string() }
    }

    /// How many days these are.
    fn length(self) -> i64 {
        self.first.until((Unit::Day, self.end)).map_or(0, |length| i64::from(length.get_days()))
    }
}

/// The day of a time, in UTC.
pub(super) fn day_of(at: Timestamp) -> Date {
    Offset::UTC.to_datetime(at.into()).date()
}

fn plus(date: Date, days: i64) -> Date {
    date.saturating_add(Length::new().days(days))
}

/// The end of a range that ends at this time: a day of which any part is in the range counts as a whole.
fn day_after(end: DateTime) -> Date {
    if end.time() == Time::midnight() { end.date() } else { plus(end.date(), 1) }
}

fn number_of_days(parameters: &Parameters) -> Result<Option<i64>, Problem> {
    let Some(text) = parameters.get(DAYS) else { return Ok(None) };
    let days = text.parse().ok().filter(|days| (1..=MAX_DAYS).contains(days));
    days.map(Some).ok_or_else(|| invalid(DAYS, "Send a number of days from 1 to 92."))
}

/// The time of a parameter, in UTC.
fn time_of(parameters: &Parameters, name: &str) -> Result<Option<DateTime>, Problem> {
    let Some(text) = parameters.get(name) else { return Ok(None) };
    let at = time(text).ok_or_else(|| invalid(name, "Send a day, such as 2026-06-15, or a time as RFC 3339."))?;
    let at = Offset::UTC.to_datetime(at);
    // Within these years every day near the range is one, too.
    let is_reportable = (1970..=9998).contains(&at.year());
    if is_reportable { Ok(Some(at)) } else { Err(invalid(name, "Send a day from 1970 to 9998.")) }
}

fn invalid_range() -> Problem {
    invalid(START_AT, "Send a range of 1 to 92 days that begins before it ends.")
}

fn invalid(name: &str, detail: &'static str) -> Problem {
    Problem::Query(QueryFault::invalid(Spot::Parameter(name.to_owned()), detail))
}

#[cfg(test)]
mod tests {
    use lambda_http::Body;

    use super::*;

    #[test]
    fn a_question_names_whole_days() {
        let today: Date = "2026-03-10".parse().unwrap();
        let invalid_range = Err("startAt");
        for (query, expected) in [
            ("", Ok(("2026-02-09", "2026-03-10", 30))),
            ("days=1", Ok(("2026-03-10", "2026-03-10", 1))),
            ("days=92", Ok(("2025-12-09", "2026-03-10", 92))),
            ("days=0", Err("days")),
            ("days=93", Err("days")),
            ("days=-1", Err("days")),
            ("days=1.0", Err("days")),
            ("startAt=2026-03-09", Ok(("2026-03-09", "2026-03-10", 2))),
            ("startAt=2026-03-01&days=2", Ok(("2026-03-01", "2026-03-02", 2))),
            ("endAt=2026-03-01&days=2", Ok(("2026-02-27", "2026-02-28", 2))),
            ("endAt=2026-03-01", Ok(("2026-01-30", "2026-02-28", 30))),
            ("startAt=2026-03-01&endAt=2026-03-02", Ok(("2026-03-01", "2026-03-01", 1))),
            ("startAt=2026-03-01T23:59:59Z&endAt=2026-03-02T00:00:00.001Z", Ok(("2026-03-01", "2026-03-02", 2))),
            ("startAt=2026-03-01T23:00:00-02:00&endAt=2026-03-03", Ok(("2026-03-02", "2026-03-02", 1))),
            ("startAt=2026-03-01&endAt=2026-03-02&days=1", Err("days")),
            ("startAt=2026-03-02&endAt=2026-03-01", invalid_range),
            ("startAt=2026-03-02&endAt=2026-03-02", invalid_range),
            ("startAt=2026-03-11", invalid_range),
            ("startAt=2025-12-09", Ok(("2025-12-09", "2026-03-10", 92))),
            ("startAt=2025-12-08", invalid_range),
            ("startAt=1969-12-31", Err("startAt")),
            ("endAt=9999-01-01", Err("endAt")),
            ("endAt=1970-01-01", Ok(("1969-12-02", "1969-12-31", 30))),
            ("endAt=tomorrow", Err("endAt")),
            ("hours=3", Err("hours")),
        ] {
            let uri = format!("https://example.com/analytics/my?{query}");
            let request = lambda_http::http::Request::builder().uri(uri).body(Body::Empty).unwrap();
            let found = match Days::of(&request, today) {
                Ok(days) => Ok((days.first.to_string(), days.last().to_string(), days.each().count())),
                Err(Problem::Query(QueryFault { at: Spot::Parameter(name), .. })) => Err(name),
                Err(other) => panic!("{query}: {other:?}"),
            };
            let expected = expected.map(|(first, last, days)| (first.to_owned(), last.to_owned(), days));
            assert_eq!(found, expected.map_err(str::to_owned), "{query}");
        }
    }

    #[test]
    fn days_before_are_as_many() {
        for (first, last, before) in [
            ("2026-03-01", "2026-03-01", "2026-02-28"),
            ("2026-03-01", "2026-03-31", "2026-01-29"),
            ("2024-03-01", "2024-03-02", "2024-02-28"),
        ] {
            let (first, last): (Date, Date) = (first.parse().unwrap(), last.parse().unwrap());
            let days = Days { first, end: last.tomorrow().unwrap() };
            assert_eq!((days.before().first.to_string().as_str(), days.before().end), (before, first));
            assert_eq!(days.before().each().count(), days.each().count());
        }
    }
}
