//! Sources: who may send leads, with which keys, and under which rules.

pub mod change;
pub mod limits;

use std::fmt;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::id::{AccountId, BusinessId, SourceId};
use crate::lead::redact::redacted;
use crate::lead::state::State;
use crate::source::limits::{Caps, Duplicates};
use crate::time::Timestamp;

/// A source as the table stores it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Source {
    /// The id that partners send in `X-Leadping-Source-Id`.
    pub id: SourceId,
    /// The name that operators see.
    pub name: String,
    /// The account that the source is attached to. Without one, it may not send.
    pub account_id: Option<AccountId>,
    /// The business that its leads belong to. Without one, it may not send.
    pub business_id: Option<BusinessId>,
    /// Whether the source may send at all.
    pub enabled: bool,
    /// Whether the source passed its compliance review.
    #[serde(default)]
    pub approved: bool,
    /// The states that its leads may be from; any if empty.
    #[serde(default)]
    pub allowed_states: Vec<State>,
    /// The products that its leads may be for; any if empty.
    #[serde(default)]
    pub allowed_products: Vec<String>,
    /// Whether each lead needs a TrustedForm certificate.
    #[serde(default = "required")]
    pub requires_trusted_form: bool,
    /// Whether the certificates of its leads are matched with the person and retained, which TrustedForm charges for.
    #[serde(default)]
    pub retain_certificates: bool,
    /// How many leads it may send; any number if there are none (contract, section 10).
    #[serde(default, deserialize_with = "limits::stored_caps", skip_serializing_if = "Option::is_none")]
    pub limits: Option<Caps>,
    /// What happens when it sends a person again; nothing if there are none (contract, section 10).
    #[serde(default, deserialize_with = "limits::stored_duplicates", skip_serializing_if = "Option::is_none")]
    pub duplicates: Option<Duplicates>,
    /// Ids of tags to add to each lead.
    #[serde(default)]
    pub default_tag_ids: Vec<String>,
    /// Names of tags to add to each lead.
    #[serde(default)]
    pub default_tag_names: Vec<String>,
    /// The keys that authenticate the source; several while one is rotated.
    #[serde(default)]
    pub keys: Vec<StoredKey>,
    /// The keys that only make test leads. A list of their own: a release that does not know it accepts none of them, and
    /// never takes one for a live key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub test_keys: Vec<StoredKey>,
    /// A random value that never changes. It makes the ids of the source's leads unguessable.
    pub salt: String,
    /// When the source was created.
    pub created_at: Timestamp,
    /// How often the source was changed. A change is written only if the stored revision is the one that was read.
    pub revision: u32,
}

/// The default of an item without the member: certificates are required.
fn required() -> bool {
    true
}

/// What is stored of a key: never the key itself.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredKey {
    /// The key's beginning, by which people tell keys apart ([`SourceKey::prefix`]).
    pub prefix: String,
    /// SHA-256 of the key, in hexadecimal.
    pub sha256: String,
    /// When the key was created.
    pub created_at: Timestamp,
    /// When the key stops working, by expiry or revocation. `None` means never.
    pub expires_at: Option<Timestamp>,
}

/// Whether a key makes real leads (contract, section 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The leads are real.
    Live,
    /// The leads are for tests. They cost no money, reach no user, and end after 30 days.
    Test,
}

/// A source that has proven who it is.
#[derive(Clone, Debug)]
pub struct Sender {
    #[expect(missing_docs, reason = "it is what it is called")]
    pub source: Source,
    /// The key that the request has.
    pub key: SourceKey,
    /// What the key is for.
    pub mode: Mode,
}

impl Sender {
    /// The caps of the source that hold for this request. Test leads are in no cap.
    pub fn caps(&self) -> Option<&Caps> {
        self.source.limits.as_ref().filter(|_| self.mode == Mode::Live)
    }

    /// Whether any limit holds for this request.
    pub fn has_limits(&self) -> bool {
        self.caps().is_some() || self.duplicates().is_some()
    }

    /// What follows if this request repeats a person. Test leads are never compared.
    pub fn duplicates(&self) -> Option<&Duplicates> {
        self.source.duplicates.as_ref().filter(|_| self.mode == Mode::Live)
    }
}

/// A plain key. It is shown once, when it is created, and sent with each post.
#[derive(Clone)]
pub struct SourceKey(String);

/// The account and business that an authenticated source is attached to.
#[derive(Clone, Debug)]
pub struct Attachment {
    /// The account that is responsible for the source.
    pub account_id: AccountId,
    /// The business that its leads belong to.
    pub business_id: BusinessId,
}

/// Why an authenticated source may not send (contract, section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Barred {
    /// An operator disabled the source.
    #[error("the source is disabled")]
    Disabled,
    /// The source has no account or no business.
    #[error("the source is not attached to an account and a business")]
    NotAttached,
}

impl Source {
    /// An enabled source that cannot send yet: it has no account, no approval and no keys. Its only rule is that leads
    /// need a TrustedForm certificate.
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
            retain_certificates: false,
            limits: None,
            duplicates: None,
            default_tag_ids: Vec::new(),
            default_tag_names: Vec::new(),
            keys: Vec::new(),
            test_keys: Vec::new(),
            salt,
            created_at: now,
            revision: 0,
        }
    }

    /// A source that no key works for. The credentials of an unknown source are compared with its keys, so that they are
    /// refused with the same work as those of a known one.
    ///
    /// # Errors
    /// Never: a test reads it.
    pub fn absent() -> Result<Self, serde_json::Error> {
        serde_json::from_str(ABSENT)
    }

    /// What is stored of `key`, if it is a key of the source that has ended. Takes the same time for every other key.
    pub fn ended(&self, key: &SourceKey, now: Timestamp) -> Option<&StoredKey> {
        let presented = key.sha256();
        let ended = self.all_keys().filter(|(_, stored)| !stored.is_live(now));
        ended.fold(None, |found, (_, it)| if matches(&it.sha256, &presented) { Some(it) } else { found })
    }

    /// What is stored of `key`, if it is a key of the source and works at `now`. Takes the same time for every wrong key.
    pub fn accepts(&self, key: &SourceKey, now: Timestamp) -> Option<(Mode, &StoredKey)> {
        let presented = key.sha256();
        let working = self.all_keys().filter(|(_, stored)| stored.is_live(now));
        working.fold(None, |found, it| if matches(&it.1.sha256, &presented) { Some(it) } else { found })
    }

    /// Whether a key is or was one of the source's.
    pub fn knows(&self, key: &SourceKey) -> bool {
        let presented = key.sha256();
        self.all_keys().any(|(_, stored)| matches(&stored.sha256, &presented))
    }

    /// Every key, the live ones first.
    pub fn all_keys(&self) -> impl Iterator<Item = (Mode, &StoredKey)> {
        let live = self.keys.iter().map(|key| (Mode::Live, key));
        live.chain(self.test_keys.iter().map(|key| (Mode::Test, key)))
    }

    /// The keys of one kind, to change them.
    pub fn keys_of(&mut self, mode: Mode) -> &mut Vec<StoredKey> {
        match mode {
            Mode::Live => &mut self.keys,
            Mode::Test => &mut self.test_keys,
        }
    }

    /// The account and business of the source.
    ///
    /// # Errors
    /// [`Barred`] when the source may not send.
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
    /// Whether the key still works at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }

    /// What is shown of the key: 8 characters after `lp_` or `lp_test_`.
    pub fn shown(&self) -> &str {
        SORTS.into_iter().find_map(|sort| self.prefix.strip_prefix(sort)).unwrap_or(&self.prefix)
    }

    /// Whether this is what is kept of a key.
    pub fn is_of(&self, key: &SourceKey) -> bool {
        matches(&self.sha256, &key.sha256())
    }
}

impl SourceKey {
    /// Wraps the key of a request.
    pub fn presented(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Generates a key: `lp_` or `lp_test_`, and 256 random bits.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn generate(mode: Mode) -> Result<Self, getrandom::Error> {
        let [test, live] = SORTS;
        let sort = match mode {
            Mode::Live => live,
            Mode::Test => test,
        };
        random().map(|bits| Self(format!("{sort}{bits}")))
    }

    /// The plain key, to show once.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What to store of the key.
    pub fn stored(&self, created_at: Timestamp) -> StoredKey {
        StoredKey { prefix: self.prefix(), sha256: self.sha256(), created_at, expires_at: None }
    }

    /// The part of the key that may be shown: `lp_` or `lp_test_`, and 8 characters.
    pub fn prefix(&self) -> String {
        let sort = SORTS.into_iter().find(|sort| self.0.starts_with(sort)).unwrap_or_default();
        self.0.chars().take(sort.len() + SHOWN).collect()
    }

    fn sha256(&self) -> String {
        HEXLOWER.encode(&Sha256::digest(&self.0))
    }
}

/// 256 random bits as text, for a key or a salt.
///
/// # Errors
/// When the system has no randomness.
pub fn random() -> Result<String, getrandom::Error> {
    let mut bits = [0; 32];
    getrandom::fill(&mut bits)?;
    Ok(BASE64URL_NOPAD.encode(&bits))
}

/// What keys begin with: those for tests, and all others.
const SORTS: [&str; 2] = ["lp_test_", "lp_"];

/// How many of a key's random characters are shown.
const SHOWN: usize = 8;

/// The document of [`Source::absent`]. No key has the digest.
pub(crate) const ABSENT: &str = concat!(
    r#"{"id":"nobody","name":"A source that does not exist","accountId":null,"businessId":null,"enabled":true,"#,
    r#""createdAt":"2026-01-01T00:00:00.000Z","salt":"0000000000000000000000000000000000000000000","#,
    r#""keys":[{"prefix":"lp_00000000","createdAt":"2026-01-01T00:00:00.000Z","expiresAt":null,"#,
    r#""sha256":"0000000000000000000000000000000000000000000000000000000000000000"}],"revision":1}"#,
);

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

redacted!(SourceKey);

#[cfg(test)]
mod tests;
