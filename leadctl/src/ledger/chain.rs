//! Whether the ledger holds, and whether the histories of the sources are what it says.

use std::collections::{BTreeMap, BTreeSet};

use leadping::id::SourceId;
use leadping::ledger::{Chain, Digest};
use serde::Serialize;

use crate::error::Error;
use crate::known;
use crate::target::Target;

/// What a check found.
#[derive(Debug, Serialize)]
pub(crate) struct Verified {
    /// How many entries there are.
    pub(crate) number: u64,
    /// The head's digest.
    pub(crate) digest: Digest,
    /// What is wrong, in words.
    pub(crate) faults: Vec<String>,
}

/// What the ledger says of a source.
#[derive(Default)]
struct Changes {
    revision: u32,
    digests: BTreeSet<String>,
}

/// Follows the chain, and compares the changes in it with the sources and their histories. `head` is a digest that an
/// earlier act printed.
///
/// # Errors
/// When a table does not answer.
pub(crate) async fn verify(target: &Target, head: Option<Digest>) -> Result<Verified, Error> {
    loop {
        let found = compare(target, head).await?;
        // A change in between is in one table and not yet in what was read of the other.
        let now = target.ledger.head().await.map_err(|error| target.store_error(error))?;
        if found.faults.is_empty() || now.digest == found.digest {
            return Ok(found);
        }
    }
}

async fn compare(target: &Target, head: Option<Digest>) -> Result<Verified, Error> {
    let mut chain = Chain::new(head);
    let mut changes: BTreeMap<SourceId, Changes> = BTreeMap::new();
    let sources = known::all_sources(target).await?;
    let read = target.ledger.read(|stored| {
        let Some(entry) = chain.take(&stored) else { return };
        let subject = entry.act.subject;
        if let (Some(source), Some(revision), Some(change)) = (subject.source_id, subject.revision, subject.change) {
            let known = changes.entry(source).or_default();
            known.revision = revision;
            known.digests.insert(change.to_string());
        }
    });
    read.await.map_err(|error| target.store_error(error))?;
    let (head, faults) = chain.end();
    let mut faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
    for source in &sources {
        let known = changes.get(&source.id).map_or(0, |changes| changes.revision);
        if source.revision > known {
            faults.push(format!(
                "the source {} is at revision {}, and the ledger knows {known}",
                source.id, source.revision
            ));
        }
    }
    for (source, known) in &changes {
        let kept = target.sources.change_digests(source).await.map_err(|error| target.store_error(error))?;
        let kept: BTreeSet<_> = kept.iter().map(ToString::to_string).collect();
        let lost = known.digests.difference(&kept).count();
        let foreign = kept.difference(&known.digests).count();
        if lost + foreign > 0 {
            faults.push(format!(
                "the history of the source {source} is not what the ledger says: {lost} of its changes removed or \
                 edited, {foreign} added or edited"
            ));
        }
    }
    Ok(Verified { number: head.number, digest: head.digest, faults })
}
