//! The sweep announces the due leads of the outbox again. It is the only retry mechanism.

use std::time::Duration;

use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use tokio::time::Instant;

use super::steps::wait;
use super::worker::Worker;
use crate::queue::{self, LeadCreated};
use crate::store::{Due, schema};
use crate::telemetry::{metric, step};
use crate::time::Timestamp;

/// The limit on due leads per shard and sweep. The next sweep continues.
const MAX_PER_SHARD: i32 = 1_000;

/// How many batches are announced concurrently.
const CONCURRENCY: usize = 16;

/// A sweep starts no batch when less time than this is left. A batch takes up to 3 s: an update within the SDK's 2.5 s
/// and a send within 0.5 s.
const BATCH_TIMEOUT: Duration = Duration::from_secs(4);

impl Worker {
    /// Announces every due lead, the longest due first. It moves the due time first, so that a backlog is not announced
    /// every minute. Stops before `end`, and reports how many leads were due.
    pub(super) async fn sweep(&self, end: Instant) {
        let now = Timestamp::now();
        let shards = join_all((0..schema::UNFINISHED_SHARDS).map(|shard| self.due(shard, now))).await;
        let seen = Seen::of(&shards);
        let mut due: Vec<Due> = shards.into_iter().flatten().flatten().collect();
        due.sort_by_key(|lead| lead.due_at);
        stream::iter(due.chunks(queue::MAX_BATCH))
            .for_each_concurrent(CONCURRENCY, |batch| async move {
                if Instant::now() + BATCH_TIMEOUT < end {
                    self.announce(batch, now).await;
                } else {
                    tracing::warn!(leads = batch.len(), "leads wait for the next sweep");
                }
            })
            .await;
        let Some(Seen { due, oldest }) = seen else { return };
        let oldest = oldest.map_or(Duration::ZERO, |created_at| now.since(created_at));
        metric::due(due, oldest);
        if due > 0 {
            tracing::warn!(due, oldest_seconds = oldest.as_secs(), "unfinished leads were due");
        }
    }

    /// The due leads of a shard; `None` when the shard cannot be read.
    async fn due(&self, shard: u8, now: Timestamp) -> Option<Vec<Due>> {
        let due = self.leads.due(shard, now, MAX_PER_SHARD).await.inspect_err(|error| {
            let span = tracing::info_span!("sweep", shard);
            span.in_scope(|| error.report_unavailable("a shard of the outbox cannot be read"));
        });
        due.ok()
    }

    /// Moves the due times of up to [`queue::MAX_BATCH`] leads, and then announces the leads.
    async fn announce(&self, due: &[Due], now: Timestamp) {
        let moved = join_all(due.iter().map(|lead| self.reschedule(lead, now))).await;
        let messages: Vec<_> = moved.into_iter().flatten().collect();
        match self.queue.send_all(&messages).await {
            Ok(()) => messages.iter().for_each(|message| step::announced(&message.lead_id)),
            Err(error) => {
                metric::unavailable("queue");
                tracing::warn!(%error, leads = messages.len(), "leads wait for a later sweep");
            }
        }
    }

    /// Moves a lead's due time and returns the message about it; `None` when another writer was faster.
    async fn reschedule(&self, due: &Due, now: Timestamp) -> Option<LeadCreated> {
        let next = now.after(wait(due.created_at, now, self.due_after));
        match self.leads.reschedule(due, next).await {
            Ok(moved) => moved.map(|kept| LeadCreated::of(&kept.lead, kept.business_id, "sweep")),
            Err(error) => {
                let span = tracing::info_span!("sweep", lead_id = %due.id);
                span.in_scope(|| error.report_unavailable("the lead waits for the next sweep"));
                None
            }
        }
    }
}

/// What a sweep found.
#[derive(Debug, PartialEq)]
struct Seen {
    /// How many leads are due.
    due: usize,
    /// When the oldest of them was accepted. Due times do not show age, because each sweep moves them.
    oldest: Option<Timestamp>,
}

impl Seen {
    /// Sums the shards up. `None` unless every shard was read, because an unread shard may contain any number of leads
    /// of any age.
    fn of(shards: &[Option<Vec<Due>>]) -> Option<Self> {
        let shards = shards.iter().map(Option::as_ref).collect::<Option<Vec<_>>>()?;
        let due = shards.iter().map(|due| due.len()).sum();
        let oldest = shards.into_iter().flatten().map(|lead| lead.created_at).min();
        Some(Self { due, oldest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_that_did_not_read_every_shard_reports_nothing() {
        let at = |hour| format!("2026-06-15T{hour:02}:00:00Z").parse::<Timestamp>().unwrap();
        let due = |hours: &[u8]| {
            let lead = |hour: &u8| Due { id: "lead_a".parse().unwrap(), created_at: at(*hour), due_at: at(23) };
            Some(hours.iter().map(lead).collect())
        };
        let cases = [
            (vec![due(&[]), due(&[])], Some(Seen { due: 0, oldest: None })),
            (vec![due(&[12, 13]), due(&[]), due(&[11])], Some(Seen { due: 3, oldest: Some(at(11)) })),
            (vec![due(&[12, 13]), None, due(&[11])], None),
        ];
        for (shards, seen) in cases {
            assert_eq!(Seen::of(&shards), seen);
        }
    }
}
