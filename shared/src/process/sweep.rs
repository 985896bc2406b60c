//! The sweep: what is unfinished and due is announced again. It is the only retry that there is.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;

use super::worker::Processor;
use crate::queue::{self, LeadCreated};
use crate::store::{Due, schema};
use crate::telemetry::{metric, step};
use crate::time::Timestamp;

/// So many due leads of a shard are taken in one sweep; the next one takes the rest.
const MOST_PER_SHARD: i32 = 1_000;

/// So long before its end a sweep begins nothing more: what it has begun, a move of the SDK's 2.5 s and a send of 0.5 s,
/// is done by then.
const LONGEST_BATCH: Duration = Duration::from_secs(4);

impl Processor {
    /// Announces every lead that is due, after moving it on: a backlog never feeds itself. It ends by itself before `end`,
    /// and says what it saw.
    pub(super) async fn sweep(&self, end: Instant) {
        let now = Timestamp::now();
        let shards = (0..schema::UNFINISHED_SHARDS).map(|shard| self.shard(shard, now, end));
        let Some(Swept { due, oldest }) = total(join_all(shards).await) else { return };
        let oldest = oldest.map_or(Duration::ZERO, |created_at| now.since(created_at));
        metric::due(due, oldest);
        if due > 0 {
            tracing::warn!(due, oldest_seconds = oldest.as_secs(), "unfinished leads were due");
        }
    }

    /// Announces what is due of a shard; nothing comes back when it cannot be read.
    async fn shard(&self, shard: u8, now: Timestamp, end: Instant) -> Option<Swept> {
        let due = match self.leads.due(shard, now, MOST_PER_SHARD).await {
            Ok(due) => due,
            Err(error) => {
                metric::unavailable("storage");
                tracing::error!(%error, shard, "a shard of the unfinished leads cannot be read");
                return None;
            }
        };
        for batch in due.chunks(queue::LARGEST_BATCH) {
            if Instant::now() + LONGEST_BATCH > end {
                tracing::warn!(shard, "what is still due waits for the next sweep");
                break;
            }
            self.announce(batch, now).await;
        }
        // By its birth: the sweep itself moves the due time on, so that would never be long ago.
        Some(Swept { due: due.len(), oldest: due.iter().map(|lead| lead.created_at).min() })
    }

    /// Moves leads on and then announces them, so many as one message batch holds.
    async fn announce(&self, due: &[Due], now: Timestamp) {
        let moved = join_all(due.iter().map(|lead| self.move_on(lead, now))).await;
        let messages: Vec<_> = moved.into_iter().flatten().collect();
        match self.queue.send_all(&messages).await {
            Ok(()) => messages.iter().for_each(|message| step::announced(&message.lead_id)),
            Err(error) => {
                metric::unavailable("queue");
                tracing::warn!(%error, leads = messages.len(), "leads wait for a later sweep");
            }
        }
    }

    /// The message about a due lead, once it has been moved on; nothing when somebody else was faster.
    async fn move_on(&self, due: &Due, now: Timestamp) -> Option<LeadCreated> {
        let next = now.after(self.wait(now, due.created_at));
        match self.leads.move_on(due, next).await {
            Ok(moved) => moved.map(|kept| LeadCreated::of(&kept.lead, kept.business_id, "sweep")),
            Err(error) => {
                metric::unavailable("storage");
                tracing::error!(%error, lead_id = %due.id, "a due lead cannot be moved on");
                None
            }
        }
    }
}

/// What a sweep has seen: how many leads are due, and when the oldest of them was accepted.
#[derive(Debug, PartialEq)]
struct Swept {
    due: usize,
    oldest: Option<Timestamp>,
}

/// What it has seen of all shards; nothing, unless every one was read: the others may hold any number, as old as can be.
fn total(shards: Vec<Option<Swept>>) -> Option<Swept> {
    let shards = shards.into_iter().collect::<Option<Vec<_>>>()?;
    let oldest = shards.iter().filter_map(|shard| shard.oldest).min();
    Some(Swept { due: shards.iter().map(|shard| shard.due).sum(), oldest })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_that_has_not_read_every_shard_has_seen_nothing() {
        let at = |hour| format!("2026-06-15T{hour:02}:00:00Z").parse().ok();
        let some = |due, oldest| Some(Swept { due, oldest });
        let cases = [
            (vec![some(0, None), some(0, None)], some(0, None)),
            (vec![some(2, at(12)), some(0, None), some(1, at(11))], some(3, at(11))),
            (vec![some(2, at(12)), None, some(1, at(11))], None),
        ];
        for (shards, seen) in cases {
            assert_eq!(total(shards), seen);
        }
    }
}
