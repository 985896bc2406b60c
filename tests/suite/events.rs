//! Passes each sample event to its function.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::{Api, options};

/// An event of `events/`.
fn event(name: &str) -> Value {
    let path = format!("{}/../events/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn body(answer: &Value) -> Value {
    serde_json::from_str(answer["body"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn each_http_event_gets_the_documented_answer() {
    let api = Api::start(&options()).await;
    let functions = api.stack.functions();
    let cases = [
        (&functions.create_lead, "create-lead", 201),
        (&functions.create_lead, "create-lead-keyed", 201),
        (&functions.create_lead, "create-lead-refused", 400),
        (&functions.create_lead, "create-lead-unauthorized", 401),
        (&functions.intake_lead, "intake-lead", 201),
        (&functions.intake_lead, "intake-lead-form", 201),
        (&functions.intake_lead, "intake-lead-query", 201),
        (&functions.check_lead, "check-lead-dry-run", 200),
        (&functions.check_lead, "check-lead-standing", 200),
        (&functions.check_lead, "check-lead-status", 404),
        (&functions.check_lead, "check-lead-external-id", 200),
        (&functions.check_lead, "check-lead-submission", 200),
        (&functions.read_leads, "read-leads-list", 200),
        (&functions.read_leads, "read-leads-lead", 404),
    ];
    let mut leads = BTreeSet::new();
    for (function, name, status) in cases {
        let answer = function.invoke(&event(name)).await.unwrap();
        assert_eq!(answer["statusCode"], status, "{name}: {answer}");
        assert_eq!(answer["headers"]["x-request-id"], format!("event-{name}"));
        assert!(status != 201 || leads.insert(body(&answer)["id"].to_string()), "{name} is another lead");
    }
    let flat = body(&functions.intake_lead.invoke(&event("intake-lead")).await.unwrap());
    assert_eq!(flat["metadata"]["ipAddress"], "203.0.113.7");
    assert_eq!(flat["metadata"]["userAgent"], "partner-poster/2.1");
    assert_eq!(flat["metadata"]["price"], 18.5);
    api.stack.stop().await;
}

#[tokio::test]
async fn the_page_is_answered_with_its_policy() {
    let api = Api::start(&options()).await;
    let answer = api.stack.functions().show_app.invoke(&event("show-app")).await.unwrap();
    assert_eq!((&answer["statusCode"], &answer["isBase64Encoded"]), (&json!(200), &json!(false)));
    assert!(answer["headers"]["content-security-policy"].as_str().unwrap().contains("trusted-types 'none'"));
    assert!(answer["body"].as_str().unwrap().starts_with("<!DOCTYPE html>"));
    api.stack.stop().await;
}

#[tokio::test]
async fn the_worker_reports_the_failed_messages_of_each_event() {
    let api = Api::start(&options()).await;
    let cases = [("process-lead", vec![]), ("process-lead-poison", vec!["2", "3"]), ("sweep", vec![])];
    for (name, failed) in cases {
        let answer = api.stack.functions().process_lead.invoke(&event(name)).await.unwrap();
        let id = |last| json!({"itemIdentifier": format!("00000000-0000-4000-8000-00000000000{last}")});
        let mut failures = answer["batchItemFailures"].as_array().unwrap().clone();
        failures.sort_by_key(ToString::to_string);
        assert_eq!(failures, failed.into_iter().map(id).collect::<Vec<_>>(), "{name}");
    }
    api.stack.stop().await;
}
