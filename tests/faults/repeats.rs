//! Repeats: messages that arrive twenty times and posts that arrive sixty-four times, in parallel and in sequence.

use std::collections::BTreeSet;

use futures_util::future::{join, join_all};
use leadping::id::LeadId;
use tests::proxy::{Fault, Point, Side};

use crate::world::{Kill, Submission, Told, World};

/// How the copies of a message arrive.
#[derive(Clone, Copy, Debug)]
enum Arrival {
    /// Each in a batch of its own, all at once.
    AtOnce,
    /// All in one batch.
    InOneBatch,
    /// One after the other.
    InTurn,
    /// One first, and the others hours after the lead is finished.
    LongAfter,
}

async fn deliver(world: &World, message: &str, times: usize, arrival: Arrival) {
    let work = async |copies: usize| {
        let failed = world.work(&vec![message; copies], &mut Kill::never()).await;
        assert_eq!(failed, Some(vec![]), "a copy does not fail");
    };
    match arrival {
        Arrival::AtOnce => {
            join_all((0..times).map(|_| work(1))).await;
        }
        Arrival::InOneBatch => work(times).await,
        Arrival::InTurn => {
            for _ in 0..times {
                work(1).await;
            }
        }
        Arrival::LongAfter => {
            work(1).await;
            world.hours_pass().await;
            work(times - 1).await;
        }
    }
}

/// Posts a submission and returns the message about its lead.
async fn announced(world: &World, submission: &Submission) -> String {
    world.message(&world.accepted(submission).await).await
}

#[tokio::test]
async fn a_repeated_message_does_its_work_once() {
    let world = World::start().await;
    for arrival in [Arrival::AtOnce, Arrival::InOneBatch, Arrival::InTurn, Arrival::LongAfter] {
        for times in [1, 2, 20] {
            let submission = world.submission();
            let message = announced(&world, &submission).await;
            deliver(&world, &message, times, arrival).await;
            // The sweep brings back a lead whose transaction conflicted.
            world.settled().await;
            assert_eq!(world.paid(&submission), 1, "{arrival:?}, {times} times");
        }
    }
    world.stop().await;
}

/// The lead has its conversation and waits for a second lookup. Only the lease keeps twenty workers from twenty paid lookups.
#[tokio::test]
async fn one_of_twenty_workers_looks_a_waiting_lead_up() {
    let world = World::start().await;
    for arrival in [Arrival::AtOnce, Arrival::InOneBatch] {
        let submission = world.submission();
        world.proxy.break_next(Point::LookUp, Side::Before, Fault::Throttled, 1);
        let message = announced(&world, &submission).await;
        deliver(&world, &message, 1, Arrival::InTurn).await;
        assert_eq!(world.paid(&submission), 0, "the first lookup was throttled");
        deliver(&world, &message, 20, arrival).await;
        world.settled().await;
        assert_eq!(world.paid(&submission), 1, "{arrival:?}");
    }
    world.stop().await;
}

/// A provider that sends `Retry-After` is not called before that time, even if more messages arrive.
#[tokio::test]
async fn a_retry_after_of_the_provider_is_respected() {
    let world = World::start().await;
    let submission = world.submission();
    world.proxy.break_next(Point::LookUp, Side::Before, Fault::ThrottledFor(3_600), 1);
    let message = announced(&world, &submission).await;
    deliver(&world, &message, 1, Arrival::InTurn).await;
    deliver(&world, &message, 20, Arrival::AtOnce).await;
    assert_eq!(world.proxy.calls(Point::LookUp), 1);
    world.settled().await;
    assert_eq!(
        (world.proxy.calls(Point::LookUp), world.paid(&submission)),
        (2, 1),
        "the provider is called again after that time"
    );
    world.stop().await;
}

#[tokio::test]
async fn the_order_of_messages_does_not_matter() {
    let world = World::start().await;
    let submissions: Vec<_> = (0..5).map(|_| world.submission()).collect();
    let mut messages = Vec::new();
    for submission in &submissions {
        messages.push(announced(&world, submission).await);
    }
    for message in messages.iter().rev().chain(&messages) {
        deliver(&world, message, 1, Arrival::InTurn).await;
    }
    assert!(world.settled().await.leads.len() == 5 && submissions.iter().all(|submission| world.paid(submission) == 1));
    world.stop().await;
}

/// Two sweeps see the same due lead, or the worker finishes the lead after a sweep has seen it.
#[tokio::test]
async fn a_sweep_that_comes_too_late_announces_nothing() {
    let world = World::start().await;
    for finished in [false, true] {
        let message = announced(&world, &world.submission()).await;
        world.taken().await;
        world.hours_pass().await;
        let mut held = world.proxy.hold(Point::MoveOn, Side::Before);
        let meanwhile = async {
            held.reached().await;
            if finished {
                deliver(&world, &message, 1, Arrival::InTurn).await;
            } else {
                world.sweep(&mut Kill::never()).await;
            }
            held.resume();
        };
        join(world.sweep(&mut Kill::never()), meanwhile).await;
        let announced = world.taken().await;
        assert_eq!(announced.len(), usize::from(!finished), "only the first sweep announces the lead, or none");
        for message in announced {
            deliver(&world, &message, 1, Arrival::InTurn).await;
        }
        world.settled().await;
    }
    world.stop().await;
}

#[tokio::test]
async fn a_backlog_is_announced_by_one_sweep_and_does_not_feed_itself() {
    let world = World::start().await;
    for _ in 0..40 {
        world.accepted(&world.submission()).await;
    }
    world.taken().await;
    world.hours_pass().await;
    for announced in [40, 0] {
        world.sweep(&mut Kill::never()).await;
        assert_eq!(world.books().await.messages, announced);
        if announced > 0 {
            // These messages are lost, too, and the next sweep runs before the leads are due again.
            assert_eq!(world.taken().await.len(), announced);
        }
    }
    assert_eq!(world.proxy.calls(Point::SendAgain), 4, "ten leads are one call");
    assert_eq!(world.settled().await.leads.len(), 40);
    world.stop().await;
}

#[tokio::test]
async fn a_bad_message_does_not_affect_the_others_of_its_batch() {
    let world = World::start().await;
    let mut messages = Vec::new();
    for _ in 0..4 {
        messages.push(announced(&world, &world.submission()).await);
    }
    let mut batch: Vec<&str> = messages.iter().map(String::as_str).collect();
    batch.insert(2, "poison");
    assert_eq!(world.work(&batch, &mut Kill::never()).await, Some(vec![2]));
    assert_eq!(world.settled().await.leads.len(), 4);
    world.stop().await;
}

/// Sends sixty-four posts in parallel.
async fn posts_at_once(world: &World, submissions: &[Submission]) -> Vec<Told> {
    join_all((0..64).map(|post| world.settled_post(&submissions[post % submissions.len()]))).await
}

fn leads(told: &[Told]) -> BTreeSet<&LeadId> {
    told.iter().filter_map(|told| told.id.as_ref()).collect()
}

#[tokio::test]
async fn sixty_four_posts_of_one_submission_at_once_are_one_lead() {
    let world = World::start().await;
    for submission in [world.submission(), world.submission().under("key-1")] {
        let told = posts_at_once(&world, std::slice::from_ref(&submission)).await;
        assert!(told.iter().all(|told| told.status == 201));
        assert_eq!(leads(&told).len(), 1);
        assert!(told.iter().filter(|told| !told.replayed).count() <= 1);
        world.settled().await;
        assert_eq!(world.paid(&submission), 1);
    }
    world.stop().await;
}

#[tokio::test]
async fn of_two_contents_under_one_key_one_wins_and_the_other_is_refused() {
    let world = World::start().await;
    let one = world.submission().under("key-1");
    let other = one.clone().with("firstName", "Robin");
    let told = posts_at_once(&world, &[one, other]).await;
    let accepted: Vec<_> = told.iter().map(|told| told.status == 201).collect();
    assert_eq!(leads(&told).len(), 1);
    assert!(told.iter().filter(|told| told.status == 201 && !told.replayed).count() <= 1);
    // The two contents alternate, so every second post has the same content.
    assert!((0..64).all(|post| accepted[post] == accepted[post % 2]) && accepted[0] != accepted[1]);
    assert!(told.iter().all(|told| matches!(told.status, 201 | 422)));
    assert_eq!(world.settled().await.leads.len(), 1);
    world.stop().await;
}

/// On AWS a put during the worker's transaction gets a conflict instead of the stored lead.
#[tokio::test]
async fn sixty_four_posts_while_the_worker_writes_the_lead_are_replays() {
    let world = World::start().await;
    for (point, side) in
        [Point::Open, Point::Finish].into_iter().flat_map(|point| [(point, Side::Before), (point, Side::After)])
    {
        let key = format!("key-{point}-{side}").replace(' ', "-");
        let submission = world.submission().under(&key);
        let id = world.accepted(&submission).await;
        let message = world.message(&id).await;
        let mut held = world.proxy.hold(point, side);
        let posts = async {
            held.reached().await;
            world.proxy.break_all(Point::Put, Side::Before, Fault::Conflict);
            let other = submission.clone().with("firstName", "Robin");
            let told = posts_at_once(&world, &[submission.clone(), other]).await;
            world.proxy.repair();
            for (post, told) in told.iter().enumerate() {
                let expected = if post % 2 == 0 { (201, true, Some(&id)) } else { (422, false, None) };
                assert_eq!((told.status, told.replayed, told.id.as_ref()), expected, "{point} {side}");
            }
            held.resume();
        };
        join(deliver(&world, &message, 1, Arrival::InTurn), posts).await;
        world.settled().await;
        assert_eq!(world.paid(&submission), 1, "{point} {side}");
    }
    world.stop().await;
}
