//! Identifiers: each its own type, so that none is taken for another.

use std::fmt;

use data_encoding::BASE32_NOPAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A text that is no identifier.
#[derive(Debug, thiserror::Error)]
#[error("an id is 1 to 64 letters, digits, hyphens and underscores")]
pub struct InvalidId;

macro_rules! ids {
    ($($(#[$doc:meta])+ $name:ident;)+) => {$(
        $(#[$doc])+
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Reads an id: `[A-Za-z0-9_-]{1,64}` (contract, section 2).
            ///
            /// # Errors
            /// [`InvalidId`] for anything else.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                let legal = |c: u8| c.is_ascii_alphanumeric() || c == b'_' || c == b'-';
                match text.len() {
                    1..=64 if text.bytes().all(legal) => Ok(Self(text.to_owned())),
                    _ => Err(InvalidId),
                }
            }

            /// The id's text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::parse(&text)
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::parse(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    )+};
}

ids! {
    /// A source: a website, form, buyer, partner or internal system that may send leads.
    SourceId;
    /// The account that a source is attached to.
    AccountId;
    /// The business that a source's leads belong to.
    BusinessId;
    /// A lead. Derived from its submission, so that a repeat meets itself.
    LeadId;
    /// The conversation of a lead, one each.
    ConversationId;
    /// An event of a conversation's timeline.
    EventId;
}

impl LeadId {
    /// `lead_` and 160 bits of a digest (contract, section 5).
    pub fn from_digest(digest: &[u8; 32]) -> Self {
        Self(format!("lead_{}", base32(digest)))
    }

    /// One of 16 shards, by which the unfinished leads are spread over their index.
    pub fn shard(&self) -> u8 {
        self.0.bytes().last().unwrap_or_default() % 16
    }
}

impl ConversationId {
    /// A lead's only conversation.
    pub fn of(lead: &LeadId) -> Self {
        Self(format!("conversation_{}", lead.0.trim_start_matches("lead_")))
    }
}

impl EventId {
    /// The only event of this type that a lead can have.
    pub fn of(lead: &LeadId, event_type: &str) -> Self {
        let digest = Sha256::new().chain_update(&lead.0).chain_update("\n").chain_update(event_type).finalize();
        Self(format!("event_{}", base32(&digest.into())))
    }
}

/// The first 160 bits in 32 lower-case characters.
fn base32(digest: &[u8; 32]) -> String {
    BASE32_NOPAD.encode(&digest[..20]).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_short_and_plain() {
        let long = "a".repeat(64);
        for legal in ["a", "source_123", "A-b_9", &long] {
            assert_eq!(SourceId::parse(legal).unwrap().as_str(), legal);
        }
        let longer = "a".repeat(65);
        for illegal in ["", " ", "a b", "a#b", "ä", "a\n", "a,b", &longer] {
            assert!(SourceId::parse(illegal).is_err(), "{illegal:?}");
        }
    }

    #[test]
    fn a_lead_names_its_conversation_and_events() {
        let lead = LeadId::from_digest(&[7; 32]);
        assert_eq!(lead.as_str().len(), "lead_".len() + 32);
        assert!(lead.shard() < 16);
        assert_eq!(ConversationId::of(&lead).as_str().len(), "conversation_".len() + 32);
        assert_eq!(EventId::of(&lead, "lead.created"), EventId::of(&lead, "lead.created"));
        assert_ne!(EventId::of(&lead, "lead.created"), EventId::of(&lead, "phone.lookup.failed"));
    }
}
