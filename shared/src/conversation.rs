//! The conversation that a lead opens (contract, section 7).

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::event::EventType;
use crate::id::{AccountId, BusinessId, ConversationId, LeadId, SourceId};
use crate::lead::Lead;
use crate::lead::email::Email;
use crate::lead::phone_number::PhoneNumber;
use crate::time::Timestamp;

/// The conversation with the person behind a lead.
#[skip_serializing_none]
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Conversation {
    /// Its id, which follows from the lead's.
    pub id: ConversationId,
    /// The lead.
    pub lead_id: LeadId,
    /// The account that the lead belongs to.
    pub account_id: AccountId,
    /// The business whose inbox it stands in.
    pub business_id: BusinessId,
    /// The source that sent the lead.
    pub source_id: SourceId,
    /// The person's first name.
    pub first_name: Option<String>,
    /// The person's last name.
    pub last_name: Option<String>,
    /// The person's e-mail address.
    pub email: Option<Email>,
    /// The person's number.
    pub lead_phone_number: Option<PhoneNumber>,
    /// `open`.
    pub status: String,
    /// Whether no user has read it since the last news.
    pub is_unread: bool,
    /// What happened last, without personal data.
    pub last_snippet: String,
    /// When that was.
    pub last_event_at: Timestamp,
    /// How many events the lead has: the sequence of the last one.
    pub event_version: u64,
    /// When it was opened.
    pub created_at: Timestamp,
}

impl Conversation {
    /// The conversation of a new lead, with the one event that opens it.
    pub fn open(lead: &Lead, business_id: BusinessId, now: Timestamp) -> Self {
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
            last_snippet: EventType::LeadCreated.summary().to_owned(),
            last_event_at: now,
            event_version: 1,
            created_at: now,
        }
    }

    /// What is left of it when the person's data is erased (contract, section 5).
    pub fn erased(self) -> Self {
        Self { first_name: None, last_name: None, email: None, lead_phone_number: None, ..self }
    }
}

impl fmt::Debug for Conversation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conversation").field("id", &self.id).finish_non_exhaustive()
    }
}
