//! The table of sources.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;

use super::item::Item;
use super::{Ledger, StoreError, batch, item, lists, schema, transaction, unknown};
use crate::id::{BusinessId, SourceId};
use crate::ledger::{Act, Digest, Head, Subject};
use crate::source::Source;
use crate::source::change::Change;

/// All sources share one partition of the index: they are few, and no request path lists them.
const LISTED: &str = "SOURCE";

/// The sort key of a source's own item.
const SOURCE: &str = "SOURCE";

/// The prefix of a change's sort key.
const CHANGE: &str = "CHANGE#";

/// The prefix of a source's partition key.
const PREFIX: &str = "SOURCE#";

/// What the table has of a source. The digests are those of stored documents, as the ledger has them.
#[derive(Clone, Debug, Default)]
pub struct SourceRecord {
    /// The digest of the source; none when it was deleted.
    pub source: Option<Digest>,
    /// The source's revision, if it has one.
    pub revision: Option<u32>,
    /// The digests of its changes.
    pub changes: Vec<Digest>,
}

/// All sources of the table.
#[derive(Clone, Debug, Default)]
pub struct AllSources {
    /// Those that can be read, sorted by name.
    pub sources: Vec<Source>,
    /// The ids of those that cannot, because their items were edited by hand or written by another release. Their posts
    /// fail.
    pub unreadable: Vec<SourceId>,
}

/// The table of sources.
#[derive(Clone, Debug)]
pub struct Sources {
    client: Client,
    table: String,
}

impl Sources {
    /// Addresses the table by its name.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }

    /// Opens a connection before the first request needs it.
    pub async fn connect(&self) {
        super::connect(&self.client, &self.table).await;
    }

    /// Reads a source. The read is eventually consistent and costs half as much: a change may take a moment to show.
    pub async fn get(&self, id: &SourceId) -> Result<Option<Source>, StoreError> {
        self.read(id, false).await
    }

    /// Reads a source with every completed change.
    pub async fn latest(&self, id: &SourceId) -> Result<Option<Source>, StoreError> {
        self.read(id, true).await
    }

    async fn read(&self, id: &SourceId, consistent: bool) -> Result<Option<Source>, StoreError> {
        let found = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(item::key(pk(id), SOURCE)))
            .consistent_read(consistent);
        found.send().await?.item.as_ref().map(item::document).transpose()
    }

    /// Creates a source (`before` is `None`), changes it, or deletes it (`after` is `None`), and records the change next to
    /// it and in the ledger, in one transaction. A changed source gets the revision of the change. Returns the ledger's
    /// new head, or `None`, when the source changed since it was read and nothing was written.
    pub async fn change(
        &self,
        id: &SourceId,
        before: Option<&Source>,
        after: Option<&Source>,
        change: &Change,
        ledger: &Ledger,
    ) -> Result<Option<Head>, StoreError> {
        let key = item::key(pk(id), SOURCE);
        let mut stored = match before {
            Some(_) => {
                let stored = self.client.get_item().table_name(&self.table).set_key(Some(key.clone()));
                stored.consistent_read(true).send().await?.item.unwrap_or_default()
            }
            None => Item::new(),
        };
        let source_before = item::optional(&stored, schema::DOCUMENT).map(Digest::of);
        let new = match (before, after) {
            (_, None) => None,
            (None, Some(after)) => Some(source_item(after)?),
            (Some(before), Some(after)) => {
                // It follows from the document, so a business that was removed must not be carried over.
                stored.remove(schema::SOURCE_BUSINESS.partition);
                let after = Source { revision: change.revision, ..after.clone() };
                Some(unknown::carried_over(stored, before, source_item(&after)?)?)
            }
        };
        let source = new.as_ref().map(|new| item::string(new, schema::DOCUMENT).map(Digest::of)).transpose()?;
        let read = before.map(|before| Item::from([(":read".to_owned(), item::number(before.revision))]));
        let write = match (new, read) {
            (Some(new), None) => transaction::once(&self.table, new)?,
            (Some(new), read) => transaction::put(&self.table, new, "revision = :read", read)?,
            (None, read) => transaction::delete(&self.table, key, "revision = :read", read.unwrap_or_default())?,
        };
        // The revision separates changes within the same millisecond.
        let sk = format!("{CHANGE}{}#{:010}", change.at, change.revision);
        let document = item::json(change)?;
        let act = Act {
            at: change.at,
            by: change.by.clone(),
            action: change.command(),
            subject: Subject {
                source_id: Some(id.clone()),
                revision: Some(change.revision),
                members: change.members.iter().map(|change| change.member.clone()).collect(),
                change: Some(Digest::of(&document)),
                source_before,
                source,
                ..Subject::default()
            },
        };
        let kept = transaction::once(&self.table, item::new(pk(id), sk, document))?;
        ledger.commit(vec![write, kept], &act).await
    }

    /// Reads up to `max` changes of a source, newest first. The history outlives the source.
    pub async fn history(&self, id: &SourceId, max: usize) -> Result<Vec<Change>, StoreError> {
        let mut pages = self
            .changes(id)
            .scan_index_forward(false)
            .into_paginator()
            .page_size(i32::try_from(max).unwrap_or(i32::MAX).min(100))
            .items()
            .send();
        let mut changes = Vec::new();
        while changes.len() < max
            && let Some(found) = pages.next().await
        {
            changes.extend(item::readable([item::document(&found?)]));
        }
        Ok(changes)
    }

    /// Reads sources by id. Those that do not exist are left out. Eventually consistent.
    pub async fn get_many(&self, ids: impl IntoIterator<Item = &SourceId>) -> Result<Vec<Source>, StoreError> {
        let keys = ids.into_iter().map(|id| item::key(pk(id), SOURCE));
        let found = batch::get(&self.client, &self.table, keys, false).await?;
        Ok(item::readable(found.iter().map(item::document)))
    }

    /// Lists up to `max` sources of a business, sorted by name, from the first one or after a name and id. Says where
    /// the list continues, if it does. Eventually consistent.
    pub async fn of_business(
        &self,
        business: &BusinessId,
        ascending: bool,
        after: Option<&(String, SourceId)>,
        max: usize,
    ) -> Result<(Vec<Source>, Option<(String, SourceId)>), StoreError> {
        let index = schema::SOURCE_BUSINESS;
        let start = after.map(|(name, id)| {
            let mut start = item::key(pk(id), SOURCE);
            start.insert(index.partition.to_owned(), item::text(business));
            start.insert(index.sort.to_owned(), item::text(name));
            start
        });
        let found = self
            .in_business(business)
            .scan_index_forward(ascending)
            .set_exclusive_start_key(start)
            .limit(i32::try_from(max).unwrap_or(i32::MAX))
            .send()
            .await?;
        let place =
            |entry: &Item| Ok::<_, StoreError>((item::string(entry, index.sort)?.to_owned(), source_id(entry)?));
        let listed: Vec<SourceId> =
            item::readable(found.items().iter().filter(|entry| item::is(entry, SOURCE)).map(source_id));
        let mut read = self.get_many(&listed).await?;
        // What the index says may be older than the source.
        read.retain(|source| source.business_id.as_ref() == Some(business));
        read.sort_by_key(|source| listed.iter().position(|id| *id == source.id));
        Ok((read, found.last_evaluated_key().map(place).transpose()?))
    }

    /// Counts the sources of a business; `None` if it has more than `max`. Eventually consistent.
    pub async fn count(&self, business: &BusinessId, max: u64) -> Result<Option<u64>, StoreError> {
        lists::count(self.in_business(business), max).await
    }

    fn in_business(&self, business: &BusinessId) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.table)
            .index_name(schema::SOURCE_BUSINESS.name)
            .key_condition_expression("businessId = :business")
            .expression_attribute_values(":business", item::text(business))
    }

    /// Reads what the table has of each source, to compare it with the ledger: also of sources that are in no index, and
    /// with every completed change.
    pub async fn records(&self) -> Result<BTreeMap<SourceId, SourceRecord>, StoreError> {
        let scan = self.client.scan().table_name(&self.table).consistent_read(true);
        let mut items = scan.into_paginator().items().send();
        let mut records: BTreeMap<_, SourceRecord> = BTreeMap::new();
        while let Some(found) = items.next().await {
            let found = found?;
            let digest = Digest::of(item::optional(&found, schema::DOCUMENT).unwrap_or_default());
            // No request reaches an item with another key.
            let Ok(id) = source_id(&found) else { continue };
            let record = records.entry(id).or_default();
            if item::is(&found, SOURCE) {
                record.source = Some(digest);
                record.revision = item::integer(&found, "revision").ok().flatten();
            } else if item::string(&found, schema::SK)?.starts_with(CHANGE) {
                record.changes.push(digest);
            }
        }
        Ok(records)
    }

    fn changes(&self, id: &SourceId) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :change)")
            .expression_attribute_values(":pk", item::text(pk(id)))
            .expression_attribute_values(":change", item::text(CHANGE))
            .consistent_read(true)
    }

    /// Lists all sources.
    pub async fn list(&self) -> Result<AllSources, StoreError> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(schema::SOURCE_LIST.name)
            .key_condition_expression("listed = :listed")
            .expression_attribute_values(":listed", item::text(LISTED))
            .into_paginator()
            .items()
            .send();
        // The index contains only keys, so reading it does not reveal salts and digests.
        let mut listed = Vec::new();
        while let Some(found) = pages.next().await {
            let found = found?;
            if item::is(&found, SOURCE) {
                listed.push(item::key(item::string(&found, schema::PK)?.to_owned(), SOURCE));
            }
        }
        let found = batch::get(&self.client, &self.table, listed, false).await?;
        let mut all = AllSources::default();
        for found in &found {
            match item::document(found) {
                Ok(source) => all.sources.push(source),
                Err(_) => all.unreadable.push(source_id(found)?),
            }
        }
        all.sources.sort_by(|one, other| (&one.name, &one.id).cmp(&(&other.name, &other.id)));
        all.unreadable.sort();
        Ok(all)
    }
}

fn source_item(source: &Source) -> Result<Item, StoreError> {
    let mut new = item::new(pk(&source.id), SOURCE, item::json(source)?);
    new.insert("revision".to_owned(), item::number(source.revision));
    new.insert(schema::SOURCE_LIST.partition.to_owned(), item::text(LISTED));
    new.insert(schema::SOURCE_LIST.sort.to_owned(), item::text(&source.name));
    if let Some(business) = &source.business_id {
        new.insert(schema::SOURCE_BUSINESS.partition.to_owned(), item::text(business));
    }
    Ok(new)
}

fn source_id(entry: &Item) -> Result<SourceId, StoreError> {
    let id = item::string(entry, schema::PK)?.strip_prefix(PREFIX).and_then(|id| id.parse().ok());
    id.ok_or(StoreError::Unreadable(schema::PK))
}

fn pk(id: &SourceId) -> String {
    format!("{PREFIX}{id}")
}
