//! What a partner sent, read through the table of fields: no longer JSON, not yet checked.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::fields::Member;
use super::{Entrance, Notation};
use crate::failure::Failure;
use crate::lead::redact::redacted;

/// A payload after mapping and trimming, before any of our own rules and normalising.
///
/// Both payload forms of one lead are one submission: which entrance it came through is kept only to point at
/// its members by the names the partner used.
pub struct Submission {
    pub(super) entrance: Entrance,
    pub(super) notation: Notation,
    pub(super) members: BTreeMap<Member, Given>,
    /// Members that were sent in a wrong type, or are in an object that is missing: no other rule looks at them.
    pub(super) unread: BTreeSet<Member>,
    pub(super) failures: Vec<Failure>,
}

/// A member that was given.
pub struct Given {
    /// The name that it was given under, with its objects: `contact.phone.number`.
    pub(super) path: &'static str,
    /// What it held, as it was read.
    pub reading: Reading,
}

/// What a member held.
pub enum Reading {
    /// Text, trimmed and not blank. Numbers by their literal text, decimals and flags in one canonical form.
    Scalar(String),
    /// The entries of a list or of a map of free metadata.
    Entries(Vec<Entry>),
}

/// One entry of a list (whose name is empty) or of a map.
pub struct Entry {
    /// Where it stood, for the partner.
    pub pointer: String,
    /// Its name in a map.
    pub name: String,
    /// Its value, trimmed and not blank.
    pub text: String,
}

impl Given {
    /// Where it stood, for the partner.
    pub fn pointer(&self) -> String {
        pointer_to(self.path)
    }
}

impl Submission {
    /// The scalar that was given for a member.
    pub fn scalar(&self, member: Member) -> Option<&str> {
        match &self.members.get(&member)?.reading {
            Reading::Scalar(text) => Some(text),
            Reading::Entries(_) => None,
        }
    }

    /// The entries that were given for a list or a map.
    pub fn entries(&self, member: Member) -> &[Entry] {
        match self.members.get(&member) {
            Some(Given { reading: Reading::Entries(entries), .. }) => entries,
            _ => &[],
        }
    }

    /// Every member that was given.
    pub fn given(&self) -> impl Iterator<Item = (Member, &Given)> {
        self.members.iter().map(|(member, given)| (*member, given))
    }

    /// Whether a rule may say that a member is missing: it was not sent, not even wrongly, and its place exists.
    pub fn lacks(&self, member: Member) -> bool {
        !self.members.contains_key(&member) && !self.unread.contains(&member)
    }

    /// Where a member stands, or would stand, in what the partner sent.
    pub fn pointer(&self, member: Member) -> String {
        match self.members.get(&member) {
            Some(given) => given.pointer(),
            None => self.entrance.names(member.field()).first().map(|name| pointer_to(name)).unwrap_or_default(),
        }
    }

    /// Where a payload without any contact method is at fault.
    pub fn contact_pointer(&self) -> &'static str {
        match self.entrance {
            Entrance::Structured => "/contact",
            Entrance::Flat => "",
        }
    }

    /// The entrance it came through.
    pub fn entrance(&self) -> Entrance {
        self.entrance
    }

    /// What it was written in.
    pub fn notation(&self) -> Notation {
        self.notation
    }

    /// What was wrong with the shape.
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }

    /// Whether anything but an `Idempotency-Key` can tell this submission from another (contract, section 5).
    pub fn is_identifiable(&self) -> bool {
        [Member::ExternalId, Member::SellerLeadId, Member::TrustedFormUrl]
            .iter()
            .any(|member| self.members.contains_key(member))
    }

    /// The content of the submission, as the SHA-256 of a fixed form (contract, section 5): all members by their
    /// structured place, tags and free metadata as sets, client address and user agent left out.
    ///
    /// The form has a version, which is that of the newest member given. What a version hashes may never change: a changed
    /// digest turns every repeat into a new lead.
    pub fn content(&self) -> [u8; 32] {
        self.content_of(self.form(since), since)
    }

    /// The content as releases before the newest members saw it, the latest first: none of them knew those members, so they
    /// ignored them. Empty for a submission whose members are all of the first version.
    pub fn content_before(&self) -> Vec<[u8; 32]> {
        self.before(since)
    }

    fn before(&self, since: fn(Member) -> u8) -> Vec<[u8; 32]> {
        let versions = self.counted().map(|(member, _)| since(member)).collect::<BTreeSet<_>>();
        versions.into_iter().rev().skip(1).map(|version| self.content_of(version, since)).collect()
    }

    fn form(&self, since: fn(Member) -> u8) -> u8 {
        self.counted().map(|(member, _)| since(member)).max().unwrap_or(1)
    }

    /// The members that are content.
    fn counted(&self) -> impl Iterator<Item = (Member, &Given)> {
        self.given().filter(|(member, _)| !matches!(member, Member::IpAddress | Member::UserAgent))
    }

    fn content_of(&self, version: u8, since: fn(Member) -> u8) -> [u8; 32] {
        #[derive(Serialize)]
        #[serde(untagged)]
        enum Fixed<'a> {
            Scalar(&'a str),
            Entries(BTreeSet<(&'a str, &'a str)>),
        }
        let fixed: BTreeMap<&str, Fixed<'_>> = self
            .counted()
            .filter(|(member, _)| since(*member) <= version)
            .filter_map(|(member, given)| {
                let fixed = match &given.reading {
                    Reading::Scalar(text) => Fixed::Scalar(text),
                    Reading::Entries(entries) => {
                        Fixed::Entries(entries.iter().map(|entry| (entry.name.as_str(), entry.text.as_str())).collect())
                    }
                };
                Some((*member.field().structured.first()?, fixed))
            })
            .collect();
        let mut hash = Sha256::new();
        hash.update(format!("leadping content {version}\n"));
        // Text and maps of text always serialise.
        hash.update(serde_json::to_vec(&fixed).unwrap_or_default());
        hash.finalize().into()
    }
}

redacted!(Given, Reading, Entry);

/// Shows which members were given, never what they held.
impl fmt::Debug for Submission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.members.keys()).finish()
    }
}

/// `contact.streetAddress.state` is `/contact/streetAddress/state`.
pub(super) fn pointer_to(path: &str) -> String {
    format!("/{}", path.replace('.', "/"))
}

/// The version of the content form since which a member counts.
fn since(member: Member) -> u8 {
    member.field().since
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::reader::tests::flat;

    /// As a later release may have it: two members that an earlier one did not know.
    fn later(member: Member) -> u8 {
        match member {
            Member::Vertical => 2,
            Member::Product => 3,
            _ => 1,
        }
    }

    #[test]
    fn a_new_member_leaves_the_content_of_earlier_posts_as_it_was() {
        let earlier = |json: &str| flat(json).content();
        let cases = [
            // what is posted, and what releases that did not know the newest members made of it
            (r#"{"externalId":"1"}"#, vec![]),
            (r#"{"externalId":"1","vertical":"a"}"#, vec![r#"{"externalId":"1"}"#]),
            (r#"{"externalId":"1","product":"b"}"#, vec![r#"{"externalId":"1"}"#]),
        ];
        for (json, known_before) in cases {
            let expected: Vec<_> = known_before.into_iter().map(earlier).collect();
            assert_eq!(flat(json).before(later), expected, "{json}");
        }
        let both = flat(r#"{"externalId":"1","vertical":"a","product":"b"}"#).before(later);
        let second = flat(r#"{"externalId":"1","vertical":"a"}"#);
        assert_eq!(both, [second.content_of(2, later), earlier(r#"{"externalId":"1"}"#)]);
        // A post without the newest members is the same for every release.
        let old = flat(r#"{"externalId":"1"}"#);
        assert_eq!(old.content_of(old.form(later), later), old.content());
    }
}
