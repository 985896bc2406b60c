//! What needs attention.

use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::answer::{Attention, Severity, SourceShare, total};
use super::days::Days;
use super::{CONCURRENT, MAX_SOURCE_DAYS, MAX_SOURCES};
use crate::http::{LIMIT_CODES, Problem};
use crate::id::SourceId;
use crate::read::{Reading, unavailable};
use crate::source::{Source, StoredKey};
use crate::time::Timestamp;

/// Fewer refused posts say nothing about a source.
const MIN_REFUSED: u64 = 10;
/// A key that ends within this time needs attention.
const KEY_ENDS_SOON: std::time::Duration = std::time::Duration::from_secs(7 * 24 * 60 * 60);

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
        let most = if shares.is_some() { MAX_SOURCES } else { MAX_SOURCE_DAYS / days.each().count().max(1) };
        let is_complete = suspects.len() <= most;
        suspects.truncate(most);
        let mut found = Vec::new();
        for (source, refused) in suspects {
            let accepted = match shares {
                Some(shares) => shares.iter().find(|share| share.source_id == source.id).map_or(0, |share| share.leads),
                None => total(&self.leads_per_day(&source.id, days).await?),
            };
            if refused > accepted {
                found.push(Attention {
                    severity: Severity::Warning,
                    title: "A source is mostly refused",
                    detail: format!(
                        "From {} to {} (UTC), {refused} posts of {} were refused and {accepted} accepted.",
                        days.first,
                        days.last(),
                        source.name
                    ),
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
                    severity: Severity::Warning,
                    title: "A source has sent no leads today",
                    detail: format!("{} sent leads yesterday and none so far today (UTC).", source.name),
                    source_id: source.id.clone(),
                });
            }
            found.extend(ending_keys(source, now));
        }
        Ok(found)
    }
}

/// The keys of a source that are about to end, the next one first. Test keys are left out: they send no live leads.
fn ending_keys(source: &Source, now: Timestamp) -> Vec<Attention> {
    let soon = now.after(KEY_ENDS_SOON);
    let live: Vec<&StoredKey> = source.keys.iter().filter(|key| key.is_live(now)).collect();
    let ends = live.iter().filter_map(|key| Some((key.expires_at?, key.shown())));
    let mut ending: Vec<(Timestamp, &str)> = ends.filter(|(end, _)| *end <= soon).collect();
    ending.sort_unstable();
    // Another key may have replaced those that end.
    let last = if ending.len() == live.len() { ending.pop() } else { None };
    let name = &source.name;
    let replaced = ending.into_iter().map(|(end, shown)| Attention {
        severity: Severity::Info,
        title: "A key of a source is about to end",
        detail: format!("The key of {name} that begins with {shown} ends at {end}. Send with a newer key by then."),
        source_id: source.id.clone(),
    });
    let last = last.map(|(end, shown)| Attention {
        severity: Severity::Warning,
        title: "The last key of a source is about to end",
        detail: format!(
            "{name} cannot send leads after {end}, when its last key ends, which begins with {shown}. Create a new key."
        ),
        source_id: source.id.clone(),
    });
    replaced.chain(last).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_live_key_that_is_about_to_end_is_named_and_the_last_one_more_strongly() {
        let now: Timestamp = "2026-06-15T12:00:00.000Z".parse().unwrap();
        let hours = |hours: u64| std::time::Duration::from_secs(hours * 60 * 60);
        let key = |(name, end): &(&str, Option<i64>)| StoredKey {
            prefix: format!("lp_{name}"),
            sha256: "5ec2e7".to_owned(),
            created_at: now.before(hours(720)),
            expires_at: end.map(|end| match u64::try_from(end) {
                Ok(end) => now.after(hours(end)),
                Err(_) => now.before(hours(end.unsigned_abs())),
            }),
        };
        // Each key has a name and ends after these hours.
        for (keys, expected) in [
            (&[][..], &[][..]),
            (&[("a", None)], &[]),
            (&[("a", Some(1))], &["warning a 13:00"]),
            (&[("a", Some(168))], &["warning a 12:00"]),
            (&[("a", Some(169))], &[]),
            (&[("a", Some(0))], &[]),
            (&[("a", Some(-1))], &[]),
            (&[("a", Some(1)), ("b", None)], &["info a 13:00"]),
            (&[("a", Some(1)), ("b", Some(720))], &["info a 13:00"]),
            (&[("a", Some(1)), ("b", Some(-1))], &["warning a 13:00"]),
            (&[("a", Some(3)), ("b", Some(1)), ("c", Some(2))], &["info b 13:00", "info c 14:00", "warning a 15:00"]),
            (&[("a", Some(3)), ("b", Some(1)), ("c", None), ("d", Some(-1))], &["info b 13:00", "info a 15:00"]),
            (&[("a", Some(1)), ("b", Some(1))], &["info a 13:00", "warning b 13:00"]),
        ] {
            let source = Source::new(SourceId::parse("source_1").unwrap(), "Forms", "salt".to_owned(), now);
            let test_keys = vec![key(&("test", Some(1)))];
            let source = Source { keys: keys.iter().map(key).collect(), test_keys, ..source };
            let found = ending_keys(&source, now);
            let named: Vec<_> = found
                .iter()
                .map(|item| {
                    let severity = serde_json::to_value(item.severity).unwrap();
                    let shown = item.detail.split("begins with ").nth(1).unwrap();
                    let (_, end) = item.detail.split_once("2026-06-").unwrap();
                    format!("{} {} {}", severity.as_str().unwrap(), &shown[..1], &end[3..8])
                })
                .collect();
            assert_eq!(named, expected, "{keys:?}");
            for item in found {
                assert_eq!(item.title.contains("last"), item.severity == Severity::Warning);
                assert!(!item.detail.contains("5ec2e7") && !item.detail.contains("lp_"), "{}", item.detail);
            }
        }
    }
}
