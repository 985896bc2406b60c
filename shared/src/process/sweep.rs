//! The sweep: what is unfinished and due is announced again. It is the only retry that there is.

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::worker::Processor;
use crate::queue::{self, LeadCreated};
use crate::store::{Due, schema};
use crate::telemetry::{metric, step};
use crate::time::Timestamp;

/// So many due leads of a shard are taken in one sweep; the next one takes the rest.
const MOST_PER_SHARD: i32 = 1_000;

/// A sweep begins nothing more after so long: it ends by itself, and says what it saw, within the function's 30 s.
const TIME_LIMIT: Duration = Duration::from_secs(20);

impl Processor {
    /// Announces every lead that is due, after moving it on: a backlog never feeds itself.
    pub(super) async fn sweep(&self) {
        let (now, begun) = (Timestamp::now(), Instant::now());
        let shards = (0..schema::UNFINISHED_SHARDS).map(|shard| self.shard(shard, now, begun));
        let swept = join_all(shards).await;
        let due: usize = swept.iter().map(|shard| shard.due).sum();
        let oldest = swept.iter().filter_map(|shard| shard.oldest).min();
        let oldest = oldest.map_or(Duration::ZERO, |created_at| now.since(created_at));
        metric::due(due, oldest);
        if due > 0 {
            tracing::warn!(due, oldest_seconds = oldest.as_secs(), "unfinished leads were due");
        }
    }

    async fn shard(&self, shard: u8, now: Timestamp, begun: Instant) -> Swept {
        let due = match self.leads.due(shard, now, MOST_PER_SHARD).await {
            Ok(due) => due,
            Err(error) => {
                tracing::error!(%error, shard, "a shard of the unfinished leads cannot be read");
                return Swept::default();
            }
        };
        for batch in due.chunks(queue::LARGEST_BATCH) {
            if begun.elapsed() > TIME_LIMIT {
                tracing::warn!(shard, "what is still due waits for the next sweep");
                break;
            }
            self.announce(batch, now).await;
        }
        // By its birth: the sweep itself moves the due time on, so that would never be long ago.
        Swept { due: due.len(), oldest: due.iter().map(|lead| lead.created_at).min() }
    }

    /// Moves leads on and then announces them, so many as one message batch holds.
    async fn announce(&self, due: &[Due], now: Timestamp) {
        let moved = join_all(due.iter().map(|lead| self.move_on(lead, now))).await;
        let messages: Vec<_> = moved.into_iter().flatten().collect();
        match self.queue.send_all(&messages).await {
            Ok(()) => messages.iter().for_each(|message| step::announced(&message.lead_id)),
            Err(error) => tracing::warn!(%error, leads = messages.len(), "leads wait for a later sweep"),
        }
    }

    /// The message about a due lead, once it has been moved on; nothing when somebody else was faster.
    async fn move_on(&self, due: &Due, now: Timestamp) -> Option<LeadCreated> {
        let next = now.after(self.wait(now, due.created_at));
        match self.leads.move_on(due, next).await {
            Ok(moved) => moved.map(|kept| LeadCreated::of(&kept.lead, kept.business_id, "sweep")),
            Err(error) => {
                tracing::error!(%error, lead_id = %due.id, "a due lead cannot be moved on");
                None
            }
        }
    }
}

#[derive(Default)]
struct Swept {
    due: usize,
    oldest: Option<Timestamp>,
}
