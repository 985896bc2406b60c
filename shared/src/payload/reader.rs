//! From a JSON value to a submission.

use std::collections::{BTreeMap, BTreeSet};

use super::Entrance;
use super::fields::{Kind, Member};
use super::submission::{Entry, Given, Reading, Submission, pointer_to};
use super::value::{Malformed, Value};
use crate::failure::{Code, Failure};
use crate::lead::number;
use crate::lead::secrets;

/// The objects of the structured payload, and the code of each that must be there.
const OBJECTS: [(&str, Option<Code>); 5] = [
    ("metadata", Some(Code::MetadataRequired)),
    ("contact", Some(Code::ContactRequired)),
    ("customer", Some(Code::CustomerRequired)),
    ("contact.phone", None),
    ("contact.streetAddress", None),
];

const EXPECTS_FLAG: &str = "A boolean is expected here: true, false, yes, no, 1 or 0.";
const EXPECTS_OBJECT: &str = "An object is expected here.";
const EXPECTS_LIST: &str = "An array of strings is expected here.";

/// Reads a payload through the table of fields.
///
/// # Errors
/// [`Malformed`] when the value is no object. Everything else that is wrong with the shape is kept in the
/// submission, to be reported with the failures of the rules.
pub fn read(entrance: Entrance, payload: &Value) -> Result<Submission, Malformed> {
    let Value::Object(top) = payload else { return Err(Malformed) };
    let mut reader = Reader {
        objects: vec![("", Place::Open(top))],
        read: Submission { entrance, members: BTreeMap::new(), unread: BTreeSet::new(), failures: Vec::new() },
    };
    if entrance == Entrance::Structured {
        for (path, required) in OBJECTS {
            let place = reader.open(path, required);
            reader.objects.push((path, place));
        }
    }
    for member in Member::ALL {
        reader.member(*member);
    }
    Ok(reader.read)
}

type Members = Vec<(String, Value)>;

/// What stands where an object belongs.
#[derive(Clone, Copy)]
enum Place<'v> {
    Open(&'v Members),
    /// Nothing, where nothing has to be.
    Absent,
    /// Nothing that can be read; the failure has been noted.
    Unread,
}

struct Reader<'v> {
    /// By path. There are six at most, which is faster looked through than ordered.
    objects: Vec<(&'static str, Place<'v>)>,
    read: Submission,
}

impl<'v> Reader<'v> {
    fn place(&self, path: &str) -> Option<Place<'v>> {
        self.objects.iter().find(|(known, _)| *known == path).map(|(_, place)| *place)
    }

    fn open(&mut self, path: &'static str, required: Option<Code>) -> Place<'v> {
        let (parent, name) = split(path);
        let members = match self.place(parent) {
            Some(Place::Open(members)) => members,
            Some(Place::Unread) => return Place::Unread,
            _ => return Place::Absent,
        };
        match (find(members, name), required) {
            (Ok(Some(Value::Object(members))), _) => Place::Open(members),
            (Ok(Some(_)), None) if path == "contact.phone" => Place::Absent, // a bare number, read as a member
            (Ok(Some(_)), _) => {
                self.unread(Failure { detail: EXPECTS_OBJECT, ..Failure::at(Code::PayloadType, pointer_to(path)) })
            }
            (Ok(None), Some(code)) => self.unread(Failure::at(code, pointer_to(path))),
            (Ok(None), None) => Place::Absent,
            (Err(Duplicate), _) => self.unread(Failure::at(Code::PayloadDuplicate, pointer_to(path))),
        }
    }

    fn unread(&mut self, failure: Failure) -> Place<'v> {
        self.read.failures.push(failure);
        Place::Unread
    }

    /// Reads a member by the first of its names that is given.
    fn member(&mut self, member: Member) {
        let field = member.field();
        for path in self.read.entrance.names(field) {
            let (parent, name) = split(path);
            let members = match (self.place(parent), self.place(path)) {
                (Some(Place::Unread), _) | (_, Some(Place::Unread)) => {
                    self.read.unread.insert(member);
                    return;
                }
                (_, Some(Place::Open(_))) | (Some(Place::Absent) | None, _) => continue,
                (Some(Place::Open(members)), _) => members,
            };
            let Some(given) = find(members, name).transpose() else { continue };
            let reading = match given {
                Ok(value) => self.reading(field.kind, value, path),
                Err(Duplicate) => Err(Failure::at(Code::PayloadDuplicate, pointer_to(path))),
            };
            match reading {
                // A form has no means to send a list or a map of nothing, and one lead is one in every form.
                Ok(Reading::Entries(entries)) if entries.is_empty() => {}
                Ok(reading) => {
                    self.read.members.insert(member, Given { path, reading });
                }
                Err(failure) => {
                    self.read.failures.push(failure);
                    self.read.unread.insert(member);
                }
            }
            return;
        }
    }

    fn reading(&mut self, kind: Kind, value: &Value, path: &str) -> Result<Reading, Failure> {
        let wrong = |detail| Failure { detail, ..Failure::at(Code::PayloadType, pointer_to(path)) };
        match (kind, value) {
            (Kind::Tags, Value::List(items)) => {
                let pointer = pointer_to(path);
                let entries = items.iter().enumerate();
                Ok(self.entries(entries.map(|(at, value)| (format!("{pointer}/{at}"), "", value)), false))
            }
            (Kind::Tags, _) => Err(wrong(EXPECTS_LIST)),
            (Kind::FreeMetadata, Value::Object(members)) => {
                let pointer = pointer_to(path);
                let entries = members.iter();
                Ok(self.entries(entries.map(|(name, value)| (entry_pointer(&pointer, name), name.trim(), value)), true))
            }
            (Kind::FreeMetadata, _) => Err(wrong(EXPECTS_OBJECT)),
            (_, value) => {
                let takes_bool = matches!(kind, Kind::Flag(_));
                let detail = if takes_bool { EXPECTS_FLAG } else { Code::PayloadType.detail() };
                let text = scalar(value, takes_bool).ok_or_else(|| wrong(detail))?;
                Ok(Reading::Scalar(match kind {
                    Kind::Price(_) => number::canonical_decimal(&text).unwrap_or(text),
                    Kind::Whole(_) => number::whole(&text).map_or(text, |number| number.to_string()),
                    Kind::Flag(_) => number::flag(&text).map_or(text, |flag| flag.to_string()),
                    _ => text,
                }))
            }
        }
    }

    /// The entries of a list or map. Where names count, the same name with another value is a duplicate.
    fn entries<'n>(&mut self, sent: impl Iterator<Item = (String, &'n str, &'n Value)>, named: bool) -> Reading {
        let mut entries: Vec<Entry> = Vec::new();
        let mut seen: BTreeMap<&str, String> = BTreeMap::new();
        for (pointer, name, value) in sent.filter(|(_, _, value)| value.is_given()) {
            let Some(text) = scalar(value, named) else {
                self.read.failures.push(Failure::at(Code::PayloadType, pointer));
                continue;
            };
            match seen.get(name) {
                Some(first) if *first == text => {}
                Some(_) => self.read.failures.push(Failure::at(Code::PayloadDuplicate, pointer)),
                None => {
                    if named {
                        seen.insert(name, text.clone());
                    }
                    entries.push(Entry { pointer, name: name.to_owned(), text });
                }
            }
        }
        Reading::Entries(entries)
    }
}

/// Two values for one name.
struct Duplicate;

/// The value given under a name, in any letter case. Blank ones do not count, equal ones are one.
fn find<'v>(members: &'v Members, name: &str) -> Result<Option<&'v Value>, Duplicate> {
    let mut given = members
        .iter()
        .filter(|(known, value)| known.eq_ignore_ascii_case(name) && value.is_given())
        .map(|(_, value)| value);
    let Some(first) = given.next() else { return Ok(None) };
    // Read once: of a long one with many repeats each would read it again.
    let text = scalar(first, true);
    let same = |other: &Value| match (&text, scalar(other, true)) {
        (Some(text), Some(other)) => *text == other,
        _ => first == other,
    };
    if given.all(same) { Ok(Some(first)) } else { Err(Duplicate) }
}

/// The trimmed text of a string or a number, and of a boolean where one may stand.
fn scalar(value: &Value, takes_bool: bool) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.trim().to_owned()),
        Value::Number(text) => Some(text.clone()),
        Value::Bool(flag) if takes_bool => Some(flag.to_string()),
        _ => None,
    }
}

/// `contact.phone.number` is `number` in `contact.phone`.
fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('.').unwrap_or(("", path))
}

/// RFC 6901 in reverse: `~` and `/` in a name are escaped. A name that is a secret itself is not repeated: the map stands
/// for it (contract, section 4).
fn entry_pointer(map: &str, name: &str) -> String {
    if name.is_empty() || secrets::looks_secret(name) {
        return map.to_owned();
    }
    format!("{map}/{}", name.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(json: &str) -> Submission {
        read(Entrance::Flat, &Value::parse(json.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn what_holds_nothing_is_not_given() {
        let bare = flat(r#"{"externalId":"1"}"#);
        for nothing in ["null", "[]", r#"[""," ",null]"#] {
            let submission = flat(&format!(r#"{{"externalId":"1","tagIds":{nothing}}}"#));
            assert!(submission.lacks(Member::TagIds) && submission.content() == bare.content(), "{nothing}");
        }
        for nothing in ["null", "{}", r#"{"a":"","b":null}"#] {
            let submission = flat(&format!(r#"{{"externalId":"1","sourceMetadata":{nothing}}}"#));
            assert!(submission.lacks(Member::SourceMetadata) && submission.content() == bare.content(), "{nothing}");
        }
    }

    #[test]
    fn outer_space_does_not_tell_names_apart() {
        let submission = flat(r#"{"sourceMetadata":{" a":"1","a":"2"}}"#);
        assert_eq!(submission.failures(), [Failure::at(Code::PayloadDuplicate, "/sourceMetadata/a")]);
    }

    #[test]
    fn an_entry_is_pointed_at_by_its_name_unless_that_is_a_secret() {
        let long = "k".repeat(65);
        let secret = format!("AKIA{}", "A1".repeat(8));
        for (name, pointer) in [
            ("a", "/sourceMetadata/a"),
            ("a/b~c", "/sourceMetadata/a~1b~0c"),
            (&long, &format!("/sourceMetadata/{long}")),
            (&secret, "/sourceMetadata"),
        ] {
            let submission = flat(&format!(r#"{{"sourceMetadata":{{"{name}":[]}}}}"#));
            assert_eq!(submission.failures(), [Failure::at(Code::PayloadType, pointer)]);
        }
    }
}
