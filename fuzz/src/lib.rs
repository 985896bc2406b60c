//! Shared code of the event targets: an API function without the services that it calls.
//!
//! An input is a Lambda event in JSON, which is read as the runtime reads it. An input that is not an event becomes the
//! payload of a valid event, so that no input is wasted and payloads are explored as well. The event then runs through
//! everything before the first call of TrustedForm: the service around the handler, the credentials, the payload, its
//! identity and all rules.

pub mod reading;
mod table;

use std::sync::LazyLock;

use data_encoding::BASE64;
use futures_util::FutureExt;
use lambda_http::request::LambdaRequest;
use lambda_http::{Context, LambdaEvent, Request, Service};
use leadping::check::{Question, spec};
use leadping::http::{self, Problem, Route, WindowRoute};
use leadping::id::{AccountId, BusinessId, SourceId};
use leadping::intake::{Accepted, Judged, Post, judge, request};
use leadping::lead::state::State;
use leadping::payload::Entrance;
use leadping::source::{Sender, Source, SourceKey};
use leadping::time::Timestamp;
use leadping::validation::Verdict;
use serde_json::{Value, json};

/// An event as AWS sends it, with the credentials of [`SOURCE`].
const SAMPLE: &str = include_str!("../../events/create-lead.json");

const SOURCE_ID: &str = "source_123";
const SOURCE_KEY: &str = "lp_source_key";

/// A source with every kind of rule, so that each one is reached.
static SOURCE: LazyLock<Source> = LazyLock::new(|| Source {
    id: SourceId::parse(SOURCE_ID).expect("a source's id"),
    name: "Fuzz".to_owned(),
    account_id: Some(AccountId::parse("account_1").expect("an account's id")),
    business_id: Some(BusinessId::parse("business_1").expect("a business's id")),
    enabled: true,
    approved: true,
    allowed_states: State::parse("TX").into_iter().collect(),
    allowed_products: vec!["Example product".to_owned()],
    requires_trusted_form: true,
    retain_certificates: false,
    default_tag_ids: vec!["tag_1".to_owned()],
    default_tag_names: vec!["Partner".to_owned()],
    keys: vec![SourceKey::presented(SOURCE_KEY).stored(now())],
    limits: None,
    duplicates: None,
    test_keys: Vec::new(),
    salt: "salt".to_owned(),
    created_at: now(),
    revision: 0,
});

/// Always the same time, so that an input always has the same effect.
fn now() -> Timestamp {
    "2026-06-15T12:00:00Z".parse().expect("a timestamp")
}

/// Runs an input through the function of `entrance`, and checks the answer.
///
/// # Panics
/// When the answer breaks the contract, which is what the fuzzer looks for.
pub fn answer(entrance: Entrance, input: &[u8]) {
    let event = serde_json::from_slice(input).unwrap_or_else(|_| event(entrance, input));
    let mut service = http::service(entrance.path(), move |request| async move {
        http::respond(&request, async { outcome(entrance, &request) }).await
    });
    let answer = service.call(LambdaEvent::new(event, Context::default())).now_or_never();
    let answer = answer.expect("nothing here makes a call").expect("the function answers");
    check(&serde_json::to_value(answer).expect("the answer is JSON"));
}

/// Runs an input through the partner's window without the tables: its routes, the option of a dry run, and what is asked.
///
/// # Panics
/// When the answer breaks the contract, which is what the fuzzer looks for.
pub fn window(input: &[u8]) {
    let event = serde_json::from_slice(input).unwrap_or_else(|_| asking(input));
    let of_window = |route| match route {
        Route::Window(route) => Some(route),
        _ => None,
    };
    let mut service = http::routed(of_window, move |route, parameter, request: Request| async move {
        http::respond(&request, async { asked(route, &parameter, &request) }).await
    });
    let answer = service.call(LambdaEvent::new(event, Context::default())).now_or_never();
    let answer = answer.expect("nothing here makes a call").expect("the function answers");
    check(&serde_json::to_value(answer).expect("the answer is JSON"));
}

/// [`leadping::check::Window::answer`] without the tables and TrustedForm. Nothing is found.
fn asked(route: WindowRoute, parameter: &str, request: &Request) -> Result<Accepted, Problem> {
    let sender = sender(request)?;
    match Question::of(route, parameter, request)? {
        Question::DryRun(entrance) => {
            let post = Post::of(entrance, request);
            let (query, _) = leadping::check::payload_query(post.query);
            judged(&Post { query: &query, ..post }, &sender)
        }
        Question::Spec => Ok(lead(&serde_json::to_string(&spec::of(&sender.source)).expect("it is JSON"))),
        Question::Standing | Question::Lead(_) | Question::Leads(_) | Question::Submission(_) => Ok(lead("")),
    }
}

fn lead(about: &str) -> Accepted {
    Accepted { lead: json!({"id": "lead_a", "about": about}).to_string(), replayed: false, test: false, usage: None }
}

/// A valid event whose path, or query after a `?`, is the input.
fn asking(input: &[u8]) -> LambdaRequest {
    let text = String::from_utf8_lossy(input);
    let (path, query) = text.split_once('?').unwrap_or((&text, ""));
    let mut event: Value = serde_json::from_str(SAMPLE).expect("the sample is JSON");
    event["requestContext"]["http"]["method"] = "GET".into();
    event["routeKey"] = "$default".into();
    event["rawPath"] = format!("/sources/me{path}").into();
    event["rawQueryString"] = query.into();
    serde_json::from_value(event).expect("this is an event")
}

/// A valid event with this payload. In the flat entrance, a first `q` makes the rest a query and a first `f` a form. Any
/// other payload is JSON.
fn event(entrance: Entrance, payload: &[u8]) -> LambdaRequest {
    let (method, query, content_type, body) = match (entrance, payload.split_first()) {
        (Entrance::Flat, Some((b'q', query))) => ("GET", String::from_utf8_lossy(query), "", &b""[..]),
        (Entrance::Flat, Some((b'f', form))) => ("POST", "".into(), "application/x-www-form-urlencoded", form),
        _ => ("POST", "".into(), "application/json", payload),
    };
    let mut event: Value = serde_json::from_str(SAMPLE).expect("the sample is JSON");
    event["requestContext"]["http"]["method"] = method.into();
    event["rawQueryString"] = query.into();
    event["headers"]["content-type"] = content_type.into();
    event["body"] = BASE64.encode(body).into();
    event["isBase64Encoded"] = true.into();
    serde_json::from_value(event).expect("this is an event")
}

/// [`leadping::intake::Intake::answer`] without the tables, the queue and TrustedForm.
fn outcome(entrance: Entrance, request: &Request) -> Result<Accepted, Problem> {
    judged(&Post::of(entrance, request), &sender(request)?)
}

fn sender(request: &Request) -> Result<Sender, Problem> {
    let (id, key) = request::credentials(request.headers())?;
    let mode = SOURCE.accepts(&key, now()).filter(|_| id == SOURCE.id).map(|(mode, _)| mode);
    mode.map(|mode| Sender { source: SOURCE.clone(), key, mode }).ok_or(Problem::Unauthorized)
}

fn judged(post: &Post<'_>, sender: &Sender) -> Result<Accepted, Problem> {
    let Judged { identity, verdict, .. } = judge(post, sender, now())?;
    match verdict {
        Verdict::Valid(_) => Ok(Accepted {
            lead: json!({"id": identity.lead_id}).to_string(),
            replayed: false,
            test: false,
            usage: None,
        }),
        Verdict::RefusedBySource(failures) | Verdict::Refused(failures) => Err(Problem::Validation(failures)),
    }
}

/// Checks that the answer is a lead or a problem, but not an internal error (contract, section 6).
fn check(answer: &Value) {
    let body = answer["body"].as_str().expect("a body");
    let mut body: Value = serde_json::from_str(body).expect("the body is JSON");
    if body == json!({"message": "Not Found"}) {
        return; // no route of this function
    }
    // The request id comes from the gateway, and may contain anything.
    body["requestId"].take();
    assert!(!body.to_string().contains(SOURCE_KEY), "the key is in the answer");
    let (codes, content_type): (&[&str], _) = match answer["statusCode"].as_u64() {
        Some(201) => (&[], "application/json"),
        Some(400) => (
            &["validation", "payload.malformed", "idempotency_key.invalid", "query.invalid"],
            "application/problem+json",
        ),
        Some(404) => (&["lead.not_found"], "application/problem+json"),
        Some(401) => (&["credentials.invalid"], "application/problem+json"),
        Some(413) => (&["payload.too_large"], "application/problem+json"),
        Some(415) => (&["payload.media_type"], "application/problem+json"),
        status => panic!("not a status of the contract: {status:?}"),
    };
    let headers = &answer["headers"];
    assert_eq!(headers["content-type"], content_type);
    assert_eq!(headers["cache-control"], "no-store");
    if codes.is_empty() {
        assert!(body["id"].as_str().is_some_and(|id| id.starts_with("lead_")));
        return;
    }
    assert!(body["code"].as_str().is_some_and(|code| codes.contains(&code)), "{}", body["code"]);
    assert_eq!(body["status"], answer["statusCode"]);
    let failures = body["errors"].as_array().map_or(0, Vec::len);
    let lists = answer["statusCode"] == 400 && body["code"] != "query.invalid";
    assert_eq!(lists, (1..=100).contains(&failures), "{failures} failures");
}
