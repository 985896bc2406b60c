//! JSON as it was sent: numbers by their text, repeated members, and where it stops being JSON.

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

/// Why a body cannot be read as one JSON object (contract, section 6). It says where, and nothing of what was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// There is nothing in the body, or white space alone.
    #[error("The body is empty: one JSON object is expected at line 1, column 1.")]
    Empty,
    /// The body is in another encoding.
    #[error("This is not UTF-8 at {0}. Send one JSON object in UTF-8.")]
    NotUtf8(Position),
    /// The body breaks the syntax of JSON.
    #[error("This is not valid JSON at {0}. Send one JSON object in UTF-8.")]
    NotJson(Position),
    /// The body is a form in all but its `Content-Type`.
    #[error(
        "This is not valid JSON at {0}. If it is a form, send it to /leads/intake as application/x-www-form-urlencoded."
    )]
    LooksLikeForm(Position),
    /// The body is another JSON value, such as a list of leads.
    #[error("One JSON object is expected at {0}. Send each lead in a request of its own.")]
    NotAnObject(Position),
}

/// A place in a text; both numbers begin at 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The character in the line.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

impl Position {
    /// The place of the character after `before`.
    fn after(before: &str) -> Self {
        let line = before.rsplit('\n').next().unwrap_or_default();
        Self { line: before.matches('\n').count() + 1, column: line.chars().count() + 1 }
    }

    /// The place where the parser stopped, whose columns are bytes.
    fn of(error: &serde_json::Error, text: &str) -> Self {
        let line = text.split('\n').nth(error.line().saturating_sub(1)).unwrap_or_default();
        let bytes = line.as_bytes().get(..error.column()).unwrap_or(line.as_bytes());
        Self { line: error.line(), column: String::from_utf8_lossy(bytes).chars().count().max(1) }
    }
}

impl Value {
    /// Reads one JSON value. UTF-8 is expected, a byte-order mark is skipped.
    ///
    /// # Errors
    /// [`Malformed`] when the bytes are not UTF-8 or not one JSON value.
    pub fn parse(body: &[u8]) -> Result<Self, Malformed> {
        let text = decoded(body)?;
        let mut json = serde_json::Deserializer::from_str(text);
        // A payload is an object, and one as long as a body is not gone through a second time.
        let value = match text.trim_start().as_bytes().first() {
            None => return Err(Malformed::Empty),
            Some(b'{' | b'[') => Container(DEPTH - 1).deserialize(&mut json),
            _ => <&RawValue>::deserialize(&mut json).and_then(|raw| read(raw, DEPTH)),
        };
        value.and_then(|value| json.end().map(|()| value)).map_err(|error| not_json(&error, text))
    }

    /// Reads a body: one JSON object.
    ///
    /// # Errors
    /// [`Malformed`] when it is anything else.
    pub fn parse_object(body: &[u8]) -> Result<Vec<(String, Self)>, Malformed> {
        match Self::parse(body)? {
            Self::Object(members) => Ok(members),
            _ => {
                let text = decoded(body)?;
                let space = text.len() - text.trim_start().len();
                Err(Malformed::NotAnObject(Position::after(text.get(..space).unwrap_or_default())))
            }
        }
    }

    /// Absent, `null` and a blank string all mean "not given" (contract, section 3).
    pub fn is_given(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Text(text) => !is_blank(text),
            _ => true,
        }
    }

    /// The trimmed text of a string or a number, and of a boolean where one is expected.
    pub(super) fn scalar(&self, takes_bool: bool) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text.trim()),
            Self::Number(text) => Some(text),
            Self::Bool(true) if takes_bool => Some("true"),
            Self::Bool(false) if takes_bool => Some("false"),
            _ => None,
        }
    }

    /// PHP writes an empty map as an empty list.
    pub(super) fn is_empty_list(&self) -> bool {
        matches!(self, Self::List(items) if items.is_empty())
    }
}

/// The text of a body, without its byte-order mark.
fn decoded(body: &[u8]) -> Result<&str, Malformed> {
    let text = std::str::from_utf8(body).map_err(|error| {
        let valid = body.get(..error.valid_up_to()).unwrap_or_default();
        Malformed::NotUtf8(Position::after(&String::from_utf8_lossy(valid)))
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

fn not_json(error: &serde_json::Error, text: &str) -> Malformed {
    let bare = text.trim_start();
    let is_form = !bare.starts_with(['{', '[', '"']) && bare.contains('=');
    // What is wrong within a text that is otherwise JSON, such as half a surrogate pair, is noticed out of place.
    let found = if error.is_data() { serde_json::from_str::<serde_json::Value>(text).err() } else { None };
    let position = Position::of(found.as_ref().unwrap_or(error), text);
    if is_form { Malformed::LooksLikeForm(position) } else { Malformed::NotJson(position) }
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
        let at = |line, column| Position { line, column };
        let cases: [(&[u8], Malformed); 19] = [
            (b"", Malformed::Empty),
            (b"\xef\xbb\xbf", Malformed::Empty),
            (b" \r\n", Malformed::Empty),
            (b"{", Malformed::NotJson(at(1, 1))),
            (b"{}x", Malformed::NotJson(at(1, 3))),
            (b"{'a':1}", Malformed::NotJson(at(1, 2))),
            (b"01", Malformed::NotJson(at(1, 2))),
            (b"nul", Malformed::NotJson(at(1, 3))),
            (b"{\"a\":1,}", Malformed::NotJson(at(1, 8))),
            (b"{\n  \"a\": {\"b\": x}\n}", Malformed::NotJson(at(2, 14))),
            ("{\"é漢\":\"é\" \"b\":1}".as_bytes(), Malformed::NotJson(at(1, 11))),
            ("\u{feff}{\"a\":]}".as_bytes(), Malformed::NotJson(at(1, 6))),
            (b"<lead a=\"b\"/>", Malformed::LooksLikeForm(at(1, 1))),
            (b"email=a@example.com", Malformed::LooksLikeForm(at(1, 1))),
            (b"\xff\xfe{}", Malformed::NotUtf8(at(1, 1))),
            (b"{\n\"a\":\"Jos\xe9\"}", Malformed::NotUtf8(at(2, 9))),
            (br#"{"a":"\ud800"}"#, Malformed::NotJson(at(1, 13))),
            (b"{\n\n\"a\":{\"b\":\n\"\\ud800\"}}", Malformed::NotJson(at(4, 8))),
            (b"{\"a\":\"b\nc\"}", Malformed::NotJson(at(1, 7))),
        ];
        for (body, malformed) in cases {
            assert_eq!(Value::parse(body).unwrap_err(), malformed, "{:?}", String::from_utf8_lossy(body));
        }
        for (body, position) in [("[]", at(1, 1)), ("\u{feff} \n 1 ", at(2, 2)), ("null", at(1, 1))] {
            assert_eq!(Value::parse_object(body.as_bytes()).unwrap_err(), Malformed::NotAnObject(position), "{body}");
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
