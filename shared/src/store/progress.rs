//! The worker's writes. Each step is one conditional write, so it happens once even when several workers try.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, TransactWriteItem};

use super::item::{self, Item};
use super::lead_item::{Due, Kept, LEAD, StoredLead, Work, due, pk, stored};
use super::leads::{CONVERSATION, Leads, conversation_item};
use super::outbox::{Outbox, Subject, Written};
use super::{StoreError, schema, transaction};
use crate::conversation::Conversation;
use crate::event::{Event, EventType};
use crate::id::LeadId;
use crate::lead::ProcessingStatus;
use crate::lead::eligibility::{Eligibility, Facts};
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

impl Kept {
    fn subject(&self) -> Subject<'_> {
        Subject { lead: &self.lead, business_id: &self.business_id }
    }

    /// Whether the person may be texted and called once the lookup has ended with this result.
    fn eligibility_when_ready(&self, lookup: Option<&Lookup>) -> Eligibility {
        let number = self.lead.phone_number();
        Eligibility::of(&Facts { status: ProcessingStatus::Ready, is_test: self.lead.test, number, lookup })
    }
}

impl Leads {
    /// Creates the conversation and the `lead.created` event, once. The lead becomes `Ready`, with its event, when no
    /// lookup follows; otherwise it gets a lease and a due time after the end of the lease. The events are due at
    /// `due_at`.
    ///
    /// Returns `None` and writes nothing when the conversation exists or the lead is erased.
    ///
    /// # Errors
    /// [`StoreError`]; a retry is safe.
    pub async fn open(
        &self,
        kept: &Kept,
        now: Timestamp,
        lease: Option<Lease>,
        due_at: Timestamp,
    ) -> Result<Option<Written>, StoreError> {
        let mut happened = vec![(EventType::LeadCreated, None)];
        let change = match lease {
            Some(lease) => Change::of_enriching(
                "attribute_not_exists(conversationId)",
                "SET conversationId = :conversation, lookupSince = :now, leasedUntil = :leased, dueAt = :due",
            )
            .with(":now", now)
            .with(":leased", lease.until)
            .with(":due", lease.due_at),
            None => {
                happened.push((EventType::LeadReady, Some(kept.eligibility_when_ready(None))));
                Change::of_enriching(
                    "attribute_not_exists(conversationId)",
                    "SET conversationId = :conversation, processingStatus = :ready REMOVE unfinishedShard, dueAt",
                )
                .with(":ready", ProcessingStatus::Ready.as_str())
            }
        };
        let (mut writes, written) = self.tell(kept.subject(), &Outbox::default(), happened, now, due_at)?;
        let conversation = Conversation::open(&kept.lead, kept.business_id.clone(), &written.events, now);
        writes.push(transaction::once(&self.table, conversation_item(&conversation, kept.lead.expires_at())?)?);
        writes.push(self.write(&kept.lead.id, change.with(":conversation", &conversation.id))?);
        Ok(transaction::commit(&self.client, writes).await?.then_some(written))
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

    /// Records how the lookup ended and makes the lead `Ready`, with an event for each. `read` is the lead's OUTBOX as
    /// read or written before. The events are due at `due_at`.
    ///
    /// Returns `None` and writes nothing when another writer has finished or erased the lead, or has added an event.
    ///
    /// # Errors
    /// [`StoreError`]; a retry is safe.
    pub async fn finish(
        &self,
        kept: &Kept,
        read: &Outbox,
        outcome: LookupOutcome<'_>,
        now: Timestamp,
        due_at: Timestamp,
    ) -> Result<Option<Written>, StoreError> {
        let (change, event_type, lookup) = match outcome {
            LookupOutcome::Succeeded(lookup) => (
                Change::of_enriching(
                    "attribute_exists(conversationId)",
                    "SET processingStatus = :ready, lookup = :lookup REMOVE unfinishedShard, dueAt, leasedUntil",
                )
                .with(":lookup", item::json(lookup)?),
                EventType::PhoneLookupSucceeded,
                Some(lookup),
            ),
            LookupOutcome::Failed => (
                Change::of_enriching(
                    "attribute_exists(conversationId)",
                    "SET processingStatus = :ready REMOVE unfinishedShard, dueAt, leasedUntil",
                ),
                EventType::PhoneLookupFailed,
                None,
            ),
        };
        let change = change.with(":ready", ProcessingStatus::Ready.as_str());
        let happened = [(event_type, None), (EventType::LeadReady, Some(kept.eligibility_when_ready(lookup)))];
        let (mut writes, written) = self.tell(kept.subject(), read, happened, now, due_at)?;
        writes.push(self.write(&kept.lead.id, change)?);
        writes.push(self.touch(&kept.lead.id, &written.events)?);
        Ok(transaction::commit(&self.client, writes).await?.then_some(written))
    }

    /// Reads up to `max` due entries of one shard of the outbox, the longest due first.
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
        Ok(item::readable(found.items().iter().filter_map(due)))
    }

    /// Moves the due time of an entry to `next`, so that a sweep does not announce the same backlog every minute.
    ///
    /// Returns the lead, or `None` when another writer moved the entry or took its mark off in the meantime.
    pub async fn reschedule(&self, due: &Due, next: Timestamp) -> Result<Option<StoredLead>, StoreError> {
        let moved = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item::key(pk(&due.id), due.work.sort_key())))
            .condition_expression("dueAt = :seen")
            .update_expression("SET dueAt = :next")
            .expression_attribute_values(":seen", item::text(due.due_at))
            .expression_attribute_values(":next", item::text(next))
            .return_values(ReturnValue::AllNew)
            .send()
            .await;
        let moved = match moved {
            Ok(moved) => moved,
            Err(error) => return applied(Err(error)).map(|_| None),
        };
        match due.work {
            Work::Lookup => moved.attributes.as_ref().map(stored).transpose(),
            Work::Events => self.get(&due.id).await,
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

    /// Updates a lead's conversation for new events, whose types decide what changes (contract, section 7).
    fn touch(&self, id: &LeadId, events: &[Event]) -> Result<TransactWriteItem, StoreError> {
        let mut values = Item::new();
        let mut sets = Vec::new();
        let mut set = |name: &str, value| {
            sets.push(format!("{name} = :{name}"));
            values.insert(format!(":{name}"), value);
        };
        if let Some(event) = events.last() {
            set(schema::EVENT_VERSION, item::number(event.sequence));
        }
        if let Some(event) = events.iter().rev().find(|event| event.event_type.moves_inbox()) {
            set(schema::INBOX.sort, item::text(event.created_at));
            set(schema::LAST_SNIPPET, item::text(&event.summary));
        }
        if events.iter().any(|event| event.event_type.is_news()) {
            set(schema::IS_UNREAD, AttributeValue::Bool(true));
        }
        let key = item::key(pk(id), CONVERSATION);
        transaction::update(&self.table, key, "attribute_exists(pk)", format!("SET {}", sets.join(", ")), values)
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
pub(super) fn applied<R>(updated: Result<(), SdkError<UpdateItemError, R>>) -> Result<bool, StoreError> {
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
