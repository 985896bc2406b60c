//! JSON Schemas for each kind of member: in a JSON body, in a form or query, and in the answer.
//!
//! A request schema has what a partner should send, in types that every generator knows. The API accepts more (contract,
//! section 3), and the descriptions say so.

use leadping::lead::choices::{EmploymentType, Gender, MaritalStatus};
use leadping::payload::fields::{
    Kind, MAX_CERTIFICATE_URL, MAX_EMAIL, MAX_ENTRIES, MAX_ENTRY_NAME, MAX_PHONE, MAX_PRICE_DECIMALS, MAX_PRICE_DIGITS,
    MAX_TAGS, MAX_TEXT, MAX_WHOLE,
};
use serde::Serialize;
use serde_json::{Value, json};

/// The extension that holds the values of an open list.
pub(crate) const VALUES: &str = "x-extensible-enum";

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

/// Whether [`about`] says more about a value than its type and its length do.
pub(crate) fn has_rules(kind: Kind) -> bool {
    !matches!(kind, Kind::Text(_))
}

/// The schema of a kind in a JSON body: what a partner should send, in the plainest type.
pub(crate) fn in_json(kind: Kind) -> Value {
    let text = |most: usize| json!({"type": "string", "maxLength": most});
    match kind {
        Kind::Text(most) => text(most),
        Kind::State => text(MAX_TEXT),
        Kind::Phone => text(MAX_PHONE),
        Kind::Email => text(MAX_EMAIL),
        Kind::Certificate => text(MAX_CERTIFICATE_URL),
        Kind::BirthDate => json!({"type": "string", "format": "date"}),
        Kind::CapturedAt => json!({"type": "string", "format": "date-time"}),
        Kind::IpAddress => json!({"type": "string"}),
        Kind::Gender | Kind::MaritalStatus | Kind::EmploymentType => {
            json!({"$ref": format!("#/components/schemas/{}", name(kind))})
        }
        Kind::Price(_) => json!({"type": "number", "minimum": 0, "exclusiveMaximum": PRICE_LIMIT}),
        Kind::Whole(_) => json!({"type": "integer", "minimum": 0, "maximum": MAX_WHOLE}),
        Kind::Flag(_) => json!({"type": "boolean"}),
        Kind::Tags => json!({"type": "array", "maxItems": MAX_TAGS, "items": text(MAX_TEXT)}),
        Kind::FreeMetadata => {
            json!({"type": "object", "maxProperties": MAX_ENTRIES, "additionalProperties": text(MAX_TEXT)})
        }
    }
}

/// The schema of a kind in a form or a query string. A map is text: generated clients disagree about how to write one
/// in brackets.
pub(crate) fn in_form(kind: Kind) -> Value {
    match kind {
        Kind::FreeMetadata => json!({
            "type": "string",
            "description": "As text: a JSON object. A name with brackets, such as `sourceMetadata[placement]`, is read, too.",
        }),
        _ => in_json(kind),
    }
}

/// The schemas that members of requests refer to: the lists of choices.
pub(crate) fn choices() -> [(&'static str, Value); 3] {
    [
        (Kind::Gender, Gender::NAMES),
        (Kind::MaritalStatus, MaritalStatus::NAMES),
        (Kind::EmploymentType, EmploymentType::NAMES),
    ]
    .map(|(kind, names)| (name(kind), json!({"type": "string", "enum": names, "description": about(kind)})))
}

/// The schema of a kind in the answer, where values are normalized and members that were not given are left out. It has
/// no bounds and no closed lists, which a client that checks answers would hold against a later release.
pub(crate) fn in_answer(kind: Kind) -> Value {
    match kind {
        Kind::Gender => open(Gender::NAMES),
        Kind::MaritalStatus => open(MaritalStatus::NAMES),
        Kind::EmploymentType => open(EmploymentType::NAMES),
        Kind::Price(_) => json!({"type": "number"}),
        Kind::Whole(_) => json!({"type": "integer"}),
        Kind::Flag(_) => json!({"type": "boolean"}),
        Kind::BirthDate => json!({"type": "string", "format": "date"}),
        Kind::CapturedAt => json!({"type": "string", "format": "date-time"}),
        Kind::Tags => json!({"type": "array", "items": {"type": "string"}}),
        Kind::FreeMetadata => json!({"type": "object", "additionalProperties": {"type": "string"}}),
        Kind::Text(_) | Kind::State | Kind::Certificate | Kind::Email | Kind::Phone | Kind::IpAddress => {
            json!({"type": "string"})
        }
    }
}

/// A text in an answer with its values of today. Clients must not refuse another one; [`crate::Validator`] does.
pub(crate) fn open(values: impl Serialize) -> Value {
    json!({"type": "string", (VALUES): values})
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
