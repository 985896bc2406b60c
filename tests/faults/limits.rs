//! Caps and duplicates hold whatever breaks: a cap is never exceeded, and a kill costs at most one place (contract, section
//! 10).

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::{join, join_all};
use leadping::source::limits::{Action, Caps, Duplicates, PersonKey, Scope, Zone};
use leadping::store::Erasure;
use leadping::time::Timestamp;
use local::demo;
use tests::logged;
use tests::proxy::{Fault, Point, Side};

use crate::page;
use crate::points::Fate;
use crate::world::{Kill, World};

/// More places than a test takes.
const PLENTY: u32 = 1_000;

pub(crate) fn caps(day: Option<u32>) -> Option<Caps> {
    Some(Caps { day, hour: None, time_zone: Zone::default() })
}

pub(crate) fn duplicates(action: Action) -> Option<Duplicates> {
    let by = BTreeSet::from([PersonKey::Phone, PersonKey::Email]);
    Some(Duplicates { by, days: 30, scope: Scope::Source, action })
}

/// How many places are taken today.
async fn taken(world: &World) -> usize {
    let windows = caps(None).unwrap().windows(Timestamp::now());
    let counts = world.stack.limits().counts(&demo::SOURCE_ID.parse().unwrap(), &windows).await.unwrap();
    counts.day.try_into().unwrap()
}

/// Lets a minute pass for every guard.
async fn a_minute_passes(world: &World) {
    guards_age(world, Duration::from_secs(61)).await;
}

/// Makes every guard older.
async fn guards_age(world: &World, by: Duration) {
    let (client, table) = (&world.stack.clients().dynamodb, &world.stack.addresses().limits_table);
    let found = client.scan().table_name(table).send().await.unwrap();
    for item in found.items().iter().filter(|item| item.contains_key("writtenAt")) {
        let written: Timestamp = item["writtenAt"].as_s().unwrap().parse().unwrap();
        let earlier = AttributeValue::S(written.before(by).to_string());
        let update = client.update_item().table_name(table).key("pk", item["pk"].clone()).key("sk", item["sk"].clone());
        let update =
            update.update_expression("SET writtenAt = :earlier").expression_attribute_values(":earlier", earlier);
        update.send().await.unwrap();
    }
}

/// Kills the intake during a call. Returns how many places the lead has cost more than its own.
async fn places_lost(world: &World, point: Point, fate: Fate) -> usize {
    let (leads, before) = (world.books().await.leads.len(), taken(world).await);
    let submission = world.submission();
    if matches!(point, Point::GiveBack | Point::Unguard) {
        // DynamoDB refuses every attempt of the put, so what is reserved goes back.
        world.proxy.break_next(Point::Put, Side::Before, Fault::Throttled, 3);
    }
    let mut kill = Kill::at(world, point, fate.side());
    assert!(world.post_until(&submission, &mut kill).await.is_none(), "{point} {fate}");
    world.proxy.repair();
    let again = world.settled_post(&submission).await;
    assert_eq!(again.status, 201, "{point} {fate}");
    if fate == Fate::Late {
        kill.arrive(world).await;
    }
    assert_eq!(world.settled().await.leads.len(), leads + 1, "{point} {fate}: one lead");
    // The guard is the lead's.
    let other = world.submission().with("phone", &submission.phone);
    assert_eq!(world.settled_post(&other).await.status, 409, "{point} {fate}");
    taken(world).await - before - 1
}

/// Kills the intake at each call of a source with limits, and compares the places that are lost with `docs/reliability.md`.
async fn kill_at_each_call(world: World, fates: &[Fate]) {
    use Point::{Count, GiveBack, Guard, LeadRead, Put, Send, SourceRead, TrustedForm, Unguard};
    world.limit(caps(Some(PLENTY)), duplicates(Action::Refuse)).await;
    let head = fates.iter().map(|fate| format!("{fate}: places lost"));
    let mut table = vec![std::iter::once("killed over its".to_owned()).chain(head).collect::<Vec<_>>()];
    for point in [SourceRead, TrustedForm, LeadRead, Guard, Count, Put, GiveBack, Unguard, Send] {
        let mut row = vec![point.to_string()];
        for fate in fates {
            let lost = places_lost(&world, point, *fate).await;
            assert!(lost <= 1, "{point} {fate}: {lost} places");
            row.push(lost.to_string());
        }
        table.push(row);
    }
    page::assert_shows("Killed while a place is taken", &table);

    // No place is left, so there are no more leads than places.
    let (leads, places) = (world.books().await.leads.len(), taken(&world).await);
    assert!(leads <= places, "{leads} leads, {places} places");
    world.limit(caps(Some(places.try_into().unwrap())), duplicates(Action::Refuse)).await;
    assert_eq!(world.settled_post(&world.submission()).await.status, 429);
    world.stop().await;
}

#[tokio::test]
async fn a_kill_costs_at_most_one_place() {
    kill_at_each_call(World::start().await, &Fate::ALL).await;
}

#[tokio::test]
async fn a_killed_process_costs_the_same_places_as_a_dropped_function() {
    let scratch = tempfile::tempdir().unwrap();
    let world = World::of_processes(&scratch.path().join("log")).await;
    kill_at_each_call(world, &[Fate::Lost, Fate::Done]).await;
}

/// Of posts at the same instant whose calls break, no more become leads than the cap allows, and each lead that is missing
/// is a place that a 503 has kept.
#[tokio::test]
async fn a_cap_holds_when_posts_at_the_same_instant_are_broken() {
    const CAP: usize = 10;
    let world = World::start().await;
    world.limit(caps(Some(CAP.try_into().unwrap())), None).await;
    for (point, side) in [(Point::Count, Side::After), (Point::Put, Side::Before), (Point::Put, Side::After)] {
        world.proxy.break_next(point, side, Fault::Cut, 4);
    }
    let submissions: Vec<_> = std::iter::repeat_with(|| world.submission()).take(40).collect();
    let told = join_all(submissions.iter().map(|submission| world.post(submission))).await;
    world.proxy.repair();
    world.proxy.quiet().await;
    let unknown = told.iter().filter(|told| told.status == 503).count();
    assert!(unknown > 0 && told.iter().all(|told| matches!(told.status, 201 | 429 | 503)), "{told:?}");

    // Each partner repeats until it knows. A repeat of a lead that is stored takes no place.
    let mut accepted = 0;
    for (submission, told) in submissions.iter().zip(&told) {
        let again = world.settled_post(submission).await;
        assert!(told.status != 201 || (again.status, &again.id) == (201, &told.id));
        accepted += usize::from(again.status == 201);
    }
    let leads = world.settled().await.leads.len();
    assert_eq!((leads, taken(&world).await), (accepted, CAP));
    assert!(leads <= CAP && leads + unknown >= CAP, "{leads} leads, {unknown} unknown outcomes");
    world.stop().await;
}

/// The place of a lead that was certainly not written is free again. If it may have been written, the place is kept.
#[tokio::test]
async fn an_unknown_put_keeps_its_place() {
    use Side::{After, Before};
    let world = World::start().await;
    world.limit(caps(Some(PLENTY)), duplicates(Action::Refuse)).await;
    let throttled = |times| (Before, Fault::Throttled, times);
    for (faults, status, place) in [
        (vec![throttled(3)], 503, 0),
        (vec![(Before, Fault::Conflict, 3)], 503, 0),
        (vec![(Before, Fault::Cut, 3)], 503, 1),
        (vec![(Before, Fault::Broken, 3)], 503, 1),
        (vec![(Before, Fault::Cut, 1), throttled(2)], 503, 1),
        (vec![(After, Fault::Cut, 1)], 201, 1),
        (vec![throttled(1)], 201, 1),
    ] {
        let before = taken(&world).await;
        let submission = world.submission();
        for (side, fault, times) in &faults {
            world.proxy.break_next(Point::Put, *side, fault.clone(), *times);
        }
        let told = world.post(&submission).await;
        world.proxy.repair();
        assert_eq!((told.status, taken(&world).await - before), (status, place), "{faults:?}");
        // Without a place, the person is free, too.
        let other = world.post(&world.submission().with("phone", &submission.phone)).await;
        let expected = match (status, place) {
            (201, _) => 409,
            (_, 0) => 201,
            _ => 503,
        };
        assert_eq!(other.status, expected, "{faults:?}");
    }
    world.stop().await;
}

#[tokio::test]
async fn a_guard_without_a_lead_is_taken_over_after_a_minute() {
    let world = World::start().await;
    for (action, young) in [(Action::Refuse, 503), (Action::Flag, 201)] {
        world.limit(None, duplicates(action)).await;
        let dead = world.submission();
        let mut kill = Kill::at(&world, Point::Put, Side::Before);
        assert!(world.post_until(&dead, &mut kill).await.is_none());
        let of_the_person = || world.submission().with("phone", &dead.phone);
        assert_eq!(world.post(&of_the_person()).await.status, young, "{action:?}");
        a_minute_passes(&world).await;
        let heir = world.accepted(&of_the_person()).await;
        let stored = world.stack.leads().get(&heir).await.unwrap().unwrap();
        assert!(stored.view().duplicate_of.is_none(), "{action:?}");
        let second = world.post(&of_the_person()).await;
        match action {
            Action::Refuse => assert_eq!(second.status, 409),
            Action::Flag => {
                let stored = world.stack.leads().get(&second.id.unwrap()).await.unwrap().unwrap();
                assert_eq!(stored.view().duplicate_of, Some(&heir));
            }
        }
        world.settled().await;
    }
    world.stop().await;
}

/// Whether a lead has a guard.
async fn is_guarded(world: &World, lead: &str) -> bool {
    let scan = world.stack.clients().dynamodb.scan().table_name(&world.stack.addresses().limits_table);
    let found = scan.send().await.unwrap().items.unwrap_or_default();
    found.iter().any(|item| item.get("leadId").is_some_and(|id| id.as_s().unwrap() == lead))
}

/// The first try dies with the guard of the phone, and the second one meets that of the e-mail address.
#[tokio::test]
async fn a_duplicate_leaves_no_guard_of_an_earlier_try() {
    let world = World::start().await;
    world.limit(None, duplicates(Action::Refuse)).await;
    let with_email = || world.submission().with("email", "jordan@example.com");
    world.accepted(&with_email()).await;
    let duplicate = with_email();
    let mut kill = Kill::at(&world, Point::Guard, Side::After);
    assert!(world.post_until(&duplicate, &mut kill).await.is_none());
    assert_eq!(world.post(&duplicate).await.status, 409);
    let other = world.submission().with("phone", &duplicate.phone);
    assert_eq!(world.post(&other).await.status, 201, "no guard of the phone is left");
    world.stop().await;
}

/// A post that is refused puts a guard back that was too old for its source only, but not that of a person who was erased
/// in the meantime.
#[tokio::test]
async fn a_refused_post_puts_no_guard_of_an_erased_person_back() {
    let world = World::start().await;
    for erased in [false, true] {
        world.limit(caps(Some(PLENTY)), duplicates(Action::Refuse)).await;
        let first = world.submission();
        let id = world.accepted(&first).await;
        guards_age(&world, Duration::from_secs(40 * 24 * 60 * 60)).await;
        let used_up = u32::try_from(taken(&world).await).unwrap();
        world.limit(caps(Some(used_up)), duplicates(Action::Refuse)).await;
        let mut held = world.proxy.hold(Point::Count, Side::Before);
        let meanwhile = async {
            held.reached().await;
            assert!(!is_guarded(&world, id.as_str()).await, "it is written over");
            if erased {
                assert!(matches!(tests::erase(&world.stack, &id).await, Erasure::Erased(_)));
            }
            held.resume();
        };
        let again = world.submission().with("phone", &first.phone);
        let (told, ()) = join(world.post(&again), meanwhile).await;
        assert!(matches!(told.status, 429 | 503), "{told:?}");
        assert_eq!(is_guarded(&world, id.as_str()).await, !erased);
    }
    world.stop().await;
}

/// Nothing is put when guards or count do not answer in time.
#[tokio::test]
async fn limits_that_do_not_answer_cost_a_503_and_no_lead() {
    let world = World::start().await;
    world.limit(caps(Some(PLENTY)), duplicates(Action::Refuse)).await;
    for (point, fault, places) in [
        (Point::Guard, Fault::Slow(Duration::from_secs(5)), 0),
        (Point::Guard, Fault::Broken, 0),
        (Point::Count, Fault::Broken, 0),
        // The late answer is waited for a little, and its place goes back.
        (Point::Count, Fault::Slow(Duration::from_millis(1_300)), 0),
    ] {
        let before = taken(&world).await;
        let submission = world.submission();
        world.proxy.break_next(point, Side::Before, fault.clone(), 3);
        let leads = world.books().await.leads.len();
        assert_eq!(world.post(&submission).await.status, 503, "{point} {fault:?}");
        world.proxy.repair();
        world.proxy.quiet().await;
        assert_eq!(taken(&world).await - before, places, "{point} {fault:?}");
        assert_eq!(world.books().await.leads.len(), leads, "{point} {fault:?}");
        assert_eq!(world.settled_post(&submission).await.status, 201, "{point} {fault:?}");
    }
    // A throttled count is tried again.
    world.proxy.break_next(Point::Count, Side::Before, Fault::Throttled, 3);
    world.accepted(&world.submission()).await;
    // A count of refusals that is lost changes nothing.
    world.proxy.break_next(Point::CountRefusal, Side::Before, Fault::Slow(Duration::from_secs(5)), 1);
    assert_eq!(world.post(&world.submission().with("phone", "1")).await.status, 400);
    world.proxy.quiet().await;
    world.stop().await;
}

/// A read or a write that takes too long is in the metrics, no matter which side gives up first.
#[tokio::test]
async fn slow_storage_is_in_the_metrics() {
    logged::start();
    let world = World::start().await;
    world.limit(caps(Some(PLENTY)), duplicates(Action::Refuse)).await;
    for point in [Point::LeadRead, Point::Guard, Point::Count, Point::Put] {
        let submission = world.submission();
        world.proxy.break_all(point, Side::Before, Fault::Slow(Duration::from_secs(5)));
        assert_eq!(world.post(&submission).await.status, 503, "{point}");
        world.proxy.repair();
        world.proxy.quiet().await;
        let log = logged::text();
        let mut lines = log.lines().filter(|line| line.contains(&submission.tag));
        assert!(lines.any(|line| line.contains("ServiceUnavailable")), "{point}");
    }
    world.stop().await;
}
