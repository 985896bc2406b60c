//! What one source must send: the table of fields and the codes, with the source's own rules applied (contract, section 9).
//! `GET /sources/me/spec` returns it, and `leadctl source spec` makes a page of it. It never holds a key.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use crate::failure::Code;
use crate::http::{Problem, Route, WindowRoute};
use crate::id::SourceId;
use crate::intake::request;
use crate::lead::state::State;
use crate::lookup::test;
use crate::payload::Member;
use crate::source::Source;
use crate::source::limits::{Action, Caps, Duplicates};
use crate::trusted_form;

/// A certificate that a test key may use.
const CERTIFICATE: &str = "https://cert.trustedform.com/test-accepted";

/// Where the address of the API goes in a command.
pub const ADDRESS: &str = "$LEADPING_URL";

/// What a source must send, and what it can be answered.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "each is what it is called")]
pub struct Spec<'a> {
    pub source: Named<'a>,
    pub endpoints: Vec<Endpoint>,
    pub headers: Vec<Header>,
    /// What every lead of the source needs.
    pub required: Vec<MemberSpec>,
    /// Every member that a lead may have.
    pub members: Vec<MemberSpec>,
    /// The states that leads may be from; any if empty.
    pub allowed_states: &'a [State],
    /// The products that leads may be for; any if empty.
    pub allowed_products: &'a [String],
    pub requires_trusted_form: bool,
    pub limits: Vec<Limit>,
    /// What happens when a person comes again; nothing without it.
    pub duplicates: Option<&'a Duplicates>,
    pub test_values: Vec<TestValue>,
    pub commands: Vec<Command>,
    pub codes: Vec<CodeSpec>,
}

/// A source by its id and name.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "each is what it is called")]
pub struct Named<'a> {
    pub id: &'a SourceId,
    pub name: &'a str,
}

/// A method and path, and what it is for.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "each is what it is called")]
pub struct Endpoint {
    pub method: String,
    pub path: &'static str,
    pub about: &'static str,
}

/// A header of a request.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "each is what it is called")]
pub struct Header {
    pub name: &'static str,
    /// What to send.
    pub value: String,
    pub required: bool,
}

/// A member of the payload.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "each is what it is called")]
pub struct MemberSpec {
    /// Its place in the structured payload.
    pub structured: &'static str,
    /// Its name in the flat payload, which has no objects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flat: Option<&'static str>,
    pub about: &'static str,
}

/// A limit of the intake.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "each is what it is called")]
pub struct Limit {
    pub of: Cow<'static, str>,
    pub most: usize,
}

/// A value that has a fixed result with a test key.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "each is what it is called")]
pub struct TestValue {
    /// The member's place in the structured payload.
    pub member: &'static str,
    pub value: String,
    pub result: String,
}

/// A command for a shell, with the address in `LEADPING_URL` and the key, a test key at first, in `LEADPING_KEY`.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "each is what it is called")]
pub struct Command {
    pub about: &'static str,
    pub command: String,
}

/// A code that the source can be answered.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "each is what it is called")]
pub struct CodeSpec {
    pub status: u16,
    pub code: &'static str,
    pub detail: &'static str,
}

/// What this source must send.
pub fn of(source: &Source) -> Spec<'_> {
    Spec {
        source: Named { id: &source.id, name: &source.name },
        endpoints: endpoints(),
        headers: headers(source),
        required: required(source),
        members: Member::ALL.iter().map(|member| MemberSpec::of(*member)).collect(),
        allowed_states: &source.allowed_states,
        allowed_products: &source.allowed_products,
        requires_trusted_form: source.requires_trusted_form,
        limits: limits(source),
        duplicates: source.duplicates.as_ref(),
        test_values: test_values(),
        commands: commands(source),
        codes: codes(source),
    }
}

fn endpoints() -> Vec<Endpoint> {
    let intake = [
        (Route::Leads, "Send a lead with the objects metadata, contact and customer."),
        (Route::Intake, "Send a lead with all members at the top, as JSON or as a form."),
        (Route::IntakeQuery, "Send a lead in the query string. Use it only if you cannot post."),
    ];
    let about = |route| match route {
        WindowRoute::ValidateLeads => "See what POST /leads would answer. Nothing is stored.",
        WindowRoute::ValidateIntake => "See what POST /leads/intake would answer. Nothing is stored.",
        WindowRoute::Source => "See what your source is and may do.",
        WindowRoute::Lead => "See how far a lead has come.",
        WindowRoute::Leads => "Find your leads by externalId, newest first.",
        WindowRoute::Submission => "Find the lead of an Idempotency-Key. Send the key in that header, as in the post.",
        WindowRoute::Spec => "Get this specification as JSON.",
    };
    let window = WindowRoute::ALL.map(|route| (Route::Window(route), about(route)));
    let endpoint =
        |(route, about): (Route, _)| Endpoint { method: route.method().to_string(), path: route.path(), about };
    intake.into_iter().chain(window).map(endpoint).collect()
}

fn headers(source: &Source) -> Vec<Header> {
    let header = |name, value: &str, required| Header { name, value: value.to_owned(), required };
    vec![
        header("X-Leadping-Source-Id", source.id.as_str(), true),
        header("X-Leadping-Source-Key", "One of your keys. Never in a URL, a payload or a browser.", true),
        header("Content-Type", "application/json; a form is read at /leads/intake only.", true),
        header(
            "Idempotency-Key",
            "Your own id of the submission. Keep it for retries: GET /sources/me/submissions needs it.",
            false,
        ),
    ]
}

fn required(source: &Source) -> Vec<MemberSpec> {
    let object = |structured, about| MemberSpec { structured, flat: None, about };
    let member = |member: Member, about| MemberSpec { about, ..MemberSpec::of(member) };
    let mut required = vec![
        object("metadata", "An object. It may be empty unless something below is in it."),
        object("contact", "An object, with an e-mail address or a phone number."),
        object("customer", "An object. It may be empty."),
        member(Member::Email, "Required if there is no phone number."),
        member(Member::PhoneNumber, "Required if there is no e-mail address."),
    ];
    if source.requires_trusted_form {
        required.push(member(Member::TrustedFormUrl, "The URL of the lead's own TrustedForm certificate."));
    }
    if !source.allowed_states.is_empty() {
        required.push(member(Member::State, "One of the allowed states, by USPS code or name."));
    }
    if !source.allowed_products.is_empty() {
        required.push(member(Member::Product, "One of the allowed products."));
    }
    required
}

fn limits(source: &Source) -> Vec<Limit> {
    use crate::payload::fields::{MAX_ENTRIES, MAX_TAGS, MAX_TEXT, MAX_TRACKING_URL};
    let mut limits = vec![
        Limit { of: "bytes of a body".into(), most: request::LONGEST_BODY },
        Limit { of: "characters of a text".into(), most: MAX_TEXT },
        Limit { of: "characters of landingPage and referrer".into(), most: MAX_TRACKING_URL },
        Limit { of: "tags of each kind".into(), most: MAX_TAGS },
        Limit { of: "entries of sourceMetadata".into(), most: MAX_ENTRIES },
    ];
    if let Some(Caps { day, hour, time_zone }) = &source.limits {
        let caps = [(day, "a day"), (hour, "an hour")].into_iter().filter_map(|(cap, window)| {
            let of = format!("new leads {window}, in the time zone {}", time_zone.as_str());
            Some(Limit { of: of.into(), most: usize::try_from((*cap)?).unwrap_or(usize::MAX) })
        });
        limits.extend(caps);
    }
    limits
}

fn test_values() -> Vec<TestValue> {
    let certificates = trusted_form::FIXED.into_iter().map(|(beginning, verdict)| TestValue {
        member: MemberSpec::of(Member::TrustedFormUrl).structured,
        value: format!("https://cert.trustedform.com/{beginning}"),
        result: verdict.map_or_else(|refusal| refusal.to_string(), |()| "the certificate is accepted".to_owned()),
    });
    let numbers = test::FIXED.into_iter().map(|(digits, fixed)| TestValue {
        member: MemberSpec::of(Member::PhoneNumber).structured,
        value: format!("+1512555{digits}"),
        result: fixed.about().to_owned(),
    });
    certificates.chain(numbers).collect()
}

fn commands(source: &Source) -> Vec<Command> {
    let credentials =
        format!("-H 'X-Leadping-Source-Id: {}' \\\n  -H \"X-Leadping-Source-Key: $LEADPING_KEY\"", source.id);
    let lead = quoted(&example(source).to_string());
    let post = |path: &str, more: &str| {
        format!(
            "curl -i \"{ADDRESS}{path}\" \\\n  {credentials} \\\n  -H 'Content-Type: application/json' \\\n{more}  -d {lead}"
        )
    };
    vec![
        Command {
            about: "Check a lead, with a test key first. Nothing is stored.",
            command: post(WindowRoute::ValidateLeads.path(), ""),
        },
        Command {
            about: "Send it, with a test key first: that makes a test lead. With a live key it is a real lead.",
            command: post(Route::Leads.path(), "  -H 'Idempotency-Key: my-first-lead' \\\n"),
        },
        Command {
            about: "See what your source may do.",
            command: format!("curl -i \"{ADDRESS}{}\" \\\n  {credentials}", WindowRoute::Source.path()),
        },
    ]
}

/// A lead that the source's rules allow, with a person and a certificate that do not exist.
pub fn example(source: &Source) -> Value {
    let metadata = [
        ("trustedFormUrl", source.requires_trusted_form.then(|| CERTIFICATE.to_owned())),
        ("product", source.allowed_products.first().cloned()),
    ];
    let metadata: BTreeMap<_, _> = metadata.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let address = source.allowed_states.first().map(|state| ("streetAddress", json!({"state": state})));
    let contact = [
        ("firstName", json!("Jordan")),
        ("email", json!("jordan@example.com")),
        ("phone", json!({"number": "+15555550123"})),
    ];
    let contact: BTreeMap<_, _> = contact.into_iter().chain(address).collect();
    json!({"metadata": metadata, "contact": contact, "customer": {}})
}

/// One word of a shell's command line.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Every code that the source can be answered under its rules, with those that an operator can cause at any time.
fn codes(source: &Source) -> Vec<CodeSpec> {
    let can_happen = |code: &Code| match code {
        Code::StateRequired | Code::StateNotAllowed => !source.allowed_states.is_empty(),
        Code::ProductRequired | Code::ProductNotAllowed => !source.allowed_products.is_empty(),
        Code::TrustedFormRequired => source.requires_trusted_form,
        _ => true,
    };
    let failures = Code::ALL.iter().filter(|code| can_happen(code));
    let failures = failures.map(|code| CodeSpec { status: 400, code: code.as_str(), detail: code.detail() });
    let problems = Problem::each().into_iter().chain(Problem::each_of_window());
    let refuses = source.duplicates.as_ref().is_some_and(|duplicates| duplicates.action == Action::Refuse);
    let problems = problems.filter(|problem| match problem {
        Problem::Duplicate => refuses,
        Problem::QuotaExceeded(_) => source.limits.is_some(),
        problem => problem.failure_codes() == [problem.code()],
    });
    let problems = problems.map(|problem| CodeSpec {
        status: problem.status().as_u16(),
        code: problem.code(),
        detail: problem.detail(),
    });
    let mut codes: Vec<CodeSpec> = failures.collect();
    for problem in problems {
        if codes.iter().all(|known| known.code != problem.code) {
            codes.push(problem);
        }
    }
    codes
}

impl MemberSpec {
    fn of(member: Member) -> Self {
        let field = member.field();
        Self {
            structured: field.structured.first().copied().unwrap_or_default(),
            flat: field.flat.first().copied(),
            about: field.about,
        }
    }
}

#[cfg(test)]
mod tests;
