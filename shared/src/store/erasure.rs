//! Erasing a person's data (contract, section 5).

use super::item::{self, Item};
use super::lead_item::{
    ACCOUNT_ID, BUSINESS_ID, CONSENT, LEAD, OUTBOX, SOURCE_ID, StoredLead, TombstoneDocument, erased_scope, pk, stored,
};
use super::leads::{CONVERSATION, Leads, conversation};
use super::limits::Limits;
use super::outbox::{self, RetainChange};
use super::outbox_item::Outbox;
use super::{Ledger, StoreError, schema, transaction};
use crate::event::{EventFacts, EventType};
use crate::id::LeadId;
use crate::lead::ProcessingStatus;
use crate::ledger::{Act, Head, Subject};
use crate::time::Timestamp;
use aws_sdk_dynamodb::types::AttributeValue;

/// The worker writes a lead only a few times, so more conflicts than this mean that something is wrong.
const MAX_TRIES: usize = 5;

/// The ledger's name of an erasure, by which erasures are found to be repeated.
pub const ERASE: &str = "lead erase";

/// The attributes that an erased lead's item keeps.
const KEPT: [&str; 9] = [
    schema::PK,
    schema::SK,
    schema::SCHEMA_VERSION,
    schema::EXPIRES_AT,
    SOURCE_ID,
    ACCOUNT_ID,
    schema::CREATED_AT,
    schema::DAY.partition,
    CONSENT,
];

/// How an erasure ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Erasure {
    /// The person's data is gone, and the ledger has this head.
    Erased(Head),
    /// The person's data was erased before.
    ErasedBefore,
    /// The lead does not exist.
    NotFound,
    /// Other writers kept changing the lead, and nothing was erased.
    Busy,
}

impl Leads {
    /// Erases the person's data from every item of a lead, in one transaction. The lead becomes a tombstone, which
    /// stays only in the index by day and, in a partition of its own, in the index by business: reports still count it. The
    /// conversation loses the person's data and leaves the inbox. An event records
    /// the erasure for subscribers, and the ledger's entry in the same transaction names `by`.
    ///
    /// The guards of the person go with it, so a later lead of the person is not compared with this one.
    ///
    /// Every write of the worker requires that the lead is not erased, so the data cannot come back.
    ///
    /// # Errors
    /// [`StoreError`]. The data may have been erased nevertheless; erase again to make sure.
    pub async fn erase(
        &self,
        limits: &Limits,
        ledger: &Ledger,
        id: &LeadId,
        by: &str,
        now: Timestamp,
    ) -> Result<Erasure, StoreError> {
        let subject = Subject { leads: vec![id.clone()], ..Subject::default() };
        let act = Act { at: now, by: by.to_owned(), action: ERASE.to_owned(), subject };
        for _ in 0..MAX_TRIES {
            // First: the erasure is conditional on its version, so no event is written between any two of these reads.
            let told = self.item(id, OUTBOX).await?;
            let Some(lead) = self.item(id, LEAD).await? else { return Ok(Erasure::NotFound) };
            let kept = match stored(&lead)? {
                StoredLead::Kept(kept) => kept,
                StoredLead::Erased(_) => return Ok(Erasure::ErasedBefore),
            };
            // Before the erasure, because what a guard is found by is erased then.
            limits.forget(&kept.lead, &kept.business_id).await?;
            let opened = self.item(id, CONVERSATION).await?;
            let opened = opened.as_ref().map(conversation).transpose()?;
            let told = told.as_ref().map(Outbox::read).transpose()?;
            let told = told.unwrap_or_else(|| Outbox::without_item(opened.as_ref()));

            // Fails if another writer opens the conversation or erases the lead in the meantime.
            let exists = if opened.is_some() { "attribute_exists" } else { "attribute_not_exists" };
            let condition = format!("processingStatus <> :erased AND {exists}(conversationId)");
            let erased = item::text(ProcessingStatus::Erased.as_str());
            let values = Item::from([(":erased".to_owned(), erased.clone())]);
            let (business_id, content) = (kept.business_id.clone(), kept.content.clone());
            let document = TombstoneDocument { business_id, content, test: kept.lead.test };
            let mut tombstone = lead;
            tombstone.retain(|name, _| KEPT.contains(&name.as_str()));
            tombstone.insert(schema::PROCESSING_STATUS.to_owned(), erased);
            tombstone.insert(schema::DOCUMENT.to_owned(), item::text(item::json(&document)?));
            tombstone.insert("erasedAt".to_owned(), item::text(now));
            if !kept.lead.test {
                tombstone.insert(BUSINESS_ID.to_owned(), item::text(erased_scope(&kept.business_id)));
            }

            // The next sweep announces the lead, and the worker tells subscribers.
            let subject = outbox::Subject { lead: &kept.lead, business_id: &kept.business_id };
            let (mut writes, written) = self.tell(
                subject,
                &told,
                [(EventType::LeadErased, EventFacts::default())],
                RetainChange::Drop,
                now,
                now,
            )?;
            writes.push(transaction::put(&self.table, tombstone, &condition, Some(values))?);
            if let Some(conversation) = opened {
                // Replacing the document is safe: no other writer changes it.
                let values = Item::from([
                    (":version".to_owned(), item::number(written.outbox.version)),
                    (":erased".to_owned(), item::text(item::json(&conversation.erased())?)),
                    (":unread".to_owned(), AttributeValue::Bool(false)),
                ]);
                writes.push(transaction::update(
                    &self.table,
                    item::key(pk(id), CONVERSATION),
                    "attribute_exists(pk)",
                    "SET document = :erased, eventVersion = :version, isUnread = :unread REMOVE businessId",
                    values,
                )?);
            }
            if let Some(head) = ledger.commit(writes, &act).await? {
                return Ok(Erasure::Erased(head));
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
