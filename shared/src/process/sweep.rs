//! The sweep: what is unfinished and due is announced again. It is the only retry that there is.

use std::time::Duration;

use tracing::Instrument;

use super::worker::Processor;
use crate::queue::LeadCreated;
use crate::store::{Due, StoreError, schema};
use crate::telemetry::{metric, step};
use crate::time::Timestamp;

/// So many due leads of a shard are taken in one sweep; the next one takes the rest.
const MOST_PER_SHARD: i32 = 100;

impl Processor {
    /// Announces every lead that is due, after moving it on: a backlog never feeds itself.
    pub(super) async fn sweep(&self) {
        let now = Timestamp::now();
        let shards = (0..schema::UNFINISHED_SHARDS).map(|shard| self.shard(shard, now));
        let swept = futures_util::future::join_all(shards).await;
        let due: usize = swept.iter().map(|shard| shard.due).sum();
        let oldest = swept.iter().filter_map(|shard| shard.oldest).min().map_or(Duration::ZERO, |due| now.since(due));
        metric::due(due, oldest);
        if due > 0 {
            tracing::warn!(due, oldest_seconds = oldest.as_secs(), "unfinished leads were due");
        }
    }

    async fn shard(&self, shard: u8, now: Timestamp) -> Swept {
        let due = match self.leads.due(shard, now, MOST_PER_SHARD).await {
            Ok(due) => due,
            Err(error) => {
                tracing::error!(%error, shard, "a shard of the unfinished leads cannot be read");
                return Swept::default();
            }
        };
        for lead in &due {
            let span = tracing::info_span!("due", lead_id = %lead.id);
            if let Err(error) = self.announce(lead, now).instrument(span).await {
                tracing::error!(%error, lead_id = %lead.id, "a due lead cannot be moved on");
            }
        }
        Swept { due: due.len(), oldest: due.first().map(|lead| lead.due_at) }
    }

    async fn announce(&self, due: &Due, now: Timestamp) -> Result<(), StoreError> {
        let next = now.after(self.wait(now, due.created_at));
        if let Some(kept) = self.leads.move_on(due, next).await? {
            let message = LeadCreated::of(&kept.lead, kept.business_id, "sweep");
            match self.queue.send(&message).await {
                Ok(()) => step::announced(&due.id),
                Err(error) => tracing::warn!(%error, "the lead waits for a later sweep"),
            }
        }
        Ok(())
    }
}

#[derive(Default)]
struct Swept {
    due: usize,
    oldest: Option<Timestamp>,
}
