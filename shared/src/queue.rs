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

/// The timeout of a send, because the partner's answer waits for it (contract, section 6, "Time limits").
const SEND_TIMEOUT: Duration = Duration::from_millis(500);

/// The limit of SQS on the messages in one call.
pub const MAX_BATCH: usize = 10;

/// The type of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MessageType {
    /// A lead was accepted.
    #[serde(rename = "lead.created")]
    LeadCreated,
}

/// The message version that this release writes and reads.
pub const VERSION: u32 = 1;

/// Tells the worker that a lead was accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the others are what they are called")]
pub struct LeadCreated {
    pub r#type: MessageType,
    /// [`VERSION`] in a message of this release.
    pub version: u32,
    pub lead_id: LeadId,
    pub source_id: SourceId,
    pub account_id: AccountId,
    pub business_id: BusinessId,
    /// When the lead was accepted.
    pub created_at: Timestamp,
    /// The request or the sweep that sent the message.
    pub request_id: RequestId,
}

impl LeadCreated {
    /// Builds the message about a lead.
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

/// A message was not sent. The lead is in the outbox, so a sweep will send it.
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
    /// Addresses the queue at `url`.
    pub fn new(client: Client, url: impl Into<String>) -> Self {
        Self { client, url: url.into() }
    }

    /// Sends a message, within half a second.
    ///
    /// # Errors
    /// [`SendError`] when SQS does not accept the message in time.
    pub async fn send(&self, message: &LeadCreated) -> Result<(), SendError> {
        let send = self.client.send_message().queue_url(&self.url).message_body(body(message)?);
        sent(timeout(SEND_TIMEOUT, send.send()).await).map(drop)
    }

    /// Sends up to [`MAX_BATCH`] messages in one call, within half a second.
    ///
    /// # Errors
    /// [`SendError`] when SQS does not accept all of them in time. It may have accepted some.
    pub async fn send_all(&self, messages: &[LeadCreated]) -> Result<(), SendError> {
        if messages.is_empty() {
            return Ok(());
        }
        let mut send = self.client.send_message_batch().queue_url(&self.url);
        for (index, message) in messages.iter().enumerate() {
            let entry = SendMessageBatchRequestEntry::builder().id(index.to_string()).message_body(body(message)?);
            send = send.entries(entry.build().map_err(|_| SendError("not written".to_owned()))?);
        }
        match sent(timeout(SEND_TIMEOUT, send.send()).await)?.failed() {
            [] => Ok(()),
            [first, ..] => Err(SendError(first.code().to_owned())),
        }
    }
}

fn body(message: &LeadCreated) -> Result<String, SendError> {
    serde_json::to_string(message).map_err(|_| SendError("not written".to_owned()))
}

/// The result of a call that may have timed out.
fn sent<T, E: ProvideErrorMetadata>(outcome: Result<Result<T, E>, Elapsed>) -> Result<T, SendError> {
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
