//! Converts a lead's OUTBOX item to the model: how far subscribers were told, and the certificate that must be retained
//! (architecture, "The outbox").

use aws_sdk_dynamodb::types::AttributeValue;

use super::item::{self, Item};
use super::{StoreError, schema};
use crate::conversation::Conversation;
use crate::lead::consent::Consent;
use crate::time::Timestamp;

/// Until when no worker may retain the certificate: another one holds the lease, or a wait has not ended.
const RETAIN_UNTIL: &str = "retainUntil";
/// Whether a call may have reached TrustedForm.
const RETAIN_CALLED: &str = "retainCalled";
/// TrustedForm's first answer, if a second call follows.
const RETAINED: &str = "retained";

/// The state of a lead's OUTBOX item.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outbox {
    /// How many events the lead has. Every write of an event is conditional on it.
    pub version: u64,
    /// The sequence of the last event that subscribers were told.
    pub published: u64,
    /// When the sweep announces the lead again; `None` if nothing is left to do.
    pub due_at: Option<Timestamp>,
    /// The certificate that must be retained, if any.
    pub retain: Option<Retain>,
    /// Whether the item exists. Without it, `version` is the conversation's.
    pub(super) exists: bool,
}

/// How far the worker has come with retaining a lead's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retain {
    /// When the lead was accepted.
    pub since: Timestamp,
    /// Until when no worker may call TrustedForm: another one holds the lease, or a wait has not ended.
    pub until: Timestamp,
    /// Whether an earlier call may have reached TrustedForm.
    pub called: bool,
    /// TrustedForm's first answer, if a second call follows.
    pub first: Option<Consent>,
}

/// The exclusive right to look up one lead's number, for a while.
#[derive(Clone, Copy, Debug)]
pub struct Lease {
    /// When the lease ends.
    pub until: Timestamp,
    /// When the sweep announces the lead again, in case the holder dies. Never before the lease ends.
    pub due_at: Timestamp,
}

impl Outbox {
    /// The state of a lead without an OUTBOX item: either nothing has happened, or an earlier release has opened its
    /// conversation.
    pub(super) fn without_item(conversation: Option<&Conversation>) -> Self {
        Self { version: conversation.map_or(0, |conversation| conversation.event_version), ..Self::default() }
    }

    /// When the lead is due next, if subscribers were told the events up to `published`: when the wait for its certificate
    /// ends, or earlier if events are left. So events that wait for the bus never delay a call about the certificate.
    pub fn next_due(&self, published: u64) -> Option<Timestamp> {
        let events = self.due_at.filter(|_| published < self.version);
        self.retain.iter().map(|retain| retain.until).chain(events).min()
    }

    pub(super) fn read(found: &Item) -> Result<Self, StoreError> {
        item::supported(found)?;
        let count = |name| item::integer(found, name)?.ok_or(StoreError::Unreadable(name));
        Ok(Self {
            version: count(schema::EVENT_VERSION)?,
            published: count(schema::PUBLISHED)?,
            due_at: item::optional_parsed(found, schema::DUE_AT)?,
            retain: Retain::read(found)?,
            exists: true,
        })
    }
}

impl Retain {
    fn read(found: &Item) -> Result<Option<Self>, StoreError> {
        let Some(since) = item::optional_parsed(found, schema::RETAIN_SINCE)? else { return Ok(None) };
        let first = item::optional(found, RETAINED).map(serde_json::from_str).transpose();
        Ok(Some(Self {
            since,
            until: item::parsed(found, RETAIN_UNTIL)?,
            called: matches!(found.get(RETAIN_CALLED), Some(AttributeValue::Bool(true))),
            first: first.map_err(|_| StoreError::Unreadable(RETAINED))?,
        }))
    }
}
