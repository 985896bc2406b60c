//! From a body or a query to a submission.

use std::collections::{BTreeMap, BTreeSet};

use super::fields::{Kind, Member, OBJECTS};
use super::form::Form;
use super::held::{Held, Sent};
use super::names::{self, BESIDE_A_BODY, Name, Names, is_same};
use super::reading::reading;
use super::submission::{Given, Reading, Submission, pointer_to};
use super::value::Value;
use super::{Entrance, Notation, Unreadable};
use crate::failure::{Code, Failure, detail};

/// Reads a body of JSON through the table of fields.
///
/// # Errors
/// [`Unreadable`]. Everything else that is wrong with the shape is kept in the submission, to be reported with the failures
/// of the rules.
pub fn read_json(entrance: Entrance, body: &[u8]) -> Result<Submission, Unreadable> {
    let top = Value::parse_object(body)?;
    if !top.is_empty() && !has_name_of(entrance, &top) {
        return Err(Unreadable::Unrecognized(match entrance {
            Entrance::Structured if has_name_of(Entrance::Flat, &top) => detail::FLAT_IN_STRUCTURED,
            Entrance::Structured => detail::UNKNOWN_STRUCTURED,
            Entrance::Flat if has_name_of(Entrance::Structured, &top) => detail::STRUCTURED_IN_FLAT,
            Entrance::Flat => detail::UNKNOWN_FLAT,
        }));
    }
    let mut reader = Reader::new(entrance, Notation::Json);
    match entrance {
        Entrance::Structured => reader.objects(&top),
        Entrance::Flat => reader.members(Names::flat(), &top),
    }
    Ok(reader.finish())
}

/// Reads a form, and the query string next to it or instead of it, as a flat payload. Where both give a member, the form's
/// value counts.
///
/// # Errors
/// [`Unreadable::Unrecognized`]; everything else as with [`read_json`].
pub fn read_form(body: &[u8], query: &[u8]) -> Result<Submission, Unreadable> {
    let notation = if body.is_empty() { Notation::Query } else { Notation::Form };
    let (form, query) = (Form::parse(body), Form::parse(query));
    let is_json = form.looks_like_json && Value::parse_object(body).is_ok();
    let is_known = !form.sent.is_empty() || !query.sent.is_empty();
    if is_json || (!is_known && (form.has_names || query.has_names)) {
        return Err(Unreadable::Unrecognized(match notation {
            Notation::Form if form.looks_like_json => detail::JSON_IN_FORM,
            Notation::Form => detail::UNKNOWN_FORM,
            _ => detail::UNKNOWN_QUERY,
        }));
    }
    let mut reader = Reader::new(Entrance::Flat, notation);
    for (name, value) in &form.sent {
        reader.offer(*name, value.as_ref());
    }
    for (name, value) in &query.sent {
        reader.offer(Name { rank: name.rank + BESIDE_A_BODY, ..*name }, value.as_ref());
    }
    Ok(reader.finish())
}

/// The members of an object, as they were sent.
type Members = [(String, Value)];

/// Whether a name at the top of a payload is one of this form's.
fn has_name_of(entrance: Entrance, top: &Members) -> bool {
    let names = match entrance {
        Entrance::Structured => Names::within(""),
        Entrance::Flat => Some(Names::flat()),
    };
    let required = OBJECTS.iter().filter(|(_, code)| entrance == Entrance::Structured && code.is_some());
    top.iter().any(|(sent, _)| {
        required.clone().any(|(path, _)| is_same(path, sent)) || names.is_some_and(|names| names.find(sent).is_some())
    })
}

struct Reader<'v> {
    /// By member. What is read of a name is decided once all of the payload has been seen.
    held: [Option<Held<'v>>; Member::ALL.len()],
    read: Submission,
}

impl<'v> Reader<'v> {
    fn new(entrance: Entrance, notation: Notation) -> Self {
        let read =
            Submission { entrance, notation, members: BTreeMap::new(), unread: BTreeSet::new(), failures: Vec::new() };
        Self { held: [const { None }; Member::ALL.len()], read }
    }

    /// Takes a value for a member; `None` is one in a notation that is not read.
    fn offer(&mut self, name: Name, value: Option<&'v Value>) {
        let kind = name.member.field().kind;
        if value.is_some_and(|value| !value.is_given() || (kind == Kind::FreeMetadata && value.is_empty_list())) {
            return;
        }
        let is_checkbox = matches!(kind, Kind::Flag(_)) && self.read.notation != Notation::Json;
        if let Some(slot) = self.held.get_mut(name.member as usize) {
            Held::take(slot, name.path, name.rank, value, is_checkbox);
        }
    }

    fn members(&mut self, names: &Names, members: &'v Members) {
        for (sent, value) in members {
            if let Some(name) = names.find(sent) {
                self.offer(name, Some(value));
            }
        }
    }

    /// Takes the members of the structured payload and of its objects.
    fn objects(&mut self, top: &'v Members) {
        let mut open: Vec<(&str, &'v Members)> = vec![("", top)];
        for (path, required) in OBJECTS {
            let (parent, name) = names::split(path);
            let Some((_, members)) = open.iter().find(|(open, _)| *open == parent) else { continue };
            match (find(members, path, name), required) {
                (None, None) => {}
                (None, Some(code)) => {
                    let failure = Failure::at(code, pointer_to(path));
                    self.unread(path, if has_flat_name(top) { failure.saying(detail::FLAT_MEMBERS) } else { failure });
                }
                (Some(Sent::Value(Value::Object(members), _)), _) => open.push((path, members)),
                (Some(Sent::Value(value, _)), _) if value.is_empty_list() => open.push((path, &[])),
                (Some(Sent::Value(value, _)), _) if path == BARE_PHONE.path => self.offer(BARE_PHONE, Some(value)),
                (Some(Sent::Value(..) | Sent::Misused), _) => {
                    self.unread(path, Failure::at(Code::PayloadType, pointer_to(path)).saying(detail::EXPECTS_OBJECT));
                }
                (Some(Sent::Duplicate), _) => self.unread(path, Failure::at(Code::PayloadDuplicate, pointer_to(path))),
            }
        }
        for (path, members) in open {
            if let Some(names) = Names::within(path) {
                self.members(names, members);
            }
        }
    }

    /// Notes that an object cannot be read: no other rule looks at its members.
    fn unread(&mut self, object: &str, failure: Failure) {
        self.read.failures.push(failure);
        let is_within = |path: &&str| path.strip_prefix(object).is_some_and(|rest| rest.starts_with('.'));
        let members = Member::ALL.iter().filter(|member| member.field().structured.iter().any(is_within));
        self.read.unread.extend(members);
    }

    fn finish(self) -> Submission {
        let Self { held, mut read } = self;
        for (member, held) in Member::ALL.iter().zip(held) {
            let Some(Held { path, sent, .. }) = held else { continue };
            let kind = member.field().kind;
            let reading = match sent {
                Sent::Value(value, _) => reading(kind, value, path, &mut read.failures),
                Sent::Duplicate => Err(Failure::at(Code::PayloadDuplicate, pointer_to(path))),
                Sent::Misused => Err(Failure::at(Code::PayloadType, pointer_to(path)).saying(match kind {
                    Kind::Tags => detail::PLAIN_LIST,
                    Kind::FreeMetadata => detail::PLAIN_MAP,
                    _ => detail::PLAIN_NAME,
                })),
            };
            match reading {
                // A form has no means to send a list or a map of nothing, and one lead is one in every form.
                Ok(Reading::Entries(entries)) if entries.is_empty() => {}
                Ok(reading) => {
                    read.members.insert(*member, Given { path, reading });
                }
                Err(failure) => {
                    read.failures.push(failure);
                    read.unread.insert(*member);
                }
            }
        }
        read
    }
}

/// A phone number in the place of the object (contract, section 3.1).
const BARE_PHONE: Name = Name { member: Member::PhoneNumber, path: "contact.phone", rank: 2 };

/// What was sent for an object of the structured payload.
fn find<'v>(members: &'v Members, path: &'static str, name: &str) -> Option<Sent<'v>> {
    let mut held = None;
    for (sent, value) in members {
        if is_same(name, sent) && value.is_given() {
            Held::take(&mut held, path, u8::from(sent != name), Some(value), false);
        }
    }
    held.map(|held| held.sent)
}

/// Whether the top of a structured payload has names that only the flat one has there.
fn has_flat_name(top: &Members) -> bool {
    top.iter().filter_map(|(sent, _)| Names::flat().find(sent)).any(|name| name.member.field().kind != Kind::Tags)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn flat(json: &str) -> Submission {
        read_json(Entrance::Flat, json.as_bytes()).unwrap()
    }

    pub(in super::super) fn form(form: &str) -> Submission {
        read_form(form.as_bytes(), b"").unwrap()
    }

    /// The code, where and with what detail a submission fails; and nothing else is wrong with it.
    pub(in super::super) fn fault(submission: &Submission) -> Option<(Code, &str, &'static str)> {
        match submission.failures() {
            [] => None,
            [failure] => Some((failure.code, failure.pointer.as_deref().unwrap_or("none"), failure.detail)),
            failures => panic!("{failures:?}"),
        }
    }

    #[test]
    fn what_has_no_known_name_is_read_as_the_wrong_thing() {
        let json = |entrance, body: &str| read_json(entrance, body.as_bytes());
        let form = |body: &str, query: &str| read_form(body.as_bytes(), query.as_bytes());
        let (structured, flat) = (Entrance::Structured, Entrance::Flat);
        for (read, expected) in [
            (json(structured, "{}"), None),
            (json(flat, "{}"), None),
            (json(structured, r#"{"Customer":null}"#), None),
            (json(structured, r#"{"tag_names":[]}"#), None),
            (json(structured, r#"{"email":"x","state":"TX"}"#), Some(detail::FLAT_IN_STRUCTURED)),
            (json(structured, r#"{"data":{"contact":{}}}"#), Some(detail::UNKNOWN_STRUCTURED)),
            (json(structured, r#"{"contact.phone":"x"}"#), Some(detail::UNKNOWN_STRUCTURED)),
            (json(flat, r#"{"x":1,"EMAIL":null}"#), None),
            (json(flat, r#"{"contact":{},"metadata":{}}"#), Some(detail::STRUCTURED_IN_FLAT)),
            (json(flat, r#"{"data":{"email":"x"}}"#), Some(detail::UNKNOWN_FLAT)),
            (json(flat, r#"{"":""}"#), Some(detail::UNKNOWN_FLAT)),
            (form("", ""), None),
            (form("&=&", "?"), None),
            (form("email[x]=1", ""), None),
            (form("fields[email][value]=x", ""), Some(detail::UNKNOWN_FORM)),
            (form("a=b", "c=d"), Some(detail::UNKNOWN_FORM)),
            (form("", "c=d"), Some(detail::UNKNOWN_QUERY)),
            (
                form(r#"{"email":"a@b.co","landingPage":"https://x.example/?a=b&city=c"}"#, "state=TX"),
                Some(detail::JSON_IN_FORM),
            ),
            (form("%7B%22email%22:%22x%22%7D", ""), Some(detail::JSON_IN_FORM)),
            (form(r#" {"email":"#, ""), Some(detail::JSON_IN_FORM)),
            (form("{{placeholder}}=x&email=y", ""), None),
        ] {
            assert_eq!(read.err(), expected.map(Unreadable::Unrecognized));
        }
    }

    #[test]
    fn an_empty_list_is_an_empty_object() {
        let submission = read_json(
            Entrance::Structured,
            br#"{"metadata":[],"contact":{"phone":[],"streetAddress":[],"email":"x"},"customer":[]}"#,
        );
        assert_eq!(fault(&submission.unwrap()), None);
        let submission =
            read_json(Entrance::Structured, br#"{"metadata":{},"contact":{"streetAddress":[1]},"customer":{}}"#);
        assert_eq!(
            fault(&submission.unwrap()),
            Some((Code::PayloadType, "/contact/streetAddress", detail::EXPECTS_OBJECT))
        );
    }

    #[test]
    fn members_out_of_their_object_are_a_hint() {
        let submission = read_json(Entrance::Structured, br#"{"email":"x","metadata":{},"customer":{}}"#).unwrap();
        assert_eq!(fault(&submission), Some((Code::ContactRequired, "/contact", detail::FLAT_MEMBERS)));
        let submission = read_json(Entrance::Structured, br#"{"tagNames":["x"],"metadata":{},"customer":{}}"#).unwrap();
        assert_eq!(fault(&submission), Some((Code::ContactRequired, "/contact", Code::ContactRequired.detail())));
    }
}
