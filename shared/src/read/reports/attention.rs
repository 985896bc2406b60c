//! What needs attention.

use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde::Serialize;

use super::{CONCURRENT, Days, SourceShare, today};
use crate::http::Problem;
use crate::id::SourceId;
use crate::read::{Reading, unavailable};
use crate::source::Source;
use crate::store::StoreError;
use crate::time::Timestamp;

/// Fewer refused posts say nothing about a source.
const MIN_REFUSED: u64 = 10;
/// A key that ends within this time needs attention.
const KEY_ENDS_SOON: std::time::Duration = std::time::Duration::from_secs(7 * 24 * 60 * 60);

/// Something that an operator of the business should look at.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Attention {
    severity: &'static str,
    title: &'static str,
    detail: String,
    source_id: SourceId,
}

impl Reading {
    /// Sources of which more posts were refused than accepted.
    pub(super) async fn mostly_refused(
        &self,
        sources: &[Source],
        shares: &[SourceShare],
        days: Days,
    ) -> Result<Vec<Attention>, Problem> {
        let mut found = Vec::new();
        for source in sources {
            let refused: u64 = self.refusals(&source.id, days).await?.iter().map(|day| day.posts).sum();
            let accepted = shares.iter().find(|share| share.source_id == source.id).map_or(0, |share| share.leads);
            if refused >= MIN_REFUSED && refused > accepted {
                found.push(Attention {
                    severity: "warning",
                    title: "A source is mostly refused",
                    detail: format!("{refused} posts of {} were refused and {accepted} accepted.", source.name),
                    source_id: source.id.clone(),
                });
            }
        }
        Ok(found)
    }

    /// Sources that sent leads yesterday and none today, and keys that are about to end.
    pub(super) async fn attention(&self, sources: &[Source], now: Timestamp) -> Result<Vec<Attention>, Problem> {
        let today = today(now);
        let yesterday = today.yesterday().unwrap_or(today);
        let is_silent = |id: SourceId| async move {
            let sent_yesterday = self.leads.any(&id, &yesterday.to_string()).await?;
            Ok::<_, StoreError>(sent_yesterday && !self.leads.any(&id, &today.to_string()).await?)
        };
        let ids: Vec<SourceId> = sources.iter().map(|source| source.id.clone()).collect();
        let silent = stream::iter(ids).map(is_silent).buffered(CONCURRENT / 4).try_collect::<Vec<_>>();
        let silent = silent.await.map_err(unavailable)?;
        let mut found = Vec::new();
        for (source, is_silent) in sources.iter().zip(silent) {
            if is_silent {
                found.push(Attention {
                    severity: "warning",
                    title: "A source has sent no leads today",
                    detail: format!("{} sent leads yesterday and none so far today (UTC).", source.name),
                    source_id: source.id.clone(),
                });
            }
            let is_about_to_end = |end: Timestamp| end > now && end <= now.after(KEY_ENDS_SOON);
            let live = source.keys.iter().filter(|key| key.is_live(now));
            // Another key may have replaced one that ends.
            let ends: Vec<Option<Timestamp>> =
                live.map(|key| key.expires_at.filter(|end| is_about_to_end(*end))).collect();
            if let Some(Some(last)) = ends.iter().max().filter(|_| ends.iter().all(Option::is_some)) {
                found.push(Attention {
                    severity: "warning",
                    title: "The last key of a source is about to end",
                    detail: format!("{} cannot send leads after {last}, unless it gets a new key.", source.name),
                    source_id: source.id.clone(),
                });
            }
        }
        Ok(found)
    }
}
