//! The events of a lead: its timeline, and what subscribers are told (contract, section 7).

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::id::{BusinessId, ConversationId, EventId, LeadId, SourceId};
use crate::lead::Lead;
use crate::time::Timestamp;

/// What can happen to a lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventType {
    /// The lead was accepted and its conversation opened.
    #[serde(rename = "lead.created")]
    LeadCreated,
    /// The phone number was looked up.
    #[serde(rename = "phone.lookup.succeeded")]
    PhoneLookupSucceeded,
    /// The phone number could not be looked up.
    #[serde(rename = "phone.lookup.failed")]
    PhoneLookupFailed,
    /// An operator erased the person's data.
    #[serde(rename = "lead.erased")]
    LeadErased,
    /// A type of a later release. It is listed by its name and otherwise left alone.
    #[serde(untagged)]
    Other(String),
}

impl EventType {
    /// Every type that this release writes.
    pub const ALL: [Self; 4] =
        [Self::LeadCreated, Self::PhoneLookupSucceeded, Self::PhoneLookupFailed, Self::LeadErased];

    /// The name that subscribers and automations read.
    pub fn as_str(&self) -> &str {
        match self {
            Self::LeadCreated => "lead.created",
            Self::PhoneLookupSucceeded => "phone.lookup.succeeded",
            Self::PhoneLookupFailed => "phone.lookup.failed",
            Self::LeadErased => "lead.erased",
            Self::Other(name) => name,
        }
    }

    /// The name that the timeline shows. Its readers know these two.
    fn timeline_type(&self) -> &'static str {
        match self {
            Self::LeadCreated => "LeadCreated",
            _ => "LeadUpdated",
        }
    }

    /// A sentence without personal data.
    pub(crate) fn summary(&self) -> &'static str {
        match self {
            Self::LeadCreated => "A new lead came in",
            Self::PhoneLookupSucceeded => "The phone number was looked up",
            Self::PhoneLookupFailed => "The phone number could not be looked up",
            Self::LeadErased => "The person's data was erased",
            Self::Other(_) => "Something else happened",
        }
    }

    /// Whether the event makes the lead's conversation unread.
    pub(crate) fn is_news(&self) -> bool {
        matches!(self, Self::LeadCreated)
    }

    /// Whether the event moves the lead's conversation to the top of the inbox.
    pub(crate) fn moves_inbox(&self) -> bool {
        matches!(self, Self::LeadCreated)
    }
}

/// An event of a lead's timeline. It holds no personal data.
#[skip_serializing_none]
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// The id, which follows from the lead's and the type: each happens once.
    pub id: EventId,
    /// What happened, for automations.
    pub event_type: EventType,
    /// The event's place among the lead's own: 1, 2, 3 and so on. It is the lead's event version after the event.
    pub sequence: u64,
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
    pub fn of(lead: &Lead, business_id: BusinessId, event_type: EventType, sequence: u64, now: Timestamp) -> Self {
        Self {
            id: EventId::of(&lead.id, event_type.as_str()),
            timeline_type: event_type.timeline_type().to_owned(),
            summary: event_type.summary().to_owned(),
            event_type,
            sequence,
            lead_id: lead.id.clone(),
            conversation_id: ConversationId::of(&lead.id),
            source_id: lead.source_id.clone(),
            business_id,
            created_at: now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_has_one_name_and_an_unknown_one_keeps_its_own() {
        for known in EventType::ALL {
            assert_eq!(serde_json::to_value(&known).unwrap(), known.as_str());
            assert_eq!(serde_json::from_value::<EventType>(known.as_str().into()).unwrap(), known);
        }
        let unknown: EventType = serde_json::from_str(r#""lead.exported""#).unwrap();
        assert_eq!(unknown, EventType::Other("lead.exported".to_owned()));
        assert_eq!(serde_json::to_string(&unknown).unwrap(), r#""lead.exported""#);
    }
}
