//! `GET /sources/{id}/metrics` and `GET /analytics/my`: leads per day and source. `leadctl report` reads the same counts.

mod answer;
mod attention;
mod days;

use std::cmp::Reverse;
use std::time::Duration;

use futures_util::future::try_join3;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use jiff::civil::Date;
use lambda_http::Request;
use tokio::time::{Instant, timeout_at};

use super::reader::Reader;
use super::{Reading, unavailable};
use crate::http::Problem;
use crate::id::{BusinessId, SourceId};
use crate::source::Source;
use crate::store::Refusals;
use crate::time::Timestamp;
use answer::{Analytics, PerDay, SourceMetrics, SourceShare, Summary, Trend};
use days::{Days, day_of};

/// The most sources that a report counts and checks.
const MAX_SOURCES: usize = 100;
/// The most days of all sources together that are counted in one request. Each takes four calls.
const MAX_SOURCE_DAYS: usize = 500;
/// The longest that a report counts. The function has 10 s.
const MAX_TIME: Duration = Duration::from_secs(6);
/// How many counts are asked for at the same time.
const CONCURRENT: usize = 16;

impl Reading {
    /// Leads and refused posts of a source per day.
    pub(super) async fn metrics(&self, reader: &Reader, id: &str, request: &Request) -> Result<SourceMetrics, Problem> {
        let now = Timestamp::now();
        let days = Days::of(request, day_of(now))?;
        let source = self.named_source(reader, id).await?;
        let leads = self.leads_per_day(&source.id, days).await?;
        let refusals = self.refusals(&source.id, days).await?;
        Ok(SourceMetrics::of(days, &leads, refusals, now))
    }

    /// Leads of a business per day and per source. What cannot be counted in time is left unknown.
    pub(super) async fn analytics(&self, reader: &Reader, request: &Request) -> Result<Analytics, Problem> {
        let until = Instant::now() + MAX_TIME;
        let now = Timestamp::now();
        let days = Days::of(request, day_of(now))?;
        let business = &reader.business;
        let sources = self.sources.of_business(business, true, None, MAX_SOURCES).await;
        let (sources, next) = sources.map_err(unavailable)?;
        let are_all = next.is_none();

        let (leads, previous, urgent) = try_join3(
            in_time(until, self.accepted_per_day(business, days)),
            in_time(until, self.accepted(business, days.before())),
            in_time(until, self.attention(&sources, now)),
        )
        .await?;
        let lead_sources = match &leads {
            Some(leads) if are_all => in_time(until, self.shares(&sources, leads)).await?.flatten(),
            _ => None,
        };
        let refused = in_time(until, self.mostly_refused(&sources, lead_sources.as_deref(), days)).await?;

        let attention_is_complete = are_all && urgent.is_some() && matches!(refused, Some((_, true)));
        let refused = refused.into_iter().flat_map(|(found, _)| found);
        let lead_trend = leads.map(|leads| Trend::of(&leads, previous));
        Ok(Analytics {
            range: days.range(),
            summary: Summary::of(lead_trend.as_ref()),
            lead_trend,
            lead_sources,
            needs_attention: urgent.into_iter().flatten().chain(refused).collect(),
            attention_is_complete,
            generated_at: now,
        })
    }

    /// How many leads of a business were accepted on these days.
    async fn accepted(&self, business: &BusinessId, days: Days) -> Result<u64, Problem> {
        self.leads.count_accepted(business, &days.span()).await.map_err(unavailable)
    }

    /// How many leads of a business were accepted on each day.
    async fn accepted_per_day(&self, business: &BusinessId, days: Days) -> Result<PerDay, Problem> {
        let count = |day| async move { Ok((day, self.accepted(business, Days::one(day)).await?)) };
        stream::iter(days.each()).map(count).buffered(CONCURRENT).try_collect().await
    }

    /// How many leads a source sent on a day.
    async fn leads_of_day(&self, source: &SourceId, day: Date) -> Result<u64, Problem> {
        self.leads.count(source, &day.to_string()).await.map_err(unavailable)
    }

    /// How many leads a source sent on each day.
    async fn leads_per_day(&self, source: &SourceId, days: Days) -> Result<PerDay, Problem> {
        let count = |day| async move { Ok((day, self.leads_of_day(source, day).await?)) };
        stream::iter(days.each()).map(count).buffered(CONCURRENT / 4).try_collect().await
    }

    /// What was refused of a source on these days.
    async fn refusals(&self, source: &SourceId, days: Days) -> Result<Vec<Refusals>, Problem> {
        let (first, last) = (days.first.to_string(), days.last().to_string());
        self.limits.refusals(source, &first, &last).await.map_err(unavailable)
    }

    /// The sources that sent some of the leads of their business, those with the most leads first. `None` if there are too
    /// many sources and days to count.
    async fn shares(&self, sources: &[Source], leads: &PerDay) -> Result<Option<Vec<SourceShare>>, Problem> {
        // A day without leads of the business has none of its sources.
        let busy: Vec<Date> = leads.iter().filter(|(_, leads)| *leads > 0).map(|(day, _)| *day).collect();
        if sources.len() * busy.len() > MAX_SOURCE_DAYS {
            return Ok(None);
        }
        let each: Vec<_> = sources.iter().flat_map(|source| busy.iter().map(|day| (source.id.clone(), *day))).collect();
        let count = |(source, day): (SourceId, Date)| async move { self.leads_of_day(&source, day).await };
        let counts: Vec<u64> = stream::iter(each).map(count).buffered(CONCURRENT / 4).try_collect().await?;
        let of_sources = counts.chunks(busy.len().max(1)).map(|days| days.iter().sum::<u64>());
        let all = answer::total(leads);
        let sent = sources.iter().zip(of_sources).filter(|(_, leads)| *leads > 0);
        let mut shares: Vec<_> = sent.map(|(source, leads)| SourceShare::of(source, leads, all)).collect();
        shares.sort_by_key(|share| Reverse(share.leads));
        Ok(Some(shares))
    }
}

/// The result of some work, or `None` if it has not ended in time.
async fn in_time<T>(until: Instant, work: impl Future<Output = Result<T, Problem>>) -> Result<Option<T>, Problem> {
    timeout_at(until, work).await.ok().transpose()
}
