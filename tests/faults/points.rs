//! Kills the functions at every call that they make, before and after the service handles it.
//!
//! Functions write no files. So dropping a running function leaves the same state as killing its process: what it has sent,
//! and what the services did with it. One test shows this with the real binaries and `SIGKILL`, for every call.

use std::fmt;

use tests::proxy::{Fault, Point, Side};

use crate::page;
use crate::world::{Kill, Told, World};

/// The calls that are made only for a source that retains certificates. `retain.rs` breaks them.
const OF_CERTIFICATES: [Point; 3] = [Point::Retain, Point::RetainLease, Point::RetainWait];

/// The calls that are made only for a source with limits, for a refused post or for a dry run. `limits.rs` breaks them.
const OF_LIMITS: [Point; 6] =
    [Point::Guard, Point::Count, Point::GiveBack, Point::Unguard, Point::CountRefusal, Point::CountRead];

/// What happens to the call during which the function is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It never arrives.
    Lost,
    /// It is done, but no answer arrives.
    Done,
    /// It arrives after all work was done without it.
    Late,
}

impl Fate {
    pub(crate) const ALL: [Self; 3] = [Self::Lost, Self::Done, Self::Late];

    pub(crate) fn side(self) -> Side {
        if self == Self::Done { Side::After } else { Side::Before }
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lost => "lost",
            Self::Done => "done",
            Self::Late => "late",
        })
    }
}

/// The result of a kill during one call.
struct Ending {
    /// The answer to the partner: `201` or `nothing`.
    told: &'static str,
    /// Whether the first post wrote the lead.
    kept: bool,
    /// The number of lookups that were paid for.
    paid: u64,
}

/// Makes the functions reach a point.
fn prepare(world: &World, point: Point) {
    if matches!(point, Point::Lease | Point::Postpone) {
        world.proxy.break_next(Point::LookUp, Side::Before, Fault::Throttled, 1);
    }
}

async fn kill_at(world: &World, point: Point, fate: Fate) -> Ending {
    let before = world.books().await.leads.len();
    let submission = world.submission();
    prepare(world, point);
    let mut kill = Kill::at(world, point, fate.side());

    let told = world.post_until(&submission, &mut kill).await;
    if matches!(point, Point::Due | Point::MoveOn | Point::SendAgain) {
        world.taken().await; // now only the sweep can find the lead
    }
    let books = world.settle(&mut kill).await;
    assert!(kill.reached(), "{point} was not reached");
    assert_eq!(books.wrong(), [], "{point} {fate}: every stored lead is finished");
    if let Some(Told { status, id, .. }) = &told {
        assert_eq!(*status, 201, "{point} {fate}");
        assert!(books.leads.contains_key(id.as_ref().unwrap()), "{point} {fate}: the accepted lead is stored");
    }

    // The partner posts again. Without an answer it has to, and with one it may.
    let again = world.settled_post(&submission).await;
    let kept = books.leads.len() > before;
    assert_eq!((again.status, again.replayed), (201, kept), "{point} {fate}");
    let books = world.settled().await;
    assert_eq!(books.leads.len(), before + 1, "{point} {fate}: one lead");
    assert!(books.leads.contains_key(again.id.as_ref().unwrap()), "{point} {fate}");

    if fate == Fate::Late {
        kill.arrive(world).await;
        assert_eq!(world.settled().await.leads, books.leads, "{point} {fate}: the late call changes nothing");
    }
    // Paid for twice only if the answer was lost, before or after we got it.
    let answer_lost =
        matches!((point, fate), (Point::LookUp, Fate::Done | Fate::Late) | (Point::Finish, Fate::Lost | Fate::Late));
    let paid = world.paid(&submission);
    assert_eq!(paid, 1 + u64::from(answer_lost), "{point} {fate}");
    Ending { told: if told.is_some() { "201" } else { "nothing" }, kept, paid }
}

/// Kills during every call in these ways, and compares the results with `docs/reliability.md`.
async fn kill_at_every_point(world: World, fates: &[Fate]) {
    let mut head = vec!["killed over its".to_owned()];
    head.extend(fates.iter().flat_map(|fate| [format!("{fate}: told"), format!("{fate}: lookups")]));
    head.push("its lead".to_owned());
    let mut table = vec![head];
    let is_made = |point: &Point| !OF_CERTIFICATES.contains(point) && !OF_LIMITS.contains(point);
    for point in Point::ALL.into_iter().filter(is_made) {
        let mut row = vec![point.to_string()];
        let mut kept = Vec::new();
        for fate in fates {
            let ending = kill_at(&world, point, *fate).await;
            row.extend([ending.told.to_owned(), ending.paid.to_string()]);
            kept.push(ending.kept);
        }
        let done_alone: Vec<_> = fates.iter().map(|fate| *fate == Fate::Done).collect();
        row.push(match kept.as_slice() {
            kept if kept.iter().all(|kept| *kept) => "there".to_owned(),
            kept if !kept.contains(&true) => "not there".to_owned(),
            kept if kept == done_alone => "there when it was done".to_owned(),
            _ => panic!("{point}: kept {kept:?}"),
        });
        table.push(row);
    }
    page::assert_shows("Killed at each call", &table);
    world.stop().await;
}

#[tokio::test]
async fn every_kill_leaves_one_whole_lead() {
    kill_at_every_point(World::start().await, &Fate::ALL).await;
}

#[tokio::test]
async fn a_killed_process_leaves_the_same_state_as_a_dropped_function() {
    let scratch = tempfile::tempdir().unwrap();
    let log = scratch.path().join("log");
    let world = World::of_processes(&log).await;
    kill_at_every_point(world, &[Fate::Lost, Fate::Done]).await;

    let log = std::fs::read_to_string(log).unwrap();
    let steps = |step: &str| log.matches(&format!(r#""step":"{step}""#)).count();
    assert!(steps("accepted") > 0 && steps("ready") > 0, "the processes did the work");
    for personal in ["Jordan", "+1512200", "%2B1512200", "lp_source_key"] {
        assert!(!log.contains(personal), "{personal} is in the log");
    }
}

/// The reads that intake makes only for a lead that may already be stored.
#[tokio::test]
async fn a_kill_during_the_read_of_a_repeat_changes_nothing() {
    let causes = [
        (Point::Put, Fault::Conflict, "the worker is writing the lead"),
        (Point::TrustedForm, Fault::Broken, "refused"),
    ];
    let world = World::start().await;
    for (point, fault, why) in causes {
        for fate in Fate::ALL {
            let submission = world.submission();
            let id = world.accepted(&submission).await;
            let books = world.settled().await;
            world.proxy.break_next(point, Side::Before, fault.clone(), 1);
            let mut kill = Kill::at(&world, Point::LeadRead, fate.side());
            assert!(world.post_until(&submission, &mut kill).await.is_none(), "{why}, {fate}");
            let again = world.settled_post(&submission).await;
            assert_eq!((again.status, again.replayed, again.id), (201, true, Some(id)), "{why}, {fate}");
            if fate == Fate::Late {
                kill.arrive(&world).await;
            }
            assert_eq!(world.settled().await, books, "{why}, {fate}");
        }
    }
    world.stop().await;
}
