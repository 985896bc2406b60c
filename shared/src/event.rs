//! The events of a lead's timeline (contract, section 7).

use serde::{Deserialize, Serialize};

use crate::id::{BusinessId, ConversationId, EventId, LeadId, SourceId};
use crate::lead::Lead;
use crate::time::Timestamp;

/// What can happen to a lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventType {
    /// It was accepted and its conversation opened.
    #[serde(rename = "lead.created")]
    LeadCreated,
    /// Its number was looked up.
    #[serde(rename = "phone.lookup.succeeded")]
    PhoneLookupSucceeded,
    /// Its number could not be looked up.
    #[serde(rename = "phone.lookup.failed")]
    PhoneLookupFailed,
    /// An operator has erased the person's data.
    #[serde(rename = "lead.erased")]
    LeadErased,
}

impl EventType {
    /// The name that automations read.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LeadCreated => "lead.created",
            Self::PhoneLookupSucceeded => "phone.lookup.succeeded",
            Self::PhoneLookupFailed => "phone.lookup.failed",
            Self::LeadErased => "lead.erased",
        }
    }

    /// The name that the timeline shows.
    fn timeline_type(self) -> &'static str {
        match self {
            Self::LeadCreated => "LeadCreated",
            Self::PhoneLookupSucceeded => "PhoneLookupSucceeded",
            Self::PhoneLookupFailed => "PhoneLookupFailed",
            Self::LeadErased => "LeadErased",
        }
    }

    /// A sentence without personal data.
    pub(crate) fn summary(self) -> &'static str {
        match self {
            Self::LeadCreated => "A new lead came in",
            Self::PhoneLookupSucceeded => "The phone number was looked up",
            Self::PhoneLookupFailed => "The phone number could not be looked up",
            Self::LeadErased => "The person's data was erased",
        }
    }
}

/// An event of a lead's timeline. It holds no personal data.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Its id, which follows from the lead's and the type: each happens once.
    pub id: EventId,
    /// What happened, for automations.
    pub event_type: EventType,
    /// What happened, for the timeline.
    pub timeline_type: String,
    /// The lead.
    pub lead_id: LeadId,
    /// The lead's conversation.
    pub conversation_id: ConversationId,
    /// The source that sent the lead.
    pub source_id: SourceId,
    /// The business that the lead belongs to.
    pub business_id: BusinessId,
    /// What happened, for people.
    pub summary: String,
    /// When it happened.
    pub created_at: Timestamp,
}

impl Event {
    /// An event of a lead, now.
    pub fn of(lead: &Lead, business_id: BusinessId, event_type: EventType, now: Timestamp) -> Self {
        Self {
            id: EventId::of(&lead.id, event_type.as_str()),
            event_type,
            timeline_type: event_type.timeline_type().to_owned(),
            lead_id: lead.id.clone(),
            conversation_id: ConversationId::of(&lead.id),
            source_id: lead.source_id.clone(),
            business_id,
            summary: event_type.summary().to_owned(),
            created_at: now,
        }
    }
}
