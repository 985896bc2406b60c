//! A source: who may send leads, with which keys, and under which rules.

pub mod change;

use std::fmt;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::id::{AccountId, BusinessId, SourceId};
use crate::lead::state::State;
use crate::time::Timestamp;

/// A source as it is stored.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Source {
    /// The id that partners send in `X-Leadping-Source-Id`.
    pub id: SourceId,
    /// What operators call it.
    pub name: String,
    /// The account it is attached to; without one it may not send.
    pub account_id: Option<AccountId>,
    /// The business that its leads belong to; without one it may not send.
    pub business_id: Option<BusinessId>,
    /// Whether it may send at all.
    pub enabled: bool,
    /// Whether it has passed its compliance review.
    #[serde(default)]
    pub approved: bool,
    /// The states whose leads it may send; any when empty.
    #[serde(default)]
    pub allowed_states: Vec<State>,
    /// The products whose leads it may send; any when empty.
    #[serde(default)]
    pub allowed_products: Vec<String>,
    /// Whether each lead needs a TrustedForm certificate.
    #[serde(default = "required")]
    pub requires_trusted_form: bool,
    /// Tags that each of its leads gets.
    #[serde(default)]
    pub default_tag_ids: Vec<String>,
    /// Tags that each of its leads gets, by name.
    #[serde(default)]
    pub default_tag_names: Vec<String>,
    /// Its keys; several at once while one is rotated.
    #[serde(default)]
    pub keys: Vec<StoredKey>,
    /// Random, from birth, and never changed: it makes the ids of its leads unguessable.
    pub salt: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// How often it has been changed: a change is only written over what it was made from.
    pub revision: u32,
}

/// What a rule of a source says where the item does not: certificates are required.
fn required() -> bool {
    true
}

/// A key as it is kept: never itself.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredKey {
    /// The key's beginning, by which people tell keys apart ([`SourceKey::prefix`]).
    pub prefix: String,
    /// SHA-256 of the key, in hexadecimal.
    pub sha256: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends, by expiry or revocation; never, when absent.
    pub expires_at: Option<Timestamp>,
}

/// A key itself: shown once, when it is made, and presented with each post.
#[derive(Clone)]
pub struct SourceKey(String);

/// What a source stands on once its credentials have matched and it may send.
#[derive(Clone, Debug)]
pub struct Attachment {
    /// The account that answers for the source.
    pub account_id: AccountId,
    /// The business that its leads belong to.
    pub business_id: BusinessId,
}

/// Why a source with matching credentials may not send (contract, section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Barred {
    /// An operator has disabled it.
    #[error("the source is disabled")]
    Disabled,
    /// It has no account or no business.
    #[error("the source is not attached to an account and a business")]
    NotAttached,
}

impl Source {
    /// A source of this salt that is enabled and has nothing else yet: no account, no approval, no rules but the
    /// TrustedForm certificate, no keys.
    pub fn new(id: SourceId, name: impl Into<String>, salt: String, now: Timestamp) -> Self {
        Self {
            id,
            name: name.into(),
            account_id: None,
            business_id: None,
            enabled: true,
            approved: false,
            allowed_states: Vec::new(),
            allowed_products: Vec::new(),
            requires_trusted_form: true,
            default_tag_ids: Vec::new(),
            default_tag_names: Vec::new(),
            keys: Vec::new(),
            salt,
            created_at: now,
            revision: 0,
        }
    }

    /// Whether a presented key is one of the source's, and not yet ended. Takes the same time for every wrong key.
    pub fn accepts(&self, key: &SourceKey, now: Timestamp) -> bool {
        let presented = key.sha256();
        self.keys
            .iter()
            .filter(|stored| stored.is_live(now))
            .fold(false, |found, stored| found | matches(&stored.sha256, &presented))
    }

    /// What the source is attached to, when it may send.
    ///
    /// # Errors
    /// [`Barred`] when it may not.
    pub fn attachment(&self) -> Result<Attachment, Barred> {
        if !self.enabled {
            return Err(Barred::Disabled);
        }
        match (&self.account_id, &self.business_id) {
            (Some(account_id), Some(business_id)) => {
                Ok(Attachment { account_id: account_id.clone(), business_id: business_id.clone() })
            }
            _ => Err(Barred::NotAttached),
        }
    }
}

impl StoredKey {
    /// Whether the key has not ended yet.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }

    /// Whether this is what is kept of a key.
    pub fn is_of(&self, key: &SourceKey) -> bool {
        matches(&self.sha256, &key.sha256())
    }
}

impl SourceKey {
    /// A key as presented.
    pub fn presented(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// A fresh key: `lp_` and 256 random bits.
    ///
    /// # Errors
    /// When the machine has no randomness to give.
    pub fn generate() -> Result<Self, getrandom::Error> {
        random().map(|bits| Self(format!("lp_{bits}")))
    }

    /// The key's text, to be shown once.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is kept of the key.
    pub fn stored(&self, created_at: Timestamp) -> StoredKey {
        StoredKey { prefix: self.prefix(), sha256: self.sha256(), created_at, expires_at: None }
    }

    /// The part of the key that may be shown: `lp_` or `lp_test_`, and 8 characters.
    pub fn prefix(&self) -> String {
        let sort = ["lp_test_", "lp_"].into_iter().find(|sort| self.0.starts_with(sort)).unwrap_or_default();
        self.0.chars().take(sort.len() + SHOWN).collect()
    }

    /// Spends what [`Source::accepts`] would, for a source that does not exist.
    pub fn refuse(&self) -> bool {
        matches(DUMMY, &self.sha256())
    }

    fn sha256(&self) -> String {
        HEXLOWER.encode(&Sha256::digest(&self.0))
    }
}

/// 256 random bits as text, for a key or a salt.
///
/// # Errors
/// When the machine has no randomness to give.
pub fn random() -> Result<String, getrandom::Error> {
    let mut bits = [0; 32];
    getrandom::fill(&mut bits)?;
    Ok(BASE64URL_NOPAD.encode(&bits))
}

/// How many of a key's random characters are shown.
const SHOWN: usize = 8;

/// No key has this digest.
const DUMMY: &str = "0000000000000000000000000000000000000000000000000000000000000000";

fn matches(stored: &str, presented: &str) -> bool {
    stored.as_bytes().ct_eq(presented.as_bytes()).into()
}

/// Shows neither the salt nor the digests of keys.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("id", &self.id).field("revision", &self.revision).finish_non_exhaustive()
    }
}

impl fmt::Debug for StoredKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredKey").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

impl fmt::Debug for SourceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SourceKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn source(keys: Vec<StoredKey>) -> Source {
        let id = SourceId::parse("source_1").unwrap();
        Source {
            account_id: AccountId::parse("account_1").ok(),
            business_id: BusinessId::parse("business_1").ok(),
            approved: true,
            keys,
            ..Source::new(id, "One", "salt".into(), at("2026-01-01T00:00:00Z"))
        }
    }

    #[test]
    fn a_key_works_until_its_end() {
        let (old, new) = (SourceKey::generate().unwrap(), SourceKey::generate().unwrap());
        let born = at("2026-01-01T00:00:00Z");
        let source = source(vec![
            StoredKey { expires_at: Some(at("2026-02-01T00:00:00Z")), ..old.stored(born) },
            new.stored(born),
        ]);
        let cases = [
            (&old, "2026-01-31T23:59:59Z", true),
            (&old, "2026-02-01T00:00:00Z", false),
            (&new, "2026-02-01T00:00:00Z", true),
            (&SourceKey::presented(""), "2026-01-31T00:00:00Z", false),
            (&SourceKey::presented("lp_source_key"), "2026-01-31T00:00:00Z", false),
        ];
        for (key, now, accepted) in cases {
            assert_eq!(source.accepts(key, at(now)), accepted, "{now}");
        }
        assert!(!new.refuse());
    }

    #[test]
    fn a_key_is_told_apart_by_eight_characters_after_its_sort() {
        for (key, prefix) in [
            ("lp_LNxSfL9a-jVXw9aq", "lp_LNxSfL9a"),
            ("lp_test_LNxSfL9a-jVXw9aq", "lp_test_LNxSfL9a"),
            ("lp_source_key", "lp_source_k"),
            ("secret-of-old", "secret-o"),
            ("lp_", "lp_"),
            ("lp_ééééééééé", "lp_éééééééé"),
        ] {
            let key = SourceKey::presented(key);
            let stored = key.stored(at("2026-01-01T00:00:00Z"));
            assert_eq!(stored.prefix, prefix);
            assert!(stored.is_of(&key) && !stored.is_of(&SourceKey::presented("lp_another")));
        }
    }

    #[test]
    fn keys_are_random_and_unreadable() {
        let key = SourceKey::generate().unwrap();
        assert_eq!(key.reveal().len(), "lp_".len() + 43);
        assert_ne!(key.reveal(), SourceKey::generate().unwrap().reveal());
        let stored = key.stored(Timestamp::now());
        let shown = format!("{key:?} {stored:?} {:?}", source(vec![stored.clone()]));
        assert!(![key.reveal(), &stored.sha256, "salt"].iter().any(|secret| shown.contains(secret)), "{shown}");
    }

    #[test]
    fn only_an_enabled_and_attached_source_may_send() {
        let whole = source(Vec::new());
        assert!(whole.attachment().is_ok());
        let cases = [
            (Source { enabled: false, ..whole.clone() }, Barred::Disabled),
            (Source { account_id: None, ..whole.clone() }, Barred::NotAttached),
            (Source { business_id: None, ..whole.clone() }, Barred::NotAttached),
            (Source { enabled: false, account_id: None, ..whole }, Barred::Disabled),
        ];
        for (source, barred) in cases {
            assert_eq!(source.attachment().unwrap_err(), barred);
        }
    }
}
