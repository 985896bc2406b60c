//! The cost of a lead: its calls, and the table capacity that they consume.

use std::collections::BTreeMap;

use leadping::source::limits::Action;
use leadping::store::schema;
use tests::consumption;
use tests::proxy::Point;

use crate::limits::{caps, duplicates};
use crate::world::{Kill, World};

/// A sweep queries every shard.
const SHARDS: u64 = schema::UNFINISHED_SHARDS as u64;

/// The number of calls at each point, without zeros.
type Calls = BTreeMap<Point, u64>;

/// The calls that a future makes.
async fn calls(world: &World, of: impl Future<Output = ()>) -> Calls {
    let before = world.proxy.all_calls();
    of.await;
    let after = world.proxy.all_calls();
    let made = |(point, times): (Point, u64)| (point, times - before.get(&point).copied().unwrap_or(0));
    after.into_iter().map(made).filter(|(_, times)| *times > 0).collect()
}

fn once(points: &[Point]) -> Calls {
    points.iter().map(|point| (*point, 1)).collect()
}

#[tokio::test]
async fn a_lead_makes_only_the_calls_that_it_needs() {
    use Point::{
        CountRefusal, Due, Finish, LeadRead, LookUp, MoveOn, Open, Publish, Published, Put, Retain, Send, SendAgain,
        SourceRead, TrustedForm,
    };
    let world = World::start().await;
    let post = async |submission| drop(world.post(&submission).await);
    let first = world.submission();

    let accepted = calls(&world, post(first.clone())).await;
    assert_eq!(accepted, once(&[SourceRead, TrustedForm, Put, Send]), "an accepted lead");

    let finished = calls(&world, world.deliver(&mut Kill::never())).await;
    let mut expected = once(&[LeadRead, Open, LookUp, Finish, Published]);
    expected.insert(Publish, 2); // before the lookup, and after it
    assert_eq!(finished, expected, "its message");

    let retained = calls(&world, post(world.submission().from("source_retain"))).await;
    assert_eq!(retained, accepted, "an accepted lead whose certificate is retained");
    let finished = calls(&world, world.deliver(&mut Kill::never())).await;
    expected.insert(Retain, 1);
    assert_eq!(finished, expected, "its message");

    let replayed = calls(&world, post(first.clone())).await;
    assert_eq!(replayed, once(&[SourceRead, TrustedForm, Put]), "the same submission again");

    let id = world.post(&first).await.id.unwrap();
    let message = world.message(&id).await;
    let again = calls(&world, async { drop(world.work(&[&message], &mut Kill::never()).await) }).await;
    assert_eq!(again, once(&[LeadRead]), "the same message again");

    let no_phone = calls(&world, post(world.submission().with("phone", "").with("email", "jordan@example.com"))).await;
    assert_eq!(no_phone, accepted);
    let finished = calls(&world, world.deliver(&mut Kill::never())).await;
    assert_eq!(finished, once(&[LeadRead, Open, Publish, Published]), "a message about a lead without a phone");

    for (what, submission, made) in [
        ("a lead that breaks a rule", world.submission().with("phone", "555-0123"), &[SourceRead, CountRefusal][..]),
        ("a wrong key", world.submission().with_key("wrong"), &[SourceRead]),
        ("no key", world.submission().with_key(""), &[]),
        ("a source that is disabled", world.submission().from("source_disabled"), &[SourceRead, CountRefusal]),
        (
            "a source that is not approved",
            world.submission().from("source_unapproved"),
            &[SourceRead, LeadRead, CountRefusal],
        ),
        (
            "a URL that is not a certificate",
            world.submission().with("trustedFormUrl", "x"),
            &[SourceRead, CountRefusal],
        ),
    ] {
        let refused = calls(&world, post(submission)).await;
        assert_eq!(refused, once(made), "{what}");
    }

    let swept = calls(&world, world.sweep(&mut Kill::never())).await;
    assert_eq!(swept, Calls::from([(Due, SHARDS)]), "a sweep that finds nothing");

    world.accepted(&world.submission()).await;
    world.taken().await;
    world.hours_pass().await;
    let swept = calls(&world, world.sweep(&mut Kill::never())).await;
    assert_eq!(swept, Calls::from([(Due, SHARDS), (MoveOn, 1), (SendAgain, 1)]));
    world.settle(&mut Kill::never()).await;
    world.stop().await;
}

/// Each limit costs a call only where it is used.
#[tokio::test]
async fn limits_cost_calls_only_where_they_are_used() {
    use Point::{Count, CountRefusal, GiveBack, Guard, LeadRead, Put, Send, SourceRead, TrustedForm, Unguard};
    let world = World::start().await;
    let post = async |submission| drop(world.post(&submission).await);
    let person = |phone: &str| world.submission().with("phone", phone);

    world.limit(caps(Some(1)), None).await;
    let capped = person("+15125550131");
    let made = calls(&world, post(capped.clone())).await;
    assert_eq!(made, once(&[SourceRead, TrustedForm, LeadRead, Count, Put, Send]), "a lead within the caps");
    let made = calls(&world, post(capped)).await;
    assert_eq!(made, once(&[SourceRead, TrustedForm, LeadRead]), "the same submission again");
    let expired = person("+15125550136").with("trustedFormUrl", "https://cert.trustedform.com/expired-certificate");
    let made = calls(&world, post(expired)).await;
    assert_eq!(made, once(&[SourceRead, TrustedForm, LeadRead, CountRefusal]), "a lead whose certificate is refused");
    let mut refused = once(&[SourceRead, TrustedForm, Count, CountRefusal]);
    refused.insert(LeadRead, 2);
    let made = calls(&world, post(person("+15125550132"))).await;
    assert_eq!(made, refused, "a lead over the caps");

    world.limit(None, duplicates(Action::Refuse)).await;
    let made = calls(&world, post(person("+15125550133"))).await;
    assert_eq!(made, once(&[SourceRead, TrustedForm, LeadRead, Guard, Put, Send]), "the first lead of a person");
    let made = calls(&world, post(person("+15125550133"))).await;
    let mut refused = once(&[SourceRead, TrustedForm, Guard, CountRefusal]);
    refused.insert(LeadRead, 2);
    assert_eq!(made, refused, "the second lead of a person");

    world.limit(caps(Some(1)), duplicates(Action::Refuse)).await;
    let both = person("+15125550134").with("email", "jordan@example.com");
    let made = calls(&world, post(both)).await;
    let mut refused = once(&[SourceRead, TrustedForm, Count, CountRefusal]);
    refused.extend([(LeadRead, 2), (Guard, 2), (Unguard, 2)]);
    assert_eq!(made, refused, "a person over the caps");
    assert_eq!(world.proxy.calls(GiveBack), 0);

    world.limit(None, None).await;
    let made = calls(&world, post(person("+15125550135"))).await;
    assert_eq!(made, once(&[SourceRead, TrustedForm, Put, Send]), "a lead without limits");
    world.stop().await;
}

/// No call of a lead reads other leads, so a put costs the same in a full table as in an empty one.
#[tokio::test]
async fn the_cost_of_a_lead_does_not_grow_with_the_table() {
    for stored in [0, 1_000] {
        let consumed = consumption::of_one_lead_among(stored).await;
        assert_eq!(consumed, BTreeMap::from(consumption::UNITS), "{stored} leads are stored");
    }
}

/// A page reads what it shows, and nothing else of the table.
#[tokio::test]
async fn the_cost_of_a_page_does_not_grow_with_the_table() {
    let few = consumption::of_one_page_among(100, 0).await;
    let many = consumption::of_one_page_among(2_000, 0).await;
    assert_eq!((&many.calls, many.units), (&few.calls, few.units));
    let calls: u64 = few.calls.values().sum();
    assert_eq!(calls, 3, "the index, the leads, the names of their sources");
}
