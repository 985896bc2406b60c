//! What each kind of member holds, as JSON Schema: in a body of JSON, in a form or query, and in the answer.
//!
//! A schema of a request refuses nothing that the API accepts: blank and `null` are "not given", numbers may be strings
//! and strings numbers, and outer space does not count (contract, section 3). What a schema cannot say is said in words.

use leadping::lead::choices::{EmploymentType, Gender, MaritalStatus};
use leadping::payload::fields::Kind;
use serde_json::{Value, json};

/// The bounds of contract, section 3.3.
const LONGEST_TEXT: usize = 1_024;
const LONGEST_PHONE: usize = 64;
const LONGEST_CERTIFICATE: usize = 2_048;
const MOST_ENTRIES: usize = 50;
const LONGEST_NAME: usize = 64;
const LARGEST_WHOLE: i32 = i32::MAX;
/// Not below it, as the words have it: read as a float, a price of twelve nines and six behind the point is this.
const PRICE_LIMIT: u64 = 1_000_000_000_000;

/// The name of a kind's schema.
pub(crate) fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Text(LONGEST_TEXT) => "Text",
        Kind::Text(_) => "TrackingUrl",
        Kind::Email => "Email",
        Kind::Phone => "PhoneNumber",
        Kind::State => "State",
        Kind::BirthDate => "BirthDate",
        Kind::CapturedAt => "CapturedAt",
        Kind::IpAddress => "IpAddress",
        Kind::Gender => "Gender",
        Kind::MaritalStatus => "MaritalStatus",
        Kind::EmploymentType => "EmploymentType",
        Kind::Price(_) => "Price",
        Kind::Whole(_) => "WholeNumber",
        Kind::Flag(_) => "Flag",
        Kind::Certificate => "CertificateUrl",
        Kind::Tags => "Tags",
        Kind::FreeMetadata => "FreeMetadata",
    }
}

/// What a kind is and how it is read, in words.
pub(crate) fn about(kind: Kind) -> String {
    let choice = |names: &[&str]| {
        format!("One of {}, in any letter case; usual other spellings are read too.", names.join(", "))
    };
    match kind {
        Kind::Text(most) => format!(
            "Text of at most {most} characters, or a number, taken by its digits. Outer space and characters that override the direction of writing are dropped, tabs and line breaks become one space, other control characters are refused."
        ),
        Kind::Email => "One plain e-mail address of at most 254 characters: no display name, no quotes, no symbols in the domain. Invisible characters are dropped.".to_owned(),
        Kind::Phone => format!(
            "One possible U.S. phone number in at most {LONGEST_PHONE} characters, best in E.164. An extension after it is read too, letters only in a number such as 1-800-FLOWERS. An empty input mask is not given. It is stored in E.164."
        ),
        Kind::State => {
            "A state, territory or military post of the United States, by USPS code or name, or both (`TX - Texas`, `US-TX`); stored as its code. Anything else stays as it was sent.".to_owned()
        }
        Kind::BirthDate => {
            "A real day as YYYY-MM-DD, or an ISO date-time, of which the day is taken; from 1900 on and not in the future.".to_owned()
        }
        Kind::CapturedAt => "A moment as RFC 3339 with an offset from 00:00 to 23:59; stored in UTC.".to_owned(),
        Kind::IpAddress => "One IPv4 or IPv6 address. Brackets, a port and all but the first of a list are dropped.".to_owned(),
        Kind::Gender => {
            choice(Gender::NAMES) + " Any other value is refused in a structured payload and Unknown in a flat one."
        }
        Kind::MaritalStatus => choice(MaritalStatus::NAMES),
        Kind::EmploymentType => choice(EmploymentType::NAMES),
        Kind::Price(_) => {
            "A decimal from 0 with at most 12 digits before and 6 behind the point, as a number or a string, without $ or commas; kept exactly.".to_owned()
        }
        Kind::Whole(_) => format!("A whole number from 0 to {LARGEST_WHOLE}, as a number or a string; `$75,000` is read too."),
        Kind::Flag(_) => "true or false. These are read too, in any letter case: yes, no, y, n, t, f, on, off, 1, 0.".to_owned(),
        Kind::Certificate => format!(
            "The URL of one certificate: http or https, a host of trustedform.com, one id. At most {LONGEST_CERTIFICATE} characters. Of a list that is joined by commas, the first counts. Stored as https://cert.trustedform.com/ and the id."
        ),
        Kind::Tags => format!(
            "A list of at most {MOST_ENTRIES} different tags, each text of at most {LONGEST_TEXT} characters."
        ),
        Kind::FreeMetadata => format!(
            "At most {MOST_ENTRIES} entries, with names of 1 to {LONGEST_NAME} characters and strings, numbers or booleans of at most {LONGEST_TEXT}, all kept as text. Credentials are refused."
        ),
    }
}

/// A kind in a body of JSON.
pub(crate) fn in_json(kind: Kind) -> Value {
    let number = |schema| json!({"anyOf": [schema, text(kind), {"type": "null"}]});
    match kind {
        Kind::Text(most) => json!({"type": ["string", "number", "null"], "maxLength": most}),
        Kind::State => json!({"type": ["string", "number", "null"], "maxLength": LONGEST_TEXT}),
        Kind::Phone => json!({"type": ["string", "number", "null"], "maxLength": LONGEST_PHONE}),
        // A flat poster's unknown value, a number for one, is `Unknown`.
        Kind::Gender => json!({"anyOf": [text(kind), {"type": ["number", "null"]}]}),
        Kind::Email
        | Kind::BirthDate
        | Kind::CapturedAt
        | Kind::IpAddress
        | Kind::MaritalStatus
        | Kind::EmploymentType
        | Kind::Certificate => json!({"anyOf": [text(kind), {"type": "null"}]}),
        Kind::Price(_) => number(json!({"type": "number", "minimum": 0, "maximum": PRICE_LIMIT})),
        Kind::Whole(_) => number(json!({"type": "integer", "minimum": 0, "maximum": LARGEST_WHOLE})),
        Kind::Flag(_) => number(json!({"enum": [true, false, 1, 0]})),
        Kind::Tags => json!({"anyOf": [{"type": "array", "items": in_json(Kind::Text(LONGEST_TEXT))}, not_given()]}),
        Kind::FreeMetadata => json!({"anyOf": [text(kind), not_given()]}),
    }
}

/// A kind in a form or a query string, where everything is text.
pub(crate) fn text(kind: Kind) -> Value {
    let blank_or = |pattern: &str| json!({"type": "string", "pattern": format!(r"^\s*({pattern})?\s*$")});
    let choice = |names: &[&str]| json!({"anyOf": [{"type": "string", "enum": names}, {"type": "string"}]});
    match kind {
        Kind::Text(most) => json!({"type": "string", "maxLength": most}),
        Kind::State => json!({"type": "string", "maxLength": LONGEST_TEXT}),
        Kind::Phone => json!({"type": "string", "maxLength": LONGEST_PHONE}),
        Kind::Email => blank_or(r"[^@]{1,64}@[^@]+"),
        Kind::BirthDate => blank_or(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ].*)?"),
        Kind::CapturedAt => blank_or(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ].*([Zz]|[+-][0-9:]+)"),
        Kind::IpAddress => blank_or(r"[,;\s]*\[?[0-9A-Fa-f:.]{2,45}(\](:[0-9]+)?)?([,;\s].*)?"),
        Kind::Gender => choice(Gender::NAMES),
        Kind::MaritalStatus => choice(MaritalStatus::NAMES),
        Kind::EmploymentType => choice(EmploymentType::NAMES),
        Kind::Price(_) => blank_or(r"-?[0-9]*\.?[0-9]*([eE][+-]?[0-9]+)?"),
        Kind::Whole(_) => blank_or(r"(\$\s*)?-?[0-9,]*\.?[0-9]*([eE][+-]?[0-9]+)?"),
        Kind::Flag(_) => blank_or(
            "([Tt]([Rr][Uu][Ee])?|[Ff]([Aa][Ll][Ss][Ee])?|[Yy]([Ee][Ss])?|[Nn][Oo]?|[Oo][Nn]|[Oo][Ff][Ff]|1|0)",
        ),
        Kind::Certificate => json!({"type": "string", "maxLength": LONGEST_CERTIFICATE}),
        Kind::Tags => json!({"type": "array", "items": text(Kind::Text(LONGEST_TEXT))}),
        // Also in a form: it may hold the map as JSON.
        Kind::FreeMetadata => json!({
            "type": "object",
            "additionalProperties": {"type": ["string", "number", "boolean", "null"], "maxLength": LONGEST_TEXT},
        }),
    }
}

/// A kind in the answer: normalised, and there only when it was given.
pub(crate) fn in_answer(kind: Kind) -> Value {
    let text = |most: usize| json!({"type": "string", "minLength": 1, "maxLength": most});
    match kind {
        Kind::Text(most) => text(most),
        Kind::State => text(LONGEST_TEXT),
        Kind::Certificate => text(LONGEST_CERTIFICATE),
        Kind::Email => json!({"type": "string", "maxLength": 254, "pattern": "^[^@]+@[^@]+$"}),
        Kind::Phone => json!({"type": "string", "pattern": r"^\+1[0-9]{10}$"}),
        Kind::BirthDate => json!({"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}),
        Kind::CapturedAt => moment(),
        Kind::IpAddress => json!({"type": "string", "pattern": "^[0-9a-f:.]{2,45}$"}),
        Kind::Gender => json!({"type": "string", "enum": Gender::NAMES}),
        Kind::MaritalStatus => json!({"type": "string", "enum": MaritalStatus::NAMES}),
        Kind::EmploymentType => json!({"type": "string", "enum": EmploymentType::NAMES}),
        Kind::Price(_) => json!({"type": "number", "minimum": 0, "maximum": PRICE_LIMIT}),
        Kind::Whole(_) => json!({"type": "integer", "minimum": 0, "maximum": LARGEST_WHOLE}),
        Kind::Flag(_) => json!({"type": "boolean"}),
        Kind::Tags => {
            json!({"type": "array", "maxItems": MOST_ENTRIES, "uniqueItems": true, "items": text(LONGEST_TEXT)})
        }
        Kind::FreeMetadata => json!({
            "type": "object",
            "maxProperties": MOST_ENTRIES,
            "propertyNames": {"minLength": 1, "maxLength": LONGEST_NAME},
            "additionalProperties": text(LONGEST_TEXT),
        }),
    }
}

/// A moment as it is answered: UTC, to the millisecond.
pub(crate) fn moment() -> Value {
    json!({
        "type": "string",
        "format": "date-time",
        "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$",
    })
}

/// An identifier.
pub(crate) fn id() -> Value {
    json!({"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"})
}

/// What means "not given" where an object or a list belongs.
pub(crate) fn not_given() -> Value {
    json!({"type": ["string", "null"], "pattern": r"^\s*$"})
}
