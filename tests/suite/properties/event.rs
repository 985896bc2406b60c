//! The answer to any event is a lead or a problem (contract, section 6).

use std::sync::atomic::{AtomicU32, Ordering};

use data_encoding::BASE64;
use leadping::http::{Route, WindowRoute};
use leadping::payload::Entrance;
use local::demo::{ALL, SOURCE_KEY};
use local::event::HttpEvent;
use local::function::InvokeError;
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use serde_json::{Value, json};

use super::{api, config, lead, request_id};
use crate::dry_run::{Said, differs};

/// Members that an event may lack.
const OPTIONAL: &[&str] = &[
    "/version",
    "/rawPath",
    "/rawQueryString",
    "/cookies",
    "/headers",
    "/requestContext/domainName",
    "/requestContext/stage",
    "/requestContext/requestId",
    "/requestContext/http/path",
    "/requestContext/http/protocol",
    "/requestContext/http/sourceIp",
    "/body",
    "/isBase64Encoded",
];

/// Texts with a meaning to one of the parsers.
const TOKENS: &[&str] = &[
    "\"",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "null",
    "true",
    "\\ud800",
    "\\u0000",
    "1e999",
    "-0",
    "\u{feff}",
    "&",
    "=",
    "%",
    "%ff",
    "[]",
    "\"metadata\":",
    "\"contact\":",
    "\"EMAIL\":",
    "\"phone\":",
    "\"sourceMetadata\":",
    "lp_source_key",
];

/// A payload: random bytes, random JSON, a valid payload, or a changed valid payload.
fn payload() -> impl Strategy<Value = Vec<u8>> {
    let good = (lead::acceptable(), 0..3).prop_map(|(draft, form)| match form {
        0 => draft.structured(),
        1 => draft.flat(),
        _ => draft.form(),
    });
    let good = good.prop_map(String::into_bytes).boxed();
    let edit = (any::<Index>(), 0..20_usize, select(TOKENS));
    let mutated = (good.clone(), vec(edit, 1..4)).prop_map(|(mut payload, edits)| {
        for (at, length, token) in edits {
            let start = at.index(payload.len() + 1);
            let end = payload.len().min(start + length);
            payload.splice(start..end, token.bytes());
        }
        payload
    });
    let any_text = (lead::anything(), any::<bool>())
        .prop_map(|(draft, flat)| if flat { draft.flat() } else { draft.structured() });
    prop_oneof![
        1 => vec(any::<u8>(), 0..100),
        1 => json_value().prop_map(|value| value.to_string().into_bytes()),
        4 => good,
        3 => mutated,
        1 => any_text.prop_map(String::into_bytes),
    ]
}

fn json_value() -> impl Strategy<Value = Value> {
    let name = prop_oneof!["(metadata|contact|customer|phone|tagIds|sourceMetadata|email|price)", "\\PC{0,5}"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        lead::hostile().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 40, 6, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            vec((name.clone(), inner), 0..6).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// The body of an event and its `isBase64Encoded`, which may be wrong.
fn body() -> impl Strategy<Value = (String, bool)> {
    (payload(), 0..10, any::<Index>()).prop_map(|(payload, encoding, at)| {
        let text = String::from_utf8_lossy(&payload).into_owned();
        let encoded = BASE64.encode(&payload);
        match encoding {
            0..=3 => (text, false),
            4..=7 => (encoded, true),
            8 => (text, true),
            _ => {
                let (first, second) = payload.split_at(at.index(payload.len() + 1));
                (BASE64.encode(first) + &BASE64.encode(second), true)
            }
        }
    })
}

fn query() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => lead::acceptable().prop_map(|draft| draft.form()),
        4 => lead::hostile(),
        2 => payload().prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
        1 => (lead::hostile(), 1..70_000_usize).prop_map(|(text, times)| text.repeat(times.min(200_000 / (text.len() + 1)))),
    ]
}

/// A header's value, which is rarely one that HTTP does not allow.
fn header() -> impl Strategy<Value = String> {
    prop_oneof![40 => "[ -~]{0,20}", 10 => "[ -~é漢]{0,300}", 1 => lead::hostile()]
}

fn event() -> impl Strategy<Value = Value> {
    let source = prop_oneof![14 => Just("source_123".to_owned()), 5 => select(&ALL[..]).prop_map(|(id, _)| id.to_owned()), 1 => header()];
    let key = prop_oneof![19 => Just(SOURCE_KEY.to_owned()), 1 => header()];
    let media_type = prop_oneof![
        9 => "application/(json|json; charset=latin1|vnd.x\\+json|x-www-form-urlencoded)".prop_map(Some),
        4 => Just(None),
        1 => header().prop_map(Some),
    ];
    // Most optional headers are absent.
    let idempotency = prop_oneof![14 => Just(None), 5 => "[!-~]{1,3}".prop_map(Some), 1 => header().prop_map(Some)];
    let encoding = weighted(0.03, header());
    let headers = (source, key, media_type, idempotency, encoding, header(), header(), vec(header(), 0..3));
    let method = prop_oneof![14 => Just("POST".to_owned()), 5 => Just("GET".to_owned()), 1 => "[A-Z]{1,8}"];
    let place =
        (lead::hostile(), lead::hostile(), prop_oneof![Just("$default".to_owned()), lead::hostile()], lead::hostile());
    let missing = prop_oneof![2 => Just(Vec::new()), 1 => subsequence(OPTIONAL, 0..4)];
    (method, place, query(), headers, body(), missing, any::<bool>()).prop_map(
        |(method, (path, domain, stage, ip), query, headers, (body, base64), missing, null)| {
            let (source, key, media_type, idempotency, encoding, host, agent, cookies) = headers;
            let post = HttpEvent::post(Entrance::Structured, &source, request_id(), "");
            let mut event = HttpEvent { method, query, domain, cookies, ..post }.to_json();
            event["rawPath"] = json!(path);
            event["requestContext"]["http"]["path"] = json!(path);
            event["requestContext"]["http"]["sourceIp"] = json!(ip);
            event["requestContext"]["stage"] = json!(stage);
            for (name, value) in
                [("host", &host), ("user-agent", &agent), ("x-forwarded-proto", &host), ("x-leadping-source-key", &key)]
            {
                event["headers"][name] = json!(value);
            }
            event["headers"].as_object_mut().unwrap().remove("content-type");
            event["body"] = json!(body);
            event["isBase64Encoded"] = json!(base64);
            let optional =
                [("content-type", media_type), ("idempotency-key", idempotency), ("content-encoding", encoding)];
            for (name, value) in optional {
                if let Some(value) = value {
                    event["headers"][name] = json!(value);
                }
            }
            for pointer in missing {
                let (parent, name) = pointer.rsplit_once('/').unwrap();
                let parent = event.pointer_mut(parent).and_then(Value::as_object_mut).unwrap();
                if null {
                    parent.insert(name.to_owned(), Value::Null);
                } else {
                    parent.remove(name);
                }
            }
            event
        },
    )
}

/// The codes of a status. All services are running, so there is no 503 and no 500.
fn codes(status: u64) -> &'static [&'static str] {
    match status {
        400 => &["validation", "payload.malformed", "idempotency_key.invalid"],
        401 => &["credentials.invalid"],
        403 => &["source.disabled", "source.not_attached"],
        413 => &["payload.too_large"],
        415 => &["payload.media_type"],
        422 => &["idempotency_key.reused"],
        _ => panic!("not a status of the contract: {status}"),
    }
}

fn check(event: &Value, answer: &Value) {
    let (headers, text) = (&answer["headers"], answer["body"].as_str().unwrap());
    let body: Value = serde_json::from_str(text).unwrap();
    assert!(!text.contains(SOURCE_KEY), "the key is in the answer");
    assert_eq!(headers["cache-control"], "no-store");
    let request_id = headers["x-request-id"].as_str().unwrap();
    match event["requestContext"]["requestId"].as_str() {
        None | Some("") => assert!(!request_id.is_empty(), "without a gateway's id, the invocation's id is used"),
        Some(gateway) => assert_eq!(request_id, gateway),
    }
    if answer["statusCode"] == 201 {
        assert_eq!(headers["content-type"], "application/json");
        assert!(body["id"].as_str().is_some_and(|id| id.starts_with("lead_")));
        assert!(["metadata", "contact", "customer"].iter().all(|object| body[object].is_object()));
        assert_eq!(body["processingStatus"], "Enriching");
        return;
    }
    assert_eq!(headers["content-type"], "application/problem+json");
    let (status, code) = (answer["statusCode"].as_u64().unwrap(), body["code"].as_str().unwrap());
    assert!(codes(status).contains(&code), "{status} {code}");
    assert_eq!((&body["status"], &body["requestId"]), (&json!(status), &json!(request_id)));
    assert!(["type", "title", "detail", "instance"].iter().all(|member| body[member].is_string()));
    let failures = body["errors"].as_array().map_or(0, Vec::len);
    assert_eq!(status == 400, (1..=100).contains(&failures), "{failures} failures");
}

#[test]
fn every_event_gets_an_answer_of_the_contract() {
    let (runtime, api) = api();
    let functions = api.stack.functions();
    let (accepted, refused, no_event) = (AtomicU32::new(0), AtomicU32::new(0), AtomicU32::new(0));
    proptest!(config(1), |(event in event())| {
        for function in [&functions.create_lead, &functions.intake_lead] {
            let count = match runtime.block_on(function.invoke(&event)) {
                Ok(answer) => {
                    check(&event, &answer);
                    if answer["statusCode"] == 201 { &accepted } else { &refused }
                }
                // `lambda_http` cannot read it, so it never reaches the function. No gateway sends it.
                Err(InvokeError::Event) => &no_event,
                Err(error) => panic!("{error}"),
            };
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
    let [accepted, refused, no_event] = [accepted, refused, no_event].map(AtomicU32::into_inner);
    assert!(no_event < (accepted + refused) / 8, "{no_event} were not events, {accepted} accepted, {refused} refused");
    assert!(accepted * 20 > refused, "only {accepted} were accepted, {refused} refused");
    runtime.block_on(api.stack.stop());
}

#[test]
fn a_dry_run_answers_what_the_intake_answers() {
    let (runtime, api) = api();
    let functions = api.stack.functions();
    let (accepted, replayed, refused) = (AtomicU32::new(0), AtomicU32::new(0), AtomicU32::new(0));
    let entrances = [
        (&functions.create_lead, Route::Leads, Route::Window(WindowRoute::ValidateLeads)),
        (&functions.intake_lead, Route::Intake, Route::Window(WindowRoute::ValidateIntake)),
    ];
    proptest!(config(1), |(event in event())| {
        for (intake, route, dry_route) in entrances {
            let mut event = event.clone();
            event["requestContext"]["http"]["method"] = json!("POST");
            event["routeKey"] = json!(dry_route.key());
            let Ok(dry) = runtime.block_on(functions.check_lead.invoke(&event)) else { continue };
            event["routeKey"] = json!(route.key());
            let real = runtime.block_on(intake.invoke(&event)).unwrap();
            let difference = differs(said(&dry), said(&real));
            assert!(difference.is_none(), "{difference:?}");
            let count = match (real["statusCode"] == 201, said(&real).replayed) {
                (true, true) => &replayed,
                (true, false) => &accepted,
                (false, _) => &refused,
            };
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
    let [accepted, replayed, refused] = [accepted, replayed, refused].map(AtomicU32::into_inner);
    println!("{} pairs: {accepted} accepted, {replayed} replayed, {refused} refused", accepted + replayed + refused);
    assert!(accepted * 20 > refused, "only {accepted} were accepted, {refused} refused");
    runtime.block_on(api.stack.stop());
}

fn said(answer: &Value) -> Said<'_> {
    let status = answer["statusCode"].as_u64().and_then(|status| status.try_into().ok()).unwrap_or_default();
    let replayed = answer["headers"].get("idempotent-replayed").is_some();
    Said { status, text: answer["body"].as_str().unwrap_or_default(), replayed }
}
