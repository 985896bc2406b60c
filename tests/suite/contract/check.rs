//! What every answer must be, and what the case says of its own.

use std::collections::BTreeMap;

use leadping::failure::Code;
use serde_json::Value;
use serde_json::value::RawValue;
use tests::Answer;

use super::case::{Members, Post, Way};
use super::payload::{self, Request};

/// Every top-level code with its status and the end of its type (contract, section 6), but for the two that no caller
/// can provoke: `internal.error` and `storage.unavailable`.
pub(super) const PROBLEMS: [(&str, u16, &str); 10] = [
    ("payload.malformed", 400, "malformed"),
    ("idempotency_key.invalid", 400, "malformed"),
    ("validation", 400, "validation"),
    ("credentials.invalid", 401, "unauthorized"),
    ("source.disabled", 403, "forbidden"),
    ("source.not_attached", 403, "forbidden"),
    ("payload.too_large", 413, "too-large"),
    ("payload.media_type", 415, "unsupported-media-type"),
    ("idempotency_key.reused", 422, "idempotency-key-reused"),
    ("trusted_form.unavailable", 503, "unavailable"),
];

/// The shortest text of a post that is looked for in a refusal: shorter ones are there by chance.
const TELLING: usize = 8;

/// Everything that is not as it should be.
pub(super) fn complaints(post: &Post, way: Way, request: &Request, answer: &Answer) -> Vec<String> {
    let mut wrong = Wrong(Vec::new());
    if let Some(status) = post.status {
        // The gateway's own answer, of which the contract says only that it is plain.
        wrong.unless("status", &status, &answer.status.as_u16());
    } else {
        every_answer(&mut wrong, answer);
        match post.code.as_deref().or(post.fails.is_some().then_some("validation")) {
            Some(code) => problem(&mut wrong, code, post, way, request, answer),
            None => lead(&mut wrong, post, answer),
        }
    }
    for (name, value) in &post.answers {
        wrong.unless(&format!("header {name}"), value, &header(answer, name).map(str::to_owned));
    }
    for text in post.holds.iter().filter(|text| !answer.text.contains(text.as_str())) {
        wrong.0.push(format!("does not hold {text}"));
    }
    for text in post.hides.iter().filter(|text| answer.text.contains(text.as_str())) {
        wrong.0.push(format!("holds {text}"));
    }
    wrong.0
}

struct Wrong(Vec<String>);

impl Wrong {
    fn unless<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, expected: &T, got: &T) {
        if expected != got {
            self.0.push(format!("{what}: expected {expected:?}, got {got:?}"));
        }
    }
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.headers.get(name).and_then(|value| value.to_str().ok())
}

fn every_answer(wrong: &mut Wrong, answer: &Answer) {
    wrong.unless("Cache-Control", &Some("no-store"), &header(answer, "cache-control"));
    wrong.unless("X-Request-Id", &header(answer, "apigw-requestid"), &header(answer, "x-request-id"));
    wrong.unless("CORS", &None, &header(answer, "access-control-allow-origin"));
    let challenged = header(answer, "www-authenticate").is_some();
    wrong.unless("WWW-Authenticate", &(answer.status == 401), &challenged);
    let retry = (answer.status == 503).then_some("5");
    wrong.unless("Retry-After", &retry, &header(answer, "retry-after"));
}

fn problem(wrong: &mut Wrong, code: &str, post: &Post, way: Way, request: &Request, answer: &Answer) {
    let (_, status, slug) = *PROBLEMS.iter().find(|known| known.0 == code).unwrap_or_else(|| panic!("no code {code}"));
    let path = request.path.split('?').next().unwrap_or_default();
    wrong.unless("status", &status, &answer.status.as_u16());
    wrong.unless("Content-Type", &Some("application/problem+json"), &header(answer, "content-type"));
    for (member, expected) in [
        ("status", Value::from(status)),
        ("code", Value::from(code)),
        ("type", Value::from(format!("https://leadping.ai/docs/errors/{slug}"))),
        ("instance", Value::from(path)),
        ("requestId", header(answer, "x-request-id").into()),
    ] {
        wrong.unless(member, &expected, &answer.body[member]);
    }
    for member in ["title", "detail"] {
        if answer.body[member].as_str().is_none_or(str::is_empty) {
            wrong.0.push(format!("no {member}"));
        }
    }
    wrong.unless("errors at all", &(status == 400), &answer.body["errors"].is_array());
    if let Some(fails) = &post.fails {
        let pointed = |(code, path): &(String, Option<String>)| {
            (code.clone(), path.as_deref().map(|path| payload::pointer(path, way)))
        };
        let expected: Vec<_> = fails.iter().map(pointed).collect();
        let got: Vec<_> =
            answer.failures().iter().map(|(code, at)| ((*code).to_owned(), at.map(str::to_owned))).collect();
        wrong.unless("failures", &expected, &got);
    }
    if let Some(count) = post.count {
        wrong.unless("count of failures", &count, &answer.failures().len());
    }
    let documented = |text: &str| Code::ALL.iter().any(|code| code.detail().contains(text));
    let said = [&answer.body["title"], &answer.body["detail"], &answer.body["errors"]].map(Value::to_string).concat();
    for text in payload::texts(post) {
        if text.len() >= TELLING && said.contains(&text) && !documented(&text) {
            wrong.0.push("repeats what was sent".to_owned());
        }
    }
}

fn lead(wrong: &mut Wrong, post: &Post, answer: &Answer) {
    wrong.unless("status", &201, &answer.status.as_u16());
    if answer.status != 201 {
        wrong.0.push(format!("failures: {:?}", answer.failures()));
        return;
    }
    wrong.unless("Content-Type", &Some("application/json"), &header(answer, "content-type"));
    wrong.unless("sourceId", &Value::from(&*post.source), &answer.body["sourceId"]);
    wrong.unless("accountId", &Value::from("account_1"), &answer.body["accountId"]);
    wrong.unless("businessId", &Value::from("business_1"), &answer.body["metadata"]["businessId"]);
    let id = answer.body["id"].as_str().and_then(|id| id.strip_prefix("lead_")).unwrap_or_default();
    if id.len() != 32 || !id.bytes().all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7')) {
        wrong.0.push("the id is not lead_ and 32 characters of base32".to_owned());
    }
    let status = answer.body["processingStatus"].as_str();
    if !matches!(status, Some("Enriching" | "Ready")) {
        wrong.0.push(format!("processingStatus: {status:?}"));
    }
    for object in ["metadata", "contact", "customer"] {
        wrong.unless(object, &true, &answer.body[object].is_object());
    }
    for list in ["tagIds", "tagNames"] {
        wrong.unless(list, &true, &answer.body[list].is_array());
    }
    if !answer.body["contact"]["phone"]["lookup"].is_null() {
        wrong.0.push("the lookup is in the answer".to_owned());
    }
    for (path, expected) in &post.stored {
        let got = at(&answer.text, path);
        let same = match &got {
            None => expected == "null",
            // A number by its text: a price keeps its digits.
            Some(got) if got.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => got == expected,
            Some(got) => value(got) == value(expected),
        };
        if !same {
            wrong.0.push(format!("{path}: expected {expected}, got {}", got.as_deref().unwrap_or("nothing")));
        }
    }
}

fn value(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

/// What stands at a path of a JSON text, as it stands there.
fn at(json: &str, path: &str) -> Option<String> {
    let mut json = json.to_owned();
    for name in path.split('.') {
        let mut members: BTreeMap<String, Box<RawValue>> = serde_json::from_str::<Members>(&json).ok()?;
        json = members.remove(name)?.get().to_owned();
    }
    Some(json)
}
