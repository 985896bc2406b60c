//! Whether the ledger holds, and whether the histories of the sources are what it says.

use std::collections::{BTreeMap, BTreeSet};

use leadping::id::SourceId;
use leadping::ledger::{Act, Chain, Digest, Entry};
use leadping::store::SourceRecord;
use serde::Serialize;

use crate::error::Error;
use crate::output::count;
use crate::target::Target;

/// The action of an entry after which a source does not exist.
const DELETED: &str = "source delete";

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
    /// The digest of the source after its last change; none when it was deleted.
    source: Option<Digest>,
    is_deleted: bool,
    digests: BTreeSet<Digest>,
    /// The revisions that were made of a document that no entry knows.
    of_unknown: Vec<u32>,
}

/// How often the ledger is read when others keep adding entries while faults are found.
const MAX_ROUNDS: usize = 3;

/// Follows the chain, and compares the changes in it with the sources and their histories. `head` is a digest that an
/// earlier act printed.
///
/// A change after the ledger was read is in the table of sources alone, so faults that a moving ledger may explain are
/// looked for again. If it moves each time, the last ones count: they may be of changes in progress.
///
/// # Errors
/// When a table does not answer.
pub(crate) async fn verify(target: &Target, head: Option<Digest>) -> Result<Verified, Error> {
    let mut found = compare(target, head).await?;
    for _ in 1..MAX_ROUNDS {
        let now = target.ledger.head().await.map_err(|error| target.store_error(error))?;
        if found.faults.is_empty() || now.digest == found.digest {
            break;
        }
        found = compare(target, head).await?;
    }
    Ok(found)
}

async fn compare(target: &Target, head: Option<Digest>) -> Result<Verified, Error> {
    let mut chain = Chain::new(head);
    let mut sources: BTreeMap<SourceId, (Changes, SourceRecord)> = BTreeMap::new();
    let read = target.ledger.read(|stored| {
        let Some(Entry { act: Act { action, subject, .. }, .. }) = chain.take(&stored) else { return };
        if let (Some(id), Some(revision), Some(change)) = (subject.source_id, subject.revision, subject.change) {
            let (changes, _) = sources.entry(id).or_default();
            if subject.source_before != changes.source {
                changes.of_unknown.push(revision);
            }
            changes.revision = revision;
            changes.source = subject.source;
            changes.is_deleted = action == DELETED;
            changes.digests.insert(change);
        }
    });
    read.await.map_err(|error| target.store_error(error))?;
    for (id, record) in target.sources.records().await.map_err(|error| target.store_error(error))? {
        sources.entry(id).or_default().1 = record;
    }
    let (head, faults) = chain.end();
    let mut faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
    for (id, (changes, record)) in &sources {
        faults.extend(changes.of_unknown.iter().map(|revision| {
            format!("the source {id} was edited before revision {revision}, and the ledger does not know the change")
        }));
        faults.extend(fault_of_source(changes, record).map(|fault| format!("the source {id} {fault}")));
        faults.extend(fault_of_history(changes, record).map(|fault| format!("the history of the source {id} {fault}")));
    }
    Ok(Verified { number: head.number, digest: head.digest, faults })
}

/// In which way a source is not what the ledger says.
fn fault_of_source(changes: &Changes, record: &SourceRecord) -> Option<String> {
    let known = changes.revision;
    match (record.source, record.revision) {
        (Some(_), _) if changes.digests.is_empty() => Some("exists, and the ledger does not know it".to_owned()),
        (Some(_), _) if changes.is_deleted => Some("exists, and the ledger says that it was deleted".to_owned()),
        (Some(_), Some(revision)) if revision != known => {
            Some(format!("is at revision {revision}, and the ledger knows {known}"))
        }
        (Some(now), _) if changes.source.is_some_and(|source| source != now) => {
            Some(format!("was edited after revision {known}, and the ledger does not know the change"))
        }
        (None, _) if !changes.digests.is_empty() && !changes.is_deleted => {
            Some("does not exist, and the ledger does not know that it was deleted".to_owned())
        }
        _ => None,
    }
}

/// In which way the history of a source is not what the ledger says.
fn fault_of_history(changes: &Changes, record: &SourceRecord) -> Option<String> {
    let mut lost = changes.digests.clone();
    let foreign = record.changes.iter().filter(|change| !lost.remove(change)).count();
    let told =
        [(lost.len(), "removed or edited"), (foreign, "added or edited")].into_iter().filter(|(many, _)| *many > 0);
    let told: Vec<_> = told.map(|(many, what)| format!("{} {what}", count(many, "change"))).collect();
    (!told.is_empty()).then(|| format!("is not what the ledger says: {}", told.join(", ")))
}
