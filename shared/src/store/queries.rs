//! Operators' queries on leads. Each uses an index, and none reads the whole table.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::Select;

use super::StoreError;
use super::batch::{self, MAX_BATCH};
use super::due::{Due, due};
use super::item::{self, Item};
use super::lead_item::{LEAD, StoredLead, day_key, external_id_scope, index_key, lead_id, pk, stored};
use super::leads::Leads;
use super::schema::{self, Index};
use crate::id::{BusinessId, LeadId, SourceId};
use crate::lead::email::Email;
use crate::lead::phone_number::PhoneNumber;
use crate::source::{Mode, Source};
use crate::time::Timestamp;

/// A lead in a list that an index returns.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what it is called")]
pub struct Listed {
    pub id: LeadId,
    pub created_at: Timestamp,
}

/// A source that sent leads yesterday has sent none so far today (contract, section 14).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silence {
    /// When it would have sent the first lead of today, if today were like yesterday.
    pub due_at: Timestamp,
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Leads {
    /// Finds up to `max` live or test leads of a source by their external id, newest first.
    pub async fn by_external_id(
        &self,
        source: &SourceId,
        external_id: &str,
        mode: Mode,
        max: usize,
    ) -> Result<Vec<StoredLead>, StoreError> {
        let key = index_key(&external_id_scope(source, mode), external_id);
        self.by_key(schema::EXTERNAL_ID, key, max).await
    }

    /// Finds up to `max` leads of a business by their phone number, newest first.
    pub async fn by_phone(
        &self,
        business: &BusinessId,
        number: &PhoneNumber,
        max: usize,
    ) -> Result<Vec<StoredLead>, StoreError> {
        self.by_key(schema::PHONE, index_key(business.as_str(), number.as_str()), max).await
    }

    /// Finds up to `max` leads of a business by their email address, newest first. How the address is spelled does not
    /// matter: letter case, composed or decomposed letters, the domain in its own script or in ASCII.
    pub async fn by_email(
        &self,
        business: &BusinessId,
        email: &Email,
        max: usize,
    ) -> Result<Vec<StoredLead>, StoreError> {
        let mut found = Vec::new();
        for spelling in email.spellings() {
            found.extend(self.by_key(schema::EMAIL, index_key(business.as_str(), &spelling), max).await?);
        }
        found.sort_by_key(|stored| std::cmp::Reverse(stored.lead().created_at));
        found.truncate(max);
        Ok(found)
    }

    /// The ids of all leads of a business with this phone number, also of those that this release cannot read.
    pub async fn ids_by_phone(&self, business: &BusinessId, number: &PhoneNumber) -> Result<Vec<LeadId>, StoreError> {
        self.ids_by_key(schema::PHONE, index_key(business.as_str(), number.as_str()), usize::MAX).await
    }

    /// The ids of all leads of a business with this email address, in any spelling, also of those that this release cannot
    /// read.
    pub async fn ids_by_email(&self, business: &BusinessId, email: &Email) -> Result<Vec<LeadId>, StoreError> {
        let mut found = Vec::new();
        for spelling in email.spellings() {
            let key = index_key(business.as_str(), &spelling);
            found.extend(self.ids_by_key(schema::EMAIL, key, usize::MAX).await?);
        }
        Ok(found)
    }

    async fn by_key(&self, index: Index, key: String, max: usize) -> Result<Vec<StoredLead>, StoreError> {
        self.get_many(&self.ids_by_key(index, key, max).await?).await
    }

    async fn ids_by_key(&self, index: Index, key: String, max: usize) -> Result<Vec<LeadId>, StoreError> {
        let mut keys = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(index.name)
            .key_condition_expression("#key = :key")
            .expression_attribute_names("#key", index.partition)
            .expression_attribute_values(":key", item::text(key))
            .scan_index_forward(false)
            .into_paginator()
            .page_size(page_size(max))
            .items()
            .send();
        let mut found = Vec::new();
        while found.len() < max
            && let Some(key) = keys.next().await
        {
            found.extend(entry(&key?, LEAD));
        }
        Ok(item::readable(found.iter().map(lead_id)))
    }

    /// Counts the leads that a source sent on a day (`2026-06-15`, in UTC), including erased ones.
    pub async fn count(&self, source: &SourceId, day: &str) -> Result<u64, StoreError> {
        let shards = (0..schema::DAY_SHARDS).map(|shard| self.count_shard(source, day, shard));
        Ok(futures_util::future::try_join_all(shards).await?.into_iter().sum())
    }

    async fn count_shard(&self, source: &SourceId, day: &str, shard: u8) -> Result<u64, StoreError> {
        let mut pages = self.day_keys(source, day, shard).select(Select::Count).into_paginator().send();
        let mut count = 0;
        while let Some(page) = pages.next().await {
            count += u64::try_from(page?.count()).unwrap_or_default();
        }
        Ok(count)
    }

    /// Whether a source sent any lead on a day.
    pub async fn any(&self, source: &SourceId, day: &str) -> Result<bool, StoreError> {
        Ok(!self.firsts(source, day).await?.is_empty())
    }

    /// Whether an enabled source that sent leads yesterday has sent none so far today, in UTC days.
    pub async fn silence(&self, source: &Source, now: Timestamp) -> Result<Option<Silence>, StoreError> {
        if !source.enabled || self.any(&source.id, &now.day()).await? {
            return Ok(None);
        }
        let yesterday = self.firsts(&source.id, &now.before(DAY).day()).await?;
        let first = item::readable(yesterday.iter().map(listed)).into_iter().map(|lead| lead.created_at).min();
        Ok(first.map(|first| Silence { due_at: first.after(DAY) }))
    }

    /// The keys of the first lead in each shard of a source's day.
    async fn firsts(&self, source: &SourceId, day: &str) -> Result<Vec<Item>, StoreError> {
        let shards = (0..schema::DAY_SHARDS).map(|shard| self.day_keys(source, day, shard).limit(1).send());
        let found = futures_util::future::try_join_all(shards).await?;
        Ok(found.into_iter().flat_map(|found| found.items.unwrap_or_default()).collect())
    }

    /// Lists one page of a shard of a source's day, oldest first, from the first lead or after one of the page before.
    /// An empty page is the last.
    pub async fn day_page(
        &self,
        source: &SourceId,
        day: &str,
        shard: u8,
        after: Option<&Listed>,
    ) -> Result<Vec<Listed>, StoreError> {
        let start = after.map(|listed| {
            let mut start = item::key(pk(&listed.id), LEAD);
            start.insert(schema::DAY.partition.to_owned(), item::text(day_key(source.as_str(), day, shard)));
            start.insert(schema::DAY.sort.to_owned(), item::text(listed.created_at));
            start
        });
        let found =
            self.day_keys(source, day, shard).set_exclusive_start_key(start).limit(page_size(MAX_BATCH)).send().await?;
        Ok(item::readable(found.items().iter().filter(|found| item::is(found, LEAD)).map(listed)))
    }

    fn day_keys(
        &self,
        source: &SourceId,
        day: &str,
        shard: u8,
    ) -> aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.table)
            .index_name(schema::DAY.name)
            .key_condition_expression("dayKey = :day")
            .expression_attribute_values(":day", item::text(day_key(source.as_str(), day, shard)))
    }

    /// Reads leads by id, in the order of `ids`. Ids without a lead are left out, and so are leads that this release cannot
    /// read. The read is consistent, so it never returns the data of a lead that was just erased.
    pub async fn get_many(&self, ids: &[LeadId]) -> Result<Vec<StoredLead>, StoreError> {
        Ok(item::readable(self.each(ids).await?.into_iter().map(|(_, read)| read)))
    }

    /// Reads leads like [`Self::get_many`], for callers that must not leave out a lead that this release cannot read.
    pub async fn each(&self, ids: &[LeadId]) -> Result<Vec<(LeadId, Result<StoredLead, StoreError>)>, StoreError> {
        let keys = ids.iter().map(|id| item::key(pk(id), LEAD));
        let found = batch::get(&self.client, &self.table, keys, true).await?;
        let read = found.iter().map(|found| Ok((lead_id(found)?, stored(found))));
        let mut leads = read.collect::<Result<HashMap<_, _>, StoreError>>()?;
        Ok(ids.iter().filter_map(|id| leads.remove_entry(id)).collect())
    }

    /// Reads the whole outbox, oldest first.
    pub async fn unfinished(&self) -> Result<Vec<Due>, StoreError> {
        let shards = (0..schema::UNFINISHED_SHARDS).map(|shard| async move {
            let mut items = self
                .client
                .query()
                .table_name(&self.table)
                .index_name(schema::UNFINISHED.name)
                .key_condition_expression("unfinishedShard = :shard")
                .expression_attribute_values(":shard", item::number(shard))
                .into_paginator()
                .items()
                .send();
            let mut found = Vec::new();
            while let Some(item) = items.next().await {
                found.extend(due(&item?));
            }
            Ok::<_, StoreError>(item::readable(found))
        });
        let mut found = futures_util::future::try_join_all(shards).await?.concat();
        found.sort_by_key(|due| due.since);
        Ok(found)
    }
}

/// The key of the item that an index entry belongs to, if the item has this sort key.
fn entry(found: &Item, sk: &str) -> Option<Item> {
    let pk = item::optional(found, schema::PK).filter(|_| item::is(found, sk));
    pk.map(|pk| item::key(pk.to_owned(), sk))
}

/// How many index entries to read per page when up to `max` are wanted.
fn page_size(max: usize) -> i32 {
    i32::try_from(max.min(MAX_BATCH)).unwrap_or(i32::MAX)
}

fn listed(item: &Item) -> Result<Listed, StoreError> {
    Ok(Listed { id: lead_id(item)?, created_at: item::parsed(item, schema::CREATED_AT)? })
}
