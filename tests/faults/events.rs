//! Subscribers are told every event, whatever happens to the bus.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::{join, join_all};
use leadping::bus::Envelope;
use leadping::id::LeadId;
use leadping::store::Erasure;
use leadping::time::Timestamp;
use local::stand_ins::bus::BusFault;
use serde_json::Value;
use tests::erase;
use tests::proxy::{Point, Side};

use crate::world::{Kill, World};

/// What the bus was told of a lead, in the order in which it was told: sequences and types.
fn told(world: &World, id: &LeadId) -> Vec<(u64, String)> {
    let published = world.stack.bus().published();
    let envelopes = published.iter().map(|entry| serde_json::from_value::<Envelope>(entry["detail"].clone()).unwrap());
    let of_lead = envelopes.filter(|envelope| envelope.lead_id == *id);
    of_lead.map(|envelope| (envelope.sequence, envelope.r#type.as_str().to_owned())).collect()
}

fn sequences(world: &World, id: &LeadId) -> Vec<u64> {
    told(world, id).into_iter().map(|(sequence, _)| sequence).collect()
}

#[tokio::test]
async fn a_lead_is_told_before_its_lookup_and_when_it_is_ready() {
    let world = World::start().await;
    let id = world.accepted(&world.submission()).await;
    let mut held = world.proxy.hold(Point::LookUp, Side::Before);
    let meanwhile = async {
        held.reached().await;
        assert_eq!(sequences(&world, &id), [1], "during the lookup");
        held.resume();
    };
    join(world.deliver(&mut Kill::never()), meanwhile).await;
    let types = ["lead.created", "phone.lookup.succeeded", "lead.ready"];
    let expected: Vec<_> = (1..).zip(types).map(|(sequence, name)| (sequence, name.to_owned())).collect();
    assert_eq!(told(&world, &id), expected);
    let ready = world.stack.bus().published().pop().unwrap();
    assert_eq!(ready["detail-type"], "lead.ready");
    assert_eq!(ready["source"], "leadping.intake");
    assert_eq!(ready["detail"]["eligibility"]["sms"], serde_json::json!({"eligible": true, "reasons": []}));
    let personal = serde_json::to_string(&world.stack.bus().published()).unwrap();
    assert!(!["Jordan", "+1512", "tag0"].iter().any(|data| personal.contains(data)), "{personal}");
    world.stop().await;
}

/// A call that succeeds can have entries that failed. What comes before the first of them counts as told.
#[tokio::test]
async fn each_entry_of_a_call_counts_by_itself() {
    let world = World::start().await;
    let id = world.accepted(&world.submission()).await;
    world.stack.bus().fail(BusFault::Partial);
    world.deliver(&mut Kill::never()).await;
    assert!(sequences(&world, &id).is_empty(), "the only entry of the first call has failed");
    world.hours_pass().await;
    world.sweep(&mut Kill::never()).await;
    world.deliver(&mut Kill::never()).await;
    assert_eq!(sequences(&world, &id), [1, 2], "the last entry of the second call has failed");
    world.stack.bus().fail(BusFault::None);
    world.settled().await;
    assert_eq!(sequences(&world, &id), [1, 2, 3], "no event is told again");
    world.stop().await;
}

#[tokio::test]
async fn an_outage_of_the_bus_delays_events_and_nothing_else() {
    let world = World::start().await;
    let submissions: Vec<_> = (0..8).map(|_| world.submission()).collect();
    let mut ids = Vec::new();
    for (number, submission) in submissions.iter().enumerate() {
        world.stack.bus().fail(if number % 2 == 0 { BusFault::Down } else { BusFault::Throttled });
        ids.push(world.accepted(submission).await);
        world.deliver(&mut Kill::never()).await;
    }
    for _ in 0..3 {
        world.hours_pass().await;
        world.sweep(&mut Kill::never()).await;
        world.deliver(&mut Kill::never()).await;
    }
    let books = world.books().await;
    assert!(books.leads.values().all(|lead| lead.status == "Ready" && lead.published == 0 && lead.unfinished));
    assert_eq!((books.messages, books.dead_letters), (0, 0));
    world.stack.bus().fail(BusFault::None);
    let books = world.settled().await;
    assert_eq!(books.told_again, 0);
    assert!(ids.iter().all(|id| sequences(&world, id) == [1, 2, 3]), "in order");
    assert!(submissions.iter().all(|submission| world.paid(submission) == 1));
    world.stop().await;
}

/// A lead accepted a year ago is erased while the bus is down. Its event arrives, and no metric says that it has been
/// waiting for a year.
#[tokio::test]
async fn an_erasure_is_told_even_when_the_bus_was_down() {
    let scratch = tempfile::tempdir().unwrap();
    let log = scratch.path().join("log");
    let world = World::of_processes(&log).await;
    let id = world.accepted(&world.submission()).await;
    world.settled().await;
    age(&world, &id).await;

    world.stack.bus().fail(BusFault::Down);
    assert!(matches!(erase(&world.stack, &id).await, Erasure::Erased(_)));
    for _ in 0..2 {
        world.sweep(&mut Kill::never()).await;
        world.deliver(&mut Kill::never()).await;
        world.hours_pass().await;
    }
    assert_eq!(sequences(&world, &id), [1, 2, 3]);
    world.stack.bus().fail(BusFault::None);
    world.sweep(&mut Kill::never()).await;
    world.deliver(&mut Kill::never()).await;
    assert_eq!(told(&world, &id).last().unwrap(), &(4, "lead.erased".to_owned()));
    assert!(world.books().await.settled());

    let log = std::fs::read_to_string(log).unwrap();
    let lines: Vec<Value> = log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let values = |name: &str| -> Vec<u64> { lines.iter().filter_map(|line| line[name].as_u64()).collect() };
    assert_eq!(values("DueEvents"), [1, 1, 1]);
    assert_eq!(values("DueLeads"), [0, 0, 0]);
    for name in ["OldestDueSeconds", "OldestEventSeconds"] {
        assert!(values(name).len() == 3 && values(name).iter().all(|seconds| *seconds < 3_600), "{:?}", values(name));
    }
    world.stop().await;
}

/// Makes a lead a year older.
async fn age(world: &World, id: &LeadId) {
    let year = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(365 * 24);
    let table = &world.stack.addresses().leads_table;
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let update = world.stack.clients().dynamodb.update_item().table_name(table);
    let update = update.key("pk", text(&format!("LEAD#{id}"))).key("sk", text("LEAD"));
    let update = update.update_expression("SET createdAt = :year");
    update.expression_attribute_values(":year", text(&Timestamp::from(year).to_string())).send().await.unwrap();
}

/// An erasure and the end of the lookup both add an event. The second of them reads the lead again.
#[tokio::test]
async fn an_erasure_during_the_lookup_leaves_one_order_of_events() {
    let world = World::start().await;
    for side in [Side::Before, Side::After] {
        let id = world.accepted(&world.submission()).await;
        let mut held = world.proxy.hold(Point::Finish, side);
        let meanwhile = async {
            held.reached().await;
            assert!(matches!(erase(&world.stack, &id).await, Erasure::Erased(_)));
            held.resume();
        };
        join(world.deliver(&mut Kill::never()), meanwhile).await;
        world.settle(&mut Kill::never()).await;
        let told: BTreeMap<u64, String> = told(&world, &id).into_iter().collect();
        let types: Vec<&str> = told.values().map(String::as_str).collect();
        let expected: &[&str] = match side {
            Side::Before => &["lead.created", "lead.erased"],
            Side::After => &["lead.created", "phone.lookup.succeeded", "lead.ready", "lead.erased"],
        };
        assert_eq!(types, expected, "{side}");
        assert!(told.keys().copied().eq(1..=u64::try_from(expected.len()).unwrap()), "{side}: {told:?}");
    }
    world.stop().await;
}

/// Twenty copies of one message tell the events more than once at most. They never leave one out, or tell it as another.
#[tokio::test]
async fn repeated_messages_tell_the_same_events() {
    let world = World::start().await;
    let id = world.accepted(&world.submission()).await;
    let message = world.message(&id).await;
    let work = async || drop(world.work(&[&message], &mut Kill::never()).await);
    join_all((0..20).map(|_| work())).await;
    let books = world.settled().await;
    assert!(books.strangers.is_empty());
    let before = told(&world, &id).len();
    join_all((0..20).map(|_| work())).await;
    assert_eq!(told(&world, &id).len(), before, "a finished lead has nothing left to tell");
    world.stop().await;
}
