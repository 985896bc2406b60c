//! Forms and query strings: from `application/x-www-form-urlencoded` text to the values that were sent for members.

use std::collections::BTreeMap;

use percent_encoding::percent_decode;

use super::fields::{Kind, Member};
use super::names::Name;
use super::path::{Meaning, trimmed};
use super::value::Value;
use crate::lead::text::is_blank;

/// What a form or a query says, each value by what its name means (contract, section 1).
#[derive(Debug, Default)]
pub struct Form {
    /// What was sent for members. `None`: in a notation that is not read.
    pub(super) sent: Vec<(Name, Option<Value>)>,
    /// Whether it has a name at all, known or not.
    pub(super) has_names: bool,
    /// Whether its first name is JSON text.
    pub(super) looks_like_json: bool,
}

impl Form {
    /// Reads a form or a query. Every text can be read as one.
    pub fn parse(text: &[u8]) -> Self {
        let mut form = Self::default();
        // Lists and maps are sent piece by piece, and no piece is left out for the spelling of its name.
        let mut lists: Pieces<Value> = BTreeMap::new();
        let mut maps: Pieces<(String, Value)> = BTreeMap::new();
        for pair in text.split(|b| *b == b'&') {
            let mut parts = pair.splitn(2, |b| *b == b'=');
            let mut next = || decoded(parts.next().unwrap_or_default());
            let (name, value) = (next(), next());
            let (name, holds_nothing) = (trimmed(&name), is_blank(&value));
            if name.is_empty() && holds_nothing {
                continue;
            }
            if !form.has_names {
                form.has_names = true;
                form.looks_like_json = name.starts_with('{') || name.starts_with("[{");
            }
            match Meaning::of(name) {
                Meaning::Unknown => {}
                // Where nothing is sent nothing can be lost.
                Meaning::Member(name) | Meaning::Entry(name, _) | Meaning::Misused(name) if holds_nothing => {
                    form.sent.push((name, Some(Value::Null)));
                }
                Meaning::Misused(name) => form.sent.push((name, None)),
                Meaning::Entry(name, key) => pieces(&mut maps, name).push((key.to_owned(), Value::Text(value))),
                Meaning::Member(name) => match name.member.field().kind {
                    Kind::Tags => pieces(&mut lists, name).push(Value::Text(value)),
                    Kind::FreeMetadata => match json_map(&value) {
                        Some(entries) => pieces(&mut maps, name).extend(entries),
                        None => form.sent.push((name, None)),
                    },
                    _ => form.sent.push((name, Some(Value::Text(value)))),
                },
            }
        }
        form.sent.extend(lists.into_values().map(|(name, items)| (name, Some(Value::List(items)))));
        form.sent.extend(maps.into_values().map(|(name, entries)| (name, Some(Value::Object(entries)))));
        for (name, _) in &mut form.sent {
            if matches!(name.member.field().kind, Kind::Tags | Kind::FreeMetadata) {
                name.rank = 0;
            }
        }
        form
    }

    /// What was given for members, by their documented names.
    pub fn members(self) -> impl Iterator<Item = (&'static str, Value)> {
        self.sent.into_iter().filter_map(|(name, value)| Some((name.path, value.filter(Value::is_given)?)))
    }
}

/// What has been sent of the lists or of the maps so far.
type Pieces<T> = BTreeMap<Member, (Name, Vec<T>)>;

fn pieces<T>(all: &mut Pieces<T>, name: Name) -> &mut Vec<T> {
    &mut all.entry(name.member).or_insert_with(|| (name, Vec::new())).1
}

/// A map as JSON text. PHP writes an empty one as a list.
fn json_map(text: &str) -> Option<Vec<(String, Value)>> {
    match Value::parse(text.as_bytes()) {
        Ok(Value::Object(entries)) => Some(entries),
        Ok(Value::Null) => Some(Vec::new()),
        Ok(Value::List(items)) if items.is_empty() => Some(Vec::new()),
        _ => None,
    }
}

/// The text of a name or a value. What is not UTF-8 is from a page in Windows-1252.
fn decoded(text: &[u8]) -> String {
    let spaced: Vec<u8> = text.iter().map(|b| if *b == b'+' { b' ' } else { *b }).collect();
    let bytes: Vec<u8> = percent_decode(&spaced).collect();
    String::from_utf8(bytes).unwrap_or_else(|error| error.as_bytes().iter().filter_map(|b| windows_1252(*b)).collect())
}

/// A byte of Windows-1252. Five have no character.
fn windows_1252(byte: u8) -> Option<char> {
    const FROM_80: [char; 32] = [
        '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', '\0', '‘', '’', '“', '”',
        '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..0xa0 => FROM_80.get(usize::from(byte - 0x80)).copied().filter(|c| *c != '\0'),
        _ => Some(char::from(byte)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_says_what_json_says() {
        let cases = [
            ("", "{}"),
            ("&&=&%20=+", "{}"),
            ("email=a%40b.co&zip=78701", r#"{"email":"a@b.co","zip":"78701"}"#),
            ("firstName=Jordan+Lee&first+name=x", r#"{"firstName":"Jordan Lee"}"#),
            ("lastName=a=b", r#"{"lastName":"a=b"}"#),
            ("city=100%&state=%zz", r#"{"city":"100%","state":"%zz"}"#),
            ("tagNames=a&email=x&tagNames=b", r#"{"email":"x","tagNames":["a","b"]}"#),
            ("tagNames[]=a&tagNames%5B%5D=b&tagNames[7]=c&tagNames.8=d", r#"{"tagNames":["a","b","c","d"]}"#),
            (
                "sourceMetadata[placement]=form&sourceMetadata.x=1&sourceMetadata[]={\"y\":2}",
                r#"{"sourceMetadata":{"placement":"form","x":"1","y":2}}"#,
            ),
            ("tagNames=a&TAGNAMES[]=b", r#"{"tagNames":["a","b"]}"#),
            ("source_metadata.a=1&sourceMetadata[b]=2", r#"{"sourceMetadata":{"a":"1","b":"2"}}"#),
            ("metadata[sourceMetadata][a]=1&sourceMetadata[b]=2", r#"{"metadata.sourceMetadata":{"a":"1","b":"2"}}"#),
            ("sourceMetadata=%7B%22a%22%3A%22b%22%7D&sourceMetadata[c]=d", r#"{"sourceMetadata":{"a":"b","c":"d"}}"#),
            ("sourceMetadata={}", r#"{"sourceMetadata":{}}"#),
            ("sourceMetadata=[]", r#"{"sourceMetadata":{}}"#),
            ("sourceMetadata=null", r#"{"sourceMetadata":{}}"#),
            ("contact[email]=a&phone[number]=1", r#"{"contact.email":"a","phone.number":"1"}"#),
            ("email=a&email=b&EMAIL=c", r#"{"email":"a","email":"b","email":"c"}"#),
            ("email=&unknown=1&unknown[x]=2", "{}"),
            // What is in no notation that is read has no value.
            ("email[x]=a&sourceMetadata=text&sourceMetadata=[1]&sourceMetadata[a][b]=c&tagNames[x]=d", "{}"),
        ];
        for (form, json) in cases {
            let members = Form::parse(form.as_bytes()).members().map(|(path, value)| (path.to_owned(), value));
            assert!(Value::Object(members.collect()) == Value::parse(json.as_bytes()).unwrap(), "{form}");
        }
    }

    #[test]
    fn what_is_not_utf_8_is_windows_1252() {
        let cases: [(&[u8], &str); 8] = [
            (b"lastName=Mu%F1oz", "Muñoz"),
            (b"lastName=Mu\xf1oz", "Muñoz"),
            (b"lastName=Mu%C3%B1oz", "Muñoz"),
            (b"lastName=Mu%EF%BF%BDoz", "Mu\u{fffd}oz"),
            (b"lastName=%80%93%9F%A0%FF", "€“Ÿ\u{a0}ÿ"),
            (b"lastName=a%81%8D%8F%90%9Db", "ab"),
            // Each name and each value by itself.
            (b"city=%E9&lastName=%C3%A9", "é"),
            (b"\xe9=x&last%AD%4Eame=x&lastName=y", "y"),
        ];
        for (form, text) in cases {
            let (_, value) = Form::parse(form).members().filter(|(path, _)| *path == "lastName").last().unwrap();
            assert!(value == Value::Text(text.to_owned()), "{}", String::from_utf8_lossy(form));
        }
    }
}
