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
        let swept = join_all(shards).await;
        let due: usize = swept.iter().map(|shard| shard.due).sum();
        let oldest = swept.iter().filter_map(|shard| shard.oldest).min();
        let oldest = oldest.map_or(Duration::ZERO, |created_at| now.since(created_at));
        metric::due(due, oldest);
        if due > 0 {
            tracing::warn!(due, oldest_seconds = oldest.as_secs(), "unfinished leads were due");
        }
    }

    async fn shard(&self, shard: u8, now: Timestamp, end: Instant) -> Swept {
        let due = match self.leads.due(shard, now, MOST_PER_SHARD).await {
            Ok(due) => due,
            Err(error) => {
                tracing::error!(%error, shard, "a shard of the unfinished leads cannot be read");
                return Swept::default();
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
