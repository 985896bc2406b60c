//! The bodies of Telnyx Number Lookup, as in its reference. Data that was not requested is null.

use serde_json::{Value, json};

use super::{Line, Refusal, national_format};

/// The answer for `number`, with the kinds of data named in `types`.
pub(super) fn answer(number: &str, line: Line, types: &[&str]) -> Value {
    let asked = |name: &str, data: Value| {
        if types.contains(&name) { data } else { Value::Null }
    };
    json!({"data": {
        "record_type": "number_lookup",
        "phone_number": number,
        "national_format": national_format(number),
        "country_code": "US",
        "fraud": null,
        "carrier": asked("carrier", carrier(line)),
        "caller_name": asked(
            "caller-name",
            json!({"caller_name": "EXAMPLE CALLER", "error_code": null}),
        ),
        "portability": null,
    }})
}

fn carrier(line: Line) -> Value {
    let (kind, name, country, network) = match line {
        Line::Mobile => ("mobile", json!("Example Wireless"), json!("311"), json!("180")),
        Line::Landline => ("fixed line", json!("Example Telephone"), Value::Null, Value::Null),
        // The reference says that the network code is a string. In Telnyx's own example, a VoIP line, it is a number.
        Line::Voip => ("voip", json!("Example Cloud/4"), json!("US"), json!(512)),
        Line::TollFree => ("toll free", json!("Example Toll Free"), Value::Null, Value::Null),
        Line::Invalid => ("unknown", Value::Null, Value::Null, Value::Null),
    };
    json!({
        "name": name,
        "type": kind,
        "mobile_country_code": country,
        "mobile_network_code": network,
        "normalized_carrier": null,
        "error_code": null,
    })
}

/// Telnyx's error body.
pub(super) fn problem(refusal: Refusal) -> Value {
    let (code, title, detail) = match refusal {
        Refusal::Throttled => {
            ("10011", "Too many requests", "You have exceeded the maximum number of allowed requests.")
        }
        Refusal::Down => ("10016", "Service unavailable", "The service is temporarily unavailable."),
        Refusal::Credentials => (
            "10009",
            "Authentication failed",
            "The required authentication headers were either invalid or not included in the request.",
        ),
        Refusal::NotFound => ("10005", "Resource not found", "The requested resource or URL could not be found."),
    };
    json!({"errors": [{"code": code, "title": title, "detail": detail}]})
}
