//! The sweep announces the due leads of the outbox again. It is the only retry mechanism.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use tokio::time::Instant;

use super::steps::wait;
use super::worker::Worker;
use crate::id::LeadId;
use crate::queue::{self, LeadCreated};
use crate::store::{Due, Work, schema};
use crate::telemetry::metric::{self, Backlog};
use crate::telemetry::step;
use crate::time::Timestamp;

/// The limit on due leads per shard and sweep. The next sweep continues.
const MAX_PER_SHARD: u16 = 1_000;

/// How many shards are read, and how many batches are announced, concurrently. Each takes a connection of its own.
const CONCURRENCY: usize = 16;

/// A sweep starts no batch when less time than this is left. A batch takes up to 3 s: an update within the SDK's 2.5 s
/// and a send within 0.5 s.
const BATCH_TIMEOUT: Duration = Duration::from_secs(4);

impl Worker {
    /// Announces every due lead, the longest due first. It moves the due time first, so that a backlog is not announced
    /// every minute. Stops before `end`, and reports how many leads were due.
    pub(super) async fn sweep(&self, end: Instant) {
        let now = Timestamp::now();
        let shards: Vec<_> = stream::iter(0..schema::UNFINISHED_SHARDS)
            .map(|shard| self.due(shard, now))
            .buffered(CONCURRENCY)
            .collect()
            .await;
        let found = backlog(&shards, now);
        let leads = by_lead(shards.into_iter().flatten().flatten());
        stream::iter(leads.chunks(queue::MAX_BATCH))
            .for_each_concurrent(CONCURRENCY, |batch| async move {
                if Instant::now() + BATCH_TIMEOUT < end {
                    self.announce(batch, now).await;
                } else {
                    tracing::warn!(leads = batch.len(), "leads wait for the next sweep");
                }
            })
            .await;
        let Some(found) = found else { return };
        metric::backlog(found);
        if found.leads + found.events > 0 {
            let Backlog { leads, events, oldest, .. } = found;
            tracing::warn!(leads, events, oldest_seconds = oldest.as_secs(), "unfinished leads were due");
        }
    }

    /// The due entries of a shard; `None` when the shard cannot be read.
    async fn due(&self, shard: u8, now: Timestamp) -> Option<Vec<Due>> {
        let due = self.leads.due(shard, now, MAX_PER_SHARD).await.inspect_err(|error| {
            let span = tracing::info_span!("sweep", shard);
            span.in_scope(|| error.report_unavailable("a shard of the outbox cannot be read"));
        });
        due.ok()
    }

    /// Moves the due times of up to [`queue::MAX_BATCH`] leads, and then announces them.
    async fn announce(&self, leads: &[Vec<Due>], now: Timestamp) {
        let moved = join_all(leads.iter().flatten().map(|entry| self.reschedule(entry, now))).await;
        let mut messages: Vec<_> = moved.into_iter().flatten().collect();
        messages.dedup_by(|one, other| one.lead_id == other.lead_id);
        match self.queue.send_all(&messages).await {
            Ok(()) => messages.iter().for_each(|message| step::announced(&message.lead_id)),
            Err(error) => {
                metric::unavailable("queue");
                tracing::warn!(%error, leads = messages.len(), "leads wait for a later sweep");
            }
        }
    }

    /// Moves an entry's due time and returns the message about its lead; `None` when another writer was faster.
    async fn reschedule(&self, due: &Due, now: Timestamp) -> Option<LeadCreated> {
        let next = now.after(wait(due.since, now, self.due_after));
        match self.leads.reschedule(due, next).await {
            Ok(moved) => moved.map(|lead| LeadCreated::of(lead.lead(), lead.business_id().clone(), "sweep")),
            Err(error) => {
                let span = tracing::info_span!("sweep", lead_id = %due.id);
                span.in_scope(|| error.report_unavailable("the lead waits for the next sweep"));
                None
            }
        }
    }
}

/// The marks of each lead, the longest due first. The worker does all that is left for a lead, so it is announced once:
/// two workers would only be in each other's way.
fn by_lead(due: impl IntoIterator<Item = Due>) -> Vec<Vec<Due>> {
    let mut leads: BTreeMap<LeadId, Vec<Due>> = BTreeMap::new();
    for entry in due {
        let marks = leads.entry(entry.id.clone()).or_default();
        if !marks.iter().any(|mark| mark.shares_mark(&entry)) {
            marks.push(entry);
        }
    }
    let mut leads: Vec<_> = leads.into_values().collect();
    leads.sort_by_key(|marks| marks.iter().map(|mark| mark.due_at).min());
    leads
}

/// Sums the shards up. `None` unless every shard was read, because an unread shard may contain any number of leads of
/// any age. Due times do not show age, because each sweep moves them.
fn backlog(shards: &[Option<Vec<Due>>], now: Timestamp) -> Option<Backlog> {
    let mut found = Backlog::default();
    for shard in shards {
        for due in shard.as_ref()? {
            let waited = now.since(due.since);
            let (count, oldest) = match due.work {
                Work::Lookup => (&mut found.leads, None),
                Work::Events => (&mut found.events, Some(&mut found.oldest_events)),
                Work::Retain => {
                    found.retains += 1;
                    found.oldest_retain = found.oldest_retain.max(waited);
                    continue;
                }
            };
            *count += 1;
            found.oldest = found.oldest.max(waited);
            if let Some(oldest) = oldest {
                *oldest = (*oldest).max(waited);
            }
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lead_is_announced_once_whatever_it_waits_for() {
        use Work::{Events, Lookup, Retain};
        let entry = |(id, work, hour): (&str, Work, u8)| {
            let due_at = format!("2026-06-15T{hour:02}:00:00Z").parse().unwrap();
            Due { id: id.parse().unwrap(), work, since: due_at, due_at }
        };
        let due = [
            ("lead_a", Lookup, 12),
            ("lead_b", Events, 11),
            ("lead_b", Retain, 11),
            ("lead_c", Retain, 9),
            ("lead_a", Events, 10),
        ];
        let leads = by_lead(due.map(entry));
        let marks: Vec<_> =
            leads.iter().map(|marks| (marks[0].id.as_str(), marks.iter().map(|it| it.work).collect())).collect();
        let expected = [("lead_c", vec![Retain]), ("lead_a", vec![Lookup, Events]), ("lead_b", vec![Events])];
        assert_eq!(marks, expected, "events and certificate have one mark");
    }

    #[test]
    fn a_sweep_that_did_not_read_every_shard_reports_nothing() {
        use Work::{Events, Lookup, Retain};
        let at = |hour| format!("2026-06-15T{hour:02}:00:00Z").parse::<Timestamp>().unwrap();
        let due = |entries: &[(Work, u8)]| {
            let entry = |(work, hour): &(Work, u8)| {
                let (id, since) = ("lead_a".parse().unwrap(), at(*hour));
                Due { id, work: *work, since, due_at: at(23) }
            };
            Some(entries.iter().map(entry).collect())
        };
        let found = |leads, events, oldest: u64, oldest_events: u64| {
            let [oldest, oldest_events] = [oldest, oldest_events].map(|hours| Duration::from_secs(hours * 3_600));
            Some(Backlog { leads, events, oldest, oldest_events, ..Backlog::default() })
        };
        let cases = [
            (vec![due(&[]), due(&[])], found(0, 0, 0, 0)),
            (vec![due(&[(Lookup, 12), (Lookup, 13)]), due(&[]), due(&[(Lookup, 11)])], found(3, 0, 9, 0)),
            (vec![due(&[(Lookup, 12), (Events, 13)]), due(&[(Events, 14)])], found(1, 2, 8, 7)),
            (vec![due(&[(Events, 10)]), due(&[(Lookup, 14)])], found(1, 1, 10, 10)),
            (vec![due(&[(Lookup, 12)]), None, due(&[(Events, 11)])], None),
        ];
        for (shards, expected) in cases {
            assert_eq!(backlog(&shards, at(20)), expected);
        }
        let oldest_retain = Duration::from_secs(15 * 3_600);
        let found = Backlog { retains: 2, oldest_retain, ..Backlog::default() };
        assert_eq!(backlog(&[due(&[(Retain, 5), (Retain, 6)])], at(20)), Some(found), "no lead waits for TrustedForm");
    }
}
