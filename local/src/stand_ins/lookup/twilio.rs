//! The bodies of Twilio Lookup v2, as in its published OpenAPI description. Data packages that were not requested are null.

use serde_json::{Value, json};

use super::{Line, Refusal, national_format};

/// The answer for `number`, with the data packages named in `fields`.
pub(super) fn answer(number: &str, line: Line, fields: &[&str]) -> Value {
    let valid = line != Line::Invalid;
    let package = |name: &str, data: Value| {
        if valid && fields.contains(&name) { data } else { Value::Null }
    };
    let line_type = package("line_type_intelligence", line_type(line));
    let caller_name =
        package("caller_name", json!({"caller_name": "EXAMPLE CALLER", "caller_type": "CONSUMER", "error_code": null}));
    json!({
        "calling_country_code": valid.then_some("1"),
        "country_code": valid.then_some("US"),
        "phone_number": number,
        "national_format": valid.then(|| national_format(number)),
        "valid": valid,
        "validation_errors": if valid { json!([]) } else { json!(["INVALID_BUT_POSSIBLE"]) },
        "caller_name": caller_name,
        "sim_swap": null,
        "call_forwarding": null,
        "line_status": null,
        "line_type_intelligence": line_type,
        "identity_match": null,
        "reassigned_number": null,
        "sms_pumping_risk": null,
        "phone_number_quality_score": null,
        "pre_fill": null,
        "url": format!("https://lookups.twilio.com/v2/PhoneNumbers/{number}"),
    })
}

fn line_type(line: Line) -> Value {
    let (kind, carrier, network) = match line {
        Line::Mobile => ("mobile", "Example Wireless", Some("180")),
        Line::Landline => ("landline", "Example Telephone", None),
        Line::Voip => ("fixedVoip", "Example Cloud Communications", None),
        Line::TollFree => ("tollFree", "Example Toll Free", None),
        Line::Invalid => return Value::Null,
    };
    json!({
        "error_code": null,
        "mobile_country_code": network.map(|_| "311"),
        "mobile_network_code": network,
        "carrier_name": carrier,
        "type": kind,
    })
}

/// Twilio's error body. Its text for an unknown resource repeats the path, and so the number, as the real one does.
pub(super) fn problem(number: &str, refusal: Refusal) -> Value {
    let (code, message) = match refusal {
        Refusal::Throttled => (20429, "Too Many Requests".to_owned()),
        Refusal::Down => (20503, "Service is unavailable".to_owned()),
        Refusal::Credentials => (20003, "Authenticate".to_owned()),
        Refusal::NotFound => (20404, format!("The requested resource /PhoneNumbers/{number} was not found")),
    };
    json!({
        "code": code,
        "message": message,
        "more_info": format!("https://www.twilio.com/docs/errors/{code}"),
        "status": refusal.status().as_u16(),
    })
}
