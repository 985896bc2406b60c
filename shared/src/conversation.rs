//! The conversation of a lead (contract, section 7).

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::event::Event;
use crate::id::{AccountId, BusinessId, ConversationId, LeadId, SourceId};
use crate::lead::Lead;
use crate::lead::email::Email;
use crate::lead::phone_number::PhoneNumber;
use crate::time::Timestamp;

/// The conversation with the person of a lead.
#[skip_serializing_none]
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the others are what they are called")]
pub struct Conversation {
    /// Derived from the lead's id.
    pub id: ConversationId,
    pub lead_id: LeadId,
    pub account_id: AccountId,
    /// The business whose inbox lists the conversation.
    pub business_id: BusinessId,
    pub source_id: SourceId,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub email: Option<Email>,
    pub lead_phone_number: Option<PhoneNumber>,
    /// Always `open` in this release.
    pub status: String,
    /// Whether the conversation has news that no user has read.
    pub is_unread: bool,
    /// What happened last, without personal data.
    pub last_snippet: String,
    /// When the conversation last moved to the top of the inbox.
    pub last_event_at: Timestamp,
    /// How many events the lead has, which is the sequence of the last one.
    pub event_version: u64,
    pub created_at: Timestamp,
}

impl Conversation {
    /// Opens the conversation of a new lead, with its first events.
    pub fn open(lead: &Lead, business_id: BusinessId, events: &[Event], now: Timestamp) -> Self {
        let last = events.iter().rev().find(|event| event.event_type.moves_inbox());
        Self {
            id: ConversationId::of(&lead.id),
            lead_id: lead.id.clone(),
            account_id: lead.account_id.clone(),
            business_id,
            source_id: lead.source_id.clone(),
            first_name: lead.contact.first_name.clone(),
            last_name: lead.contact.last_name.clone(),
            email: lead.contact.email.clone(),
            lead_phone_number: lead.phone_number().cloned(),
            status: "open".to_owned(),
            is_unread: true,
            last_snippet: last.map(|event| event.summary.clone()).unwrap_or_default(),
            last_event_at: now,
            event_version: events.last().map_or(0, |event| event.sequence),
            created_at: now,
        }
    }

    /// The conversation without the person's data (contract, section 5).
    pub fn erased(self) -> Self {
        Self { first_name: None, last_name: None, email: None, lead_phone_number: None, ..self }
    }
}

impl fmt::Debug for Conversation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conversation").field("id", &self.id).finish_non_exhaustive()
    }
}
