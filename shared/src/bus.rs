//! The EventBridge bus that tells subscribers what happens to leads (contract, section 13).

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_eventbridge::primitives::DateTime;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use serde_with::skip_serializing_none;

use crate::event::{Event, EventType};
use crate::id::{BusinessId, ConversationId, EventId, LeadId, SourceId};
use crate::lead::eligibility::Eligibility;
use crate::time::Timestamp;

/// The `source` of every entry on the bus.
pub const SOURCE: &str = "leadping.intake";

/// The version of the envelope that this release writes.
pub const VERSION: u32 = 1;

/// The limit of EventBridge on the entries in one call.
const MAX_ENTRIES: usize = 10;

/// An event as subscribers receive it: the `detail` of an entry. It holds ids and facts, never personal data.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the others are what they are called")]
pub struct Envelope {
    /// The same whenever the event is published again, so receivers can ignore repeats.
    pub id: EventId,
    pub r#type: EventType,
    /// [`VERSION`] in an event of this release.
    pub version: u32,
    /// 1 for the lead's first event, then 2, 3 and so on. Receivers order a lead's events by it.
    pub sequence: u64,
    /// When it happened, not when it was published.
    pub timestamp: Timestamp,
    pub business_id: BusinessId,
    pub source_id: SourceId,
    pub lead_id: LeadId,
    pub conversation_id: ConversationId,
    /// Whether the person may be texted and called, in events of some types.
    pub eligibility: Option<Eligibility>,
    /// The earlier lead of the same person, in `lead.duplicate_detected`.
    pub duplicate_of: Option<LeadId>,
    /// The caps that are reached, `day` or `hour`, in `source.cap_reached`.
    pub caps: Option<Vec<String>>,
    /// Facts that a later release has written.
    #[serde(flatten)]
    pub unknown: Map<String, Value>,
}

impl Envelope {
    /// The envelope of an event.
    pub fn of(event: &Event) -> Self {
        Self {
            id: event.id.clone(),
            r#type: event.event_type.clone(),
            version: VERSION,
            sequence: event.sequence,
            timestamp: event.created_at,
            business_id: event.business_id.clone(),
            source_id: event.source_id.clone(),
            lead_id: event.lead_id.clone(),
            conversation_id: event.conversation_id.clone(),
            eligibility: event.eligibility.clone(),
            duplicate_of: event.duplicate_of.clone(),
            caps: event.caps.clone(),
            unknown: event.unknown.clone(),
        }
    }
}

/// The bus did not accept all events.
#[derive(Debug, thiserror::Error)]
#[error("the bus does not accept events: {reason}")]
pub struct NotPublished {
    /// How many events it accepted before the first that it did not accept.
    pub accepted: usize,
    /// The error code of EventBridge, or why there is no answer.
    pub reason: String,
}

/// The bus of one stack.
#[derive(Clone, Debug)]
pub struct Bus {
    client: Client,
    name: String,
}

impl Bus {
    /// Addresses the bus by its name.
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self { client, name: name.into() }
    }

    /// Publishes events in their order.
    ///
    /// # Errors
    /// [`NotPublished`] says how many events were accepted before the first fault. The bus may have accepted later
    /// ones: to publish them again is safe.
    pub async fn publish(&self, events: &[Event]) -> Result<(), NotPublished> {
        let mut accepted = 0;
        for events in events.chunks(MAX_ENTRIES) {
            let (count, fault) = self.put(events).await;
            accepted += count;
            if let Some(reason) = fault {
                return Err(NotPublished { accepted, reason });
            }
        }
        Ok(())
    }

    /// Puts up to [`MAX_ENTRIES`] events. Returns how many were accepted before the first fault, and the fault.
    async fn put(&self, events: &[Event]) -> (usize, Option<String>) {
        let entries = events.iter().map(|event| self.entry(event)).collect::<Option<Vec<_>>>();
        let Some(entries) = entries else { return (0, Some("not written".to_owned())) };
        let answer = match self.client.put_events().set_entries(Some(entries)).send().await {
            Ok(answer) => answer,
            Err(error) => return (0, Some(reason(&error))),
        };
        // One answer for each entry, in the same order. A call can succeed although some of its entries fail.
        let fault = |entry: &aws_sdk_eventbridge::types::PutEventsResultEntry| match entry.event_id() {
            Some(_) if entry.error_code().is_none() => None,
            _ => Some(entry.error_code().unwrap_or("unreadable answer").to_owned()),
        };
        let faults = answer.entries().iter().map(fault);
        let accepted = faults.clone().take(events.len()).take_while(Option::is_none).count();
        if accepted == events.len() {
            return (accepted, None);
        }
        (accepted, Some(faults.flatten().next().unwrap_or_else(|| "unreadable answer".to_owned())))
    }

    fn entry(&self, event: &Event) -> Option<PutEventsRequestEntry> {
        let detail = serde_json::to_string(&Envelope::of(event)).ok()?;
        let entry = PutEventsRequestEntry::builder()
            .event_bus_name(&self.name)
            .source(SOURCE)
            .detail_type(event.event_type.as_str())
            .time(DateTime::from_millis(event.created_at.milliseconds()))
            .detail(detail);
        Some(entry.build())
    }
}

fn reason<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> String {
    match error {
        SdkError::ServiceError(service) => service.err().code().unwrap_or("unknown error"),
        SdkError::TimeoutError(_) => "timed out",
        SdkError::ResponseError(_) => "unreadable answer",
        _ => "out of reach",
    }
    .to_owned()
}
