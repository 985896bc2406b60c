//! The same thing again: messages that come twenty times, posts that come sixty-four times, at once and in turn.

use std::collections::BTreeSet;

use futures_util::future::{join, join_all};
use leadping::id::LeadId;
use tests::proxy::{Fault, Point, Side};

use crate::world::{Kill, Submission, Told, World};

/// How the copies of a message come.
#[derive(Clone, Copy, Debug)]
enum Coming {
    /// Each in a batch of its own, all at once.
    AtOnce,
    /// All in one batch.
    InOneBatch,
    /// One after the other.
    InTurn,
    /// One, and the others when the lead has been finished for hours.
    LongAfter,
}

async fn deliver(world: &World, message: &str, times: usize, coming: Coming) {
    let work = async |copies: usize| {
        let failed = world.work(&vec![message; copies], &mut Kill::nobody()).await;
        assert_eq!(failed, Some(vec![]), "a copy is no fault");
    };
    match coming {
        Coming::AtOnce => {
            join_all((0..times).map(|_| work(1))).await;
        }
        Coming::InOneBatch => work(times).await,
        Coming::InTurn => {
            for _ in 0..times {
                work(1).await;
            }
        }
        Coming::LongAfter => {
            work(1).await;
            world.hours_pass().await;
            work(times - 1).await;
        }
    }
}

/// Has a submission accepted, and gives back the message about its lead.
async fn announced(world: &World, submission: &Submission) -> String {
    world.message(&world.accepted(submission).await).await
}

#[tokio::test]
async fn a_message_does_its_work_once_however_often_it_comes() {
    let world = World::start().await;
    for coming in [Coming::AtOnce, Coming::InOneBatch, Coming::InTurn, Coming::LongAfter] {
        for times in [1, 2, 20] {
            let submission = world.submission();
            let message = announced(&world, &submission).await;
            deliver(&world, &message, times, coming).await;
            // Whatever met another transaction is brought back by the sweep.
            world.settled().await;
            assert_eq!(world.paid(&submission), 1, "{coming:?}, {times} times");
        }
    }
    world.stop().await;
}

/// The lead has its conversation and waits for a second look-up: only the lease stands between twenty workers and the
/// provider's bill.
#[tokio::test]
async fn a_lead_that_waits_is_looked_up_by_one_of_twenty() {
    let world = World::start().await;
    for coming in [Coming::AtOnce, Coming::InOneBatch] {
        let submission = world.submission();
        world.proxy.break_next(Point::LookUp, Side::Before, Fault::Throttled, 1);
        let message = announced(&world, &submission).await;
        deliver(&world, &message, 1, Coming::InTurn).await;
        assert_eq!(world.paid(&submission), 0, "it was throttled");
        deliver(&world, &message, 20, coming).await;
        world.settled().await;
        assert_eq!(world.paid(&submission), 1, "{coming:?}");
    }
    world.stop().await;
}

/// A provider that says when to come back is not asked before, however many messages come meanwhile.
#[tokio::test]
async fn a_lead_that_waits_for_the_provider_s_own_time_is_left_alone() {
    let world = World::start().await;
    let submission = world.submission();
    world.proxy.break_next(Point::LookUp, Side::Before, Fault::ThrottledFor(3_600), 1);
    let message = announced(&world, &submission).await;
    deliver(&world, &message, 1, Coming::InTurn).await;
    deliver(&world, &message, 20, Coming::AtOnce).await;
    assert_eq!(world.proxy.calls(Point::LookUp), 1);
    world.settled().await;
    assert_eq!(
        (world.proxy.calls(Point::LookUp), world.paid(&submission)),
        (2, 1),
        "it is asked again when it is time"
    );
    world.stop().await;
}

#[tokio::test]
async fn messages_out_of_order_are_as_good_as_in_order() {
    let world = World::start().await;
    let submissions: Vec<_> = (0..5).map(|_| world.submission()).collect();
    let mut messages = Vec::new();
    for submission in &submissions {
        messages.push(announced(&world, submission).await);
    }
    for message in messages.iter().rev().chain(&messages) {
        deliver(&world, message, 1, Coming::InTurn).await;
    }
    assert!(world.settled().await.leads.len() == 5 && submissions.iter().all(|submission| world.paid(submission) == 1));
    world.stop().await;
}

/// Two sweeps see one lead due; or the worker finishes it after the sweep has seen it.
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
                deliver(&world, &message, 1, Coming::InTurn).await;
            } else {
                world.sweep(&mut Kill::nobody()).await;
            }
            held.go_on();
        };
        join(world.sweep(&mut Kill::nobody()), meanwhile).await;
        let announced = world.taken().await;
        assert_eq!(announced.len(), usize::from(!finished), "once by the sweep that was first, or by none");
        for message in announced {
            deliver(&world, &message, 1, Coming::InTurn).await;
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
        world.sweep(&mut Kill::nobody()).await;
        assert_eq!(world.books().await.messages, announced);
        if announced > 0 {
            // They are lost as well, and the next sweep comes before they are due again.
            assert_eq!(world.taken().await.len(), announced);
        }
    }
    assert_eq!(world.proxy.calls(Point::SendAgain), 4, "ten leads are one call");
    assert_eq!(world.settled().await.leads.len(), 40);
    world.stop().await;
}

#[tokio::test]
async fn poison_in_a_batch_harms_no_other_message_of_it() {
    let world = World::start().await;
    let mut messages = Vec::new();
    for _ in 0..4 {
        messages.push(announced(&world, &world.submission()).await);
    }
    let mut batch: Vec<&str> = messages.iter().map(String::as_str).collect();
    batch.insert(2, "poison");
    assert_eq!(world.work(&batch, &mut Kill::nobody()).await, Some(vec![2]));
    assert_eq!(world.settled().await.leads.len(), 4);
    world.stop().await;
}

/// Sixty-four partners post at once.
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
    // They were posted in turn, so those of one content are every second one.
    assert!((0..64).all(|post| accepted[post] == accepted[post % 2]) && accepted[0] != accepted[1]);
    assert!(told.iter().all(|told| matches!(told.status, 201 | 422)));
    assert_eq!(world.settled().await.leads.len(), 1);
    world.stop().await;
}

/// On AWS a put that meets the worker's transaction is answered with a conflict, and not with the lead.
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
            world.proxy.mend();
            for (post, told) in told.iter().enumerate() {
                let expected = if post % 2 == 0 { (201, true, Some(&id)) } else { (422, false, None) };
                assert_eq!((told.status, told.replayed, told.id.as_ref()), expected, "{point} {side}");
            }
            held.go_on();
        };
        join(deliver(&world, &message, 1, Coming::InTurn), posts).await;
        world.settled().await;
        assert_eq!(world.paid(&submission), 1, "{point} {side}");
    }
    world.stop().await;
}
