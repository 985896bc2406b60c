//! A person's right to be forgotten (contract, section 5).

use aws_sdk_dynamodb::types::AttributeValue;

use super::item::{self, Item};
use super::lead_item::{LEAD, StoredLead, pk, stored};
use super::leads::{CONVERSATION, Leads};
use super::{StoreError, schema, transaction};
use crate::conversation::Conversation;
use crate::event::{Event, EventType};
use crate::id::LeadId;
use crate::lead::ProcessingStatus;
use crate::time::Timestamp;

/// The worker writes a lead a few times in its life; more often nobody can be in the way.
const MOST_TRIES: usize = 5;

/// What an erased lead keeps of its item.
const KEPT: [&str; 7] =
    [schema::PK, schema::SK, "schemaVersion", "sourceId", "accountId", "createdAt", schema::DAY.partition];

/// What became of an erasure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Erasure {
    /// The person's data is gone.
    Erased,
    /// It was gone before.
    ErasedBefore,
    /// There is no such lead.
    NotFound,
    /// The lead is being written all the while; nothing was erased.
    Busy,
}

impl Leads {
    /// Erases the person's data wherever it stands, in one transaction: the lead becomes a tombstone of id, source,
    /// account and times, which leaves every index but the one of its day; the conversation loses the person's name
    /// and addresses; an event tells of it.
    ///
    /// Every write of the worker is on the condition that the lead is not erased, so nothing comes back.
    ///
    /// # Errors
    /// [`StoreError`] when the table does not answer.
    pub async fn erase(&self, id: &LeadId, now: Timestamp) -> Result<Erasure, StoreError> {
        for _ in 0..MOST_TRIES {
            let Some(lead) = self.item(id, LEAD).await? else { return Ok(Erasure::NotFound) };
            let kept = match stored(&lead)? {
                StoredLead::Kept(kept) => kept,
                StoredLead::Erased(_) => return Ok(Erasure::ErasedBefore),
            };
            let conversation = self.item(id, CONVERSATION).await?;

            // Whoever opened the conversation, or erased the lead, since it was read makes this fail.
            let opened = if conversation.is_some() { "attribute_exists" } else { "attribute_not_exists" };
            let condition = format!("processingStatus <> :erased AND {opened}(conversationId)");
            let erased = item::text(ProcessingStatus::Erased.as_str());
            let values = Item::from([(":erased".to_owned(), erased.clone())]);
            let mut tombstone = lead;
            tombstone.retain(|name, _| KEPT.contains(&name.as_str()));
            tombstone.insert("processingStatus".to_owned(), erased);
            tombstone.insert("erasedAt".to_owned(), item::text(now));

            let event = Event::of(&kept.lead, kept.business_id, EventType::LeadErased, now);
            let event = item::new(pk(id), format!("EVENT#{now}#{}", event.id), item::json(&event)?);
            let mut writes = vec![
                transaction::put(&self.table, tombstone, &condition, Some(values))?,
                transaction::once(&self.table, event)?,
            ];
            if let Some(conversation) = conversation {
                writes.push(self.without_person(conversation)?);
            }
            if transaction::commit(&self.client, writes).await? {
                return Ok(Erasure::Erased);
            }
        }
        Ok(Erasure::Busy)
    }

    /// The conversation without the person, over what was read of it.
    fn without_person(&self, conversation: Item) -> Result<aws_sdk_dynamodb::types::TransactWriteItem, StoreError> {
        let read = item::string(&conversation, "document")?.to_owned();
        let content: Conversation = item::document(&conversation)?;
        let mut erased = conversation;
        erased.insert("document".to_owned(), item::text(item::json(&content.erased())?));
        let values = Item::from([(":read".to_owned(), AttributeValue::S(read))]);
        transaction::put(&self.table, erased, "document = :read", Some(values))
    }

    async fn item(&self, id: &LeadId, sk: &str) -> Result<Option<Item>, StoreError> {
        let found =
            self.client.get_item().table_name(&self.table).set_key(Some(item::key(pk(id), sk))).consistent_read(true);
        Ok(found.send().await?.item)
    }
}
