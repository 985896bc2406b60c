//! The ledger: what operators did, in entries that are chained by their digests (contract, section 14).

use std::fmt;
use std::str::FromStr;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::id::{BusinessId, LeadId, SourceId};
use crate::time::Timestamp;

/// SHA-256, in text as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    /// What the first entry continues.
    pub const NONE: Self = Self([0; 32]);

    /// The digest of a stored text.
    pub fn of(text: &str) -> Self {
        Self(<Sha256 as sha2::Digest>::digest(text).into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

impl FromStr for Digest {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = HEXLOWER.decode(text.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or("not a digest; give one of 64 digits 0-9 and a-f, as an act printed it")
    }
}

impl TryFrom<String> for Digest {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// What an operator did. It names ids and members, never a value of a person or a key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Act {
    /// When it was done, by the operator's clock.
    pub at: Timestamp,
    /// Who did it: the ARN of an AWS caller, or `local`.
    pub by: String,
    /// The command: `source approve`, `lead erase`.
    pub action: String,
    /// What it was done to.
    #[serde(flatten)]
    pub subject: Subject,
}

/// What an act was about.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subject {
    /// The source that was changed, or whose leads were read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_id: Option<SourceId>,
    /// The revision of the source after its change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u32>,
    /// The members of the source that changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<String>,
    /// The digest of the change's stored document, so that the source's history cannot be edited unnoticed either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<Digest>,
    /// The digest of the source's stored document that was changed; none when the source was created. It finds what was
    /// written into the table by other means, even after the next change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_before: Option<Digest>,
    /// The digest of the source's stored document after the change; none when it was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Digest>,
    /// The business whose leads were read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub business_id: Option<BusinessId>,
    /// The leads that were read or erased.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leads: Vec<LeadId>,
    /// What the leads were looked for by, or the days of an export: `phone`, `2026-06-01 to 2026-06-30`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extent: Option<String>,
}

/// An act in its place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// 1 for the first, and then one more each time.
    pub number: u64,
    /// The digest of the entry before, [`Digest::NONE`] for the first.
    pub previous: Digest,
    /// What the operator did, and to what.
    #[serde(flatten)]
    pub act: Act,
}

/// The entry that the next one continues: the last one that has a free number after it. Its digest covers all before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Head {
    /// The entry's number, which is how many entries the ledger has if it holds.
    pub number: u64,
    /// The digest of its stored text.
    pub digest: Digest,
}

impl Head {
    /// Before the first entry.
    pub const NONE: Self = Self { number: 0, digest: Digest::NONE };

    /// The entry that continues here.
    pub fn next(&self, act: Act) -> Entry {
        Entry { number: self.number.saturating_add(1), previous: self.digest, act }
    }
}

/// An item of the ledger as it is stored. The digest covers the text, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The sort key.
    pub key: String,
    /// The JSON text, byte for byte: its digest continues the chain.
    pub document: String,
}

impl Stored {
    /// The number of the entry, by its key; none when the key is not one of the ledger's.
    pub fn number(&self) -> Option<u64> {
        let number = self.key.parse().ok()?;
        ((1..=MAX_NUMBER).contains(&number) && key(number) == self.key).then_some(number)
    }
}

/// The last number that a sort key has room for.
pub const MAX_NUMBER: u64 = 999_999_999_999;

/// The sort key of an entry: its number in twelve digits, so that numbers sort as text.
pub fn key(number: u64) -> String {
    format!("{number:012}")
}

/// Why a ledger is not what was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Entries are not there.
    #[error("{}", missing(*from, *to))]
    Missing {
        /// The first of them.
        from: u64,
        /// The last of them.
        to: u64,
    },
    /// The text is not an entry, or it is at another entry's place.
    #[error("entry {0} is not an entry of this number")]
    Foreign(u64),
    /// An item next to the entries, by its sort key. It takes no part in the chain.
    #[error("the item {0} is not an entry: its sort key is not a number of twelve digits")]
    Stray(String),
    /// The digest of the entry before does not fit.
    #[error("entry {0} does not continue the entry before: one of the two was changed")]
    Broken(u64),
    /// No entry has the digest that is known from an earlier act.
    #[error("no entry has the digest of the given head: entries were removed from the end, or all were written again")]
    HeadNotFound,
}

fn missing(from: u64, to: u64) -> String {
    if from == to { format!("entry {from} is missing") } else { format!("entries {from} to {to} are missing") }
}

/// Follows the entries of a ledger, in the order of their numbers, and collects what is wrong.
#[derive(Debug)]
pub struct Chain {
    last: Head,
    /// The last entry before the latest gap in the numbers.
    before_gap: Head,
    sought: Option<Digest>,
    faults: Vec<Fault>,
}

impl Chain {
    /// Before the first entry. `sought` is a head that an earlier act printed.
    pub fn new(sought: Option<Digest>) -> Self {
        let sought = sought.filter(|digest| *digest != Digest::NONE);
        Self { last: Head::NONE, before_gap: Head::NONE, sought, faults: Vec::new() }
    }

    /// Takes the next item. Returns its entry, unless it is none or cannot be read.
    pub fn take(&mut self, stored: &Stored) -> Option<Entry> {
        let Some(number) = stored.number() else {
            self.faults.push(Fault::Stray(stored.key.clone()));
            return None;
        };
        let due = self.last.number.saturating_add(1);
        let digest = Digest::of(&stored.document);
        let entry: Option<Entry> = serde_json::from_str(&stored.document).ok();
        if number > due {
            self.faults.push(Fault::Missing { from: due, to: number.saturating_sub(1) });
            self.before_gap = self.last;
        }
        match &entry {
            Some(entry) if entry.number == number => {
                // After a gap there is nothing to compare with.
                if number == due && entry.previous != self.last.digest {
                    self.faults.push(Fault::Broken(number));
                }
            }
            _ => self.faults.push(Fault::Foreign(number)),
        }
        self.last = Head { number, digest };
        self.sought = self.sought.filter(|sought| *sought != digest);
        entry
    }

    /// After the last entry: the head, and everything that is wrong.
    pub fn end(mut self) -> (Head, Vec<Fault>) {
        self.faults.extend(self.sought.map(|_| Fault::HeadNotFound));
        // No number is free after the last possible one, nor after the entries that lead up to it.
        let head = if self.last.number < MAX_NUMBER { self.last } else { self.before_gap };
        (head, self.faults)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(length: u64) -> Vec<Stored> {
        let mut head = Head::NONE;
        let mut entries = Vec::new();
        for number in 1..=length {
            let subject = Subject { leads: vec![format!("lead_{number}").parse().unwrap()], ..Subject::default() };
            let at = "2026-06-15T12:00:00Z".parse().unwrap();
            let entry = head.next(Act { at, by: "local".to_owned(), action: "lead show".to_owned(), subject });
            let document = serde_json::to_string(&entry).unwrap();
            head = Head { number, digest: Digest::of(&document) };
            entries.push(Stored { key: key(number), document });
        }
        entries
    }

    fn stray(key: &str, document: &str) -> Stored {
        Stored { key: key.to_owned(), document: document.to_owned() }
    }

    fn faults(entries: &[Stored], sought: Option<Digest>) -> Vec<Fault> {
        let mut chain = Chain::new(sought);
        entries.iter().for_each(|entry| drop(chain.take(entry)));
        chain.end().1
    }

    #[test]
    fn an_untouched_ledger_holds_and_knows_its_heads() {
        for length in [0, 1, 5] {
            let entries = ledger(length);
            assert_eq!(faults(&entries, None), []);
            assert_eq!(faults(&entries, Some(Digest::NONE)), []);
            for entry in &entries {
                assert_eq!(faults(&entries, Some(Digest::of(&entry.document))), [], "an earlier head, too");
            }
        }
    }

    #[test]
    fn what_was_done_to_a_ledger_is_found() {
        type Edit = fn(&mut Vec<Stored>);
        let head = Digest::of(&ledger(5)[4].document);
        let cases: [(&str, Edit, &[Fault]); 13] = [
            ("forged", |it| it[1].document = it[1].document.replace("lead show", "lead find"), &[Fault::Broken(3)]),
            ("one blank more", |it| it[1].document.push(' '), &[Fault::Broken(3)]),
            (
                "the last one forged",
                |it| it[4].document = it[4].document.replace("local", "other"),
                &[Fault::HeadNotFound],
            ),
            ("removed", |it| drop(it.remove(2)), &[Fault::Missing { from: 3, to: 3 }]),
            ("the first ones removed", |it| drop(it.drain(..2)), &[Fault::Missing { from: 1, to: 2 }]),
            ("truncated", |it| it.truncate(3), &[Fault::HeadNotFound]),
            ("emptied", Vec::clear, &[Fault::HeadNotFound]),
            (
                "reordered",
                |it| {
                    let other = it[1].document.clone();
                    it[1].document = std::mem::replace(&mut it[2].document, other);
                },
                &[Fault::Foreign(2), Fault::Foreign(3), Fault::Broken(4)],
            ),
            ("a stray item before the entries", |it| it.insert(0, stray("0", "{}")), &[Fault::Stray("0".to_owned())]),
            (
                "a stray item among them",
                |it| it.insert(2, stray("00000000000200", "{}")),
                &[Fault::Stray("00000000000200".to_owned())],
            ),
            (
                "a stray item after them, with the text of the last",
                |it| it[4].key = "next".to_owned(),
                &[Fault::Stray("next".to_owned()), Fault::HeadNotFound],
            ),
            (
                "a forged entry with the last number",
                |it| it.push(stray("999999999999", r#"{"number":999999999999}"#)),
                &[Fault::Missing { from: 6, to: MAX_NUMBER - 1 }, Fault::Foreign(MAX_NUMBER)],
            ),
            ("not an entry", |it| it[4].document = "{}".to_owned(), &[Fault::Foreign(5), Fault::HeadNotFound]),
        ];
        for (name, edit, expected) in cases {
            let mut entries = ledger(5);
            edit(&mut entries);
            assert_eq!(faults(&entries, Some(head)), expected, "{name}");
        }
    }

    #[test]
    fn only_twelve_digits_from_1_are_a_number() {
        for (text, number) in [
            ("000000000001", Some(1)),
            ("999999999999", Some(MAX_NUMBER)),
            ("000000000000", None),
            ("", None),
            ("1", None),
            ("0000000000001", None),
            ("1000000000000", None),
            ("99999999999999999999999", None),
            ("+00000000001", None),
            ("-00000000001", None),
            ("00000000001 ", None),
            ("0000000000x1", None),
            ("\u{661}\u{661}\u{661}\u{661}\u{661}\u{661}", None),
        ] {
            assert_eq!(stray(text, "").number(), number, "{text}");
        }
    }

    #[test]
    fn the_head_is_the_last_entry_with_a_free_number_after_it() {
        for (forged, expected) in [
            (&[][..], 5),
            (&[6], 6),
            (&[999_999_999_998], 999_999_999_998),
            (&[999_999_999_999], 5),
            (&[999_999_999_998, 999_999_999_999], 5),
            (&[700, 999_999_999_999], 700),
            (&[700, 999_999_999_997, 999_999_999_999], 999_999_999_997),
        ] {
            let mut chain = Chain::new(None);
            let forged = forged.iter().map(|number| stray(&key(*number), "{}"));
            ledger(5).into_iter().chain(forged).for_each(|entry| drop(chain.take(&entry)));
            assert_eq!(chain.end().0.number, expected);
        }
    }

    /// Another language verifies the same text, so its form may not change unnoticed.
    #[test]
    fn the_stored_text_is_the_one_of_the_contract() {
        assert_eq!(
            ledger(1)[0].document,
            format!(
                r#"{{"number":1,"previous":"{}","at":"2026-06-15T12:00:00.000Z","by":"local","action":"lead show","leads":["lead_1"]}}"#,
                "0".repeat(64)
            )
        );
    }
}
