//! Outages of the services that the functions call: short ones, long ones, and lost or wrong answers.

use std::time::Duration;

use axum::http::StatusCode;
use futures_util::FutureExt;
use futures_util::future::join_all;
use serde_json::json;
use tests::proxy::{Fault, Point, Service, Side};

use crate::page::{self, row};
use crate::world::{Kill, World};

/// How often a message is received before it becomes a dead letter.
const MAX_RECEIVES: usize = 5;

const ALL: u64 = u64::MAX;

/// A broken call of intake: the point, the fault, the side, how many calls, and the status of the answer.
type Post = (Point, Fault, Side, u64, u64);

/// Posts during an outage and again after it. After a 503, the same bytes succeed.
async fn posts(world: &World, of_one: bool, (point, fault, side, times, status): Post) -> Vec<String> {
    let submission = world.submission();
    let (name, count) = (described(&fault), counted(times));
    let case = format!("{point} {name} {side} {count}");
    let written = status == 201 || (point == Point::Put && side == Side::After);
    world.proxy.break_next_of(if of_one { &submission.tag } else { "" }, point, side, fault, times);
    let told = world.post(&submission).await;
    assert_eq!((told.status, told.replayed), (status, false), "{case}");
    world.proxy.repair_of(if of_one { &submission.tag } else { "" });
    let again = world.settled_post(&submission).await;
    assert_eq!((again.status, again.replayed), (201, written), "{case}");
    assert!(told.id.is_none() || told.id == again.id, "{case}");
    let again = if written { "replayed" } else { "accepted" };
    let (point, side, status) = (point.to_string(), side.to_string(), status.to_string());
    row([&point, &name, &side, &count, &status, again])
}

#[tokio::test]
async fn a_post_gets_a_true_answer_in_every_outage() {
    use Fault::{Broken, Conflict, Cut, Lie, Slow, Throttled};
    use Point::{Put, Send, SourceRead, TrustedForm};
    use Side::{After, Before};
    let lie = |status, body| Lie(StatusCode::from_u16(status).unwrap(), body);
    let world = World::start().await;
    let of_all = [
        (SourceRead, Throttled, Before, 1, 201), // the SDK retries
        (SourceRead, Throttled, Before, ALL, 503),
        (SourceRead, Cut, After, ALL, 503),
    ];
    let of_one = [
        (TrustedForm, Cut, Before, 1, 201), // the connection pool may return a dead connection
        (TrustedForm, Cut, Before, ALL, 503),
        (TrustedForm, Cut, After, ALL, 503),
        (TrustedForm, Slow(Duration::from_secs(60)), Before, ALL, 503),
        (TrustedForm, Broken, After, ALL, 503),
        (TrustedForm, Throttled, Before, ALL, 503),
        (TrustedForm, lie(200, "<html>"), Before, ALL, 503),
        (TrustedForm, lie(200, "{}"), Before, ALL, 503),
        (TrustedForm, lie(200, r#"{"outcome":"maybe"}"#), Before, ALL, 503),
        (TrustedForm, lie(302, ""), Before, ALL, 503),
        (TrustedForm, lie(401, r#"{"outcome":"failure"}"#), Before, ALL, 503),
        (TrustedForm, lie(404, ""), Before, ALL, 400),
        (Put, Throttled, Before, 1, 201),
        (Put, Throttled, Before, ALL, 503),
        (Put, Broken, Before, ALL, 503),
        (Put, Cut, Before, 1, 201),
        (Put, Conflict, Before, ALL, 503), // but no other writer has the lead
        (Put, Cut, After, 1, 201),         // the SDK's retry finds the lead of its first try
        (Put, Broken, After, 1, 201),
        (Put, Cut, After, ALL, 503), // the lead is stored, but no answer says so
        (Send, Cut, Before, ALL, 201),
        (Send, Cut, After, 1, 201),
        (Send, Broken, Before, ALL, 201),
        (Send, Throttled, Before, ALL, 201),
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

/// The outage lasts longer than the receives of a message. No message becomes a dead letter, and a lookup is paid for
/// twice only if its answer is lost.
#[tokio::test]
async fn an_outage_makes_no_message_a_dead_letter() {
    use Fault::{Broken, Conflict, Cut, Lie, Throttled};
    use Point::{Finish, LeadRead, Lease, LookUp, Open, Postpone, Publish, Published};
    use Side::{After, Before};
    let lie = |status, body| Lie(StatusCode::from_u16(status).unwrap(), body);
    let world = World::start().await;
    let cases = [
        (LeadRead, Throttled, Before, ALL, 1),
        (LeadRead, Broken, Before, ALL, 1),
        (Open, Throttled, Before, 1, 1),
        (Open, Cut, Before, ALL, 1),
        (Open, Conflict, Before, 1, 1),
        (Open, Conflict, Before, ALL, 1),
        (Open, Cut, After, 1, 1), // the SDK's retry is the same transaction
        (Open, Cut, After, ALL, 1),
        (Publish, Throttled, Before, 1, 1),
        (Publish, Throttled, Before, ALL, 1),
        (Publish, Broken, Before, ALL, 1),
        (Publish, Cut, Before, ALL, 1),
        (Publish, Cut, After, 1, 1), // the SDK's retry publishes the same events again
        (Publish, lie(400, r#"{"__type":"AccessDeniedException"}"#), Before, ALL, 1),
        (Publish, lie(200, "{}"), Before, ALL, 1),
        (Publish, lie(200, r#"{"FailedEntryCount":1,"Entries":[{"ErrorCode":"InternalFailure"}]}"#), Before, ALL, 1),
        (LookUp, Throttled, Before, ALL, 1),
        (LookUp, Broken, Before, ALL, 1),
        (LookUp, Cut, Before, ALL, 1),
        (LookUp, Cut, After, 1, 2), // the answer is lost
        (Lease, Broken, Before, ALL, 1),
        (Postpone, Cut, Before, ALL, 1),
        (Finish, Throttled, Before, 1, 1),
        (Finish, Conflict, Before, 2, 1), // another worker has the same message
        (Finish, Cut, After, 1, 1),
        (Finish, Broken, Before, 3, 2), // the answer cannot be stored
        (Published, Throttled, Before, 1, 1),
        (Published, Broken, Before, ALL, 1),
        (Published, Conflict, Before, 1, 1),
        (Published, Cut, After, ALL, 1),
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
        for _ in 0..=MAX_RECEIVES {
            assert_eq!(world.work(&[&message], &mut Kill::never()).await, Some(vec![]), "{point} {side}");
            world.hours_pass_over(id, "LEAD").await;
        }
    });
    join_all(outages).await;
    world.proxy.repair();
    assert_eq!(world.settled().await.leads.len(), cases.len());
    let mut table = vec![row(["the call", "fault", "side", "times", "lookups"])];
    for ((point, fault, side, times, paid), (_, submission)) in cases.iter().zip(&submissions) {
        let (name, times) = (fault.name(), counted(*times));
        table.push(row([&point.to_string(), &described(fault), &side.to_string(), &times, &paid.to_string()]));
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

fn counted(times: u64) -> String {
    if times == ALL { "all".to_owned() } else { times.to_string() }
}

/// A call of the sweep breaks, and the next sweep does its work.
#[tokio::test]
async fn the_next_sweep_makes_up_for_a_failed_one() {
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
        world.sweep(&mut Kill::never()).await;
        assert!(world.proxy.calls(point) > calls, "{case}: the point was not reached");
        world.proxy.repair();
        world.settled().await;
        assert_eq!(world.paid(&submission), 1, "{case}");
    }
    world.stop().await;
}

/// The provider hangs. The function answers before its time is over, and nothing is lost.
#[tokio::test]
async fn a_batch_is_answered_before_the_function_runs_out_of_time() {
    let world = World::start().await;
    let submission = world.submission();
    let message = world.message(&world.accepted(&submission).await).await;
    let mut held = world.proxy.hold(Point::LookUp, Side::Before);
    let batch = json!({"Records": [{"messageId": "0", "body": message}]});
    // Less than the timeout of a lookup alone, so no time would be left for an answer.
    let worker = world.stack.functions().process_lead.within(Duration::from_millis(2_900));
    assert_eq!(worker.run(&batch).await.unwrap()["batchItemFailures"], json!([]));
    assert!(held.reached().now_or_never().is_some(), "the lookup has started");
    drop(held);
    world.settled().await;
    assert_eq!(world.paid(&submission), 1);
    world.stop().await;
}

#[tokio::test]
async fn an_outage_of_the_queue_delays_leads_and_loses_none() {
    let mut world = World::start().await;
    world.proxy.refuse(Service::Sqs).await;
    let submissions: Vec<_> = (0..8).map(|_| world.submission()).collect();
    for submission in &submissions {
        world.accepted(submission).await;
    }
    for _ in 0..2 {
        world.hours_pass().await;
        world.sweep(&mut Kill::never()).await;
    }
    let books = world.books().await;
    assert!(books.messages == 0 && books.leads.values().all(|lead| lead.unfinished && lead.conversations == 0));
    world.proxy.admit(Service::Sqs).await;
    assert_eq!(world.settled().await.leads.len(), submissions.len());
    world.stop().await;
}

#[tokio::test]
async fn an_outage_of_the_tables_answers_503_and_loses_no_message() {
    let mut world = World::start().await;
    let (kept, refused) = (world.submission(), world.submission());
    world.accepted(&kept).await;
    world.proxy.refuse(Service::DynamoDb).await;
    assert_eq!(world.post(&refused).await.status, 503);
    for _ in 0..=MAX_RECEIVES {
        world.deliver(&mut Kill::never()).await;
        world.sweep(&mut Kill::never()).await;
    }
    world.proxy.admit(Service::DynamoDb).await;
    world.accepted(&refused).await;
    assert_eq!(world.settled().await.leads.len(), 2);
    assert_eq!((world.paid(&kept), world.paid(&refused)), (1, 1));
    world.stop().await;
}
