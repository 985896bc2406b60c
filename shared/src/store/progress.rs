//! How the worker moves a lead on: each step one conditional write, so that it happens once, whoever else tries.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, TransactWriteItem, Update};

use super::item::{self, Item};
use super::lead_item::{Due, Kept, LEAD, StoredLead, due, pk, stored};
use super::leads::{CONVERSATION, Leads};
use super::{StoreError, schema, transaction};
use crate::conversation::Conversation;
use crate::event::{Event, EventType};
use crate::id::LeadId;
use crate::lead::ProcessingStatus;
use crate::lead::lookup::Lookup;
use crate::time::Timestamp;

/// A claim on a lead, for one look-up.
#[derive(Clone, Copy, Debug)]
pub struct Lease {
    /// When the claim ends.
    pub until: Timestamp,
    /// When the lead is due again, should its holder die. Not before the claim's end.
    pub due_at: Timestamp,
}

/// When a look-up that was put off is tried again.
#[derive(Clone, Copy, Debug)]
pub enum Again {
    /// When the lead is due; earlier, should a message about it come earlier.
    Due(Timestamp),
    /// When the lead is due, and whatever comes not before: the provider has said so.
    NotBefore(Timestamp),
}

/// How a look-up ended.
#[derive(Clone, Copy, Debug)]
pub enum LookupOutcome<'a> {
    /// With a result.
    Succeeded(&'a Lookup),
    /// Without one, for good.
    Failed,
}

impl Leads {
    /// Creates the conversation and the created event, once, and moves the lead on: to `Ready` when no look-up
    /// follows, else to a lease and, behind that, a time when it is due again.
    ///
    /// Gives back `false`, and writes nothing, when that has been done before or the lead has been erased.
    ///
    /// # Errors
    /// [`StoreError`] when the table does not answer.
    pub async fn open(&self, kept: &Kept, now: Timestamp, lease: Option<Lease>) -> Result<bool, StoreError> {
        let conversation = Conversation::open(&kept.lead, kept.business_id.clone(), now);
        let mut opened = item::new(pk(&kept.lead.id), CONVERSATION, item::json(&conversation)?);
        opened.insert(schema::INBOX.partition.to_owned(), item::text(&kept.business_id));
        opened.insert(schema::INBOX.sort.to_owned(), item::text(now));
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
        let event = self.event(kept, EventType::LeadCreated, now)?;
        transaction::commit(
            &self.client,
            vec![transaction::once(&self.table, opened)?, event, self.write(&kept.lead.id, change)?],
        )
        .await
    }

    /// Takes the lease of a lead whose look-up is still to come and whom nobody else is looking up.
    ///
    /// Gives back `false`, and writes nothing, when somebody was faster.
    ///
    /// # Errors
    /// [`StoreError`] when the table does not answer.
    pub async fn lease(&self, id: &LeadId, now: Timestamp, lease: Lease) -> Result<bool, StoreError> {
        let change = Change::of_enriching(
            "(attribute_not_exists(leasedUntil) OR leasedUntil <= :now)",
            "SET leasedUntil = :leased, dueAt = :due",
        );
        self.update(id, change.with(":now", now).with(":leased", lease.until).with(":due", lease.due_at)).await
    }

    /// Gives a lease back after a passing fault, or keeps it for nobody until the provider's own time.
    ///
    /// Gives back `false`, and writes nothing, when the lease has passed to somebody else, or the lead is finished or
    /// erased.
    ///
    /// # Errors
    /// [`StoreError`] when the table does not answer.
    pub async fn postpone(&self, id: &LeadId, lease: Lease, again: Again) -> Result<bool, StoreError> {
        let (due_at, expression) = match again {
            Again::Due(at) => (at, "SET dueAt = :due REMOVE leasedUntil"),
            Again::NotBefore(at) => (at, "SET dueAt = :due, leasedUntil = :due"),
        };
        let change = Change::of_enriching("leasedUntil = :mine", expression);
        self.update(id, change.with(":mine", lease.until).with(":due", due_at)).await
    }

    /// Records how the look-up ended, with its event, and makes the lead `Ready`.
    ///
    /// Gives back `false`, and writes nothing, when the lead is finished or erased.
    ///
    /// # Errors
    /// [`StoreError`] when the table does not answer.
    pub async fn finish(&self, kept: &Kept, outcome: LookupOutcome<'_>, now: Timestamp) -> Result<bool, StoreError> {
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
        transaction::commit(&self.client, vec![self.event(kept, event_type, now)?, self.write(&kept.lead.id, change)?])
            .await
    }

    /// The unfinished leads of one shard that are due, oldest first, at most so many.
    ///
    /// # Errors
    /// [`StoreError`] when the table does not answer.
    pub async fn due(&self, shard: u8, now: Timestamp, most: i32) -> Result<Vec<Due>, StoreError> {
        let found = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(schema::UNFINISHED.name)
            .key_condition_expression("unfinishedShard = :shard AND dueAt <= :now")
            .expression_attribute_values(":shard", item::number(shard))
            .expression_attribute_values(":now", item::text(now))
            .limit(most)
            .send()
            .await?;
        found.items().iter().map(due).collect()
    }

    /// Moves a due lead on to `next`, so that a backlog does not feed itself.
    ///
    /// Gives back the lead, or nothing when it has been moved or finished meanwhile.
    ///
    /// # Errors
    /// [`StoreError`] when the table does not answer.
    pub async fn move_on(&self, due: &Due, next: Timestamp) -> Result<Option<Box<Kept>>, StoreError> {
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
            Err(error) => unless_outrun(Err(error)).map(|_| None),
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
        unless_outrun(updated.map(drop))
    }

    fn write(&self, id: &LeadId, change: Change) -> Result<TransactWriteItem, StoreError> {
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(item::key(pk(id), LEAD)))
            .condition_expression(change.condition)
            .update_expression(change.expression)
            .set_expression_attribute_values(Some(change.values))
            .build()
            .map_err(|_| StoreError::Unwritable)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    fn event(&self, kept: &Kept, event_type: EventType, now: Timestamp) -> Result<TransactWriteItem, StoreError> {
        let event = Event::of(&kept.lead, kept.business_id.clone(), event_type, now);
        transaction::once(
            &self.table,
            item::new(pk(&kept.lead.id), format!("EVENT#{now}#{}", event.id), item::json(&event)?),
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
    /// Every change is of a lead that is neither finished nor erased.
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

/// Whether a change was made: it is not, when somebody else has moved the lead on, or is just writing it.
fn unless_outrun<R>(done: Result<(), SdkError<UpdateItemError, R>>) -> Result<bool, StoreError> {
    use UpdateItemError::{ConditionalCheckFailedException, TransactionConflictException};
    match done {
        Ok(()) => Ok(true),
        Err(SdkError::ServiceError(error))
            if matches!(error.err(), ConditionalCheckFailedException(_) | TransactionConflictException(_)) =>
        {
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}
