//! JSON Schemas for each kind of member: in a JSON body, in a form or query, and in the answer.
//!
//! A request schema never refuses what the API accepts: blank and `null` mean "not given", numbers may be strings and
//! strings numbers, and leading and trailing space does not count (contract, section 3). The description says what a
//! schema cannot express.

use leadping::lead::choices::{EmploymentType, Gender, MaritalStatus};
use leadping::payload::fields::{
    Kind, MAX_CERTIFICATE_URL, MAX_EMAIL, MAX_ENTRIES, MAX_ENTRY_NAME, MAX_PHONE, MAX_PRICE_DECIMALS, MAX_PRICE_DIGITS,
    MAX_TAGS, MAX_TEXT, MAX_WHOLE,
};
use serde_json::{Value, json};

/// Inclusive, because the highest price, twelve nines and six more after the point, rounds to this as a float.
const PRICE_LIMIT: u64 = 10_u64.pow(MAX_PRICE_DIGITS as u32);

/// The name of a kind's schema.
pub(crate) fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Text(MAX_TEXT) => "Text",
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

/// Describes a kind for partners: what is accepted and how it is read.
pub(crate) fn about(kind: Kind) -> String {
    let choice = |names: &[&str]| {
        format!("One of {}, in any letter case. Common other spellings are read too.", names.join(", "))
    };
    match kind {
        Kind::Text(most) => format!(
            "Text of at most {most} characters, or a number, which is read by its digits. Leading and trailing space is trimmed. Characters that override the text direction are dropped. Tabs and line breaks become one space. Other control characters are refused."
        ),
        Kind::Email => format!("One plain e-mail address of at most {MAX_EMAIL} characters: no display name, no quotes, no symbols in the domain. Invisible characters are dropped."),
        Kind::Phone => format!(
            "One possible U.S. phone number in at most {MAX_PHONE} characters, preferably in E.164. An extension after it is read too. Letters are read only in a number such as 1-800-FLOWERS. An empty input mask counts as not given. It is stored in E.164."
        ),
        Kind::State => {
            "A state, territory or military post of the United States, by USPS code or name, or both (`TX - Texas`, `US-TX`); stored as its code. Any other text is stored as sent.".to_owned()
        }
        Kind::BirthDate => {
            "A real day as YYYY-MM-DD, or an ISO date-time, of which the date is used. Not before 1900 and not in the future.".to_owned()
        }
        Kind::CapturedAt => "A time in RFC 3339 with an offset from 00:00 to 23:59. It is stored in UTC.".to_owned(),
        Kind::IpAddress => "One IPv4 or IPv6 address. Brackets and a port are dropped. Of a list, the first address is used.".to_owned(),
        Kind::Gender => {
            choice(Gender::NAMES) + " Any other value is refused in a structured payload and becomes Unknown in a flat one."
        }
        Kind::MaritalStatus => choice(MaritalStatus::NAMES),
        Kind::EmploymentType => choice(EmploymentType::NAMES),
        Kind::Price(_) => {
            format!("A decimal of 0 or more with at most {MAX_PRICE_DIGITS} digits before the point and {MAX_PRICE_DECIMALS} after it, as a number or a string, without $ or commas. It is stored exactly.")
        }
        Kind::Whole(_) => format!("A whole number from 0 to {MAX_WHOLE}, as a number or a string. `$75,000` is read too."),
        Kind::Flag(_) => "true or false. These are read too, in any letter case: yes, no, y, n, t, f, on, off, 1, 0.".to_owned(),
        Kind::Certificate => format!(
            "The URL of one certificate: http or https, a host of trustedform.com, and one id. At most {MAX_CERTIFICATE_URL} characters. Of a list that is joined by commas, the first is used. It is stored as https://cert.trustedform.com/ and the id."
        ),
        Kind::Tags => format!(
            "A list of at most {MAX_TAGS} different tags, each text of at most {MAX_TEXT} characters."
        ),
        Kind::FreeMetadata => format!(
            "At most {MAX_ENTRIES} entries, with names of 1 to {MAX_ENTRY_NAME} characters and strings, numbers or booleans of at most {MAX_TEXT} characters. All values are stored as text. Credentials are refused."
        ),
    }
}

/// The schema of a kind in a JSON body.
pub(crate) fn in_json(kind: Kind) -> Value {
    let number = |schema| json!({"anyOf": [schema, text(kind), {"type": "null"}]});
    match kind {
        Kind::Text(most) => json!({"type": ["string", "number", "null"], "maxLength": most}),
        Kind::State => json!({"type": ["string", "number", "null"], "maxLength": MAX_TEXT}),
        Kind::Phone => json!({"type": ["string", "number", "null"], "maxLength": MAX_PHONE}),
        // In the flat form an unknown value, such as a number, becomes `Unknown`.
        Kind::Gender => json!({"anyOf": [text(kind), {"type": ["number", "null"]}]}),
        Kind::Email
        | Kind::BirthDate
        | Kind::CapturedAt
        | Kind::IpAddress
        | Kind::MaritalStatus
        | Kind::EmploymentType
        | Kind::Certificate => json!({"anyOf": [text(kind), {"type": "null"}]}),
        Kind::Price(_) => number(json!({"type": "number", "minimum": 0, "maximum": PRICE_LIMIT})),
        Kind::Whole(_) => number(json!({"type": "integer", "minimum": 0, "maximum": MAX_WHOLE})),
        Kind::Flag(_) => number(json!({"enum": [true, false, 1, 0]})),
        Kind::Tags => json!({"anyOf": [{"type": "array", "items": in_json(Kind::Text(MAX_TEXT))}, not_given()]}),
        Kind::FreeMetadata => json!({"anyOf": [text(kind), not_given()]}),
    }
}

/// The schema of a kind in a form or a query string, where everything is text.
pub(crate) fn text(kind: Kind) -> Value {
    let blank_or = |pattern: &str| json!({"type": "string", "pattern": format!(r"^\s*({pattern})?\s*$")});
    let choice = |names: &[&str]| json!({"anyOf": [{"type": "string", "enum": names}, {"type": "string"}]});
    match kind {
        Kind::Text(most) => json!({"type": "string", "maxLength": most}),
        Kind::State => json!({"type": "string", "maxLength": MAX_TEXT}),
        Kind::Phone => json!({"type": "string", "maxLength": MAX_PHONE}),
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
        Kind::Certificate => json!({"type": "string", "maxLength": MAX_CERTIFICATE_URL}),
        Kind::Tags => json!({"type": "array", "items": text(Kind::Text(MAX_TEXT))}),
        // A form may hold the whole map as JSON, too.
        Kind::FreeMetadata => json!({
            "type": "object",
            "additionalProperties": {"type": ["string", "number", "boolean", "null"], "maxLength": MAX_TEXT},
        }),
    }
}

/// The schema of a kind in the answer, where values are normalized and members that were not given are left out.
pub(crate) fn in_answer(kind: Kind) -> Value {
    let text = |most: usize| json!({"type": "string", "minLength": 1, "maxLength": most});
    match kind {
        Kind::Text(most) => text(most),
        Kind::State => text(MAX_TEXT),
        Kind::Certificate => text(MAX_CERTIFICATE_URL),
        Kind::Email => json!({"type": "string", "maxLength": MAX_EMAIL, "pattern": "^[^@]+@[^@]+$"}),
        Kind::Phone => json!({"type": "string", "pattern": r"^\+1[0-9]{10}$"}),
        Kind::BirthDate => json!({"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}),
        Kind::CapturedAt => moment(),
        Kind::IpAddress => json!({"type": "string", "pattern": "^[0-9a-f:.]{2,45}$"}),
        Kind::Gender => json!({"type": "string", "enum": Gender::NAMES}),
        Kind::MaritalStatus => json!({"type": "string", "enum": MaritalStatus::NAMES}),
        Kind::EmploymentType => json!({"type": "string", "enum": EmploymentType::NAMES}),
        Kind::Price(_) => json!({"type": "number", "minimum": 0, "maximum": PRICE_LIMIT}),
        Kind::Whole(_) => json!({"type": "integer", "minimum": 0, "maximum": MAX_WHOLE}),
        Kind::Flag(_) => json!({"type": "boolean"}),
        Kind::Tags => {
            json!({"type": "array", "maxItems": MAX_TAGS, "uniqueItems": true, "items": text(MAX_TEXT)})
        }
        Kind::FreeMetadata => json!({
            "type": "object",
            "maxProperties": MAX_ENTRIES,
            "propertyNames": {"minLength": 1, "maxLength": MAX_ENTRY_NAME},
            "additionalProperties": text(MAX_TEXT),
        }),
    }
}

/// The schema of a time in the answer: UTC, to the millisecond.
pub(crate) fn moment() -> Value {
    json!({
        "type": "string",
        "format": "date-time",
        "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$",
    })
}

/// The schema of an identifier.
pub(crate) fn id() -> Value {
    json!({"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"})
}

/// The values that mean "not given" for an object or a list.
pub(crate) fn not_given() -> Value {
    json!({"type": ["string", "null"], "pattern": r"^\s*$"})
}
