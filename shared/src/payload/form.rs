//! Forms and query strings, as the same JSON value that a body would be.

use std::collections::BTreeMap;

use percent_encoding::percent_decode;

use super::fields::{Kind, Member};
use super::value::{Malformed, Value};

/// Reads `application/x-www-form-urlencoded` text into the flat payload's object (contract, section 1).
///
/// Arrays repeat (`tagNames=a&tagNames=b`, `tagNames[]=a`), maps use brackets
/// (`sourceMetadata[placement]=homepage-form`) or a JSON object as a string. What a list or a map is, the
/// table of fields says; every other name stays a scalar, and its repeats stay for the reader to judge.
///
/// # Errors
/// [`Malformed`] when the decoded text is not UTF-8: a name in another encoding would be stored as rubbish.
pub fn parse(form: &[u8]) -> Result<Value, Malformed> {
    // What parts names and values is ASCII, so the whole is UTF-8 when each of them is.
    percent_decode(form).decode_utf8().map_err(|_| Malformed)?;
    let mut scalars: Vec<(String, Value)> = Vec::new();
    let mut collections = Collections::default();
    for (name, value) in url::form_urlencoded::parse(form) {
        let (base, entry) = split_brackets(&name);
        match (kind_of(base), entry) {
            (Some(Kind::Tags), entry) if entry.is_none_or(is_index) => {
                if let Some(items) = collections.list(base) {
                    items.push(Value::Text(value.into_owned()));
                }
            }
            (Some(Kind::FreeMetadata), Some(key)) => {
                if let Some(entries) = collections.map(base) {
                    entries.push((key.to_owned(), Value::Text(value.into_owned())));
                }
            }
            (Some(Kind::FreeMetadata), None) => match Value::parse(value.as_bytes()) {
                Ok(Value::Object(sent)) => {
                    if let Some(entries) = collections.map(base) {
                        entries.extend(sent);
                    }
                }
                _ => scalars.push((base.to_owned(), Value::Text(value.into_owned()))),
            },
            _ => scalars.push((name.into_owned(), Value::Text(value.into_owned()))),
        }
    }
    scalars.extend(collections.0.into_values());
    Ok(Value::Object(scalars))
}

/// `tagNames[]` and `tagNames[0]` are the same list as `tagNames`: some systems number its entries.
fn is_index(entry: &str) -> bool {
    entry.bytes().all(|b| b.is_ascii_digit())
}

/// `sourceMetadata[placement]` is `sourceMetadata` and `placement`.
fn split_brackets(name: &str) -> (&str, Option<&str>) {
    match name.strip_suffix(']').and_then(|rest| rest.split_once('[')) {
        Some((base, entry)) => (base, Some(entry)),
        None => (name, None),
    }
}

fn kind_of(name: &str) -> Option<Kind> {
    Member::ALL
        .iter()
        .find(|member| member.field().flat.iter().any(|flat| flat.eq_ignore_ascii_case(name)))
        .map(|member| member.field().kind)
}

/// The lists and maps of a form, by their names in lower case. Apart from the scalars, so that finding one stays cheap
/// however long a hostile form is.
#[derive(Default)]
struct Collections(BTreeMap<String, (String, Value)>);

impl Collections {
    fn list(&mut self, name: &str) -> Option<&mut Vec<Value>> {
        match self.entry(name, || Value::List(Vec::new())) {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    fn map(&mut self, name: &str) -> Option<&mut Vec<(String, Value)>> {
        match self.entry(name, || Value::Object(Vec::new())) {
            Value::Object(entries) => Some(entries),
            _ => None,
        }
    }

    fn entry(&mut self, name: &str, empty: impl FnOnce() -> Value) -> &mut Value {
        &mut self.0.entry(name.to_ascii_lowercase()).or_insert_with(|| (name.to_owned(), empty())).1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_the_flat_object() {
        let cases = [
            ("", "{}"),
            ("email=a%40b.co&zip=78701", r#"{"email":"a@b.co","zip":"78701"}"#),
            ("firstName=Jordan+Lee", r#"{"firstName":"Jordan Lee"}"#),
            ("tagNames=a&email=x&tagNames=b", r#"{"email":"x","tagNames":["a","b"]}"#),
            ("tagNames[]=a&TAGNAMES%5B%5D=b", r#"{"tagNames":["a","b"]}"#),
            ("tagNames[0]=a&tagNames[1]=b&tagNames[x]=c", r#"{"tagNames[x]":"c","tagNames":["a","b"]}"#),
            (
                "sourceMetadata[placement]=form&sourceMetadata[x]=1",
                r#"{"sourceMetadata":{"placement":"form","x":"1"}}"#,
            ),
            ("sourceMetadata=%7B%22a%22%3A%22b%22%7D&sourceMetadata[c]=d", r#"{"sourceMetadata":{"a":"b","c":"d"}}"#),
            ("sourceMetadata=text", r#"{"sourceMetadata":"text"}"#),
            ("email=a&email=b", r#"{"email":"a","email":"b"}"#),
            ("email[x]=a", r#"{"email[x]":"a"}"#),
            ("a]=1&[b=2", r#"{"a]":"1","[b":"2"}"#),
            ("lastName=Mu%EF%BF%BDoz&city=\u{fffd}", "{\"lastName\":\"Mu\u{fffd}oz\",\"city\":\"\u{fffd}\"}"),
        ];
        for (form, json) in cases {
            assert!(parse(form.as_bytes()).unwrap() == Value::parse(json.as_bytes()).unwrap(), "{form}");
        }
    }

    #[test]
    fn another_encoding_is_refused() {
        for form in [&b"firstName=Jos%E9"[..], b"Jos%E9=x", b"unknown=\xff", b"a=%C3&b=%A9"] {
            assert!(parse(form).is_err(), "{form:?}");
        }
    }
}
