//! What operators ask of the leads. Each question has its index: nothing here reads the whole table.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use aws_sdk_dynamodb::types::Select;

use super::StoreError;
use super::batch::{self, MAX_BATCH};
use super::item::{self, Item};
use super::lead_item::{Due, LEAD, StoredLead, day_key, due, index_key, lead_id, pk, stored};
use super::leads::{CONVERSATION, Leads, conversation};
use super::schema::{self, Index};
use crate::conversation::Conversation;
use crate::id::{BusinessId, LeadId, SourceId};
use crate::lead::email::Email;
use crate::lead::phone_number::PhoneNumber;
use crate::time::Timestamp;

/// A lead as an index lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The lead.
    pub id: LeadId,
    /// When it was accepted.
    pub created_at: Timestamp,
}

/// A place in an inbox: behind this conversation. Its text is `{lastEventAt}~{leadId}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxPlace {
    /// When something last happened in the conversation.
    pub last_event_at: Timestamp,
    /// Its lead.
    pub lead_id: LeadId,
}

/// A text that is no place in an inbox.
#[derive(Debug, thiserror::Error)]
#[error("not what an inbox gives to go on from")]
pub struct InvalidPlace;

impl fmt::Display for InboxPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}~{}", self.last_event_at, self.lead_id)
    }
}

impl FromStr for InboxPlace {
    type Err = InvalidPlace;

    fn from_str(text: &str) -> Result<Self, InvalidPlace> {
        let (time, lead) = text.split_once('~').ok_or(InvalidPlace)?;
        Ok(Self {
            last_event_at: time.parse().map_err(|_| InvalidPlace)?,
            lead_id: lead.parse().map_err(|_| InvalidPlace)?,
        })
    }
}

impl Leads {
    /// The leads of a source with this external id, newest first, at most so many.
    ///
    /// # Errors
    /// [`StoreError`] when the table does not answer.
    pub async fn by_external_id(
        &self,
        source: &SourceId,
        external_id: &str,
        most: usize,
    ) -> Result<Vec<StoredLead>, StoreError> {
        self.by_key(schema::EXTERNAL_ID, index_key(source.as_str(), external_id), most).await
    }

    /// The leads of a business with this number, newest first, at most so many.
    ///
    /// # Errors
    /// [`StoreError`] when the table does not answer.
    pub async fn by_phone(
        &self,
        business: &BusinessId,
        number: &PhoneNumber,
        most: usize,
    ) -> Result<Vec<StoredLead>, StoreError> {
        self.by_key(schema::PHONE, index_key(business.as_str(), number.as_str()), most).await
    }

    /// The leads of a business with this address, in any letter case, newest first, at most so many.
    ///
    /// # Errors
    /// [`StoreError`] when the table does not answer.
    pub async fn by_email(
        &self,
        business: &BusinessId,
        email: &Email,
        most: usize,
    ) -> Result<Vec<StoredLead>, StoreError> {
        self.by_key(schema::EMAIL, index_key(business.as_str(), &email.as_str().to_lowercase()), most).await
    }

    async fn by_key(&self, index: Index, key: String, most: usize) -> Result<Vec<StoredLead>, StoreError> {
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
            .page_size(page_size(most))
            .items()
            .send();
        let mut found = Vec::new();
        while found.len() < most
            && let Some(key) = keys.next().await
        {
            found.extend(entry(&key?, LEAD));
        }
        self.get_many(&item::readable(found.iter().map(lead_id))).await
    }

    /// The conversations of a business, newest first, at most so many, from the first one or behind a place.
    ///
    /// # Errors
    /// [`StoreError`] when the table does not answer.
    pub async fn inbox(
        &self,
        business: &BusinessId,
        after: Option<&InboxPlace>,
        most: usize,
    ) -> Result<Vec<Conversation>, StoreError> {
        let start = after.map(|place| {
            let mut start = item::key(pk(&place.lead_id), CONVERSATION);
            start.insert(schema::INBOX.partition.to_owned(), item::text(business));
            start.insert(schema::INBOX.sort.to_owned(), item::text(place.last_event_at));
            start
        });
        let mut keys = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(schema::INBOX.name)
            .key_condition_expression("businessId = :business")
            .expression_attribute_values(":business", item::text(business.as_str()))
            .scan_index_forward(false)
            .set_exclusive_start_key(start)
            .into_paginator()
            .page_size(page_size(most))
            .items()
            .send();
        let mut listed = Vec::new();
        while listed.len() < most
            && let Some(found) = keys.next().await
        {
            listed.extend(entry(&found?, CONVERSATION));
        }
        let found = batch::get(&self.client, &self.table, listed.iter().cloned(), false).await?;
        let mut conversations: HashMap<LeadId, Conversation> =
            item::readable(found.iter().map(|found| Ok((lead_id(found)?, conversation(found)?)))).into_iter().collect();
        let ids = item::readable(listed.iter().map(lead_id));
        Ok(ids.iter().filter_map(|id| conversations.remove(id)).collect())
    }

    /// How many leads of a source were accepted on a day (`2026-06-15`, in UTC), erased ones too.
    ///
    /// # Errors
    /// [`StoreError`] when the table does not answer.
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

    /// Whether a source had any lead on a day.
    ///
    /// # Errors
    /// [`StoreError`] when the table does not answer.
    pub async fn any(&self, source: &SourceId, day: &str) -> Result<bool, StoreError> {
        let shards = (0..schema::DAY_SHARDS).map(|shard| self.day_keys(source, day, shard).limit(1).send());
        let found = futures_util::future::try_join_all(shards).await?;
        Ok(found.iter().any(|found| found.count() > 0))
    }

    /// Leads of one shard of a source's day, oldest first, so many as are read at once: from the first one, or behind
    /// one that was listed before. None when there are no more.
    ///
    /// # Errors
    /// [`StoreError`] when the table does not answer.
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

    /// Leads by their ids, in that order, consistently: an erased lead is never read from a copy that does not know it
    /// yet. One that does not exist is left out.
    ///
    /// # Errors
    /// [`StoreError`] when the table does not answer.
    pub async fn get_many(&self, ids: &[LeadId]) -> Result<Vec<StoredLead>, StoreError> {
        let keys = ids.iter().map(|id| item::key(pk(id), LEAD));
        let found = batch::get(&self.client, &self.table, keys, true).await?;
        let mut leads: HashMap<LeadId, StoredLead> =
            item::readable(found.iter().map(|found| Ok((lead_id(found)?, stored(found)?)))).into_iter().collect();
        Ok(ids.iter().filter_map(|id| leads.remove(id)).collect())
    }

    /// Every unfinished lead, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the table does not answer.
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
                let item = item?;
                if item::is(&item, LEAD) {
                    found.push(due(&item));
                }
            }
            Ok::<_, StoreError>(item::readable(found))
        });
        let mut found = futures_util::future::try_join_all(shards).await?.concat();
        found.sort_by_key(|due| due.created_at);
        Ok(found)
    }
}

/// The key of the item that an index entry belongs to, when that is an item of this sort key.
fn entry(found: &Item, sk: &str) -> Option<Item> {
    let pk = item::optional(found, schema::PK).filter(|_| item::is(found, sk));
    pk.map(|pk| item::key(pk.to_owned(), sk))
}

/// How many entries of an index are read at once, when `most` are wanted.
fn page_size(most: usize) -> i32 {
    i32::try_from(most.min(MAX_BATCH)).unwrap_or(i32::MAX)
}

fn listed(item: &Item) -> Result<Listed, StoreError> {
    Ok(Listed { id: lead_id(item)?, created_at: item::parsed(item, schema::CREATED_AT)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_an_inbox_is_a_time_and_a_lead() {
        let text = "2026-06-15T12:00:00.000Z~lead_a";
        assert_eq!(text.parse::<InboxPlace>().unwrap().to_string(), text);
        for text in ["", "lead_a", "2026-06-15T12:00:00.000Z", "noon~lead_a", "2026-06-15T12:00:00.000Z~a b"] {
            assert!(text.parse::<InboxPlace>().is_err(), "{text}");
        }
    }
}
