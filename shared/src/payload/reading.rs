//! What a value holds, by the kind of its member.

use std::collections::BTreeMap;

use super::fields::{Kind, MAX_ENTRY_NAME};
use super::submission::{Entry, Reading, pointer_to};
use super::value::Value;
use crate::failure::{Code, Failure, detail};
use crate::lead::{number, secrets};

/// What a member holds. What is wrong with single entries is noted in `failures`.
pub(super) fn reading(kind: Kind, value: &Value, path: &str, failures: &mut Vec<Failure>) -> Result<Reading, Failure> {
    let wrong = |detail| Failure::at(Code::PayloadType, pointer_to(path)).saying(detail);
    match (kind, value) {
        (Kind::Tags, Value::List(items)) => {
            let pointer = pointer_to(path);
            let entries = items.iter().enumerate();
            Ok(self::entries(entries.map(|(at, value)| (format!("{pointer}/{at}"), "", value)), false, failures))
        }
        (Kind::Tags, _) => Err(wrong(detail::EXPECTS_LIST)),
        (Kind::FreeMetadata, Value::Object(members)) => {
            let pointer = pointer_to(path);
            let entries = members.iter().map(|(name, value)| (entry_pointer(&pointer, name), name.trim(), value));
            Ok(self::entries(entries, true, failures))
        }
        (Kind::FreeMetadata, _) => Err(wrong(detail::EXPECTS_OBJECT)),
        (_, value) => {
            let takes_bool = matches!(kind, Kind::Flag(_));
            let detail = if takes_bool { detail::EXPECTS_FLAG } else { Code::PayloadType.detail() };
            let text = value.scalar(takes_bool).ok_or_else(|| wrong(detail))?;
            Ok(Reading::Scalar(match kind {
                Kind::Price(_) => number::canonical_decimal(text).unwrap_or_else(|| text.to_owned()),
                Kind::Whole(_) => number::whole(text).map_or_else(|| text.to_owned(), |number| number.to_string()),
                Kind::Flag(_) => number::flag(text).map_or_else(|| text.to_owned(), |flag| flag.to_string()),
                _ => text.to_owned(),
            }))
        }
    }
}

/// The entries of a list or map. Where names count, the same name with another value is a duplicate.
fn entries<'n>(
    sent: impl Iterator<Item = (String, &'n str, &'n Value)>,
    named: bool,
    failures: &mut Vec<Failure>,
) -> Reading {
    let mut entries: Vec<Entry> = Vec::new();
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for (pointer, name, value) in sent.filter(|(_, _, value)| value.is_given()) {
        let Some(text) = value.scalar(named) else {
            failures.push(Failure::at(Code::PayloadType, pointer));
            continue;
        };
        match seen.get(name) {
            Some(first) if *first == text => {}
            Some(_) => failures.push(Failure::at(Code::PayloadDuplicate, pointer)),
            None => {
                if named {
                    seen.insert(name, text);
                }
                entries.push(Entry { pointer, name: name.to_owned(), text: text.to_owned() });
            }
        }
    }
    Reading::Entries(entries)
}

/// The pointer to an entry: RFC 6901 escapes `~` and `/`, and what is longer than a legal name is cut. A name that is a
/// secret itself is not repeated: then the pointer is to the map (contract, section 4).
fn entry_pointer(map: &str, name: &str) -> String {
    if name.is_empty() || secrets::looks_secret(name) {
        return map.to_owned();
    }
    let end = name.char_indices().nth(MAX_ENTRY_NAME).map_or(name.len(), |(at, _)| at);
    let name = name.get(..end).unwrap_or(name);
    format!("{map}/{}", name.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use super::super::Member;
    use super::super::reader::tests::flat;
    use super::*;

    #[test]
    fn what_holds_nothing_is_not_given() {
        let bare = flat(r#"{"externalId":"1"}"#);
        for nothing in ["null", "[]", r#"[""," ",null]"#] {
            let submission = flat(&format!(r#"{{"externalId":"1","tagIds":{nothing}}}"#));
            assert!(submission.lacks(Member::TagIds) && submission.content() == bare.content(), "{nothing}");
        }
        for nothing in ["null", "{}", "[]", r#"{"a":"","b":null}"#] {
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
        let longest = "k".repeat(MAX_ENTRY_NAME);
        let secret = format!("AKIA{}", "A1".repeat(8));
        for (name, pointer) in [
            ("a", "/sourceMetadata/a"),
            ("a/b~c", "/sourceMetadata/a~1b~0c"),
            (&longest, &format!("/sourceMetadata/{longest}")),
            (&format!("{longest}k"), &format!("/sourceMetadata/{longest}")),
            (&"~".repeat(2_400), &format!("/sourceMetadata/{}", "~0".repeat(MAX_ENTRY_NAME))),
            (&"é".repeat(100), &format!("/sourceMetadata/{}", "é".repeat(MAX_ENTRY_NAME))),
            (&secret, "/sourceMetadata"),
        ] {
            let submission = flat(&format!(r#"{{"sourceMetadata":{{"{name}":[]}}}}"#));
            assert_eq!(submission.failures(), [Failure::at(Code::PayloadType, pointer)]);
        }
    }
}
