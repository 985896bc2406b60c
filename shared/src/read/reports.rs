//! `GET /sources/{id}/metrics` and `GET /analytics/my`: leads per day and source. `leadctl report` reads the same counts.

mod attention;

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::try_join3;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{Span as Length, Unit};
use lambda_http::Request;
use serde::Serialize;
use tokio::time::{Instant, timeout_at};

use super::options::time;
use super::parameters::Parameters;
use super::reader::Reader;
use super::{Reading, unavailable};
use crate::http::Problem;
use crate::http::problem::{QueryFault, Spot};
use crate::id::SourceId;
use crate::source::Source;
use crate::store::{Refusals, Span};
use crate::time::Timestamp;
use attention::Attention;

/// The longest range, in days.
const MAX_DAYS: i64 = 92;
const DEFAULT_DAYS: i64 = 30;
/// The most sources that a report counts and checks.
const MAX_SOURCES: usize = 100;
/// The most days of all sources together that are counted in one request. Each takes four calls.
const MAX_SOURCE_DAYS: usize = 500;
/// The longest that a report counts. The function has 10 s.
const MAX_TIME: Duration = Duration::from_secs(6);
/// How many counts are asked for at the same time.
const CONCURRENT: usize = 16;

/// Whole UTC days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Days {
    first: Date,
    /// The day after the last.
    end: Date,
}

/// A range of time; the end is not in it.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct DateRange {
    start_at: Timestamp,
    end_at: Timestamp,
}

/// A number of a day.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Point {
    start_at: Timestamp,
    end_at: Timestamp,
    label: String,
    value: u64,
}

/// The refused posts of a day, with how many of them had each code. A post can have several.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RefusalPoint {
    #[serde(flatten)]
    posts: Point,
    errors_by_code: BTreeMap<String, u64>,
}

/// The report of a source.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SourceMetrics {
    range: DateRange,
    total_leads: u64,
    points: Vec<Point>,
    /// Refused posts. They are counted apart from leads, and a count may be lost.
    total_errors: u64,
    error_points: Vec<RefusalPoint>,
    /// How many of them had each code on any of the days.
    errors_by_code: BTreeMap<String, u64>,
    generated_at: Timestamp,
}

/// The report of a business. Members about calls and messages are left out: we do not know them.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Analytics {
    range: DateRange,
    summary: Summary,
    /// `None` if there are too many leads to count.
    lead_trend: Option<Trend>,
    /// `None` if there are too many sources and days to count.
    lead_sources: Option<Vec<SourceShare>>,
    needs_attention: Vec<Attention>,
    /// Whether each source was checked.
    attention_is_complete: bool,
    generated_at: Timestamp,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    leads: Option<u64>,
    leads_comparison: Option<Comparison>,
}

#[derive(Debug, Serialize)]
struct Trend {
    total: u64,
    comparison: Option<Comparison>,
    points: Vec<Point>,
}

/// This period and the one of the same length before it.
#[derive(Clone, Copy, Debug, Serialize)]
struct Comparison {
    current: u64,
    previous: u64,
    direction: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SourceShare {
    source: String,
    source_id: SourceId,
    leads: u64,
    percent: f64,
}

impl Days {
    /// The days of a question: `days` up to today, or those of `startAt` and `endAt`, of which the end is not in the range.
    fn of(request: &Request, today: Date) -> Result<Self, Problem> {
        let parameters = Parameters::read(request, &["days", "startAt", "endAt"])?;
        let invalid = |name: &str, detail: &'static str| {
            Problem::Query(QueryFault::invalid(Spot::Parameter(name.to_owned()), detail))
        };
        let day = |name: &str| {
            let read = |text: &str| {
                let at: jiff::Timestamp = time(text)
                    .ok_or_else(|| invalid(name, "Send a day, such as 2026-06-15, or a time as RFC 3339."))?
                    .into();
                let at = Offset::UTC.to_datetime(at);
                // Within these years every day near the range is one, too.
                let is_reportable = (1970..=9998).contains(&at.year());
                is_reportable.then_some(at).ok_or_else(|| invalid(name, "Send a day from 1970 to 9998."))
            };
            parameters.get(name).map(read).transpose()
        };
        let days = parameters.get("days").map(|text| {
            let days = text.parse().ok().filter(|days| (1..=MAX_DAYS).contains(days));
            days.ok_or_else(|| invalid("days", "Send a number of days from 1 to 92."))
        });
        let days = days.transpose()?;
        let plus = |date: Date, days: i64| date.saturating_add(Length::new().days(days));
        let (start, end) = (day("startAt")?, day("endAt")?);
        if start.zip(end).is_some_and(|(start, end)| start >= end) {
            return Err(invalid("startAt", "Send a range of 1 to 92 days that begins before it ends."));
        }
        // A day of which any part is in the range counts as a whole.
        let end = end.map(|end| match end.time() {
            midnight if midnight == jiff::civil::Time::midnight() => end.date(),
            _ => plus(end.date(), 1),
        });
        if days.is_some() && start.is_some() && end.is_some() {
            return Err(invalid("days", "Send days, or startAt and endAt."));
        }
        let (first, end) = match (start.map(|start| start.date()), end) {
            (Some(first), Some(end)) => (first, end),
            (Some(first), None) => (first, days.map_or_else(|| plus(today, 1), |days| plus(first, days))),
            (None, end) => {
                let end = end.unwrap_or_else(|| plus(today, 1));
                (plus(end, -days.unwrap_or(DEFAULT_DAYS)), end)
            }
        };
        let length = first.until((Unit::Day, end)).map_or(0, |length| i64::from(length.get_days()));
        if !(1..=MAX_DAYS).contains(&length) {
            return Err(invalid("startAt", "Send a range of 1 to 92 days that begins before it ends."));
        }
        Ok(Self { first, end })
    }

    fn each(self) -> Vec<Self> {
        let next = |day: Date| day.tomorrow().unwrap_or(Date::MAX);
        let mut days = Vec::new();
        let mut first = self.first;
        while first < self.end {
            days.push(Self { first, end: next(first) });
            first = next(first);
        }
        days
    }

    /// The days of the same number before these.
    fn before(self) -> Self {
        let length = self.first.until((Unit::Day, self.end)).unwrap_or_default();
        Self { first: self.first.saturating_sub(length), end: self.first }
    }

    fn range(self) -> DateRange {
        let midnight = |date: Date| Offset::UTC.to_timestamp(date.at(0, 0, 0, 0));
        let at = |date: Date| midnight(date).unwrap_or(jiff::Timestamp::MAX).into();
        DateRange { start_at: at(self.first), end_at: at(self.end) }
    }

    /// The part of a list that is sorted by time.
    fn span(self) -> Span {
        let DateRange { start_at, end_at } = self.range();
        let end: jiff::Timestamp = end_at.into();
        let last = end.checked_sub(jiff::SignedDuration::from_millis(1)).unwrap_or(end);
        Span { from: start_at.to_string(), to: Timestamp::from(last).to_string() }
    }

    fn point(self, value: u64) -> Point {
        let DateRange { start_at, end_at } = self.range();
        Point { start_at, end_at, label: self.first.to_string(), value }
    }
}

impl Comparison {
    fn of(current: u64, previous: u64) -> Self {
        let direction = match current.cmp(&previous) {
            std::cmp::Ordering::Greater => "up",
            std::cmp::Ordering::Less => "down",
            std::cmp::Ordering::Equal => "flat",
        };
        Self { current, previous, direction }
    }
}

impl Reading {
    /// Leads of a source per day.
    pub(super) async fn metrics(&self, reader: &Reader, id: &str, request: &Request) -> Result<SourceMetrics, Problem> {
        let now = Timestamp::now();
        let days = Days::of(request, today(now))?;
        let source = self.named_source(reader, id).await?;
        let counts = self.per_day(&source.id, days.each()).await?;
        let refusals = self.refusals(&source.id, days).await?;
        let mut errors_by_code = BTreeMap::new();
        for (code, posts) in refusals.iter().flat_map(|day| &day.codes) {
            *errors_by_code.entry(code.clone()).or_default() += posts;
        }
        let total_errors = refusals.iter().map(|day| day.posts).sum();
        let mut of_day: BTreeMap<_, _> = refusals.into_iter().map(|found| (found.day.clone(), found)).collect();
        let refused = |day: Days| {
            let Refusals { posts, codes, .. } = of_day.remove(&day.first.to_string()).unwrap_or_default();
            RefusalPoint { posts: day.point(posts), errors_by_code: codes }
        };
        Ok(SourceMetrics {
            range: days.range(),
            total_leads: counts.iter().sum(),
            points: days.each().into_iter().zip(counts).map(|(day, count)| day.point(count)).collect(),
            total_errors,
            error_points: days.each().into_iter().map(refused).collect(),
            errors_by_code,
            generated_at: now,
        })
    }

    /// Leads of a business per day and per source. What cannot be counted in time is left unknown.
    pub(super) async fn analytics(&self, reader: &Reader, request: &Request) -> Result<Analytics, Problem> {
        let until = Instant::now() + MAX_TIME;
        let now = Timestamp::now();
        let days = Days::of(request, today(now))?;
        let sources = self.sources.of_business(&reader.business, true, None, MAX_SOURCES).await;
        let (sources, more) = sources.map_err(unavailable)?;
        let accepted = |days: Days| async move {
            let counted = self.leads.count_accepted(&reader.business, &days.span()).await;
            counted.map_err(unavailable)
        };
        let counts = stream::iter(days.each()).map(accepted).buffered(CONCURRENT).try_collect::<Vec<_>>();
        let (counts, previous, urgent) = try_join3(
            in_time(until, counts),
            in_time(until, accepted(days.before())),
            in_time(until, self.attention(&sources, now)),
        )
        .await?;
        let total: Option<u64> = counts.as_ref().map(|counts| counts.iter().sum());
        let busy = |counts: &Vec<u64>| {
            days.each().into_iter().zip(counts).filter(|(_, leads)| **leads > 0).map(|(day, _)| day).collect()
        };
        // A day without leads of the business has none of its sources.
        let busy: Option<Vec<Days>> = counts.as_ref().map(busy);
        let lead_sources = match (busy, total) {
            (Some(busy), Some(total)) if more.is_none() && sources.len() * busy.len() <= MAX_SOURCE_DAYS => {
                in_time(until, self.shares(&sources, &busy, total)).await?
            }
            _ => None,
        };
        let refused = in_time(until, self.mostly_refused(&sources, lead_sources.as_deref(), days)).await?;
        let attention_is_complete = more.is_none() && urgent.is_some() && matches!(refused, Some((_, true)));
        let refused = refused.into_iter().flat_map(|(found, _)| found);
        let comparison = total.zip(previous).map(|(total, previous)| Comparison::of(total, previous));
        Ok(Analytics {
            range: days.range(),
            summary: Summary { leads: total, leads_comparison: comparison },
            lead_trend: counts.zip(total).map(|(counts, total)| Trend {
                total,
                comparison,
                points: days.each().into_iter().zip(counts).map(|(day, count)| day.point(count)).collect(),
            }),
            lead_sources,
            needs_attention: urgent.into_iter().flatten().chain(refused).collect(),
            attention_is_complete,
            generated_at: now,
        })
    }

    /// What was refused of a source on these days.
    async fn refusals(&self, source: &SourceId, days: Days) -> Result<Vec<Refusals>, Problem> {
        let last = days.end.yesterday().unwrap_or(days.end);
        self.limits.refusals(source, &days.first.to_string(), &last.to_string()).await.map_err(unavailable)
    }

    async fn per_day(&self, source: &SourceId, days: Vec<Days>) -> Result<Vec<u64>, Problem> {
        stream::iter(days).map(|day| self.of_day(source.clone(), day)).buffered(CONCURRENT / 4).try_collect().await
    }

    async fn of_day(&self, source: SourceId, day: Days) -> Result<u64, Problem> {
        self.leads.count(&source, &day.first.to_string()).await.map_err(unavailable)
    }

    /// The sources that sent leads on these days, those with the most leads first.
    async fn shares(&self, sources: &[Source], days: &[Days], total: u64) -> Result<Vec<SourceShare>, Problem> {
        let each: Vec<_> = sources.iter().flat_map(|source| days.iter().map(|day| (source.id.clone(), *day))).collect();
        let count = |(source, day)| self.of_day(source, day);
        let counts: Vec<u64> = stream::iter(each).map(count).buffered(CONCURRENT / 4).try_collect().await?;
        let leads = counts.chunks(days.len().max(1)).map(|days| days.iter().sum::<u64>());
        let sent = sources.iter().zip(leads).filter(|(_, leads)| *leads > 0);
        let mut shares: Vec<_> = sent
            .map(|(source, leads)| {
                #[expect(clippy::cast_precision_loss, reason = "a share needs no more than a double's digits")]
                let percent = (leads as f64 / total.max(leads) as f64 * 1_000.0).round() / 10.0;
                SourceShare { source: source.name.clone(), source_id: source.id.clone(), leads, percent }
            })
            .collect();
        shares.sort_by_key(|share| std::cmp::Reverse(share.leads));
        Ok(shares)
    }
}

/// The result of some work, or `None` if it has not ended in time.
async fn in_time<T>(until: Instant, work: impl Future<Output = Result<T, Problem>>) -> Result<Option<T>, Problem> {
    timeout_at(until, work).await.ok().transpose()
}

fn today(now: Timestamp) -> Date {
    Offset::UTC.to_datetime(now.into()).date()
}
