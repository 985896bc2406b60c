//! The events of a lead, for its timeline and for subscribers (contract, section 7).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use serde_with::skip_serializing_none;

use crate::id::{BusinessId, ConversationId, EventId, LeadId, SourceId};
use crate::lead::Lead;
use crate::lead::consent::ConsentStatus;
use crate::lead::eligibility::Eligibility;
use crate::time::Timestamp;

macro_rules! event_types {
    ($($(#[doc = $doc:literal])+ $name:ident $text:literal $summary:literal;)+) => {
        /// What can happen to a lead.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum EventType {
            $($(#[doc = $doc])+ #[serde(rename = $text)] $name,)+
            /// A type that a later release writes. This release shows and publishes it, and does nothing else with it.
            #[serde(untagged)]
            Other(String),
        }

        impl EventType {
            /// Every type that this release writes, and when it happens. The published schemas come from this table.
            pub const ALL: &[(Self, &str)] = &[$((Self::$name, concat!($($doc),+))),+];

            /// The name that subscribers and automations read.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$name => $text,)+
                    Self::Other(name) => name,
                }
            }

            /// A short text for people, without personal data.
            pub(crate) fn summary(&self) -> &'static str {
                match self {
                    $(Self::$name => $summary,)+
                    Self::Other(_) => "Something else happened",
                }
            }
        }
    };
}

event_types! {
    /// The lead was accepted and its conversation opened. It comes before the lookup.
    LeadCreated "lead.created" "A new lead came in";
    /// The lead is of a person whom an earlier lead has, too. It comes with `lead.created`.
    LeadDuplicateDetected "lead.duplicate_detected" "An earlier lead has the same person";
    /// The lead took the last place within a cap of its source. It comes with `lead.created`.
    SourceCapReached "source.cap_reached" "A cap of the source is reached";
    /// The phone number was looked up.
    PhoneLookupSucceeded "phone.lookup.succeeded" "The phone number was looked up";
    /// The phone number could not be looked up, and no retry follows.
    PhoneLookupFailed "phone.lookup.failed" "The phone number could not be looked up";
    /// The lead is ready for calls, texts and automations, as far as its eligibility allows.
    LeadReady "lead.ready" "The lead is ready";
    /// TrustedForm confirmed that the certificate is about this person.
    ConsentVerified "consent.verified" "TrustedForm confirmed the person's consent";
    /// The certificate is about another person: do not contact this one on its strength.
    ConsentMismatched "consent.mismatched" "The certificate is about another person";
    /// TrustedForm could not tell whether the certificate is about this person, and no retry follows.
    ConsentUnverified "consent.unverified" "TrustedForm could not confirm the person's consent";
    /// The person's data was erased. Receivers must erase it, too.
    LeadErased "lead.erased" "The person's data was erased";
}

impl EventType {
    /// The event of settled consent.
    pub(crate) fn of_consent(status: ConsentStatus) -> Option<Self> {
        match status {
            ConsentStatus::Verified => Some(Self::ConsentVerified),
            ConsentStatus::Mismatched => Some(Self::ConsentMismatched),
            ConsentStatus::Unverified => Some(Self::ConsentUnverified),
            ConsentStatus::Pending | ConsentStatus::Exempt => None,
        }
    }

    /// The name in the timeline, whose readers know only these two.
    fn timeline_type(&self) -> &'static str {
        match self {
            Self::LeadCreated => "LeadCreated",
            _ => "LeadUpdated",
        }
    }

    /// Whether the event makes the lead's conversation unread.
    pub(crate) fn is_news(&self) -> bool {
        matches!(self, Self::LeadCreated | Self::LeadDuplicateDetected)
    }

    /// Whether the event moves the lead's conversation to the top of the inbox.
    pub(crate) fn moves_inbox(&self) -> bool {
        matches!(self, Self::LeadCreated | Self::LeadDuplicateDetected | Self::LeadReady)
    }

    /// Whether the event says whether the person may be texted and called.
    pub fn has_eligibility(&self) -> bool {
        matches!(self, Self::LeadReady | Self::ConsentVerified | Self::ConsentMismatched | Self::ConsentUnverified)
    }
}

/// An event of a lead's timeline. It holds no personal data.
#[skip_serializing_none]
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the others are what they are called")]
pub struct Event {
    /// Derived from the lead's id and the type, so each type happens once.
    pub id: EventId,
    /// What happened, for automations.
    pub event_type: EventType,
    /// 1 for the lead's first event, then 2, 3 and so on. Equals the lead's event version after this event.
    pub sequence: u64,
    /// What happened, for the timeline.
    pub timeline_type: String,
    pub lead_id: LeadId,
    pub conversation_id: ConversationId,
    pub source_id: SourceId,
    pub business_id: BusinessId,
    /// What happened, for people.
    pub summary: String,
    /// What was known when the event happened. Only events of some types have it (contract, section 13).
    pub eligibility: Option<Eligibility>,
    /// The earlier lead, in `lead.duplicate_detected`.
    pub duplicate_of: Option<LeadId>,
    /// The caps that are reached, `day` or `hour`, in `source.cap_reached`.
    pub caps: Option<Vec<String>>,
    pub created_at: Timestamp,
    /// Facts that a later release has written. Subscribers are told them, whichever release publishes the event.
    #[serde(flatten)]
    pub unknown: Map<String, Value>,
}

/// What an event says beside its type.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "each is a member of the event")]
pub struct EventFacts {
    pub eligibility: Option<Eligibility>,
    pub duplicate_of: Option<LeadId>,
    pub caps: Option<Vec<String>>,
}

impl From<Eligibility> for EventFacts {
    fn from(eligibility: Eligibility) -> Self {
        Self { eligibility: Some(eligibility), ..Self::default() }
    }
}

impl Event {
    /// Builds an event of a lead that happens at `now`.
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
            eligibility: None,
            duplicate_of: None,
            caps: None,
            created_at: now,
            unknown: Map::new(),
        }
    }

    /// The event with what it says.
    pub(crate) fn saying(self, facts: EventFacts) -> Self {
        let EventFacts { eligibility, duplicate_of, caps } = facts;
        Self { eligibility, duplicate_of, caps, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_has_one_name_and_unknown_types_keep_theirs() {
        for (known, _) in EventType::ALL {
            assert_eq!(serde_json::to_value(known).unwrap(), known.as_str());
            assert_eq!(serde_json::from_value::<EventType>(known.as_str().into()).unwrap(), *known);
        }
        let unknown: EventType = serde_json::from_str(r#""lead.exported""#).unwrap();
        assert_eq!(unknown, EventType::Other("lead.exported".to_owned()));
        assert_eq!(serde_json::to_string(&unknown).unwrap(), r#""lead.exported""#);
    }
}
