//! What limits, consent, test keys and the ledger store, in the forms of the first and of a later release.

use std::time::Duration;

use leadping::event::EventType;
use leadping::id::SourceId;
use leadping::lead::consent::ConsentStatus;
use leadping::ledger::{Act, Chain, Subject};
use leadping::source::Mode;
use leadping::source::limits::{Action, Caps, Duplicates, PersonKey, Scope, Windows};
use leadping::store::{CapPlace, Earlier, Guard, Guarded, Kept, StoredLead};
use leadping::time::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Api, WAIT_TIMEOUT, change, eventually};

use super::{FIRST, Item, NEXT, holding, id, stored};

/// The first lead of a person, whose certificate waits for TrustedForm's second answer.
pub(super) const RETAINING: &str = "lead_kapqngdqda2xowsp3lip5mo2fdm3bcg3";
/// The second lead of the person, which is ready.
const DUPLICATE: &str = "lead_afd5w5qpglcucuiju7btk27xvizb72k4";
/// The third one, which took the last place and which the worker has not seen.
pub(super) const LAST: &str = "lead_y4nihzqf24v44i344sqkx4fv3zwovqxb";
/// A lead of a test key.
const TEST: &str = "lead_634q5xpqx52k2amylebcmzhtowa2xgym";
/// A lead that was erased after its consent was verified. Its last event waits.
pub(super) const GONE: &str = "lead_7ex4dtqe4l2islmsjtmremeib4mx25eo";
/// The first lead of another person, in the window of the business.
const SHARED: &str = "lead_in52fuly4mjmaxu5fbzvpmzy6zlg3lpc";

/// The day on which the first release wrote its items.
const DAY: &str = "2026-11-26";

fn limited() -> SourceId {
    "source_limited".parse().unwrap()
}

async fn kept(api: &Api, lead: &str) -> Kept {
    match api.stack.leads().get(&id(lead)).await.unwrap().unwrap() {
        StoredLead::Kept(kept) => *kept,
        StoredLead::Erased(_) => panic!("{lead} is not erased"),
    }
}

/// The windows in which the first release counted.
fn windows() -> Windows {
    let caps = Caps { day: None, hour: None, time_zone: "America/New_York".parse().unwrap() };
    caps.windows("2026-11-26T22:30:00Z".parse().unwrap())
}

fn window(scope: Scope) -> Duplicates {
    let by = [PersonKey::Phone, PersonKey::Email].into();
    Duplicates { by, days: 30, scope, action: Action::Flag }
}

/// The guards that a lead writes, a day after it was accepted and under another id.
fn guards_of_another(kept: &Kept, scope: Scope) -> Vec<Guard> {
    let mut lead = kept.lead.clone();
    lead.id = id("lead_another");
    lead.created_at = lead.created_at.after(Duration::from_secs(24 * 60 * 60));
    Guard::all(&window(scope), &lead, &kept.business_id, "another").collect()
}

/// The item of the first guard of the person with several leads.
async fn guard_item(api: &Api) -> Item {
    let scan = api.stack.clients().dynamodb.scan().table_name(&api.stack.addresses().limits_table).send().await;
    let prefix = "GUARD#source#source_limited#phone#";
    let found = scan.unwrap().items.unwrap().into_iter().find(|item| item["pk"].as_s().unwrap().starts_with(prefix));
    found.unwrap()
}

#[tokio::test]
async fn limits_consent_and_test_leads_of_the_first_release_are_read_next_to_those_of_a_later_one() {
    for files in [&[FIRST][..], &[FIRST, NEXT]] {
        let api = holding(files, false).await;
        let is_later = files.len() == 2;
        let (leads, sources, limits) = (api.stack.leads(), api.stack.sources(), api.stack.limits());

        let source = sources.latest(&limited()).await.unwrap().unwrap();
        let (caps, duplicates) = (source.limits.as_ref().unwrap(), source.duplicates.as_ref().unwrap());
        assert_eq!((caps.day, caps.hour, caps.time_zone.as_str()), (Some(3), None, "America/New_York"));
        assert_eq!((duplicates.days, duplicates.scope, duplicates.action), (3_650, Scope::Source, Action::Flag));
        assert_eq!((source.test_keys.len(), source.retain_certificates), (1, true));
        let listed: Vec<_> =
            sources.list().await.unwrap().sources.into_iter().map(|source| source.id.to_string()).collect();
        let kept_listed = |id: &str| listed.iter().any(|listed| listed == id);
        assert!(kept_listed("source_limited") && kept_listed("source_sharing"));
        assert!(!kept_listed("source_quarantining"), "a source is not served by rules that this release cannot apply");
        let post = api.request(Method::POST, "/leads/intake").from("source_quarantining").json("{}");
        let answer = post.send().await;
        assert_eq!(answer.status.as_u16(), if is_later { 503 } else { 401 }, "{}", answer.text);

        let duplicate = kept(&api, DUPLICATE).await;
        assert_eq!((duplicate.duplicate_of.clone(), duplicate.lead.duplicate), (Some(id(RETAINING)), true));
        assert_eq!(duplicate.consent().map(|consent| consent.status), Some(ConsentStatus::Verified));
        let record = leads.record(&id(DUPLICATE)).await.unwrap().unwrap();
        let told: Vec<_> = record.timeline.iter().map(|event| event.event_type.as_str()).collect();
        let expected =
            ["lead.created", "lead.duplicate_detected", "phone.lookup.succeeded", "consent.verified", "lead.ready"];
        assert_eq!(told, expected);
        let last = kept(&api, LAST).await;
        assert_eq!(last.cap_reached, if is_later { vec!["day", "week"] } else { vec!["day"] });
        assert_eq!(last.duplicate_of, Some(id(RETAINING)));

        let outbox = leads.record(&id(RETAINING)).await.unwrap().unwrap().outbox;
        let retain = outbox.retain.unwrap();
        assert!(retain.called && retain.first.is_some_and(|first| first.status == ConsentStatus::Pending));
        let test = leads.record(&id(TEST)).await.unwrap().unwrap();
        assert!(test.lead.lead().test && test.outbox.due_at.is_none() && test.timeline.len() == 3);
        let by_id = leads.by_external_id(&limited(), "limited-test", Mode::Test, 10).await.unwrap();
        assert_eq!(by_id.len(), 1);
        let gone = leads.get(&id(GONE)).await.unwrap().unwrap();
        let view = serde_json::to_value(gone.view()).unwrap();
        assert_eq!((&view["processingStatus"], &view["consent"]["status"]), (&"Erased".into(), &"verified".into()));
        let counts = limits.counts(&limited(), &windows()).await.unwrap();
        assert_eq!((counts.day, counts.hour), (3, 3));
        for (lead, scope, first) in [(DUPLICATE, Scope::Source, RETAINING), (SHARED, Scope::Business, SHARED)] {
            let guards = guards_of_another(&kept(&api, lead).await, scope);
            let met = limits.guard(&guards[0]).await.unwrap();
            assert!(matches!(met, Guarded::Met(Earlier { lead_id, .. }) if lead_id == id(first)), "{scope:?}");
        }
        let refused = limits.refusals(&limited(), DAY, "9999").await.unwrap();
        let [refused] = refused.as_slice() else { panic!("one day is readable: {refused:?}") };
        assert_eq!((refused.day.as_str(), refused.posts, refused.codes["quota.exceeded"]), (DAY, 1, 1));
        assert_eq!(refused.codes.contains_key("lead.too_late"), is_later, "a later release has more codes");

        let mut chain = Chain::new(None);
        let mut actions = Vec::new();
        let mut take = |entry| actions.extend(chain.take(&entry).map(|entry| entry.act.action));
        api.stack.ledger().read(&mut take).await.unwrap();
        let (head, faults) = chain.end();
        assert_eq!((head.number, faults.as_slice()), (if is_later { 6 } else { 5 }, &[][..]));
        assert_eq!(actions.last().unwrap(), if is_later { "source freeze" } else { "lead erase" });
        api.stack.stop().await;
    }
}

/// What subscribers were told.
async fn published(api: &Api) -> Vec<Value> {
    let url = format!("{}/published", api.stack.addresses().bus);
    let client = leadping::client::web::client(None).unwrap();
    let text = client.get(url).send().await.unwrap().text().await.unwrap();
    let entries: Vec<Value> = serde_json::from_str(&text).unwrap();
    entries.into_iter().map(|mut entry| entry["detail"].take()).collect()
}

/// What the worker tells of a lead includes what it does not know, and its writes keep the rest of the items.
#[tokio::test]
async fn the_worker_keeps_what_a_later_release_has_added() {
    let api = holding(&[FIRST, NEXT], true).await;
    let record = api.ready(&id(LAST)).await;
    let reached = record.timeline.iter().find(|event| event.event_type == EventType::SourceCapReached).unwrap();
    assert_eq!(reached.caps.as_deref(), Some(&["day".to_owned(), "week".to_owned()][..]));
    let detected = record.timeline.iter().find(|event| event.event_type == EventType::LeadDuplicateDetected).unwrap();
    assert_eq!(detected.duplicate_of, Some(id(RETAINING)));

    let table = &api.stack.addresses().leads_table;
    let lead = stored(&api, table, &format!("LEAD#{LAST}"), "LEAD").await;
    assert_eq!(
        (lead["processingStatus"].as_s().unwrap().as_str(), lead["campaignKey"].as_s().unwrap().as_str()),
        ("Ready", "spring")
    );
    assert!(lead["document"].as_s().unwrap().contains("campaign") && lead.contains_key("household"));

    // The sweep publishes the event of a later type, and the OUTBOX keeps its attribute.
    let outbox = eventually(WAIT_TIMEOUT, "the waiting event is published", async || {
        let outbox = stored(&api, table, &format!("LEAD#{}", super::READY), "OUTBOX").await;
        (!outbox.contains_key("dueAt")).then_some(outbox)
    })
    .await;
    assert_eq!(
        (outbox["published"].as_n().unwrap().as_str(), outbox["callback"].as_s().unwrap().as_str()),
        ("3", "later")
    );
    let told = eventually(WAIT_TIMEOUT, "subscribers are told the event", async || {
        let told = published(&api).await;
        told.into_iter().find(|event| event["id"] == "event_later")
    })
    .await;
    assert_eq!((&told["type"], &told["score"]), (&json!("lead.qualified"), &json!(7)));
    api.stack.stop().await;
}

#[tokio::test]
async fn writing_limits_keeps_what_a_later_release_has_added() {
    let api = holding(&[FIRST, NEXT], false).await;
    let (limits, table) = (api.stack.limits(), &api.stack.addresses().limits_table);

    // As an operator raises a cap.
    let sources = api.stack.sources();
    let before = sources.latest(&limited()).await.unwrap().unwrap();
    let mut after = before.clone();
    after.limits.as_mut().unwrap().day = Some(4);
    after.duplicates.as_mut().unwrap().days = 10;
    assert!(change(&api.stack, &before, &after).await.is_some());
    let item = stored(&api, &api.stack.addresses().sources_table, "SOURCE#source_limited", "SOURCE").await;
    let document: Value = serde_json::from_str(item["document"].as_s().unwrap()).unwrap();
    for (pointer, expected) in [
        ("/limits/day", Value::from(4)),
        ("/limits/week", 5_000.into()),
        ("/limits/carryOver/days", 2.into()),
        ("/duplicates/days", 10.into()),
        ("/duplicates/byHousehold", true.into()),
        ("/testKeys/0/note", "later".into()),
        ("/priority", "gold".into()),
    ] {
        assert_eq!(document.pointer(pointer), Some(&expected), "{pointer}");
    }
    assert_eq!(item["tier"].as_s().unwrap(), "gold");

    // A place is taken and given back.
    let caps = after.limits.unwrap();
    for expected in [4, 4] {
        let place = limits.take_place(&limited(), &caps, &windows()).await.unwrap();
        assert!(matches!(place, CapPlace::Taken(counts) if counts.day == expected), "{place:?}");
        limits.give_back(&limited(), &windows()).await.unwrap();
    }
    let counter = stored(&api, table, "COUNT#source_limited", DAY).await;
    assert_eq!(
        (counter["day"].as_n().unwrap().as_str(), counter["week#2026-W48"].as_n().unwrap().as_str()),
        ("3", "3")
    );

    // A refusal is counted. The item ends when a later release wants it to.
    let now: Timestamp = "2026-11-26T23:00:00Z".parse().unwrap();
    limits.count_refusal(&limited(), &["quota.exceeded"], now).await.unwrap();
    let refused = stored(&api, table, "REFUSED#source_limited", DAY).await;
    for (attribute, expected) in [
        ("posts", "2"),
        ("code#quota.exceeded", "2"),
        ("code#lead.too_late", "1"),
        ("form#flat", "1"),
        ("expiresAt", "4000000000"),
    ] {
        assert_eq!(refused[attribute].as_n().unwrap(), expected, "{attribute}");
    }

    // A repeat of a post renews the guard of its lead.
    let first = kept(&api, RETAINING).await;
    let own = Guard::all(&window(Scope::Source), &first.lead, &first.business_id, "again").next().unwrap();
    assert!(matches!(limits.guard(&own).await.unwrap(), Guarded::Own));
    let guard = guard_item(&api).await;
    assert_eq!(guard["requestId"].as_s().unwrap(), "again");
    assert_eq!(guard["householdId"].as_s().unwrap(), "household_1");

    // An entry continues a later release's, whose text stays.
    let before = stored(&api, &api.stack.addresses().ledger_table, "LEDGER", "000000000006").await;
    let subject = Subject { source_id: Some(limited()), ..Subject::default() };
    let act = Act { at: now, by: "local".to_owned(), action: "source show".to_owned(), subject };
    assert!(api.stack.ledger().note(&act).await.unwrap().number >= 7);
    let mut chain = Chain::new(None);
    api.stack.ledger().read(|entry| drop(chain.take(&entry))).await.unwrap();
    assert_eq!(chain.end().1, []);
    assert_eq!(stored(&api, &api.stack.addresses().ledger_table, "LEDGER", "000000000006").await, before);
    api.stack.stop().await;
}
