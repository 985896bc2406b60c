//! Test keys, end to end (contract, section 9).

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::AttributeValue;
use leadping::lead::line_type::LineType;
use leadping::lookup::test::{FIXED, Fixed};
use leadping::source::Mode;
use leadping::store::{Erasure, StoredLead, schema};
use leadping::time::Timestamp;
use local::demo::{self, SOURCE_ID};
use local::stack::Options;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Answer, Api, Post, erase, inbox, options};

const FLAT: &str = include_str!("../examples/flat.json");

fn lead(certificate: &str, phone: &str) -> String {
    FLAT.replace("com/example", &format!("com/{certificate}")).replace("+15555550123", phone)
}

fn post(api: &Api) -> Post {
    api.request(Method::POST, "/leads/intake")
}

async fn test(api: &Api, body: String) -> Answer {
    post(api).from_test(SOURCE_ID).json(body).send().await
}

#[tokio::test]
async fn the_key_decides_whether_a_lead_is_a_test() {
    let api = Api::start(&options()).await;
    let live = post(&api).from(SOURCE_ID).json(FLAT).send().await;
    let tested = test(&api, FLAT.to_owned()).await;
    assert_eq!((live.status.as_u16(), tested.status.as_u16()), (201, 201));
    assert_ne!(live.id(), tested.id(), "a test never repeats a live lead");
    assert_eq!((live.body.get("test"), &tested.body["test"]), (None, &json!(true)));
    assert_eq!(tested.headers["leadping-test"], "true");
    assert!(!live.headers.contains_key("leadping-test"));
    let again = test(&api, FLAT.to_owned()).await;
    assert_eq!((again.id(), &again.headers["idempotent-replayed"]), (tested.id(), &"true".parse().unwrap()));
    assert_eq!(again.headers["leadping-test"], "true");
    // The same Idempotency-Key in both modes is two submissions.
    let keyed = async |post: Post| post.header("Idempotency-Key", "k-1").json(FLAT).send().await;
    let [one, two] = [keyed(post(&api).from(SOURCE_ID)).await, keyed(post(&api).from_test(SOURCE_ID)).await];
    assert!(one.status == 201 && two.status == 201 && one.id() != two.id());

    // Each kind of key sees its own kind of leads.
    let status = async |path: &str, is_test: bool| {
        let asking = api.request(Method::GET, path).header("Idempotency-Key", "k-1");
        if is_test { asking.from_test(SOURCE_ID) } else { asking.from(SOURCE_ID) }.send().await
    };
    let of = |id: &leadping::id::LeadId| format!("/sources/me/leads/{id}");
    for (lead, is_test, expected) in
        [(&live, false, 200), (&live, true, 404), (&tested, false, 404), (&tested, true, 200)]
    {
        assert_eq!(status(&of(&lead.id()), is_test).await.status, expected);
    }
    for (is_test, lead) in [(false, &one), (true, &two)] {
        let found = status("/sources/me/submissions", is_test).await;
        assert_eq!((&found.body["id"], &found.body["test"]), (&json!(lead.id()), &json!(is_test)));
        let listed = status("/sources/me/leads?externalId=partner-lead-88391", is_test).await;
        let items = listed.body["items"].as_array().unwrap().clone();
        assert_eq!(items.len(), 2);
        assert!(items.iter().all(|item| item["test"] == is_test), "{items:?}");
    }
    api.stack.stop().await;
}

#[tokio::test]
async fn of_the_standing_only_enabled_and_attached_count() {
    let api = Api::start(&Options { worker: false, ..options() }).await;
    let sources = api.stack.sources();
    for (id, _) in demo::ALL {
        let id = id.parse().unwrap();
        let before = sources.latest(&id).await.unwrap().unwrap();
        let mut after = before.clone();
        after.test_keys = vec![leadping::source::SourceKey::presented(demo::TEST_KEY).stored(Timestamp::now())];
        let change = leadping::source::change::Change {
            at: Timestamp::now(),
            by: "test".to_owned(),
            action: "key create".to_owned(),
            revision: before.revision + 1,
            members: Vec::new(),
        };
        assert!(
            sources.change(&id, Some(&before), Some(&after), &change, &api.stack.ledger()).await.unwrap().is_some()
        );
    }
    for (source, status, code) in [
        ("source_unapproved", 201, Value::Null),
        ("source_disabled", 403, json!("source.disabled")),
        ("source_unattached", 403, json!("source.not_attached")),
        (SOURCE_ID, 201, Value::Null),
    ] {
        for path in ["/leads/intake", "/leads/intake/validate"] {
            let answer = api.request(Method::POST, path).from_test(source).json(FLAT).send().await;
            let expected = if status == 201 && path.ends_with("validate") { 200 } else { status };
            assert_eq!((answer.status.as_u16(), &answer.body["code"]), (expected, &code), "{source} {path}");
        }
    }
    let refused = post(&api).from_test("source_texas").json(FLAT.replace("TX", "CA")).send().await;
    assert_eq!(refused.failures()[0].0, "state.not_allowed", "the rules are the same");
    api.stack.stop().await;
}

#[tokio::test]
async fn certificates_of_tests_have_fixed_results_and_others_are_checked() {
    let api = Api::start(&Options { worker: false, ..options() }).await;
    let calls = || api.stack.trusted_form().calls();
    for (certificate, status, code) in [
        ("test-accepted", 201, ""),
        ("test-accepted-7", 201, ""),
        ("test-rejected-1", 400, "trusted_form.rejected"),
        ("test-expired-1", 400, "trusted_form.expired"),
        ("test-unavailable-1", 503, "trusted_form.unavailable"),
    ] {
        let answer = test(&api, lead(certificate, "+15125550123")).await;
        let found = answer.failures().first().map(|(code, _)| (*code).to_owned());
        let found = found.unwrap_or_else(|| answer.body["code"].as_str().unwrap_or_default().to_owned());
        assert_eq!((answer.status.as_u16(), found.as_str()), (status, code), "{certificate}");
    }
    assert_eq!(calls(), 0, "no test asked TrustedForm");
    for certificate in ["example", "testaccepted", "Test-Accepted", "test-acc"] {
        test(&api, lead(certificate, "+15125550123")).await;
    }
    assert_eq!(calls(), 4, "any other certificate is checked");
    post(&api).from(SOURCE_ID).json(lead("test-accepted", "+15125550123")).send().await;
    assert_eq!(calls(), 5, "a live key has no fixed results");
    api.stack.stop().await;
}

#[tokio::test]
async fn numbers_of_tests_have_fixed_lookups_without_a_provider() {
    // Also without any provider.
    for lookup in [None, Some(leadping::settings::LookupSettings::None)] {
        let api = Api::start(&Options { lookup, ..options() }).await;
        for (digits, expected) in FIXED.into_iter().chain([("0199", Fixed::Mobile)]) {
            let answer = test(&api, lead(&format!("test-accepted-{digits}"), &format!("+1512555{digits}"))).await;
            let record = api.ready(&answer.id()).await;
            let StoredLead::Kept(kept) = &record.lead else { panic!("it is kept") };
            let line = kept.lookup.as_ref().map(|lookup| (lookup.line_type, lookup.is_valid));
            let wanted = match expected {
                Fixed::Landline => Some((LineType::Wireline, Some(true))),
                Fixed::Voip => Some((LineType::Voip, Some(true))),
                Fixed::TollFree => Some((LineType::TollFree, Some(true))),
                Fixed::Invalid => Some((LineType::Unknown, Some(false))),
                Fixed::Mobile => Some((LineType::Wireless, Some(true))),
                Fixed::Failed | Fixed::NotFound => None,
            };
            assert_eq!(line, wanted, "{digits}");
            let types: Vec<_> = record.timeline.iter().map(|event| event.event_type.as_str().to_owned()).collect();
            let ended = if wanted.is_some() { "phone.lookup.succeeded" } else { "phone.lookup.failed" };
            assert!(types.contains(&"lead.created".to_owned()) && types.contains(&ended.to_owned()), "{types:?}");
            assert!(record.conversation.is_some());
        }
        assert_eq!(api.stack.phone_lookup().calls(), 0, "no provider was asked");
        api.stack.stop().await;
    }
}

/// Scans everything that every writer has left: exactly the items of test leads expire, at one time, and they are in no
/// index but the one of their external id.
#[tokio::test]
async fn exactly_the_items_of_test_leads_expire() {
    let api = Api::start(&options()).await;
    let mut tests = BTreeMap::new();
    let mut live = BTreeSet::new();
    for number in 0..6 {
        let phone = format!("+1512555010{number}");
        let body = |certificate: &str| lead(&format!("{certificate}-{number}"), &phone);
        let tested = test(&api, body("test-accepted")).await;
        let real = post(&api).from(SOURCE_ID).json(body("real")).send().await;
        let created: Timestamp = tested.body["createdAt"].as_str().unwrap().parse().unwrap();
        tests.insert(tested.id().to_string(), created);
        live.insert(real.id().to_string());
        api.ready(&tested.id()).await;
        if !phone.ends_with(['5', '6']) {
            api.ready(&real.id()).await;
        }
        if number < 2 {
            for id in [tested.id(), real.id()] {
                assert!(matches!(erase(&api.stack, &id).await, Erasure::Erased(_)));
            }
        }
    }
    let table = &api.stack.addresses().leads_table;
    let found = api.stack.clients().dynamodb.scan().table_name(table).send().await.unwrap();
    let mut kinds: BTreeMap<(bool, String), usize> = BTreeMap::new();
    for item in found.items() {
        let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default();
        let (id, sk) = (text("pk").replace("LEAD#", ""), text("sk"));
        let kind = sk.split('#').next().unwrap_or_default().to_owned();
        let expires = item.get(schema::EXPIRES_AT).and_then(|value| value.as_n().ok()).cloned();
        match tests.get(&id) {
            Some(created) => {
                let end = created.after(std::time::Duration::from_secs(30 * 86_400)).seconds().to_string();
                assert_eq!(expires, Some(end), "{sk}");
                let only: BTreeSet<_> = ["externalId", "unfinished"].into();
                for index in schema::LEAD_INDEXES {
                    let is_in = item.contains_key(index.partition);
                    assert!(!is_in || only.contains(index.name), "{sk} is in {}", index.name);
                }
                *kinds.entry((true, kind)).or_default() += 1;
            }
            None => {
                assert!(live.contains(&id), "{id}");
                assert_eq!(expires, None, "{sk}");
                *kinds.entry((false, kind)).or_default() += 1;
            }
        }
    }
    println!("items by test and kind: {kinds:?}");
    for kind in ["LEAD", "CONVERSATION", "OUTBOX", "EVENT"] {
        assert!(kinds[&(true, kind.to_owned())] >= 6 && kinds[&(false, kind.to_owned())] >= 4, "{kinds:?}");
    }
    // The table of sources has no item that expires.
    let table = &api.stack.addresses().sources_table;
    let found = api.stack.clients().dynamodb.scan().table_name(table).send().await.unwrap();
    assert!(found.items().iter().all(|item| !item.contains_key(schema::EXPIRES_AT)));
    api.stack.stop().await;
}

#[tokio::test]
async fn a_test_lead_is_in_no_inbox_list_or_report() {
    let api = Api::start(&options()).await;
    let answer = test(&api, lead("test-accepted", "+15125550123")).await;
    let record = api.ready(&answer.id()).await;
    let (leads, source) = (api.stack.leads(), SOURCE_ID.parse().unwrap());
    let business = record.lead.business_id().clone();
    assert_eq!(business.as_str(), "business_1", "it is in the document");
    let day = record.lead.lead().created_at.day();
    assert_eq!(inbox(&leads, &business).await.len(), 0);
    assert_eq!((leads.count(&source, &day).await.unwrap(), leads.any(&source, &day).await.unwrap()), (0, false));
    let contact = &record.lead.lead().contact;
    let number = contact.phone.as_ref().and_then(|phone| phone.number.clone()).unwrap();
    assert_eq!(leads.by_phone(&business, &number, 10).await.unwrap().len(), 0);
    let email = contact.email.clone().unwrap();
    assert_eq!(leads.by_email(&business, &email, 10).await.unwrap().len(), 0);
    let external = "partner-lead-88391";
    for (mode, found) in [(Mode::Live, 0), (Mode::Test, 1)] {
        assert_eq!(leads.by_external_id(&source, external, mode, 10).await.unwrap().len(), found, "{mode:?}");
    }
    assert_eq!(leads.unfinished().await.unwrap().len(), 0);
    let table = &api.stack.addresses().leads_table;
    let item = api.stack.clients().dynamodb.get_item().table_name(table);
    let item = item.key("pk", AttributeValue::S(format!("LEAD#{}", answer.id())));
    let item = item.key("sk", AttributeValue::S("LEAD".to_owned())).send().await.unwrap().item.unwrap();
    assert!(!item.contains_key("businessId") && !item.contains_key("dayKey"));
    api.stack.stop().await;
}
