//! What is called does not do what it should: for a moment, for long, or while it says that it did.

use std::time::Duration;

use axum::http::StatusCode;
use futures_util::FutureExt;
use futures_util::future::join_all;
use serde_json::json;
use tests::proxy::{Fault, Point, Service, Side};

use crate::page::{self, row};
use crate::world::{Kill, World};

/// So often a message is received before it becomes a dead letter.
const RECEIVES: usize = 5;

const EVER: u64 = u64::MAX;

/// One call of intake's that is broken, and what the partner is told.
type Post = (Point, Fault, Side, u64, u64);

/// A 503 has promised nothing, and the same bytes succeed when it is over.
async fn posts(world: &World, of_one: bool, (point, fault, side, times, status): Post) -> Vec<String> {
    let submission = world.submission();
    let (name, times_said) = (described(&fault), said(times));
    let case = format!("{point} {name} {side} {times_said}");
    let written = status == 201 || (point == Point::Put && side == Side::After);
    world.proxy.break_next_of(if of_one { &submission.tag } else { "" }, point, side, fault, times);
    let told = world.post(&submission).await;
    assert_eq!((told.status, told.replayed), (status, false), "{case}");
    world.proxy.mend_of(if of_one { &submission.tag } else { "" });
    let again = world.settled_post(&submission).await;
    assert_eq!((again.status, again.replayed), (201, written), "{case}");
    assert!(told.id.is_none() || told.id == again.id, "{case}");
    let again = if written { "replayed" } else { "accepted" };
    let (point, side, status) = (point.to_string(), side.to_string(), status.to_string());
    row([&point, &name, &side, &times_said, &status, again])
}

#[tokio::test]
async fn a_post_is_answered_truly_whatever_its_calls_come_to() {
    use Fault::{Broken, Conflict, Cut, Lie, Slow, Throttled};
    use Point::{Put, Send, SourceRead, TrustedForm};
    use Side::{After, Before};
    let lie = |status, body| Lie(StatusCode::from_u16(status).unwrap(), body);
    let world = World::start().await;
    let of_all = [
        (SourceRead, Throttled, Before, 1, 201), // the SDK tries again
        (SourceRead, Throttled, Before, EVER, 503),
        (SourceRead, Cut, After, EVER, 503),
    ];
    let of_one = [
        (TrustedForm, Cut, Before, 1, 201), // the pool may hand out a dead connection
        (TrustedForm, Cut, Before, EVER, 503),
        (TrustedForm, Cut, After, EVER, 503),
        (TrustedForm, Slow(Duration::from_secs(60)), Before, EVER, 503),
        (TrustedForm, Broken, After, EVER, 503),
        (TrustedForm, Throttled, Before, EVER, 503),
        (TrustedForm, lie(200, "<html>"), Before, EVER, 503),
        (TrustedForm, lie(200, "{}"), Before, EVER, 503),
        (TrustedForm, lie(200, r#"{"outcome":"maybe"}"#), Before, EVER, 503),
        (TrustedForm, lie(302, ""), Before, EVER, 503),
        (TrustedForm, lie(401, r#"{"outcome":"failure"}"#), Before, EVER, 503),
        (TrustedForm, lie(404, ""), Before, EVER, 400),
        (Put, Throttled, Before, 1, 201),
        (Put, Throttled, Before, EVER, 503),
        (Put, Broken, Before, EVER, 503),
        (Put, Cut, Before, 1, 201),
        (Put, Conflict, Before, EVER, 503), // and nobody is writing the lead
        (Put, Cut, After, 1, 201),          // the SDK's second try meets its first one's lead
        (Put, Broken, After, 1, 201),
        (Put, Cut, After, EVER, 503), // the lead is there, and nobody knows yet
        (Send, Cut, Before, EVER, 201),
        (Send, Cut, After, 1, 201),
        (Send, Broken, Before, EVER, 201),
        (Send, Throttled, Before, EVER, 201),
    ];
    let count = of_all.len() + of_one.len();
    let mut table = vec![row(["the call", "fault", "side", "times", "answered", "a repeat is"])];
    for post in of_all {
        table.push(posts(&world, false, post).await);
    }
    table.extend(join_all(of_one.map(|post| posts(&world, true, post))).await);
    page::assert_shows("Posts whose calls are broken", &table);
    assert_eq!(world.settled().await.leads.len(), count);
    world.stop().await;
}

/// What the worker calls is broken, longer than any message is received: no message dies of it, and no look-up is paid
/// for twice but where its answer is lost.
#[tokio::test]
async fn an_outage_of_what_the_worker_calls_kills_no_message() {
    use Fault::{Broken, Conflict, Cut, Throttled};
    use Point::{Finish, LeadRead, Lease, LookUp, Open, Postpone};
    use Side::{After, Before};
    let world = World::start().await;
    let cases = [
        (LeadRead, Throttled, Before, EVER, 1),
        (LeadRead, Broken, Before, EVER, 1),
        (Open, Throttled, Before, 1, 1),
        (Open, Cut, Before, EVER, 1),
        (Open, Conflict, Before, 1, 1),
        (Open, Conflict, Before, EVER, 1),
        (Open, Cut, After, 1, 1), // the SDK's second try is the same transaction
        (Open, Cut, After, EVER, 1),
        (LookUp, Throttled, Before, EVER, 1),
        (LookUp, Broken, Before, EVER, 1),
        (LookUp, Cut, Before, EVER, 1),
        (LookUp, Cut, After, 1, 2), // its answer is lost
        (Lease, Broken, Before, EVER, 1),
        (Postpone, Cut, Before, EVER, 1),
        (Finish, Throttled, Before, 1, 1),
        (Finish, Conflict, Before, 2, 1), // another worker has the same message
        (Finish, Cut, After, 1, 1),
        (Finish, Broken, Before, 3, 2), // its answer cannot be kept
    ];
    let mut submissions = Vec::new();
    for _ in &cases {
        let submission = world.submission();
        submissions.push((world.accepted(&submission).await, submission));
    }
    world.taken().await;
    let outages = cases.iter().zip(&submissions).map(async |((point, fault, side, times, _), (id, submission))| {
        let message = world.message(id).await;
        let (of, number) = (id.to_string(), submission.phone.trim_start_matches('+'));
        if matches!(point, Lease | Postpone) {
            world.proxy.break_next_of(number, LookUp, Before, Throttled, 1);
        }
        world.proxy.break_next_of(if *point == LookUp { number } else { &of }, *point, *side, fault.clone(), *times);
        for _ in 0..=RECEIVES {
            assert_eq!(world.work(&[&message], &mut Kill::nobody()).await, Some(vec![]), "{point} {side}");
            world.hours_pass_over(id).await;
        }
    });
    join_all(outages).await;
    world.proxy.mend();
    assert_eq!(world.settled().await.leads.len(), cases.len());
    let mut table = vec![row(["the call", "fault", "side", "times", "lookups"])];
    for ((point, fault, side, times, paid), (_, submission)) in cases.iter().zip(&submissions) {
        let (name, times) = (fault.name(), said(*times));
        table.push(row([&point.to_string(), name, &side.to_string(), &times, &paid.to_string()]));
        assert_eq!(world.paid(submission), *paid, "{point} {name} {side} {times}");
        assert!(world.proxy.injected().contains_key(&(*point, *side, name)), "{point} {name} {side}: reached");
    }
    page::assert_shows("Messages whose calls are broken", &table);
    world.stop().await;
}

fn described(fault: &Fault) -> String {
    match fault {
        Fault::Lie(status, "") => format!("answers {}", status.as_u16()),
        Fault::Lie(status, body) => format!("answers {} `{body}`", status.as_u16()),
        other => other.name().to_owned(),
    }
}

fn said(times: u64) -> String {
    if times == EVER { "all".to_owned() } else { times.to_string() }
}

/// What the sweep calls is broken: the next one does its work.
#[tokio::test]
async fn a_sweep_that_fails_is_made_good_by_the_next() {
    use Fault::{Broken, Conflict, Cut, Throttled};
    use Point::{Due, MoveOn, SendAgain};
    use Side::{After, Before};
    let world = World::start().await;
    for (point, fault, side) in [
        (Due, Throttled, Before),
        (Due, Broken, Before),
        (MoveOn, Throttled, Before),
        (MoveOn, Conflict, Before),
        (MoveOn, Cut, After),
        (SendAgain, Broken, Before),
        (SendAgain, Cut, Before),
        (SendAgain, Cut, After),
    ] {
        let submission = world.submission();
        world.accepted(&submission).await;
        world.taken().await;
        world.hours_pass().await;
        let case = format!("{point} {} {side}", fault.name());
        let calls = world.proxy.calls(point);
        world.proxy.break_all(point, side, fault);
        world.sweep(&mut Kill::nobody()).await;
        assert!(world.proxy.calls(point) > calls, "{case}: it was reached");
        world.proxy.mend();
        world.settled().await;
        assert_eq!(world.paid(&submission), 1, "{case}");
    }
    world.stop().await;
}

/// The provider hangs, and so would the batch: its function answers while there is time, and nothing is lost by it.
#[tokio::test]
async fn a_batch_is_answered_before_the_function_runs_out_of_time() {
    let world = World::start().await;
    let submission = world.submission();
    let message = world.message(&world.accepted(&submission).await).await;
    let mut held = world.proxy.hold(Point::LookUp, Side::Before);
    let batch = json!({"Records": [{"messageId": "0", "body": message}]});
    // Less than the look-up may take by itself, and then there is none of it for an answer.
    let worker = world.stack.functions().process_lead.within(Duration::from_millis(2_900));
    assert_eq!(worker.run(&batch).await.unwrap()["batchItemFailures"], json!([]));
    assert!(held.reached().now_or_never().is_some(), "it was at the look-up");
    drop(held);
    world.settled().await;
    assert_eq!(world.paid(&submission), 1);
    world.stop().await;
}

#[tokio::test]
async fn a_queue_that_is_gone_costs_time_and_no_lead() {
    let mut world = World::start().await;
    world.proxy.refuse(Service::Sqs).await;
    let submissions: Vec<_> = (0..8).map(|_| world.submission()).collect();
    for submission in &submissions {
        world.accepted(submission).await;
    }
    for _ in 0..2 {
        world.hours_pass().await;
        world.sweep(&mut Kill::nobody()).await;
    }
    let books = world.books().await;
    assert!(books.messages == 0 && books.leads.values().all(|lead| lead.unfinished && lead.conversations == 0));
    world.proxy.admit(Service::Sqs).await;
    assert_eq!(world.settled().await.leads.len(), submissions.len());
    world.stop().await;
}

#[tokio::test]
async fn tables_that_are_gone_cost_a_503_and_no_message() {
    let mut world = World::start().await;
    let (kept, refused) = (world.submission(), world.submission());
    world.accepted(&kept).await;
    world.proxy.refuse(Service::DynamoDb).await;
    assert_eq!(world.post(&refused).await.status, 503);
    for _ in 0..=RECEIVES {
        world.deliver(&mut Kill::nobody()).await;
        world.sweep(&mut Kill::nobody()).await;
    }
    world.proxy.admit(Service::DynamoDb).await;
    world.accepted(&refused).await;
    assert_eq!(world.settled().await.leads.len(), 2);
    assert_eq!((world.paid(&kept), world.paid(&refused)), (1, 1));
    world.stop().await;
}
