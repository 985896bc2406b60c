//! The table of leads: writing a new lead and reading a whole one. The worker's writes are in `progress`, and
//! operators' queries are in `queries`.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem};
use tokio::time::timeout;

use super::item::{self, Item};
use super::lead_item::{LEAD, NewLead, OUTBOX, StoredLead, pk, stored};
use super::outbox_item::Outbox;
use super::{Attempts, StoreError, schema, transaction};
use crate::conversation::Conversation;
use crate::event::Event;
use crate::id::LeadId;
use crate::time::Timestamp;

/// The timeout of a put, including the read that may follow. The partner gets an answer within 8 seconds (contract,
/// section 6, "Time limits"), of which reading the source can take 2.5, TrustedForm 2 and the send 0.5.
const PUT_TIMEOUT: Duration = Duration::from_secs(3);

/// The sort key of a lead's conversation.
pub(super) const CONVERSATION: &str = "CONVERSATION";

/// The prefix of an event's sort key.
const EVENT: &str = "EVENT#";

/// The table of leads: each lead with its conversation and timeline under one partition key.
#[derive(Clone, Debug)]
pub struct Leads {
    pub(super) client: Client,
    pub(super) table: String,
}

/// The result of a put.
#[derive(Debug)]
pub enum Put {
    /// The lead is new and was written.
    Created,
    /// The lead existed before, and nothing was written.
    Exists(StoredLead),
}

/// Everything about one lead.
#[derive(Debug)]
pub struct Record {
    #[expect(missing_docs, reason = "it is what it is called")]
    pub lead: StoredLead,
    /// `None` until the worker opens it.
    pub conversation: Option<Conversation>,
    /// The events by sequence, oldest first.
    pub timeline: Vec<Event>,
    /// How far subscribers were told the events.
    pub outbox: Outbox,
}

impl Leads {
    /// Addresses the table by its name.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }

    /// Opens a connection before the first request needs it.
    pub async fn connect(&self) {
        super::connect(&self.client, &self.table).await;
    }

    /// Writes a lead unless it exists. This one conditional put resolves every race between repeats.
    ///
    /// # Errors
    /// [`StoreError`]. The lead may have been written nevertheless, unless `attempts` know better; a repeat finds it.
    pub async fn put(&self, new: &NewLead, attempts: Option<&Attempts>) -> Result<Put, StoreError> {
        timeout(PUT_TIMEOUT, self.put_or_read(new, attempts)).await?
    }

    async fn put_or_read(&self, new: &NewLead, attempts: Option<&Attempts>) -> Result<Put, StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(new.item()))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let put = match attempts {
            Some(attempts) => put.customize().interceptor(attempts.clone()).send().await,
            None => put.send().await,
        };
        let error = match put {
            Ok(_) => return Ok(Put::Created),
            Err(error) => error,
        };
        let stored = match &error {
            SdkError::ServiceError(service) => match service.err() {
                PutItemError::ConditionalCheckFailedException(failed) => match failed.item() {
                    Some(item) => Some(stored(item)?),
                    None => self.get(&new.lead.id).await?,
                },
                // The worker is writing this lead right now, so it exists.
                PutItemError::TransactionConflictException(_) => self.get(&new.lead.id).await?,
                _ => None,
            },
            _ => None,
        };
        match stored {
            // The SDK retried and found what its own first try had written.
            Some(StoredLead::Kept(kept)) if kept.request_id == new.request_id => Ok(Put::Created),
            Some(stored) => Ok(Put::Exists(stored)),
            None => Err(error.into()),
        }
    }

    /// Reads a lead, consistently.
    pub async fn get(&self, id: &LeadId) -> Result<Option<StoredLead>, StoreError> {
        let found =
            self.client.get_item().table_name(&self.table).set_key(Some(item::key(pk(id), LEAD))).consistent_read(true);
        found.send().await?.item.as_ref().map(stored).transpose()
    }

    /// Reads a lead with its conversation and timeline.
    pub async fn record(&self, id: &LeadId) -> Result<Option<Record>, StoreError> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", item::text(pk(id)))
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        let (mut lead, mut opened, mut outbox, mut timeline) = (None, None, None, Vec::new());
        while let Some(found) = pages.next().await {
            let found = found?;
            match item::string(&found, schema::SK)? {
                LEAD => lead = Some(stored(&found)?),
                CONVERSATION => opened = Some(conversation(&found)?),
                OUTBOX => outbox = Some(Outbox::read(&found)?),
                sk if sk.starts_with(EVENT) => timeline.push(item::document(&found)),
                // A later release may keep other items here.
                _ => {}
            }
        }
        let Some(lead) = lead else { return Ok(None) };
        let mut timeline: Vec<Event> = item::readable(timeline);
        timeline.sort_by_key(|event| event.sequence);
        let outbox = outbox.unwrap_or_else(|| Outbox::without_item(opened.as_ref()));
        Ok(Some(Record { lead, conversation: opened, timeline, outbox }))
    }
}

/// The put of a new event. The sort key lists the lead's events in the order of time. `expires_at` is the lead's.
pub(super) fn event(
    table: &str,
    event: &Event,
    expires_at: Option<Timestamp>,
) -> Result<TransactWriteItem, StoreError> {
    let sk = format!("{EVENT}{}#{}", event.created_at, event.id);
    let new = item::new(pk(&event.lead_id), sk, item::json(event)?);
    transaction::once(table, item::expiring(new, expires_at))
}

/// The item of a new conversation. What events change is in attributes, so an event never rewrites the person's data,
/// and marking a conversation as read does not conflict with an event. The conversation of a test lead, which
/// `expires_at`, is in no inbox.
pub(super) fn conversation_item(
    conversation: &Conversation,
    expires_at: Option<Timestamp>,
) -> Result<Item, StoreError> {
    let new = item::new(pk(&conversation.lead_id), CONVERSATION, item::json(conversation)?);
    let mut new = item::expiring(new, expires_at);
    let mut put = |name: &str, value| new.insert(name.to_owned(), value);
    if expires_at.is_none() {
        put(schema::INBOX.partition, item::text(&conversation.business_id));
    }
    put(schema::INBOX.sort, item::text(conversation.last_event_at));
    put(schema::IS_UNREAD, AttributeValue::Bool(conversation.is_unread));
    put(schema::LAST_SNIPPET, item::text(&conversation.last_snippet));
    put(schema::EVENT_VERSION, item::number(conversation.event_version));
    Ok(new)
}

/// Reads a conversation's item. The attributes take precedence, because the document is as old as the conversation.
pub(super) fn conversation(found: &Item) -> Result<Conversation, StoreError> {
    let mut conversation: Conversation = item::document(found)?;
    if let Some(at) = item::optional_parsed(found, schema::INBOX.sort)? {
        conversation.last_event_at = at;
    }
    if let Some(snippet) = item::optional(found, schema::LAST_SNIPPET) {
        snippet.clone_into(&mut conversation.last_snippet);
    }
    if let Some(version) = item::integer(found, schema::EVENT_VERSION)? {
        conversation.event_version = version;
    }
    if let Some(AttributeValue::Bool(is_unread)) = found.get(schema::IS_UNREAD) {
        conversation.is_unread = *is_unread;
    }
    Ok(conversation)
}
