//! A payload as one JSON value, whatever entrance it came through.

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::lead::text::is_blank;

/// How deep the table of fields reaches: body, object, member's object, entry. What lies deeper is
/// never asked for, so it is not read: a body of ten thousand brackets costs no stack.
const DEPTH: usize = 5;

/// A JSON value that keeps what `serde_json::Value` gives up: the text of a number, so that
/// `78701` and `18.50` are taken literally, and members that are given twice.
#[derive(Clone, PartialEq)]
pub enum Value {
    /// `null`, which is a member not given (contract, section 3).
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, by its literal text.
    Number(String),
    /// A string, as sent.
    Text(String),
    /// An array.
    List(Vec<Value>),
    /// An object: its members in the order sent, repeats included.
    Object(Vec<(String, Value)>),
}

/// The body is not JSON, or not UTF-8.
#[derive(Debug, thiserror::Error)]
#[error("the payload cannot be parsed")]
pub struct Malformed;

impl Value {
    /// Reads a body. UTF-8 is expected, a byte-order mark is skipped.
    ///
    /// # Errors
    /// [`Malformed`] when the bytes are not UTF-8 or not one JSON value.
    pub fn parse(body: &[u8]) -> Result<Self, Malformed> {
        let text = std::str::from_utf8(body).map_err(|_| Malformed)?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut json = serde_json::Deserializer::from_str(text);
        // A payload is an object, and one as long as a body is not gone through a second time.
        let value = match text.trim_start().as_bytes().first() {
            Some(b'{' | b'[') => Container(DEPTH - 1).deserialize(&mut json),
            _ => <&RawValue>::deserialize(&mut json).and_then(|raw| read(raw, DEPTH)),
        };
        let value = value.map_err(|_| Malformed)?;
        json.end().map_err(|_| Malformed)?;
        Ok(value)
    }

    /// Absent, `null` and a blank string all mean "not given" (contract, section 3).
    pub fn is_given(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Text(text) => !is_blank(text),
            _ => true,
        }
    }
}

/// A payload is a person's data: its shape may be shown, its content may not.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Number(_) => "number",
            Self::Text(_) => "string",
            Self::List(_) => "array",
            Self::Object(_) => "object",
        })
    }
}

/// `raw` has been checked to be JSON; what can still fail is the decoding of a string, such as a lone surrogate.
fn read(raw: &RawValue, depth: usize) -> Result<Value, serde_json::Error> {
    let text = raw.get();
    match text.as_bytes().first() {
        Some(b'{') if depth == 0 => Ok(Value::Object(Vec::new())),
        Some(b'[') if depth == 0 => Ok(Value::List(Vec::new())),
        Some(b'{' | b'[') => Container(depth - 1).deserialize(&mut serde_json::Deserializer::from_str(text)),
        Some(b'"') => serde_json::from_str(text).map(Value::Text),
        Some(b't') => Ok(Value::Bool(true)),
        Some(b'f') => Ok(Value::Bool(false)),
        Some(b'n') => Ok(Value::Null),
        _ => Ok(Value::Number(text.to_owned())),
    }
}

/// Reads an object or an array whose contents may go `.0` levels deeper.
struct Container(usize);

impl<'de> DeserializeSeed<'de> for Container {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Container {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or an array")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Vec::new();
        while let Some((name, raw)) = map.next_entry::<String, &RawValue>()? {
            members.push((name, read(raw, self.0).map_err(A::Error::custom)?));
        }
        Ok(Value::Object(members))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(raw) = seq.next_element::<&RawValue>()? {
            items.push(read(raw, self.0).map_err(A::Error::custom)?);
        }
        Ok(Value::List(items))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn keeps_what_was_sent() {
        let number = |text: &str| Value::Number(text.to_owned());
        let cases = [
            ("18.50", number("18.50")),
            ("123456789012.123456", number("123456789012.123456")),
            ("-0", number("-0")),
            ("1E2", number("1E2")),
            (" null ", Value::Null),
            ("\u{feff}true", Value::Bool(true)),
            (r#""a\u00e9""#, text("aé")),
            ("[1,[false]]", Value::List(vec![number("1"), Value::List(vec![Value::Bool(false)])])),
            (r#"{"a":"x","A":"y"}"#, Value::Object(vec![("a".into(), text("x")), ("A".into(), text("y"))])),
        ];
        for (body, expected) in cases {
            assert!(Value::parse(body.as_bytes()).unwrap() == expected, "{body}");
        }
    }

    #[test]
    fn refuses_what_is_not_json() {
        let cases: [&[u8]; 9] =
            [b"", b"{", b"{}x", b"{'a':1}", b"01", b"nul", b"\xff\xfe{}", b"\"\xff\"", br#"{"a":"\ud800"}"#];
        for body in cases {
            assert!(Value::parse(body).is_err(), "{body:?}");
        }
    }

    #[test]
    fn a_bottomless_body_costs_no_stack() {
        let body = "[".repeat(100_000) + &"]".repeat(100_000);
        assert!(Value::parse(body.as_bytes()).is_ok());
    }

    #[test]
    fn debug_shows_no_content() {
        assert_eq!(format!("{:?}", Value::parse(br#"{"email":"jordan@example.com"}"#).unwrap()), "object");
    }
}
