//! The table of limits: how many leads a source has sent, whose leads are already there, and what was refused (contract,
//! section 10). Every item ends by itself.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Config;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::ReturnValue::{AllOld, UpdatedNew};
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::item::{self, Item};
use super::{StoreError, schema};
use crate::id::{BusinessId, LeadId, SourceId};
use crate::lead::Lead;
use crate::source::limits::{Caps, Counts, Duplicates, PersonKey, Scope, Window, Windows};
use crate::time::Timestamp;

/// The sort key of a guard.
const GUARD: &str = "GUARD";

const DAY: &str = "day";
/// The prefix of a code's attribute in the counts of refusals.
const CODE: &str = "code#";
/// How many posts were refused.
const POSTS: &str = "posts";

const LEAD_ID: &str = "leadId";
const SOURCE_ID: &str = "sourceId";
const REQUEST_ID: &str = "requestId";
const WRITTEN_AT: &str = "writtenAt";

/// How long an item stays after its time, so that it can still be looked at.
const GRACE: Duration = Duration::from_secs(2 * 24 * 60 * 60);

/// How long counts of refusals are kept.
const REFUSALS_KEPT: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// The wait before a count that DynamoDB throttled is tried again.
const THROTTLED_PAUSE: Duration = Duration::from_millis(50);

/// The table of limits.
#[derive(Clone, Debug)]
pub struct Limits {
    client: Client,
    table: String,
}

/// What became of a place within the caps of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CapPlace {
    /// It was taken. The counts include it.
    Taken(Counts),
    /// A cap is reached, and nothing was counted.
    None(Counts),
}

/// The claim of a lead to be the first one of a person. It holds a digest of what identifies the person.
#[derive(Clone, Debug)]
pub struct Guard {
    pk: String,
    lead_id: LeadId,
    source_id: SourceId,
    /// The request that writes it. Only this request may remove it, because a repeat of the post relies on it.
    request_id: String,
    at: Timestamp,
    cutoff: Timestamp,
    expires_at: Timestamp,
}

/// What became of a guard.
#[derive(Debug)]
pub enum Guarded {
    /// It was written.
    Written,
    /// An earlier post of the same lead had written it.
    Own,
    /// Another lead has it.
    Met(Earlier),
}

/// The guard of another lead.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each is what it is called")]
pub struct Earlier {
    pub lead_id: LeadId,
    pub source_id: SourceId,
    pub written_at: Timestamp,
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

impl Guard {
    /// The guards of a live lead, in the order in which they are written: phone, then e-mail.
    pub fn all<'a>(
        duplicates: &'a Duplicates,
        lead: &'a Lead,
        business_id: &'a BusinessId,
        request_id: &'a str,
    ) -> impl Iterator<Item = Self> + 'a {
        duplicates.by.iter().filter_map(move |key| {
            Some(Self {
                pk: guard_key(duplicates.scope, *key, lead, business_id)?,
                lead_id: lead.id.clone(),
                source_id: lead.source_id.clone(),
                request_id: request_id.to_owned(),
                at: lead.created_at,
                cutoff: duplicates.cutoff(lead.created_at),
                expires_at: lead.created_at.after(duplicates.length()),
            })
        })
    }

    fn item(&self) -> Item {
        let mut item = item::key(self.pk.clone(), GUARD);
        let mut put = |name: &str, value| item.insert(name.to_owned(), value);
        put(schema::SCHEMA_VERSION, item::number(item::WRITTEN));
        put(LEAD_ID, item::text(&self.lead_id));
        put(SOURCE_ID, item::text(&self.source_id));
        put(REQUEST_ID, item::text(&self.request_id));
        put(WRITTEN_AT, item::text(self.at));
        put(schema::EXPIRES_AT, item::number(self.expires_at.after(GRACE).seconds()));
        item
    }
}

/// The partition key of the guard of a person; `None` without the member. The table never holds the member itself, because
/// keys can be in logs of AWS.
fn guard_key(scope: Scope, key: PersonKey, lead: &Lead, business_id: &BusinessId) -> Option<String> {
    let value = match key {
        PersonKey::Phone => lead.phone_number()?.as_str().to_owned(),
        PersonKey::Email => lead.contact.email.as_ref()?.as_str().to_lowercase(),
    };
    let scope = match scope {
        Scope::Source => format!("source#{}", lead.source_id),
        Scope::Business => format!("business#{business_id}"),
    };
    let digest = Sha256::digest(format!("{scope}#{}#{value}", key.as_str()));
    Some(format!("{GUARD}#{scope}#{}#{}", key.as_str(), HEXLOWER.encode(&digest)))
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
            .update_expression("SET schemaVersion = :version, expiresAt = :expires ADD #day :one, #hour :one")
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
        match update.customize().config_override(once()).send().await {
            Err(error)
                if !error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                Err(error.into())
            }
            _ => Ok(()),
        }
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

    /// Writes a guard if there is none, if the one that is there has ended, or if it is the same lead's.
    ///
    /// # Errors
    /// [`StoreError`]; the guard may have been written, and a repeat of the post finds it.
    pub async fn guard(&self, guard: &Guard) -> Result<Guarded, StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(guard.item()))
            .condition_expression("attribute_not_exists(pk) OR leadId = :lead OR writtenAt <= :cutoff")
            .expression_attribute_values(":lead", item::text(&guard.lead_id))
            .expression_attribute_values(":cutoff", item::text(guard.cutoff))
            .set_return_values(Some(AllOld))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match put.send().await {
            Ok(put) => {
                let old = put.attributes.unwrap_or_default();
                let is_own = item::optional(&old, LEAD_ID) == Some(guard.lead_id.as_str())
                    // The SDK retried and found what its own first try had written.
                    && item::optional(&old, REQUEST_ID) != Some(guard.request_id.as_str());
                Ok(if is_own { Guarded::Own } else { Guarded::Written })
            }
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                    let met = failed.item().ok_or(StoreError::Unreadable(GUARD))?;
                    item::supported(met)?;
                    Ok(Guarded::Met(Earlier {
                        lead_id: item::parsed(met, LEAD_ID)?,
                        source_id: item::parsed(met, SOURCE_ID)?,
                        written_at: item::parsed(met, WRITTEN_AT)?,
                    }))
                }
                _ => Err(error.into()),
            },
        }
    }

    /// Writes a guard over one whose lead does not exist. Returns `false` and writes nothing when it has changed.
    ///
    /// # Errors
    /// [`StoreError`]; the guard may have been written, and a repeat of the post finds it.
    pub async fn take_over(&self, guard: &Guard, earlier: &Earlier) -> Result<bool, StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(guard.item()))
            .condition_expression("attribute_not_exists(pk) OR (leadId = :earlier AND writtenAt = :seen)")
            .expression_attribute_values(":earlier", item::text(&earlier.lead_id))
            .expression_attribute_values(":seen", item::text(earlier.written_at));
        match put.send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(PutItemError::is_conditional_check_failed_exception) => {
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Removes a guard that this request has written, unless a repeat of the post has written it again.
    ///
    /// # Errors
    /// [`StoreError`]; then another post takes it over after a minute.
    pub async fn unguard(&self, guard: &Guard) -> Result<(), StoreError> {
        let condition = "leadId = :lead AND requestId = :value";
        self.remove_guard(&guard.pk, &guard.lead_id, condition, Some(&guard.request_id)).await
    }

    /// Removes every guard of a lead, whatever its source compares by now.
    ///
    /// # Errors
    /// [`StoreError`]; a retry is safe.
    pub async fn forget(&self, lead: &Lead, business_id: &BusinessId) -> Result<(), StoreError> {
        for scope in [Scope::Source, Scope::Business] {
            for key in [PersonKey::Phone, PersonKey::Email] {
                if let Some(pk) = guard_key(scope, key, lead, business_id) {
                    self.remove_guard(&pk, &lead.id, "leadId = :lead", None).await?;
                }
            }
        }
        Ok(())
    }

    async fn remove_guard(
        &self,
        pk: &str,
        lead_id: &LeadId,
        condition: &str,
        value: Option<&str>,
    ) -> Result<(), StoreError> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(item::key(pk.to_owned(), GUARD)))
            .condition_expression(condition)
            .expression_attribute_values(":lead", item::text(lead_id));
        let delete =
            value.iter().fold(delete, |delete, value| delete.expression_attribute_values(":value", item::text(value)));
        match delete.send().await {
            Err(error)
                if !error.as_service_error().is_some_and(DeleteItemError::is_conditional_check_failed_exception) =>
            {
                Err(error.into())
            }
            _ => Ok(()),
        }
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
        let expression = format!("SET schemaVersion = :version, expiresAt = :expires ADD {added}");
        update.update_expression(expression).customize().config_override(once()).send().await?;
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
            days.push(refusals(&found?));
        }
        Ok(item::readable(days))
    }
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
