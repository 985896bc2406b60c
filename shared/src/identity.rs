//! One submission, one lead: what makes two posts the same (contract, section 5).

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::id::LeadId;
use crate::payload::Submission;
use crate::source::{self, Source};

/// A partner's own name for a submission: its `Idempotency-Key` header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(String);

/// A text that is no `Idempotency-Key`.
#[derive(Debug, thiserror::Error)]
#[error("an Idempotency-Key is 1 to 255 visible ASCII characters")]
pub struct InvalidKey;

impl IdempotencyKey {
    /// Reads a key, bare or in quotation marks, which are no part of it.
    ///
    /// # Errors
    /// [`InvalidKey`] for anything but 1 to 255 characters of `!` to `~`.
    pub fn parse(text: &[u8]) -> Result<Self, InvalidKey> {
        let bare = text.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap_or(text);
        match bare.len() {
            1..=255 if bare.iter().all(u8::is_ascii_graphic) => Ok(Self(String::from_utf8_lossy(bare).into_owned())),
            _ => Err(InvalidKey),
        }
    }
}

/// What a submission is known by, and what was said under that name.
#[derive(Debug)]
pub struct Identity {
    /// The id of its lead: the same for every repeat.
    pub lead_id: LeadId,
    /// The digest of its content, by which a key used for another submission is noticed.
    pub content: String,
    /// What releases that did not know its newest members knew it by, the latest first.
    pub before: Vec<Former>,
}

/// An identity of the same submission, as an earlier release had it.
#[derive(Debug)]
pub struct Former {
    /// The id of its lead.
    pub lead_id: LeadId,
    /// The digest of its content.
    pub content: String,
}

impl Identity {
    /// The identity of a submission within its source: by its key, else by its content, else by nothing at all.
    ///
    /// Everything goes into a digest together with the source's salt, so that an id tells nobody anything.
    ///
    /// # Errors
    /// When the machine has no randomness to give, for a submission without identity.
    pub fn of(
        source: &Source,
        submission: &Submission,
        key: Option<&IdempotencyKey>,
    ) -> Result<Self, getrandom::Error> {
        let is_identifiable = submission.is_identifiable();
        let lead_id = |content: &[u8; 32]| {
            Ok(LeadId::from_digest(&match key {
                Some(IdempotencyKey(key)) => digest(source, "key", key.as_bytes()),
                None if is_identifiable => digest(source, "content", content),
                None => digest(source, "random", source::random()?.as_bytes()),
            }))
        };
        let stored = |content: &[u8; 32]| HEXLOWER.encode(&digest(source, "stored content", content));
        let content = submission.content();
        let before = if key.is_some() || is_identifiable { submission.content_before() } else { Vec::new() };
        let former = |content: [u8; 32]| Ok(Former { lead_id: lead_id(&content)?, content: stored(&content) });
        Ok(Self {
            lead_id: lead_id(&content)?,
            content: stored(&content),
            before: before.into_iter().map(former).collect::<Result<_, _>>()?,
        })
    }

    /// Whether a stored lead has the content of this submission, as this or an earlier release sees it.
    pub fn is_of(&self, content: &str) -> bool {
        self.content == content || self.before.iter().any(|former| former.content == content)
    }
}

/// The fields are told apart by line breaks, which only the last of them may hold. Its form has a version, like that
/// of the content: it may never change under it.
fn digest(source: &Source, kind: &str, identity: &[u8]) -> [u8; 32] {
    Sha256::new()
        .chain_update(format!("leadping lead 1\n{}\n{}\n{kind}\n", source.salt, source.id))
        .chain_update(identity)
        .finalize()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_visible_ascii() {
        let longest = "k".repeat(255);
        for (text, key) in [("a", "a"), ("\"a\"", "a"), ("a\"b", "a\"b"), ("!~", "!~"), (&longest, &longest)] {
            assert_eq!(IdempotencyKey::parse(text.as_bytes()).unwrap().0, key);
        }
        let longer = "k".repeat(256);
        for text in ["", "\"\"", "a b", "a\tb", "é", "\x7f", &longer] {
            assert!(IdempotencyKey::parse(text.as_bytes()).is_err(), "{text:?}");
        }
    }
}
