//! What needs attention.

use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde::Serialize;

use super::{CONCURRENT, Days, MAX_SOURCE_DAYS, MAX_SOURCES, SourceShare};
use crate::http::{LIMIT_CODES, Problem};
use crate::id::SourceId;
use crate::read::{Reading, unavailable};
use crate::source::Source;
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
    /// Sources of which more posts were refused than accepted, and whether each source was checked. `shares` has the leads
    /// of all sources, if they were counted.
    pub(super) async fn mostly_refused(
        &self,
        sources: &[Source],
        shares: Option<&[SourceShare]>,
        days: Days,
    ) -> Result<(Vec<Attention>, bool), Problem> {
        let refused = |id: SourceId| async move {
            let posts = self.refusals(&id, days).await?.iter().map(|day| day.posts_without(&LIMIT_CODES)).sum::<u64>();
            Ok::<_, Problem>(posts)
        };
        let ids: Vec<SourceId> = sources.iter().map(|source| source.id.clone()).collect();
        let refused: Vec<u64> = stream::iter(ids).map(refused).buffered(CONCURRENT).try_collect().await?;
        let mut suspects: Vec<_> = sources.iter().zip(refused).filter(|(_, refused)| *refused >= MIN_REFUSED).collect();
        let most = if shares.is_some() { MAX_SOURCES } else { MAX_SOURCE_DAYS / days.each().len().max(1) };
        let is_complete = suspects.len() <= most;
        suspects.truncate(most);
        let mut found = Vec::new();
        for (source, refused) in suspects {
            let accepted = match shares {
                Some(shares) => shares.iter().find(|share| share.source_id == source.id).map_or(0, |share| share.leads),
                None => self.per_day(&source.id, days.each()).await?.iter().sum(),
            };
            if refused > accepted {
                found.push(Attention {
                    severity: "warning",
                    title: "A source is mostly refused",
                    detail: format!("{refused} posts of {} were refused and {accepted} accepted.", source.name),
                    source_id: source.id.clone(),
                });
            }
        }
        Ok((found, is_complete))
    }

    /// Sources that sent leads yesterday and none so far today, and keys that are about to end.
    pub(super) async fn attention(&self, sources: &[Source], now: Timestamp) -> Result<Vec<Attention>, Problem> {
        let silence = |source: Source| async move { self.leads.silence(&source, now).await };
        let silent = stream::iter(sources.to_vec()).map(silence).buffered(CONCURRENT / 4).try_collect::<Vec<_>>();
        let silent = silent.await.map_err(unavailable)?;
        let mut found = Vec::new();
        for (source, silence) in sources.iter().zip(silent) {
            if silence.is_some() {
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
