//! The way of a lead from the post to the conversation.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use leadping::event::EventType;
use leadping::lead::ProcessingStatus;
use leadping::settings::LookupSettings;
use leadping::source::Source;
use leadping::source::change::Change;
use leadping::store::{Record, StoredLead};
use leadping::time::Timestamp;
use local::stack::Options;
use reqwest::{Method, StatusCode};
use tests::{Answer, Api, WAIT_TIMEOUT, eventually, options};

/// The examples of the partner specification, exactly as printed there.
const STRUCTURED: &str = include_str!("../examples/structured.json");
const FLAT: &str = include_str!("../examples/flat.json");

fn events(record: &Record) -> Vec<EventType> {
    record.timeline.iter().map(|event| event.event_type.clone()).collect()
}

fn looked_up(record: &Record) -> bool {
    matches!(&record.lead, StoredLead::Kept(kept) if kept.lookup.is_some())
}

fn replayed(answer: &Answer) -> bool {
    answer.headers.get("idempotent-replayed").is_some_and(|value| value == "true")
}

#[tokio::test]
async fn the_specification_examples_are_two_leads_and_become_ready() {
    let api = Api::start(&options()).await;
    let answers = [api.post("/leads", STRUCTURED).await, api.post("/leads/intake", FLAT).await];
    for answer in &answers {
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
        assert!(!replayed(answer));
        assert_eq!(answer.body["processingStatus"], "Enriching");
        let record = api.ready(&answer.id()).await;
        assert_eq!(events(&record), [EventType::LeadCreated, EventType::PhoneLookupSucceeded, EventType::LeadReady]);
        assert!(record.conversation.is_some() && looked_up(&record));
    }
    assert_ne!(answers[0].id(), answers[1].id());

    for (path, body, first) in [("/leads", STRUCTURED, &answers[0]), ("/leads/intake", FLAT, &answers[1])] {
        let again = api.post(path, body).await;
        assert_eq!((again.status, again.id()), (StatusCode::CREATED, first.id()));
        assert!(replayed(&again));
        assert_eq!(again.body["processingStatus"], "Ready");
    }
    api.stack.stop().await;
}

#[tokio::test]
async fn fifty_parallel_posts_of_one_lead_are_one_lead() {
    let api = Api::start(&options()).await;
    let answers = join_all((0..50).map(|_| api.post("/leads", STRUCTURED))).await;
    let ids: BTreeSet<_> = answers.iter().map(Answer::id).collect();
    assert_eq!(ids.len(), 1);
    assert!(answers.iter().all(|answer| answer.status == StatusCode::CREATED));
    assert_eq!(answers.iter().filter(|answer| !replayed(answer)).count(), 1);
    let record = api.ready(&answers[0].id()).await;
    assert_eq!(events(&record), [EventType::LeadCreated, EventType::PhoneLookupSucceeded, EventType::LeadReady]);
    assert_eq!(api.stack.phone_lookup().calls(), 1);
    api.stack.stop().await;
}

#[tokio::test]
async fn one_key_is_one_submission_in_every_form() {
    let api = Api::start(&options()).await;
    let flat = r#"{"email":"jordan@example.com","trustedFormUrl":"https://cert.trustedform.com/example"}"#;
    let structured = r#"{"metadata":{"trustedFormUrl":"https://cert.trustedform.com/example"},"contact":{"email":"jordan@example.com"},"customer":{}}"#;
    let other = r#"{"email":"other@example.com","trustedFormUrl":"https://cert.trustedform.com/example"}"#;
    let invalid = r#"{"email":"no-address","trustedFormUrl":"https://cert.trustedform.com/example"}"#;
    let post = |key: &str, path: &str, body: &str| {
        api.request(Method::POST, path).from("source_123").header("Idempotency-Key", key).json(body).send()
    };
    assert_eq!(post("key-1", "/leads/intake", invalid).await.status, StatusCode::BAD_REQUEST);
    let first = post("key-1", "/leads/intake", flat).await;
    assert!(first.status == StatusCode::CREATED && !replayed(&first));
    let again = post("\"key-1\"", "/leads", structured).await;
    assert!(again.id() == first.id() && replayed(&again));
    let reused = post("key-1", "/leads/intake", other).await;
    assert_eq!(
        (reused.status, &reused.body["code"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &"idempotency_key.reused".into())
    );
    let unkeyed = api.post("/leads/intake", flat).await;
    assert_ne!(unkeyed.id(), first.id());
    let bad = post("not a key", "/leads/intake", flat).await;
    assert_eq!(bad.failures(), [("idempotency_key.invalid", None)]);
    api.stack.stop().await;
}

#[tokio::test]
async fn without_any_identity_two_posts_are_two_leads() {
    let api = Api::start(&options()).await;
    let post =
        || api.request(Method::POST, "/leads/intake").from("source_exempt").json(r#"{"email":"a@example.com"}"#).send();
    assert_ne!(post().await.id(), post().await.id());
    api.stack.stop().await;
}

#[tokio::test]
async fn a_stored_lead_is_replayed_even_if_the_rules_have_changed() {
    let api = Api::start(&options()).await;
    let body = r#"{"email":"a@example.com","externalId":"1"}"#;
    let post = |body| api.request(Method::POST, "/leads/intake").from("source_exempt").json(body).send();
    let first = post(body).await;
    let sources = api.stack.sources();
    let source = sources.get(&"source_exempt".parse().unwrap()).await.unwrap().unwrap();
    let stricter = Source { requires_trusted_form: true, approved: false, ..source.clone() };
    let revision = source.revision + 1;
    let change = Change { at: Timestamp::now(), by: "test".into(), action: "update".into(), revision, members: vec![] };
    assert!(
        sources
            .change(&source.id, Some(&source), Some(&stricter), &change, &api.stack.ledger())
            .await
            .unwrap()
            .is_some()
    );
    let again = post(body).await;
    assert!(again.id() == first.id() && replayed(&again));
    let other = post(r#"{"email":"a@example.com","externalId":"2"}"#).await;
    assert_eq!(other.failures(), [("source.not_approved", None), ("trusted_form.required", Some("/trustedFormUrl"))]);
    api.stack.stop().await;
}

#[tokio::test]
async fn a_lead_without_a_phone_is_ready_without_a_lookup() {
    let api = Api::start(&options()).await;
    let body = r#"{"email":"jordan@example.com","trustedFormUrl":"https://cert.trustedform.com/example"}"#;
    let record = api.ready(&api.post("/leads/intake", body).await.id()).await;
    assert_eq!(events(&record), [EventType::LeadCreated, EventType::LeadReady]);
    assert_eq!(api.stack.phone_lookup().calls(), 0);
    api.stack.stop().await;
}

/// Each of the stand-in's numbers, with the last event, whether there is a result, and the number of calls.
#[tokio::test]
async fn every_lookup_ends() {
    use EventType::{PhoneLookupFailed, PhoneLookupSucceeded};
    let api = Api::start(&options()).await;
    let cases = [
        ("0100", PhoneLookupSucceeded, Some("mobile by default"), 1),
        ("0101", PhoneLookupSucceeded, Some("landline"), 1),
        ("0104", PhoneLookupSucceeded, Some("not valid is a result"), 1),
        ("0105", PhoneLookupSucceeded, Some("throttled twice, then mobile"), 3),
        ("0107", PhoneLookupFailed, None, 1),
        ("0108", PhoneLookupFailed, None, 1),
    ];
    let walks = cases.map(async |(last_four, event, result, calls)| {
        let number = format!("+1512555{last_four}");
        let body = format!(r#"{{"phone":"{number}","trustedFormUrl":"https://cert.trustedform.com/example"}}"#);
        let record = api.ready(&api.post("/leads/intake", body).await.id()).await;
        assert_eq!(events(&record), [EventType::LeadCreated, event, EventType::LeadReady], "{last_four}");
        assert_eq!(looked_up(&record), result.is_some(), "{last_four}");
        assert_eq!(api.stack.phone_lookup().calls_for(&number), calls, "{last_four}");
    });
    join_all(walks).await;
    api.stack.stop().await;
}

#[tokio::test]
async fn a_provider_that_is_down_delays_only_the_lookup() {
    let api = Api::start(&options()).await;
    let body = r#"{"phone":"+15125550106","trustedFormUrl":"https://cert.trustedform.com/example"}"#;
    let id = api.post("/leads/intake", body).await.id();
    let leads = api.stack.leads();
    // The sweep brings the lead back again and again, and the conversation exists all the time.
    let calls = api.stack.phone_lookup();
    eventually(WAIT_TIMEOUT, "three calls of the provider", async || (calls.calls() >= 3).then_some(())).await;
    let record = leads.record(&id).await.unwrap().unwrap();
    assert_eq!(record.lead.lead().processing_status, ProcessingStatus::Enriching);
    assert_eq!(events(&record), [EventType::LeadCreated]);
    assert!(record.conversation.is_some());
    api.stack.stop().await;
}

#[tokio::test]
async fn a_restarted_stack_finishes_the_leads_of_the_first() {
    let data = tempfile::tempdir().unwrap();
    let options = Options { data: Some(data.path().to_owned()), ..options() };
    let first = Api::start(&Options { worker: false, ..options.clone() }).await;
    let id = first.post("/leads", STRUCTURED).await.id();
    // The queue and its message are gone with the first stack. Only the outbox still has the lead.
    first.stack.stop().await;

    let second = Api::start(&options).await;
    let record = second.ready(&id).await;
    assert_eq!(events(&record), [EventType::LeadCreated, EventType::PhoneLookupSucceeded, EventType::LeadReady]);
    let again = second.post("/leads", STRUCTURED).await;
    assert!(again.id() == id && replayed(&again));
    second.stack.stop().await;
}

#[tokio::test]
async fn a_waiting_lookup_fails_once_there_is_no_provider() {
    let data = tempfile::tempdir().unwrap();
    let options = Options { data: Some(data.path().to_owned()), ..options() };
    let first = Api::start(&Options { sweep: Duration::from_secs(3_600), ..options.clone() }).await;
    let body = r#"{"phone":"+15125550106","trustedFormUrl":"https://cert.trustedform.com/example"}"#;
    let id = first.post("/leads/intake", body).await.id();
    let calls = first.stack.phone_lookup();
    eventually(WAIT_TIMEOUT, "a call of the provider", async || (calls.calls() > 0).then_some(())).await;
    first.stack.stop().await;

    let second = Api::start(&Options { lookup: Some(LookupSettings::None), ..options }).await;
    let record = second.ready(&id).await;
    assert_eq!(events(&record), [EventType::LeadCreated, EventType::PhoneLookupFailed, EventType::LeadReady]);
    second.stack.stop().await;
}

#[tokio::test]
async fn two_stacks_do_not_share_tables() {
    let data = tempfile::tempdir().unwrap();
    let options = Options { data: Some(data.path().to_owned()), ..options() };
    let first = Api::start(&options).await;
    let refused = local::stack::Stack::start(&options).await.unwrap_err();
    assert!(refused.to_string().contains("in use by another running stack"), "{refused}");
    first.stack.stop().await;
}
