//! The tables and the queues.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use leadping::id::{LeadId, SourceId};
use leadping::source::Source;
use leadping::store::{AllSources, Due, Silence, Work};
use leadping::time::Timestamp;

use super::finding::Finding;
use crate::error::Error;
use crate::known;
use crate::ledger::chain;
use crate::output::count;
use crate::output::screen::duration;
use crate::queue;
use crate::target::Target;

/// The sweep runs each minute. A lead that has been due for longer than this was not swept.
const SWEEP_LATE: Duration = Duration::from_secs(3 * 60);

/// Events are published in the moment they are written, and otherwise by the sweep after a minute.
const EVENTS_LATE: Duration = Duration::from_secs(15 * 60);

/// TrustedForm deletes a certificate that is not retained after 72 hours.
const RETAIN_LATE: Duration = Duration::from_secs(48 * 60 * 60);

/// Reading a long ledger may take longer than a check has.
const LEDGER_TIMEOUT: Duration = Duration::from_secs(4);

/// A person who may write to the ledger can make any number of faults.
const MAX_FAULTS: usize = 5;

/// A source is late after this, so that no source is late in the first minutes of a day.
const SILENCE_LATE: Duration = Duration::from_secs(60 * 60);

/// Many sources may take longer to look at than a check has.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(3);

/// How many sources are looked at at once, each with four small queries.
const SILENCE_AT_ONCE: usize = 8;

/// A message that nothing works on may just have arrived: the queue is looked at twice.
const SECOND_LOOK: Duration = Duration::from_secs(2);

/// The table of sources, and whether each source that may send has a key to send with.
pub(super) async fn sources(target: &Target) -> Vec<Finding> {
    let check = "sources";
    let AllSources { sources, unreadable } = match known::all_sources(target).await {
        Ok(all) => all,
        Err(error) => return vec![Finding::failed(check, error)],
    };
    let now = Timestamp::now();
    let named = |is_meant: &dyn Fn(&Source) -> bool| {
        let ids: Vec<_> = sources.iter().filter(|source| is_meant(source)).map(|source| source.id.as_str()).collect();
        (!ids.is_empty()).then(|| ids.join(", "))
    };
    let is_in_production = |source: &Source| target.is_production() && source.approved && source.enabled;
    let keyless = named(&|source| source.attachment().is_ok() && !source.keys.iter().any(|key| key.is_live(now)));
    let unkept = named(&|source| is_in_production(source) && !source.retain_certificates);
    let uncapped = named(&|source| is_in_production(source) && source.limits.is_none());
    let in_unknown_zone = named(&|source| source.limits.as_ref().is_some_and(|caps| !caps.time_zone.is_known()));
    let all = count(sources.len(), "source");
    let keys = match keyless {
        None if !sources.iter().any(|source| source.attachment().is_ok()) => {
            Finding::ok(check, format!("{all}, none active: no lead is accepted"))
        }
        None => Finding::ok(check, format!("{all}, all active ones have a valid key")),
        Some(keyless) => Finding::problem(
            check,
            format!("no valid key: {keyless}"),
            "`leadctl key create ID` creates one; if that is intended, disable the source (`leadctl source disable ID`)",
        ),
    };
    let unreadable = (!unreadable.is_empty()).then(|| {
        let ids = unreadable.iter().map(SourceId::as_str).collect::<Vec<_>>().join(", ");
        Finding::problem(
            check,
            format!("cannot be read, so each of their posts fails: {ids}"),
            "They were edited by other means than leadctl, or written by another release \
             (docs/operating.md#a-source-cannot-be-read)",
        )
    });
    let zones = in_unknown_zone.map(|ids| {
        Finding::problem(
            "cap zones",
            format!("unknown, so days begin at midnight UTC: {ids}"),
            "`leadctl source update ID --cap-zone ZONE` sets one that this release knows",
        )
    });
    let retains = unkept.map(|ids| Finding::ok("certificates", format!("not retained for {ids}")));
    let caps = uncapped.map(|ids| Finding::ok("caps", format!("none for {ids}")));
    [Some(keys), unreadable, retains, caps, zones].into_iter().flatten().collect()
}

/// The sources that sent leads yesterday and none today.
pub(super) async fn silence(target: &Target) -> Vec<Finding> {
    let check = "silence";
    // Another check names those that cannot be read.
    let mut sources = match known::all_sources(target).await {
        Ok(all) => all.sources,
        Err(error) => return vec![Finding::failed(check, error)],
    };
    sources.retain(|source| source.enabled);
    let (now, number) = (Timestamp::now(), sources.len());
    let look = |source: Source| async move { Ok((target.leads.silence(&source, now).await?, source.id)) };
    let looked = stream::iter(sources).map(look).buffered(SILENCE_AT_ONCE);
    let looked = looked.take_until(tokio::time::sleep(SILENCE_TIMEOUT)).try_collect::<Vec<_>>().await;
    let looked = match looked {
        Ok(looked) => looked,
        Err(error) => return vec![Finding::failed(check, target.store_error(error))],
    };
    let unseen = number - looked.len();
    let silent = looked.into_iter().filter_map(|(silence, id)| Some((silence?, id))).collect();
    silences(check, silent, unseen, now)
}

/// What the silence of these sources means at this time of the day.
fn silences(check: &'static str, silent: Vec<(Silence, SourceId)>, unseen: usize, now: Timestamp) -> Vec<Finding> {
    let (late, early): (Vec<_>, Vec<_>) =
        silent.into_iter().partition(|(silence, _)| silence.due_at.after(SILENCE_LATE) <= now);
    let ids = |silent: &[(Silence, SourceId)]| silent.iter().map(|(_, id)| id.as_str()).collect::<Vec<_>>().join(", ");
    let late = (!late.is_empty()).then(|| {
        Finding::problem(
            check,
            format!("leads yesterday and none today (UTC): {}", ids(&late)),
            "`leadctl report --refused --from yesterday` shows whether its posts are refused; if not, ask the partner \
             (docs/operating.md#a-source-fell-silent). If that is intended, disable the source (`leadctl source disable \
             ID`)",
        )
    });
    let early = (!early.is_empty()).then(|| {
        Finding::ok(check, format!("leads yesterday and none yet today (UTC), not late so far: {}", ids(&early)))
    });
    let unseen = (unseen > 0).then(|| {
        Finding::skipped(check, format!("{} not looked at: a check may not take that long", count(unseen, "source")))
    });
    let found: Vec<_> = [late, early, unseen].into_iter().flatten().collect();
    if found.is_empty() {
        return vec![Finding::ok(check, "no source that sent leads yesterday is silent today (UTC)")];
    }
    found
}

/// The table of leads.
pub(super) async fn leads(target: &Target) -> Vec<Finding> {
    // No lead has this id: only an answer is wanted.
    let none = LeadId::from_digest(&[0; 32]);
    vec![match target.leads.get(&none).await {
        Ok(_) => Finding::ok("leads", "the table answers"),
        Err(error) => Finding::failed("leads", target.store_error(error)),
    }]
}

/// The chain of the ledger, and the sources' histories by it.
pub(super) async fn ledger(target: &Target) -> Vec<Finding> {
    let check = "ledger";
    let Ok(verified) = tokio::time::timeout(LEDGER_TIMEOUT, chain::verify(target, None)).await else {
        return vec![match target.ledger.head().await {
            Ok(head) => Finding::skipped(
                check,
                format!(
                    "its {} entries take longer than a check may; `leadctl ledger verify` checks them",
                    head.number
                ),
            ),
            Err(error) => Finding::failed(check, target.store_error(error)),
        }];
    };
    vec![match verified {
        Ok(verified) if verified.faults.is_empty() => {
            Finding::ok(check, format!("the chain holds; entries: {}", verified.number))
        }
        Ok(verified) => Finding::problem(
            check,
            some(&verified.faults),
            "It was edited by other means than leadctl (docs/operating.md#the-ledger): compare with CloudTrail",
        ),
        Err(error) => Finding::failed(check, error),
    }]
}

/// The first faults, and how many more there are.
fn some(faults: &[String]) -> String {
    let (first, more) = faults.split_at(faults.len().min(MAX_FAULTS));
    let first = first.join("; ");
    if more.is_empty() { first } else { format!("{first}; and {} more: `leadctl ledger verify` names all", more.len()) }
}

/// Due leads are announced each minute, and their due time moves with that: one that stays due was not seen.
pub(super) async fn sweep(target: &Target) -> Vec<Finding> {
    let check = "sweep";
    let unfinished = match target.leads.unfinished().await {
        Ok(unfinished) => unfinished,
        Err(error) => return vec![Finding::failed(check, target.store_error(error))],
    };
    let now = Timestamp::now();
    let late = leads_of(unfinished.iter().filter(|due| now.since(due.due_at) > SWEEP_LATE));
    let of = |work: Work| unfinished.iter().filter(move |due| due.work == work).collect::<Vec<_>>();
    let (waiting, retains) = (of(Work::Events), of(Work::Retain));
    let unfinished = count(leads_of(&unfinished), "unfinished lead");
    let consent = match retains.iter().map(|due| now.since(due.since)).max() {
        Some(oldest) if oldest > RETAIN_LATE => Finding::problem(
            "consent",
            format!("{} to retain, the oldest for {}", count(retains.len(), "certificate"), duration(oldest.as_secs())),
            "TrustedForm deletes a certificate after 72 hours (docs/operating.md#oldestretain)",
        ),
        Some(_) => Finding::ok("consent", format!("{} to retain", count(retains.len(), "certificate"))),
        None => Finding::ok("consent", "no certificate waits"),
    };
    let events = match waiting.iter().map(|due| now.since(due.since)).max() {
        Some(oldest) if oldest > EVENTS_LATE => Finding::problem(
            "events",
            format!(
                "the events of {} wait, the oldest for {}",
                count(waiting.len(), "lead"),
                duration(oldest.as_secs())
            ),
            "The bus does not accept them (docs/operating.md#oldestevent); they are published when it does",
        ),
        Some(_) => Finding::ok("events", format!("the events of {} wait", count(waiting.len(), "lead"))),
        None => Finding::ok("events", "all published"),
    };
    let sweep = match late {
        0 => Finding::ok(check, format!("{unfinished}, none overdue")),
        late if target.is_backends_only() => {
            Finding::ok(check, format!("{unfinished}, {late} overdue; the sweep runs elsewhere"))
        }
        late => Finding::problem(
            check,
            format!("{}, {late} overdue by more than {} minutes", unfinished, SWEEP_LATE.as_secs() / 60),
            "Check the schedule and the worker's log (docs/operating.md#sweepmissing); `leadctl unfinished announce` does \
             the sweep's work by hand",
        ),
    };
    vec![sweep, events, consent]
}

/// How many leads these entries are of: a lead may have several, and counts once, as `leadctl unfinished` counts it.
fn leads_of<'a>(entries: impl IntoIterator<Item = &'a Due>) -> usize {
    entries.into_iter().map(|due| &due.id).collect::<HashSet<_>>().len()
}

/// The queue of accepted leads.
pub(super) async fn queue(target: &Target) -> Vec<Finding> {
    let check = "queue";
    let url = match target.queue_url() {
        Ok(url) => url,
        Err(error) => return vec![Finding::skipped(check, error.to_string())],
    };
    let idle = |counts: &Result<[u64; 3], Error>| matches!(counts, Ok([waiting, 0, _]) if *waiting > 0);
    let mut counts = queue::counts(target, url).await;
    if idle(&counts) && !target.is_backends_only() {
        tokio::time::sleep(SECOND_LOOK).await;
        counts = queue::counts(target, url).await;
    }
    vec![match counts {
        Ok([waiting, _, _]) if idle(&counts) && target.is_backends_only() => {
            Finding::ok(check, format!("{}; the worker runs elsewhere", messages(waiting)))
        }
        Ok([waiting, 0, _]) if waiting > 0 => Finding::problem(
            check,
            format!("{}, none is in progress", messages(waiting)),
            "Check that the worker's event source is enabled, and its log (docs/operating.md#oldestmessage)",
        ),
        Ok([waiting, in_flight, _]) => Finding::ok(check, format!("{}, {in_flight} in progress", messages(waiting))),
        Err(error) => Finding::failed(check, error),
    }]
}

fn messages(waiting: u64) -> String {
    if waiting == 1 { "1 message waits".to_owned() } else { format!("{waiting} messages wait") }
}

/// The dead letters.
pub(super) async fn dead_letters(target: &Target) -> Vec<Finding> {
    let check = "dead letters";
    let url = match target.dead_letter_queue_url() {
        Ok(url) => url,
        Err(error) => return vec![Finding::skipped(check, error.to_string())],
    };
    vec![match queue::counts(target, url).await {
        Ok([0, 0, _]) => Finding::ok(check, "none"),
        Ok([waiting, held, _]) => Finding::problem(
            check,
            format!("{} in the queue", waiting + held),
            "`leadctl dlq peek` shows what is wrong with each; fix that, then `leadctl dlq redrive --all`, or `leadctl \
             dlq delete MESSAGE` (docs/operating.md#dead-letters)",
        ),
        Err(error) => Finding::failed(check, error),
    }]
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    #[test]
    fn a_lead_with_several_entries_counts_once() {
        let due = |id: &str, work| {
            let now = Timestamp::now();
            Due { id: id.parse().unwrap(), work, since: now, due_at: now }
        };
        let entries = [due("a", Work::Events), due("b", Work::Lookup), due("a", Work::Lookup), due("c", Work::Retain)];
        assert_eq!((leads_of(&entries), leads_of(&entries[..1]), leads_of(&[])), (3, 1, 0));
    }

    #[test]
    fn a_source_is_late_an_hour_after_its_first_lead_of_the_day_before() {
        let found = |first: &[(&str, &str)], unseen, now: &str| -> Vec<(State, String)> {
            let silent = first.iter().map(|(id, due)| (Silence { due_at: due.parse().unwrap() }, id.parse().unwrap()));
            let found = silences("silence", silent.collect(), unseen, now.parse().unwrap());
            assert!(found.iter().all(|it| it.remedy.is_some() == (it.state == State::Problem)), "{found:?}");
            found.into_iter().map(|it| (it.state, it.found)).collect()
        };
        let (night, noon) = ("2026-06-15T00:00:00.000Z", "2026-06-15T12:00:00.000Z");
        let early = "leads yesterday and none yet today (UTC), not late so far: ";
        let late = "leads yesterday and none today (UTC): ";
        for (first, now, state, says) in [
            (&[][..], "2026-06-15T00:05:00Z", State::Ok, "no source that sent leads yesterday is silent".to_owned()),
            (&[("a", night)], "2026-06-15T00:05:00Z", State::Ok, format!("{early}a")),
            (&[("a", night)], "2026-06-15T00:59:59.999Z", State::Ok, format!("{early}a")),
            (&[("a", night)], "2026-06-15T01:00:00Z", State::Problem, format!("{late}a")),
            (&[("a", noon)], "2026-06-15T12:59:00Z", State::Ok, format!("{early}a")),
            (&[("a", noon), ("b", noon)], "2026-06-15T13:00:00Z", State::Problem, format!("{late}a, b")),
        ] {
            let found = found(first, 0, now);
            assert!(found.len() == 1 && found[0].0 == state && found[0].1.starts_with(&says), "{now}: {found:?}");
        }
        let found = found(&[("a", night), ("b", noon)], 2, noon);
        let states: Vec<_> = found.iter().map(|(state, _)| *state).collect();
        assert_eq!(states, [State::Problem, State::Ok, State::Skipped], "{found:?}");
    }
}
