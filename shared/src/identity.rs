//! One submission, one lead: when two posts are the same submission (contract, section 5).

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::id::LeadId;
use crate::payload::Submission;
use crate::source::{self, Mode, Sender, Source};

/// The `Idempotency-Key` header, by which a partner names a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(String);

/// The text is not an `Idempotency-Key`.
#[derive(Debug, thiserror::Error)]
#[error("an Idempotency-Key is 1 to 255 visible ASCII characters without a comma")]
pub struct InvalidKey;

impl IdempotencyKey {
    /// Parses a header: a key, bare or in quotation marks, or `None` if it is blank. The quotation marks are not part of the
    /// key. A header that a proxy has repeated arrives joined by commas: equal keys are one.
    ///
    /// # Errors
    /// [`InvalidKey`] for anything but 1 to 255 characters from `!` to `~` without a comma.
    pub fn parse(text: &[u8]) -> Result<Option<Self>, InvalidKey> {
        let mut keys = text.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
        let key = keys.next().map(bare).unwrap_or_default();
        let is_valid = key.len() <= 255
            && key.iter().all(u8::is_ascii_graphic)
            && keys.all(|other| !other.is_empty() && bare(other) == key);
        let key = is_valid.then(|| String::from_utf8_lossy(key).into_owned()).ok_or(InvalidKey)?;
        Ok((!key.is_empty()).then_some(Self(key)))
    }

    /// The id of the lead that was or would be accepted under this key.
    pub fn lead_id(&self, source: &Source, mode: Mode) -> LeadId {
        LeadId::from_digest(&digest(source, kinds(mode).key, self.0.as_bytes()))
    }
}

/// The key of one header, without quotation marks.
fn bare(sent: &[u8]) -> &[u8] {
    sent.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap_or(sent)
}

/// What is hashed in front of an identity.
struct Kinds {
    key: &'static str,
    content: &'static str,
}

/// A test never repeats a live lead, nor the reverse (contract, section 9).
const fn kinds(mode: Mode) -> Kinds {
    match mode {
        Mode::Live => Kinds { key: "key", content: "content" },
        Mode::Test => Kinds { key: "test key", content: "test content" },
    }
}

/// What identifies a submission, and a digest of what it said.
#[derive(Debug)]
pub struct Identity {
    /// The lead's id, which is the same for every repeat.
    pub lead_id: LeadId,
    /// The digest of the content. It reveals when one key is used for two submissions.
    pub content: String,
    /// The identities that earlier releases gave this submission, because they did not know its newest members; the
    /// latest first.
    pub before: Vec<Former>,
}

/// The identity that an earlier release gave the same submission.
#[derive(Debug)]
#[expect(missing_docs, reason = "as in `Identity`")]
pub struct Former {
    pub lead_id: LeadId,
    pub content: String,
}

impl Identity {
    /// Identifies a submission within its source: by its key, else by its content, else by a random id.
    ///
    /// Everything is hashed with the source's salt, so an id reveals nothing about the lead.
    ///
    /// # Errors
    /// When a random id is needed and the system has no randomness.
    pub fn of(
        sender: &Sender,
        submission: &Submission,
        key: Option<&IdempotencyKey>,
    ) -> Result<Self, getrandom::Error> {
        let is_identifiable = submission.is_identifiable();
        let Sender { source, mode, .. } = sender;
        let lead_id = |content: &[u8; 32]| match key {
            Some(key) => Ok(key.lead_id(source, *mode)),
            None if is_identifiable => Ok(LeadId::from_digest(&digest(source, kinds(*mode).content, content))),
            None => Ok(LeadId::from_digest(&digest(source, "random", source::random()?.as_bytes()))),
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

    /// Whether a stored lead has the content of this submission, as this release or an earlier one hashes it.
    pub fn is_of(&self, content: &str) -> bool {
        self.content == content || self.before.iter().any(|former| former.content == content)
    }
}

/// Line breaks separate the fields; only the last field can contain one. The form has a version, as the content's has,
/// and must never change within a version.
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
    fn a_key_is_1_to_255_visible_ascii_characters() {
        let longest = "k".repeat(255);
        let repeated = format!("{longest}, \"{longest}\"");
        for (text, key) in [
            ("a", Some("a")),
            ("\"a\"", Some("a")),
            ("a\"b", Some("a\"b")),
            ("!~", Some("!~")),
            ("a,a", Some("a")),
            ("a , \"a\",a", Some("a")),
            (&longest, Some(longest.as_str())),
            (&repeated, Some(&longest)),
            ("", None),
            (" ", None),
            ("\"\"", None),
            ("\"\" , \"\"", None),
        ] {
            let parsed = IdempotencyKey::parse(text.as_bytes()).unwrap();
            assert_eq!(parsed.as_ref().map(|key| key.0.as_str()), key, "{text:?}");
        }
        let longer = "k".repeat(256);
        for text in
            ["a,\"\"", "\"\",", "a b", "a\tb", "é", "\x7f", ",", "a,", ",a", "a,b", "a,A", "\"a,b\"", "a,a b", &longer]
        {
            assert!(IdempotencyKey::parse(text.as_bytes()).is_err(), "{text:?}");
        }
    }
}
