//! What reports answer. Members about calls and messages are left out: we do not know them.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;

use super::days::{DateRange, Days};
use crate::id::SourceId;
use crate::source::Source;
use crate::store::Refusals;
use crate::time::Timestamp;

/// Days with their numbers of leads.
pub(super) type PerDay = Vec<(Date, u64)>;

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
pub(in crate::read) struct SourceMetrics {
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

/// How urgent something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Severity {
    /// A sender that changes nothing will be refused.
    Info,
    /// Leads are lost, or a source soon cannot send any.
    Warning,
}

/// Something that an operator of the business should look at.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Attention {
    pub(super) severity: Severity,
    pub(super) title: &'static str,
    pub(super) detail: String,
    pub(super) source_id: SourceId,
}

/// The report of a business.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::read) struct Analytics {
    pub(super) range: DateRange,
    pub(super) summary: Summary,
    /// `None` if there are too many leads to count.
    pub(super) lead_trend: Option<Trend>,
    /// `None` if there are too many sources and days to count.
    pub(super) lead_sources: Option<Vec<SourceShare>>,
    pub(super) needs_attention: Vec<Attention>,
    /// Whether each source was checked.
    pub(super) attention_is_complete: bool,
    pub(super) generated_at: Timestamp,
}

/// The report of a business in short. `None` as in its [`Trend`].
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Summary {
    leads: Option<u64>,
    leads_comparison: Option<Comparison>,
}

/// The leads of a business over time.
#[derive(Debug, Serialize)]
pub(super) struct Trend {
    pub(super) total: u64,
    /// `None` if there were too many leads to count in the period before.
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

/// How many of a business's leads a source has sent.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SourceShare {
    source: String,
    pub(super) source_id: SourceId,
    pub(super) leads: u64,
    percent: f64,
}

impl Point {
    fn of(day: Date, value: u64) -> Self {
        let DateRange { start_at, end_at } = Days::one(day).range();
        Self { start_at, end_at, label: day.to_string(), value }
    }

    fn of_each(counts: &PerDay) -> Vec<Self> {
        counts.iter().map(|(day, leads)| Self::of(*day, *leads)).collect()
    }
}

impl SourceMetrics {
    /// `refusals` has no entry for a day on which nothing was refused.
    pub(super) fn of(days: Days, leads: &PerDay, refusals: Vec<Refusals>, now: Timestamp) -> Self {
        let mut errors_by_code = BTreeMap::new();
        for (code, posts) in refusals.iter().flat_map(|day| &day.codes) {
            *errors_by_code.entry(code.clone()).or_default() += posts;
        }
        let total_errors = refusals.iter().map(|day| day.posts).sum();
        let mut by_day: BTreeMap<String, Refusals> =
            refusals.into_iter().map(|refused| (refused.day.clone(), refused)).collect();
        let refused = |day: Date| {
            let Refusals { posts, codes, .. } = by_day.remove(&day.to_string()).unwrap_or_default();
            RefusalPoint { posts: Point::of(day, posts), errors_by_code: codes }
        };
        Self {
            range: days.range(),
            total_leads: total(leads),
            points: Point::of_each(leads),
            total_errors,
            error_points: days.each().map(refused).collect(),
            errors_by_code,
            generated_at: now,
        }
    }
}

impl Summary {
    pub(super) fn of(trend: Option<&Trend>) -> Self {
        Self { leads: trend.map(|trend| trend.total), leads_comparison: trend.and_then(|trend| trend.comparison) }
    }
}

impl Trend {
    /// `previous` is the number of leads in the period before, if it is known.
    pub(super) fn of(leads: &PerDay, previous: Option<u64>) -> Self {
        let total = total(leads);
        let comparison = previous.map(|previous| Comparison::of(total, previous));
        Self { total, comparison, points: Point::of_each(leads) }
    }
}

impl Comparison {
    fn of(current: u64, previous: u64) -> Self {
        let direction = match current.cmp(&previous) {
            Ordering::Greater => "up",
            Ordering::Less => "down",
            Ordering::Equal => "flat",
        };
        Self { current, previous, direction }
    }
}

impl SourceShare {
    /// The share of a source in all leads of its business. The two were counted one after the other, so a source may have
    /// more leads than all.
    pub(super) fn of(source: &Source, leads: u64, all: u64) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a share needs no more than a double's digits")]
        let percent = (leads as f64 / all.max(leads) as f64 * 1_000.0).round() / 10.0;
        Self { source: source.name.clone(), source_id: source.id.clone(), leads, percent }
    }
}

pub(super) fn total(leads: &PerDay) -> u64 {
    leads.iter().map(|(_, leads)| leads).sum()
}
