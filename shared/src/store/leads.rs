//! The table of leads: how a lead comes in, and how it is read whole. How the worker moves it on stands in `progress`,
//! what operators ask in `operators`.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use tokio::time::timeout;

use super::item;
use super::lead_item::{LEAD, NewLead, StoredLead, pk, stored};
use super::{StoreError, schema};
use crate::conversation::Conversation;
use crate::event::Event;
use crate::id::LeadId;

/// How long a put may take, with the read that may follow: the answer has to come within 8 seconds (contract, section 6,
/// Time limits), of which a source's read can take 2.5, TrustedForm 2 and the send 0.5.
const LONGEST_PUT: Duration = Duration::from_secs(3);

/// The sort key of a lead's conversation.
pub(super) const CONVERSATION: &str = "CONVERSATION";

/// The table of leads: each lead with its conversation and timeline under one partition key.
#[derive(Clone, Debug)]
pub struct Leads {
    pub(super) client: Client,
    pub(super) table: String,
}

/// What became of a put.
#[derive(Debug)]
pub enum Put {
    /// The lead is written.
    Created,
    /// It was there already.
    Exists(StoredLead),
}

/// Everything about one lead.
#[derive(Debug)]
pub struct Record {
    /// The lead.
    pub lead: StoredLead,
    /// Its conversation, once it exists.
    pub conversation: Option<Conversation>,
    /// Its events, oldest first.
    pub timeline: Vec<Event>,
}

impl Leads {
    /// The table of this name.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }

    /// Makes the connection ahead of the first request.
    pub async fn connect(&self) {
        super::connect(&self.client, &self.table).await;
    }

    /// Writes a lead, unless it is there: this one conditional put settles every race between repeats.
    ///
    /// # Errors
    /// [`StoreError`] when the table does not answer. The lead may have been written all the same; a repeat finds it.
    pub async fn put(&self, new: &NewLead) -> Result<Put, StoreError> {
        let put = timeout(LONGEST_PUT, self.put_or_read(new)).await;
        put.unwrap_or_else(|_| {
            Err(StoreError::Unavailable { code: "timed out".to_owned(), request_id: "none".to_owned() })
        })
    }

    async fn put_or_read(&self, new: &NewLead) -> Result<Put, StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(new.item()))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let error = match put.send().await {
            Ok(_) => return Ok(Put::Created),
            Err(error) => error,
        };
        let stored = match &error {
            SdkError::ServiceError(service) => match service.err() {
                PutItemError::ConditionalCheckFailedException(failed) => match failed.item() {
                    Some(item) => Some(stored(item)?),
                    None => self.get(&new.lead.id).await?,
                },
                // The worker is writing this lead just now, so it is there.
                PutItemError::TransactionConflictException(_) => self.get(&new.lead.id).await?,
                _ => None,
            },
            _ => None,
        };
        match stored {
            // The SDK's own retry met what its first try wrote.
            Some(StoredLead::Kept(kept)) if kept.request_id == new.request_id => Ok(Put::Created),
            Some(stored) => Ok(Put::Exists(stored)),
            None => Err(error.into()),
        }
    }

    /// A lead, consistently.
    ///
    /// # Errors
    /// [`StoreError`] when the table does not answer.
    pub async fn get(&self, id: &LeadId) -> Result<Option<StoredLead>, StoreError> {
        let found =
            self.client.get_item().table_name(&self.table).set_key(Some(item::key(pk(id), LEAD))).consistent_read(true);
        found.send().await?.item.as_ref().map(stored).transpose()
    }

    /// A lead with its conversation and timeline.
    ///
    /// # Errors
    /// [`StoreError`] when the table does not answer.
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
        let (mut lead, mut conversation, mut timeline) = (None, None, Vec::new());
        while let Some(found) = pages.next().await {
            let found = found?;
            match item::string(&found, schema::SK)? {
                LEAD => lead = Some(stored(&found)?),
                CONVERSATION => conversation = Some(item::document(&found)?),
                _ => timeline.push(item::document(&found)?),
            }
        }
        Ok(lead.map(|lead| Record { lead, conversation, timeline }))
    }
}
