//! The worker's writes. Each step is one conditional write, so it happens once even when several workers try.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, TransactWriteItem};

use super::item::{self, Item};
use super::lead_item::{Due, Kept, LEAD, StoredLead, due, pk, stored};
use super::leads::{CONVERSATION, Leads, conversation_item, event};
use super::{StoreError, schema, transaction};
use crate::conversation::Conversation;
use crate::event::{Event, EventType};
use crate::id::LeadId;
use crate::lead::ProcessingStatus;
use crate::lead::lookup::Lookup;
use crate::time::Timestamp;

/// The exclusive right to look up one lead's number, for a while.
#[derive(Clone, Copy, Debug)]
pub struct Lease {
    /// When the lease ends.
    pub until: Timestamp,
    /// When the sweep announces the lead again, in case the holder dies. Never before the lease ends.
    pub due_at: Timestamp,
}

/// When a postponed lookup is tried again.
#[derive(Clone, Copy, Debug)]
pub enum Again {
    /// When the lead is due, or earlier if a message about it arrives earlier.
    Due(Timestamp),
    /// When the lead is due and not earlier, because the provider asked for this delay.
    NotBefore(Timestamp),
}

/// How a lookup ended.
#[derive(Clone, Copy, Debug)]
pub enum LookupOutcome<'a> {
    /// The provider gave this result.
    Succeeded(&'a Lookup),
    /// There is no result, and no retry will follow.
    Failed,
}

impl Leads {
    /// Creates the conversation and the `lead.created` event, once. The lead becomes `Ready` when no lookup follows;
    /// otherwise it gets a lease and a due time after the end of the lease.
    ///
    /// Returns `false` and writes nothing when the conversation exists or the lead is erased.
    ///
    /// # Errors
    /// [`StoreError`]; a retry is safe.
    pub async fn open(&self, kept: &Kept, now: Timestamp, lease: Option<Lease>) -> Result<bool, StoreError> {
        let conversation = Conversation::open(&kept.lead, kept.business_id.clone(), now);
        let opened = conversation_item(&conversation, kept.lead.expires_at())?;
        let change = match lease {
            Some(lease) => Change::of_enriching(
                "attribute_not_exists(conversationId)",
                "SET conversationId = :conversation, lookupSince = :now, leasedUntil = :leased, dueAt = :due",
            )
            .with(":now", now)
            .with(":leased", lease.until)
            .with(":due", lease.due_at),
            None => Change::of_enriching(
                "attribute_not_exists(conversationId)",
                "SET conversationId = :conversation, processingStatus = :ready REMOVE unfinishedShard, dueAt",
            )
            .with(":ready", ProcessingStatus::Ready.as_str()),
        };
        let change = change.with(":conversation", &conversation.id);
        let created =
            Event::of(&kept.lead, kept.business_id.clone(), EventType::LeadCreated, conversation.event_version, now);
        let writes = vec![
            transaction::once(&self.table, opened)?,
            event(&self.table, &created, kept.lead.expires_at())?,
            self.write(&kept.lead.id, change)?,
        ];
        transaction::commit(&self.client, writes).await
    }

    /// Takes the lease of a lead, unless another worker holds it.
    ///
    /// Returns `false` and writes nothing when another worker holds the lease, or the lead is finished or erased.
    ///
    /// # Errors
    /// [`StoreError`]; a retry is safe.
    pub async fn lease(&self, id: &LeadId, now: Timestamp, lease: Lease) -> Result<bool, StoreError> {
        let change = Change::of_enriching(
            "(attribute_not_exists(leasedUntil) OR leasedUntil <= :now)",
            "SET leasedUntil = :leased, dueAt = :due",
        );
        self.update(id, change.with(":now", now).with(":leased", lease.until).with(":due", lease.due_at)).await
    }

    /// Postpones a lookup after a temporary fault. Releases the lease, or blocks the lead until the time that the
    /// provider asked for.
    ///
    /// Returns `false` and writes nothing when another worker has the lease, or the lead is finished or erased.
    ///
    /// # Errors
    /// [`StoreError`]; then the lease ends by itself.
    pub async fn postpone(&self, id: &LeadId, lease: Lease, again: Again) -> Result<bool, StoreError> {
        let (due_at, expression) = match again {
            Again::Due(at) => (at, "SET dueAt = :due REMOVE leasedUntil"),
            Again::NotBefore(at) => (at, "SET dueAt = :due, leasedUntil = :due"),
        };
        let change = Change::of_enriching("leasedUntil = :mine", expression);
        self.update(id, change.with(":mine", lease.until).with(":due", due_at)).await
    }

    /// Records how the lookup ended, with its event, and makes the lead `Ready`. `version` is the lead's event version
    /// as read before.
    ///
    /// Returns `false` and writes nothing when the lead is finished or erased.
    ///
    /// # Errors
    /// [`StoreError`]; a retry is safe.
    pub async fn finish(
        &self,
        kept: &Kept,
        version: u64,
        outcome: LookupOutcome<'_>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (change, event_type) = match outcome {
            LookupOutcome::Succeeded(lookup) => (
                Change::of_enriching(
                    "attribute_exists(conversationId)",
                    "SET processingStatus = :ready, lookup = :lookup REMOVE unfinishedShard, dueAt, leasedUntil",
                )
                .with(":lookup", item::json(lookup)?),
                EventType::PhoneLookupSucceeded,
            ),
            LookupOutcome::Failed => (
                Change::of_enriching(
                    "attribute_exists(conversationId)",
                    "SET processingStatus = :ready REMOVE unfinishedShard, dueAt, leasedUntil",
                ),
                EventType::PhoneLookupFailed,
            ),
        };
        let change = change.with(":ready", ProcessingStatus::Ready.as_str());
        let ended = Event::of(&kept.lead, kept.business_id.clone(), event_type, version.saturating_add(1), now);
        let writes = vec![
            event(&self.table, &ended, kept.lead.expires_at())?,
            self.write(&kept.lead.id, change)?,
            self.touch(&kept.lead.id, version, &[ended])?,
        ];
        transaction::commit(&self.client, writes).await
    }

    /// Reads up to `max` due leads of one shard of the outbox, the longest due first.
    pub async fn due(&self, shard: u8, now: Timestamp, max: i32) -> Result<Vec<Due>, StoreError> {
        let found = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(schema::UNFINISHED.name)
            .key_condition_expression("unfinishedShard = :shard AND dueAt <= :now")
            .expression_attribute_values(":shard", item::number(shard))
            .expression_attribute_values(":now", item::text(now))
            .limit(max)
            .send()
            .await?;
        Ok(item::readable(found.items().iter().filter(|found| item::is(found, LEAD)).map(due)))
    }

    /// Moves the due time of a lead to `next`, so that a sweep does not announce the same backlog every minute.
    ///
    /// Returns the lead, or `None` when another writer moved or finished it in the meantime.
    pub async fn reschedule(&self, due: &Due, next: Timestamp) -> Result<Option<Box<Kept>>, StoreError> {
        let moved = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item::key(pk(&due.id), LEAD)))
            .condition_expression("dueAt = :seen")
            .update_expression("SET dueAt = :next")
            .expression_attribute_values(":seen", item::text(due.due_at))
            .expression_attribute_values(":next", item::text(next))
            .return_values(ReturnValue::AllNew)
            .send()
            .await;
        match moved {
            Ok(moved) => match moved.attributes.as_ref().map(stored).transpose()? {
                Some(StoredLead::Kept(kept)) => Ok(Some(kept)),
                _ => Ok(None),
            },
            Err(error) => applied(Err(error)).map(|_| None),
        }
    }

    async fn update(&self, id: &LeadId, change: Change) -> Result<bool, StoreError> {
        let updated = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item::key(pk(id), LEAD)))
            .condition_expression(change.condition)
            .update_expression(change.expression)
            .set_expression_attribute_values(Some(change.values))
            .send()
            .await;
        applied(updated.map(drop))
    }

    fn write(&self, id: &LeadId, change: Change) -> Result<TransactWriteItem, StoreError> {
        transaction::update(&self.table, item::key(pk(id), LEAD), change.condition, change.expression, change.values)
    }

    /// Updates a lead's conversation for new events, on the condition that its event version is still `read` (contract,
    /// section 7). The event type decides what changes.
    fn touch(&self, id: &LeadId, read: u64, events: &[Event]) -> Result<TransactWriteItem, StoreError> {
        let version = events.last().map_or(read, |event| event.sequence);
        let mut values =
            Item::from([(":read".to_owned(), item::number(read)), (":version".to_owned(), item::number(version))]);
        let mut sets = vec![format!("{} = :version", schema::EVENT_VERSION)];
        let mut set = |name: &str, value| {
            sets.push(format!("{name} = :{name}"));
            values.insert(format!(":{name}"), value);
        };
        if let Some(event) = events.iter().rev().find(|event| event.event_type.moves_inbox()) {
            set(schema::INBOX.sort, item::text(event.created_at));
            set(schema::LAST_SNIPPET, item::text(&event.summary));
        }
        if events.iter().any(|event| event.event_type.is_news()) {
            set(schema::IS_UNREAD, AttributeValue::Bool(true));
        }
        transaction::update(
            &self.table,
            item::key(pk(id), CONVERSATION),
            format!("{} = :read", schema::EVENT_VERSION),
            format!("SET {}", sets.join(", ")),
            values,
        )
    }
}

/// A conditional change of a lead's item.
struct Change {
    condition: String,
    expression: &'static str,
    values: Item,
}

impl Change {
    /// Every change requires that the lead is neither finished nor erased.
    fn of_enriching(condition: &str, expression: &'static str) -> Self {
        let change = Self {
            condition: format!("processingStatus = :enriching AND {condition}"),
            expression,
            values: Item::new(),
        };
        change.with(":enriching", ProcessingStatus::Enriching.as_str())
    }

    fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.values.insert(name.to_owned(), AttributeValue::S(value.to_string()));
        self
    }
}

/// Whether an update was applied; `false` if another writer changed the lead first.
fn applied<R>(updated: Result<(), SdkError<UpdateItemError, R>>) -> Result<bool, StoreError> {
    use UpdateItemError::{ConditionalCheckFailedException, TransactionConflictException};
    match updated {
        Ok(()) => Ok(true),
        Err(SdkError::ServiceError(error))
            if matches!(error.err(), ConditionalCheckFailedException(_) | TransactionConflictException(_)) =>
        {
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}
