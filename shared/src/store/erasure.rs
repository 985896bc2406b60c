//! Erasing a person's data (contract, section 5).

use super::item::{self, Item};
use super::lead_item::{ACCOUNT_ID, LEAD, SOURCE_ID, StoredLead, TombstoneDocument, pk, stored};
use super::leads::{CONVERSATION, Leads, conversation, event};
use super::{StoreError, schema, transaction};
use crate::event::{Event, EventType};
use crate::id::LeadId;
use crate::lead::ProcessingStatus;
use crate::time::Timestamp;

/// The worker writes a lead a few times in its life, so more conflicts than this are a fault.
const MAX_TRIES: usize = 5;

/// What an erased lead keeps of its item.
const KEPT: [&str; 7] =
    [schema::PK, schema::SK, schema::SCHEMA_VERSION, SOURCE_ID, ACCOUNT_ID, schema::CREATED_AT, schema::DAY.partition];

/// How an erasure ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Erasure {
    /// The person's data is gone.
    Erased,
    /// It was gone before.
    ErasedBefore,
    /// The lead does not exist.
    NotFound,
    /// Other writers kept changing the lead, and nothing was erased.
    Busy,
}

impl Leads {
    /// Erases the person's data in every item of a lead, in one transaction. The lead becomes a tombstone, which leaves
    /// every index but its day's; the conversation loses the person and leaves the inbox; an event records the erasure.
    ///
    /// Every write of the worker is conditional on the lead not being erased, so nothing comes back.
    ///
    /// # Errors
    /// [`StoreError`] when the table does not answer.
    pub async fn erase(&self, id: &LeadId, now: Timestamp) -> Result<Erasure, StoreError> {
        for _ in 0..MAX_TRIES {
            let Some(lead) = self.item(id, LEAD).await? else { return Ok(Erasure::NotFound) };
            let kept = match stored(&lead)? {
                StoredLead::Kept(kept) => kept,
                StoredLead::Erased(_) => return Ok(Erasure::ErasedBefore),
            };
            let opened = self.item(id, CONVERSATION).await?;
            let opened = opened.as_ref().map(conversation).transpose()?;

            // Another writer that opens the conversation or erases the lead meanwhile makes this fail.
            let exists = if opened.is_some() { "attribute_exists" } else { "attribute_not_exists" };
            let condition = format!("processingStatus <> :erased AND {exists}(conversationId)");
            let erased = item::text(ProcessingStatus::Erased.as_str());
            let values = Item::from([(":erased".to_owned(), erased.clone())]);
            let document = TombstoneDocument { business_id: kept.business_id.clone(), content: kept.content.clone() };
            let mut tombstone = lead;
            tombstone.retain(|name, _| KEPT.contains(&name.as_str()));
            tombstone.insert(schema::PROCESSING_STATUS.to_owned(), erased);
            tombstone.insert(schema::DOCUMENT.to_owned(), item::text(item::json(&document)?));
            tombstone.insert("erasedAt".to_owned(), item::text(now));

            let version = opened.as_ref().map_or(0, |conversation| conversation.event_version);
            let told = Event::of(&kept.lead, kept.business_id, EventType::LeadErased, version.saturating_add(1), now);
            let mut writes =
                vec![transaction::put(&self.table, tombstone, &condition, Some(values))?, event(&self.table, &told)?];
            if let Some(conversation) = opened {
                // The document of the conversation holds nothing but what is written here.
                let values = Item::from([
                    (":read".to_owned(), item::number(version)),
                    (":version".to_owned(), item::number(told.sequence)),
                    (":erased".to_owned(), item::text(item::json(&conversation.erased())?)),
                ]);
                writes.push(transaction::update(
                    &self.table,
                    item::key(pk(id), CONVERSATION),
                    "eventVersion = :read",
                    "SET document = :erased, eventVersion = :version REMOVE businessId",
                    values,
                )?);
            }
            if transaction::commit(&self.client, writes).await? {
                return Ok(Erasure::Erased);
            }
        }
        Ok(Erasure::Busy)
    }

    async fn item(&self, id: &LeadId, sk: &str) -> Result<Option<Item>, StoreError> {
        let found =
            self.client.get_item().table_name(&self.table).set_key(Some(item::key(pk(id), sk))).consistent_read(true);
        Ok(found.send().await?.item)
    }
}
