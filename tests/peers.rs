//! What this project makes of a value, for `tests/peers/run` to compare with what other projects make of it.
//!
//! Reads a line `["email", "jordan@example.com"]` and prints what would be stored as JSON, `null` for what is not given, or
//! `{"fault": "email.invalid"}`.

#![expect(clippy::print_stdout, reason = "the verdicts are what it is run for")]

use std::io::stdin;

use anyhow::Context;
use leadping::failure::Code;
use leadping::lead::birth_date::BirthDate;
use leadping::lead::certificate::{Certificate, CertificateFault};
use leadping::lead::choices::Gender;
use leadping::lead::email::Email;
use leadping::lead::phone_number::{PhoneFault, PhoneNumber};
use leadping::lead::{ip_address, number, state, text};
use leadping::payload::{Reading, Unreadable, read_form};
use leadping::time::Timestamp;
use serde_json::{Value, json};

fn main() -> anyhow::Result<()> {
    for line in stdin().lines() {
        let (kind, text): (String, String) = serde_json::from_str(&line?)?;
        let value = match text.trim() {
            _ if kind == "form" => form(&text),
            text if text::is_blank(text) => Value::Null,
            text => verdict(&kind, text).with_context(|| format!("what is {kind}?"))?,
        };
        println!("{value}");
    }
    Ok(())
}

fn verdict(kind: &str, text: &str) -> Option<Value> {
    let or_fault = |value: Option<Value>, code: Code| value.unwrap_or_else(|| json!({"fault": code.as_str()}));
    let now = Timestamp::now().into();
    Some(match kind {
        "email" => or_fault(Email::parse(text).map(|email| json!(email)), Code::EmailInvalid),
        "certificate" => match Certificate::parse(text) {
            Ok(certificate) => certificate.url().into(),
            Err(CertificateFault::InvalidUrl) => or_fault(None, Code::TrustedFormInvalidUrl),
            Err(CertificateFault::WrongHost) => or_fault(None, Code::TrustedFormWrongHost),
            Err(CertificateFault::WrongPath) => or_fault(None, Code::TrustedFormRejected),
        },
        "phone" => match PhoneNumber::parse(text) {
            Ok(parsed) => {
                let extension = parsed.extension.map(|extension| format!("x{extension}")).unwrap_or_default();
                format!("{}{extension}", parsed.number).into()
            }
            Err(PhoneFault::NotGiven) => Value::Null,
            Err(PhoneFault::NotPossible) => or_fault(None, Code::PhoneNotPossible),
        },
        "name" => or_fault(text::clean(text, 1_024).ok().map(Value::from), Code::TextInvalid),
        "state" => state::normalize(text).into(),
        "gender" => or_fault(Gender::parse(text).map(|gender| json!(gender)), Code::GenderUnsupported),
        "flag" => or_fault(number::flag(text).map(Value::from), Code::IsHomeownerInvalid),
        "whole" => or_fault(number::whole(text).map(Value::from), Code::IncomeInvalid),
        "birth date" => or_fault(BirthDate::parse(text, now).map(|day| json!(day)), Code::BirthDateInvalid),
        "ip address" => or_fault(ip_address::parse(text).map(|address| json!(address)), Code::IpAddressInvalid),
        _ => return None,
    })
}

/// What a form gives, by structured paths; a member that cannot be read by the code.
fn form(text: &str) -> Value {
    let submission = match read_form(text.as_bytes(), b"") {
        Ok(submission) => submission,
        Err(Unreadable::Unrecognized(_)) => return json!({"fault": Code::PayloadUnrecognized.as_str()}),
        Err(Unreadable::Malformed(_)) => return json!({"fault": Code::PayloadMalformed.as_str()}),
    };
    let given = submission.given().map(|(member, given)| {
        let value = match &given.reading {
            Reading::Scalar(text) => json!(text),
            Reading::Entries(entries) if entries.iter().any(|entry| !entry.name.is_empty()) => {
                entries.iter().map(|entry| (entry.name.clone(), json!(entry.text))).collect()
            }
            Reading::Entries(entries) => entries.iter().map(|entry| json!(entry.text)).collect(),
        };
        (member.field().structured.first().copied().unwrap_or_default().to_owned(), value)
    });
    let faults = submission
        .failures()
        .iter()
        .map(|failure| (failure.pointer.clone().unwrap_or_default(), json!({"fault": failure.code.as_str()})));
    given.chain(faults).collect()
}
