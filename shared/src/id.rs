//! Identifiers. Each is a type of its own, so the compiler catches a mix-up.

use std::fmt;

use data_encoding::{BASE32_NOPAD, BASE32_NOPAD_NOCASE};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The text is not an identifier.
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
            /// Parses `[A-Za-z0-9_-]{1,64}` (contract, section 2).
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

            /// The id as plain text.
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
    /// A source: a website, form, buyer, partner or internal system that sends leads.
    SourceId;
    /// The account that a source is attached to.
    AccountId;
    /// The business that a source's leads belong to.
    BusinessId;
    /// A lead. Derived from the submission, so a repeat gets the same id.
    LeadId;
    /// The conversation of a lead. Each lead has one.
    ConversationId;
    /// An event of a conversation's timeline.
    EventId;
}

const LEAD_PREFIX: &str = "lead_";

impl LeadId {
    /// `lead_` and the first 160 bits of the digest (contract, section 5).
    pub fn from_digest(digest: &[u8; 32]) -> Self {
        Self(format!("{LEAD_PREFIX}{}", base32(digest)))
    }

    /// The lead's shard in an index with `of` shards. Leads spread evenly for any count. An id that is not a digest is
    /// in shard 0.
    pub fn shard(&self, of: u8) -> u8 {
        let digest = self.0.trim_start_matches(LEAD_PREFIX);
        let digest = BASE32_NOPAD_NOCASE.decode(digest.as_bytes()).unwrap_or_default();
        let last = digest.last_chunk().copied().map(u64::from_be_bytes).unwrap_or_default();
        u8::try_from(last % u64::from(of.max(1))).unwrap_or_default()
    }
}

/// The id of a request, for the logs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct RequestId(String);

impl RequestId {
    /// In characters. API Gateway's ids have 16.
    const MAX_LENGTH: usize = 128;

    /// Keeps the visible ASCII characters of `text`, up to the maximum length.
    pub fn of(text: &str) -> Self {
        Self(text.chars().filter(char::is_ascii_graphic).take(Self::MAX_LENGTH).collect())
    }

    /// The id as plain text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for RequestId {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        let id = Self::of(&text);
        if id.0 == text { Ok(id) } else { Err(InvalidId) }
    }
}

const CONVERSATION_PREFIX: &str = "conversation_";

impl ConversationId {
    /// The id of the lead's only conversation.
    pub fn of(lead: &LeadId) -> Self {
        Self(format!("{CONVERSATION_PREFIX}{}", lead.0.trim_start_matches(LEAD_PREFIX)))
    }

    /// The lead of the conversation; `None` if it is no conversation's id.
    pub fn lead(&self) -> Option<LeadId> {
        let digest = self.0.strip_prefix(CONVERSATION_PREFIX)?;
        Some(LeadId(format!("{LEAD_PREFIX}{digest}")))
    }
}

impl EventId {
    /// The id of the only event of this type that the lead can have.
    pub fn of(lead: &LeadId, event_type: &str) -> Self {
        let digest = Sha256::new().chain_update(&lead.0).chain_update("\n").chain_update(event_type).finalize();
        Self(format!("event_{}", base32(&digest.into())))
    }
}

/// The first 160 bits as 32 lowercase characters.
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
    fn a_request_id_is_short_and_visible() {
        let longest = "r".repeat(128);
        for (text, id) in [("JKJaXmPLvHcESHA=", "JKJaXmPLvHcESHA="), ("a b\n\u{1b}[2J", "ab[2J"), (&longest, &longest)]
        {
            assert_eq!(RequestId::of(text).as_str(), id);
            let parsed = RequestId::try_from(text.to_owned()).map(|parsed| parsed.0).ok();
            assert_eq!(parsed, (text == id).then(|| text.to_owned()), "{text:?}");
        }
        assert!(RequestId::try_from(format!("{longest}r")).is_err());
    }

    #[test]
    fn a_lead_names_its_conversation_and_events() {
        let lead = LeadId::from_digest(&[7; 32]);
        assert_eq!(lead.as_str().len(), "lead_".len() + 32);
        assert_eq!(ConversationId::of(&lead).as_str().len(), "conversation_".len() + 32);
        assert_eq!(EventId::of(&lead, "lead.created"), EventId::of(&lead, "lead.created"));
        assert_ne!(EventId::of(&lead, "lead.created"), EventId::of(&lead, "phone.lookup.failed"));
    }

    #[test]
    fn shards_are_even_for_any_count() {
        for of in [1, 4, 16, 48, 64, 100, 255] {
            let mut leads = vec![0_u32; usize::from(of)];
            let each = 1_000;
            for number in 0..u32::from(of) * each {
                let id = LeadId::from_digest(&Sha256::digest(number.to_be_bytes()).into());
                leads[usize::from(id.shard(of))] += 1;
            }
            assert!(leads.iter().all(|leads| (each * 8 / 10..=each * 12 / 10).contains(leads)), "{of}: {leads:?}");
        }
        assert_eq!(LeadId::parse("lead_a").unwrap().shard(64), 0);
    }
}
