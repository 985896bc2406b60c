//! The `lead.created` message: ids, never personal data (contract, section 7).

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use serde::{Deserialize, Serialize};
use tokio::time::error::Elapsed;
use tokio::time::timeout;

use crate::id::{AccountId, BusinessId, LeadId, RequestId, SourceId};
use crate::lead::Lead;
use crate::time::Timestamp;

/// A send may take so long; the answer does not wait for more (contract, section 6, Time limits).
const SEND_TIMEOUT: Duration = Duration::from_millis(500);

/// So many messages one call takes at most.
pub const MAX_BATCH: usize = 10;

/// What a message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MessageType {
    /// A lead has been accepted.
    #[serde(rename = "lead.created")]
    LeadCreated,
}

/// The version of the message that this release writes and reads.
pub const VERSION: u32 = 1;

/// Says that a lead has been accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LeadCreated {
    /// `lead.created`.
    pub r#type: MessageType,
    /// [`VERSION`].
    pub version: u32,
    /// The lead.
    pub lead_id: LeadId,
    /// The source that sent it.
    pub source_id: SourceId,
    /// The account that it belongs to.
    pub account_id: AccountId,
    /// The business that it belongs to.
    pub business_id: BusinessId,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// The request, or the sweep, that announces it.
    pub request_id: RequestId,
}

impl LeadCreated {
    /// The message for a lead.
    pub fn of(lead: &Lead, business_id: BusinessId, request_id: &str) -> Self {
        Self {
            r#type: MessageType::LeadCreated,
            version: VERSION,
            lead_id: lead.id.clone(),
            source_id: lead.source_id.clone(),
            account_id: lead.account_id.clone(),
            business_id,
            created_at: lead.created_at,
            request_id: RequestId::of(request_id),
        }
    }
}

/// A message was not sent. The lead's mark brings it to the worker all the same.
#[derive(Debug, thiserror::Error)]
#[error("the message was not sent: {0}")]
pub struct SendError(String);

/// The queue of accepted leads.
#[derive(Clone, Debug)]
pub struct Queue {
    client: Client,
    url: String,
}

impl Queue {
    /// The queue at this URL.
    pub fn new(client: Client, url: impl Into<String>) -> Self {
        Self { client, url: url.into() }
    }

    /// Sends a message, within half a second.
    ///
    /// # Errors
    /// [`SendError`] when the queue does not take it in time.
    pub async fn send(&self, message: &LeadCreated) -> Result<(), SendError> {
        let send = self.client.send_message().queue_url(&self.url).message_body(body(message)?);
        taken(timeout(SEND_TIMEOUT, send.send()).await).map(drop)
    }

    /// Sends up to [`MAX_BATCH`] messages in one call, within half a second.
    ///
    /// # Errors
    /// [`SendError`] when the queue does not take all of them in time. Some may have been taken.
    pub async fn send_all(&self, messages: &[LeadCreated]) -> Result<(), SendError> {
        if messages.is_empty() {
            return Ok(());
        }
        let mut send = self.client.send_message_batch().queue_url(&self.url);
        for (index, message) in messages.iter().enumerate() {
            let entry = SendMessageBatchRequestEntry::builder().id(index.to_string()).message_body(body(message)?);
            send = send.entries(entry.build().map_err(|_| SendError("not written".to_owned()))?);
        }
        match taken(timeout(SEND_TIMEOUT, send.send()).await)?.failed() {
            [] => Ok(()),
            [first, ..] => Err(SendError(first.code().to_owned())),
        }
    }
}

fn body(message: &LeadCreated) -> Result<String, SendError> {
    serde_json::to_string(message).map_err(|_| SendError("not written".to_owned()))
}

/// What came of a call within its time.
fn taken<T, E: ProvideErrorMetadata>(outcome: Result<Result<T, E>, Elapsed>) -> Result<T, SendError> {
    match outcome {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(SendError(error.code().unwrap_or("out of reach").to_owned())),
        Err(_) => Err(SendError("timed out".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_the_form_of_the_contract() {
        let text = r#"{"type":"lead.created","version":1,"leadId":"lead_a","sourceId":"source_1","accountId":"account_1","businessId":"business_1","createdAt":"2026-06-15T12:00:00.000Z","requestId":"r-1"}"#;
        let message: LeadCreated = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&message).unwrap(), text);
    }
}
