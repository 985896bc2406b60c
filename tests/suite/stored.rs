//! Reads items that other releases have written. `tests/stored/first-release.json` keeps items of the first release forever.
//! `tests/stored/next-release.json` has items that an imaginary later release writes next to them.

mod limits;

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use leadping::id::{BusinessId, LeadId, SourceId};
use leadping::lead::email::Email;
use leadping::lead::phone_number::PhoneNumber;
use leadping::queue::LeadCreated;
use leadping::source::Mode;
use leadping::store::{Due, Erasure, Progress, StoredLead, Work};
use local::stack::Options;
use serde_json::Value;
use tests::{Api, change, erase, inbox, options};

const FIRST: &str = include_str!("../stored/first-release.json");
const NEXT: &str = include_str!("../stored/next-release.json");

/// A lead that is ready, one whose lookup waits, one that the worker has not seen, an erased one.
const READY: &str = "lead_htym5xng3vy637y7azkvarue7rot5o6e";
const WAITING: &str = "lead_jwqorfzapemdatq4oc2wfn2azpajordb";
const NEW: &str = "lead_4srmdhd6istuhtnszzndeytm5d2iehsb";
const ERASED: &str = "lead_73sdt2znz7kblzsgahmoevipz6hg3aoe";

/// Short, because a worker on a busy machine may not finish within its first lease.
const LEASE: Duration = Duration::from_secs(5);

/// DynamoDB's limit of writes in a batch.
const MAX_BATCH: usize = 25;

type Item = HashMap<String, AttributeValue>;

/// The items of a table in a file, which are DynamoDB's JSON.
fn items(file: &str, table: &str) -> Vec<Item> {
    let file: Value = serde_json::from_str(file).unwrap();
    let items = file[table].as_array().unwrap().iter();
    items.map(|item| item.as_object().unwrap().iter().map(attribute).collect()).collect()
}

fn attribute((name, value): (&String, &Value)) -> (String, AttributeValue) {
    let (kind, value) = value.as_object().unwrap().iter().next().unwrap();
    let value = match kind.as_str() {
        "S" => AttributeValue::S(value.as_str().unwrap().to_owned()),
        "N" => AttributeValue::N(value.as_str().unwrap().to_owned()),
        "BOOL" => AttributeValue::Bool(value.as_bool().unwrap()),
        other => panic!("{other} is not a supported kind of attribute"),
    };
    (name.clone(), value)
}

/// A stack whose tables have the items of these files and no other leads.
async fn holding(files: &[&str], worker: bool) -> Api {
    let api = Api::start(&Options { worker, lease: LEASE, ..options() }).await;
    let addresses = api.stack.addresses();
    let dynamodb = &api.stack.clients().dynamodb;
    // The entries of the demo sources have the numbers of those in the files.
    for entry in dynamodb.scan().table_name(&addresses.ledger_table).send().await.unwrap().items.unwrap() {
        let key = ["pk", "sk"].map(|name| (name.to_owned(), entry[name].clone())).into();
        dynamodb.delete_item().table_name(&addresses.ledger_table).set_key(Some(key)).send().await.unwrap();
    }
    for (name, table) in [
        ("sources", &addresses.sources_table),
        ("leads", &addresses.leads_table),
        ("limits", &addresses.limits_table),
        ("ledger", &addresses.ledger_table),
    ] {
        let items = files.iter().flat_map(|file| items(file, name));
        // A later release's item replaces the first one's.
        let last: BTreeMap<_, _> = items.map(|item| (format!("{:?} {:?}", item["pk"], item["sk"]), item)).collect();
        let puts: Vec<_> =
            last.into_values().map(|item| PutRequest::builder().set_item(Some(item)).build().unwrap()).collect();
        for puts in puts.chunks(MAX_BATCH) {
            let writes = puts.iter().map(|put| WriteRequest::builder().put_request(put.clone()).build()).collect();
            dynamodb.batch_write_item().request_items(table, writes).send().await.unwrap();
        }
    }
    api
}

fn id(text: &str) -> LeadId {
    text.parse().unwrap()
}

#[tokio::test]
async fn items_of_the_first_release_are_read_next_to_those_of_a_later_one() {
    for files in [&[FIRST][..], &[FIRST, NEXT]] {
        let api = holding(files, false).await;
        let (leads, sources) = (api.stack.leads(), api.stack.sources());

        let source: SourceId = "source_stored".parse().unwrap();
        let read = sources.latest(&source).await.unwrap().unwrap();
        assert_eq!((read.revision, read.keys.len(), read.requires_trusted_form), (1, 1, true));
        assert_eq!(sources.history(&source, 10).await.unwrap().len(), 2, "a change in an unknown form is left out");
        assert!(sources.list().await.unwrap().sources.iter().any(|listed| listed.id == source));

        let record = leads.record(&id(READY)).await.unwrap().unwrap();
        let StoredLead::Kept(kept) = &record.lead else { panic!("the lead is not erased") };
        assert_eq!((kept.progress, kept.lead.metadata.price.is_some()), (Progress::Ready, true));
        assert!(kept.lookup.is_some());
        let conversation = record.conversation.unwrap();
        assert!(conversation.is_unread && conversation.event_version >= 2, "{conversation:?}");
        let timeline: Vec<_> = record.timeline.iter().map(|event| event.event_type.as_str().to_owned()).collect();
        assert_eq!(timeline[..2], ["lead.created", "phone.lookup.succeeded"]);
        assert_eq!(timeline.len() == 3, files.len() == 2, "an event of a later type is listed: {timeline:?}");

        let waiting = leads.get(&id(WAITING)).await.unwrap().unwrap();
        assert!(matches!(waiting, StoredLead::Kept(kept) if matches!(kept.progress, Progress::Opened { .. })));
        let new = leads.get(&id(NEW)).await.unwrap().unwrap();
        assert!(matches!(new, StoredLead::Kept(kept) if kept.progress == Progress::New));
        let erased = leads.get(&id(ERASED)).await.unwrap().unwrap();
        assert!(matches!(erased, StoredLead::Erased(_)) && !erased.content().is_empty());

        let business: BusinessId = "business_stored".parse().unwrap();
        let number = PhoneNumber::try_from("+15125550101".to_owned()).unwrap();
        let email: Email = serde_json::from_str(r#""stored@example.com""#).unwrap();
        let found = [
            leads.by_phone(&business, &number, 10).await.unwrap(),
            leads.by_email(&business, &email, 10).await.unwrap(),
            leads.by_external_id(&source, "stored-1", Mode::Live, 10).await.unwrap(),
        ];
        for found in found {
            assert_eq!(found.iter().map(|lead| lead.lead().id.as_str()).collect::<Vec<_>>(), [READY]);
        }
        let listed = inbox(&leads, &business).await;
        assert_eq!(listed.iter().map(|row| row.lead_id.as_str()).collect::<Vec<_>>(), [WAITING, READY]);
        let unfinished = leads.unfinished().await.unwrap();
        let (events, leads): (Vec<_>, Vec<_>) = unfinished.iter().partition(|due| due.work == Work::Events);
        let ids = |due: &[&Due]| due.iter().map(|due| due.id.to_string()).collect::<Vec<_>>();
        assert_eq!(ids(&leads), [NEW, WAITING, limits::RETAINING, limits::LAST]);
        // An event of a later type waits, too.
        let waiting = if files.len() == 2 { vec![READY, limits::GONE] } else { vec![limits::GONE] };
        assert_eq!(ids(&events), waiting);
        api.stack.stop().await;
    }
}

/// Sends the message of a lead again.
async fn announce(api: &Api, lead: &str) {
    let stored = api.stack.leads().get(&id(lead)).await.unwrap().unwrap();
    let message = LeadCreated::of(stored.lead(), stored.business_id().clone(), "again");
    let body = serde_json::to_string(&message).unwrap();
    let send = api.stack.clients().sqs.send_message().queue_url(&api.stack.addresses().queue_url);
    send.message_body(body).send().await.unwrap();
}

#[tokio::test]
async fn the_worker_finishes_leads_of_other_releases() {
    let api = holding(&[FIRST, NEXT], true).await;
    for lead in [WAITING, NEW] {
        announce(&api, lead).await;
        let record = api.ready(&id(lead)).await;
        assert!(record.conversation.unwrap().event_version >= 2);
    }
    api.stack.stop().await;
}

/// When this release writes an item, it keeps unknown members, except a person's data.
#[tokio::test]
async fn writing_keeps_what_a_later_release_has_added() {
    let api = holding(&[FIRST, NEXT], false).await;
    let sources = api.stack.sources();
    let source: SourceId = "source_later".parse().unwrap();
    let before = sources.latest(&source).await.unwrap().unwrap();
    let mut after = before.clone();
    after.enabled = !before.enabled;
    assert!(change(&api.stack, &before, &after).await.is_some());
    let item = stored(&api, &api.stack.addresses().sources_table, "SOURCE#source_later", "SOURCE").await;
    let document: Value = serde_json::from_str(item["document"].as_s().unwrap()).unwrap();
    assert_eq!(document["enabled"], after.enabled);
    assert_eq!(document["priority"], "gold", "a rule of a later release stays");
    assert_eq!(document["keys"][0]["test"], true, "and so does a member of a key");
    assert_eq!(item["businessId"].as_s().unwrap(), "business_stored", "and an attribute");

    assert!(matches!(erase(&api.stack, &id(READY)).await, Erasure::Erased(_)));
    let table = &api.stack.addresses().leads_table;
    for sk in ["LEAD", "CONVERSATION"] {
        let item = stored(&api, table, &format!("LEAD#{READY}"), sk).await;
        let text = format!("{item:?}");
        assert!(!text.contains("Stored") && !text.contains("nickname"), "{sk} keeps nothing of the person: {text}");
    }
    api.stack.stop().await;
}

async fn stored(api: &Api, table: &str, pk: &str, sk: &str) -> Item {
    let found = api.stack.clients().dynamodb.get_item().table_name(table);
    let found = found.key("pk", AttributeValue::S(pk.to_owned())).key("sk", AttributeValue::S(sk.to_owned()));
    found.send().await.unwrap().item.unwrap()
}

/// A sweep moves no mark that it does not know, so these stay due, before all others.
#[tokio::test]
async fn marks_of_a_later_release_do_not_hide_what_is_due() {
    let api = Api::start(&Options { worker: false, ..options() }).await;
    let dynamodb = &api.stack.clients().dynamodb;
    let marked = |sk: &str, due_at: &str| {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        dynamodb
            .put_item()
            .table_name(&api.stack.addresses().leads_table)
            .item("pk", text("LEAD#lead_a"))
            .item("sk", text(sk))
            .item("unfinishedShard", AttributeValue::N("7".to_owned()))
            .item("createdAt", text("2026-11-26T22:00:00Z"))
            .item("dueAt", text(due_at))
            .send()
    };
    for number in 0..5 {
        marked(&format!("CALLBACK#{number}"), "2026-11-26T22:00:00Z").await.unwrap();
    }
    marked("LEAD", "2026-11-26T22:30:00Z").await.unwrap();
    let due = api.stack.leads().due(7, "2026-11-26T23:00:00Z".parse().unwrap(), 2).await.unwrap();
    assert_eq!(due.iter().map(|due| due.work).collect::<Vec<_>>(), [Work::Lookup]);
    api.stack.stop().await;
}
