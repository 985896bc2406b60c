//! The table of limits: how many leads a source has sent, whose leads are already there, and what was refused (contract,
//! section 10). Every item ends by itself.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Config;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::ReturnValue::UpdatedNew;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;

use super::item::{self, Item};
use super::update::applied;
use super::{StoreError, schema};
use crate::id::SourceId;
use crate::source::limits::{Caps, Counts, Window, Windows};
use crate::time::Timestamp;

const DAY: &str = "day";
/// The prefix of a code's attribute in the counts of refusals.
const CODE: &str = "code#";
/// How many posts were refused.
const POSTS: &str = "posts";

/// How long an item stays after its time, so that it can still be looked at.
pub(super) const GRACE: Duration = Duration::from_secs(2 * 24 * 60 * 60);

/// How long counts of refusals are kept after the first one of a day: 400 days after its end.
const REFUSALS_KEPT: Duration = Duration::from_secs(401 * 24 * 60 * 60);

/// Sets what an item of counts has next to them. What is there stays, because a later release may have written it.
const LABELS: &str =
    "SET schemaVersion = if_not_exists(schemaVersion, :version), expiresAt = if_not_exists(expiresAt, :expires)";

/// The wait before a count that DynamoDB throttled is tried again.
const THROTTLED_PAUSE: Duration = Duration::from_millis(50);

/// The table of limits.
#[derive(Clone, Debug)]
pub struct Limits {
    pub(super) client: Client,
    pub(super) table: String,
}

/// What became of a place within the caps of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CapPlace {
    /// It was taken. The counts include it.
    Taken(Counts),
    /// A cap is reached, and nothing was counted.
    None(Counts),
}

/// What was refused of a source on one day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusals {
    /// The day, in UTC.
    pub day: String,
    /// How many posts were refused.
    pub posts: u64,
    /// How many of them had each code. A post can have several.
    pub codes: BTreeMap<String, u64>,
}

impl Refusals {
    /// How many posts were refused with a code other than these, of which a post has one alone.
    pub fn posts_without(&self, codes: &[&str]) -> u64 {
        let left_out = codes.iter().filter_map(|code| self.codes.get(*code)).sum();
        self.posts.saturating_sub(left_out)
    }
}

impl Limits {
    /// Addresses the table by its name.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }

    /// Counts a new lead of a source, if its caps allow one more.
    ///
    /// A throttled call is tried again, until the caller gives up. Other failures are not: the call may have counted, and
    /// counting again would waste a second place.
    ///
    /// # Errors
    /// [`StoreError`]; then it is not known whether the lead was counted.
    pub async fn take_place(&self, source: &SourceId, caps: &Caps, windows: &Windows) -> Result<CapPlace, StoreError> {
        let below =
            |cap: Option<u32>, name: &str| cap.map(|_| format!("(attribute_not_exists(#{name}) OR #{name} < :{name})"));
        let conditions: Vec<_> = below(caps.day, "day").into_iter().chain(below(caps.hour, "hour")).collect();
        let update = self
            .counter(source, windows)
            .update_expression(format!("{LABELS} ADD #day :one, #hour :one"))
            .condition_expression(conditions.join(" AND "))
            .expression_attribute_values(":version", item::number(item::WRITTEN))
            .expression_attribute_values(":expires", item::number(windows.day.end.after(GRACE).seconds()))
            .expression_attribute_values(":one", item::number(1))
            .set_return_values(Some(UpdatedNew))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let update =
            caps.day.iter().fold(update, |update, cap| update.expression_attribute_values(":day", item::number(cap)));
        let update =
            caps.hour.iter().fold(update, |update, cap| update.expression_attribute_values(":hour", item::number(cap)));
        loop {
            let error =
                match update.clone().customize().config_override(once().timeout_config(count_timeout())).send().await {
                    Ok(counted) => {
                        return Ok(CapPlace::Taken(counts(&counted.attributes.unwrap_or_default(), windows)?));
                    }
                    Err(error) => error,
                };
            match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                    return Ok(CapPlace::None(counts(failed.item().unwrap_or(&Item::new()), windows)?));
                }
                Some(
                    UpdateItemError::ProvisionedThroughputExceededException(_)
                    | UpdateItemError::RequestLimitExceeded(_)
                    | UpdateItemError::ThrottlingException(_),
                ) => tokio::time::sleep(THROTTLED_PAUSE).await,
                _ => return Err(error.into()),
            }
        }
    }

    /// Gives a place back that no lead took.
    ///
    /// # Errors
    /// [`StoreError`]; then the place may be lost.
    pub async fn give_back(&self, source: &SourceId, windows: &Windows) -> Result<(), StoreError> {
        let update = self
            .counter(source, windows)
            .update_expression("ADD #day :less, #hour :less")
            .condition_expression("#day > :zero AND #hour > :zero")
            .expression_attribute_values(":less", item::number(-1))
            .expression_attribute_values(":zero", item::number(0));
        // A counter that is gone or at zero has no place to give back.
        applied(update.customize().config_override(once()).send().await.map(drop)).map(drop)
    }

    /// How many new leads of a source were counted, consistently.
    ///
    /// # Errors
    /// [`StoreError`]; a retry is safe.
    pub async fn counts(&self, source: &SourceId, windows: &Windows) -> Result<Counts, StoreError> {
        let key = item::key(counter_key(source), &windows.date);
        let found = self.client.get_item().table_name(&self.table).set_key(Some(key)).consistent_read(true).send();
        counts(&found.await?.item.unwrap_or_default(), windows)
    }

    fn counter(
        &self,
        source: &SourceId,
        windows: &Windows,
    ) -> aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item::key(counter_key(source), &windows.date)))
            .expression_attribute_names("#day", DAY)
            .expression_attribute_names("#hour", hour_attribute(windows.hour))
    }

    /// Counts a refused post of a source with its codes, by the day in UTC.
    ///
    /// # Errors
    /// [`StoreError`]; then the count may be lost.
    pub async fn count_refusal(&self, source: &SourceId, codes: &[&str], now: Timestamp) -> Result<(), StoreError> {
        let mut codes = codes.to_vec();
        codes.sort_unstable();
        codes.dedup();
        let mut update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item::key(refusals_key(source), now.day())))
            .expression_attribute_values(":version", item::number(item::WRITTEN))
            .expression_attribute_values(":expires", item::number(now.after(REFUSALS_KEPT).seconds()))
            .expression_attribute_values(":one", item::number(1));
        let mut added = format!("{POSTS} :one");
        for (index, code) in codes.iter().enumerate() {
            update = update.expression_attribute_names(format!("#c{index}"), format!("{CODE}{code}"));
            added.push_str(&format!(", #c{index} :one"));
        }
        update.update_expression(format!("{LABELS} ADD {added}")).customize().config_override(once()).send().await?;
        Ok(())
    }

    /// What was refused of a source, from one day to another, both included: `2026-06-15`, in UTC. Days without refusals are
    /// left out.
    ///
    /// # Errors
    /// [`StoreError`]; a retry is safe.
    pub async fn refusals(&self, source: &SourceId, from: &str, to: &str) -> Result<Vec<Refusals>, StoreError> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
            .expression_attribute_values(":pk", item::text(refusals_key(source)))
            .expression_attribute_values(":from", item::text(from))
            .expression_attribute_values(":to", item::text(to))
            .into_paginator()
            .items()
            .send();
        let mut days = Vec::new();
        while let Some(found) = pages.next().await {
            let found = found?;
            if item::optional(&found, schema::SK).is_some_and(is_day) {
                days.push(refusals(&found));
            }
        }
        Ok(item::readable(days))
    }
}

/// Whether a sort key is a day. A later release may keep other counts between the days.
fn is_day(sk: &str) -> bool {
    sk.parse::<jiff::civil::Date>().is_ok_and(|day| day.to_string() == sk)
}

fn refusals(found: &Item) -> Result<Refusals, StoreError> {
    item::supported(found)?;
    let codes = found
        .iter()
        .filter_map(|(name, count)| Some((name.strip_prefix(CODE)?.to_owned(), count.as_n().ok()?.parse().ok()?)));
    Ok(Refusals {
        day: item::string(found, schema::SK)?.to_owned(),
        posts: item::integer(found, POSTS)?.unwrap_or_default(),
        codes: codes.collect(),
    })
}

/// Without the SDK's retries: a call that counts may have been done although no answer came.
fn once() -> aws_sdk_dynamodb::config::Builder {
    Config::builder().retry_config(RetryConfig::disabled())
}

/// The caller decides how long a count may take.
fn count_timeout() -> TimeoutConfig {
    TimeoutConfig::builder().operation_attempt_timeout(Duration::from_millis(2_500)).build()
}

fn counter_key(source: &SourceId) -> String {
    format!("COUNT#{source}")
}

fn refusals_key(source: &SourceId) -> String {
    format!("REFUSED#{source}")
}

/// The attribute that counts an hour. Its name has the hour in UTC, because a zone has some hours twice.
fn hour_attribute(hour: Window) -> String {
    format!("hour#{}", hour.start)
}

/// The counts of a counter's item, or of the attributes that changed.
fn counts(found: &Item, windows: &Windows) -> Result<Counts, StoreError> {
    let count = |name: &str| match found.get(name).map(|value| value.as_n().ok().and_then(|count| count.parse().ok())) {
        None => Ok(0),
        Some(count) => count.ok_or(StoreError::Unreadable("count")),
    };
    Ok(Counts { day: count(DAY)?, hour: count(&hour_attribute(windows.hour))? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn posts_that_limits_refused_can_be_left_out() {
        for (posts, codes, left) in [
            (0, &[][..], 0),
            (3, &[("email.invalid", 2), ("phone.invalid", 3)], 3),
            (9, &[("quota.exceeded", 4), ("lead.duplicate", 3), ("email.invalid", 2), ("phone.invalid", 1)], 2),
            (4, &[("quota.exceeded", 4)], 0),
        ] {
            let codes = codes.iter().map(|(code, count)| ((*code).to_owned(), *count)).collect();
            let refusals = Refusals { posts, codes, ..Refusals::default() };
            assert_eq!(refusals.posts_without(&["lead.duplicate", "quota.exceeded"]), left, "{refusals:?}");
        }
    }
}
