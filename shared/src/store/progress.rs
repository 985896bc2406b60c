//! The worker's writes. Each step is one conditional write, so it happens once even when several workers try.

use std::borrow::Cow;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, TransactWriteItem};

use super::due::{Due, Work, due};
use super::ended::{Ended, LookupOutcome};
use super::item::{self, Item};
use super::lead_item::{Kept, LEAD, Progress, StoredLead, pk, stored};
use super::leads::{CONVERSATION, Leads, conversation_item};
use super::outbox::{RetainChange, Subject, Written};
use super::outbox_item::{Lease, Outbox};
use super::update::applied;
use super::{StoreError, schema, transaction};
use crate::conversation::Conversation;
use crate::event::{Event, EventFacts, EventType};
use crate::id::LeadId;
use crate::lead::ProcessingStatus;
use crate::lead::eligibility::{Eligibility, Facts};
use crate::time::Timestamp;

/// The limit on pages per query of the outbox.
const MAX_PAGES: usize = 10;

/// When a postponed lookup is tried again.
#[derive(Clone, Copy, Debug)]
pub enum Again {
    /// When the lead is due, or earlier if a message about it arrives earlier.
    Due(Timestamp),
    /// When the lead is due and not earlier, because the provider asked for this delay.
    NotBefore(Timestamp),
}

impl Kept {
    fn subject(&self) -> Subject<'_> {
        Subject { lead: &self.lead, business_id: &self.business_id }
    }

    /// The events of a new lead, in their order (contract, section 10).
    fn found_at_intake(&self) -> Vec<(EventType, EventFacts)> {
        let mut happened = vec![(EventType::LeadCreated, EventFacts::default())];
        if let Some(earlier) = &self.duplicate_of {
            let facts = EventFacts { duplicate_of: Some(earlier.clone()), ..EventFacts::default() };
            happened.push((EventType::LeadDuplicateDetected, facts));
        }
        if !self.cap_reached.is_empty() {
            let facts = EventFacts { caps: Some(self.cap_reached.clone()), ..EventFacts::default() };
            happened.push((EventType::SourceCapReached, facts));
        }
        happened
    }

    /// Whether the person may be texted and called, once these have ended.
    fn eligibility(&self, ended: Ended<'_>) -> Eligibility {
        let is_ready = ended.lookup().is_some() || self.progress == Progress::Ready;
        let lookup = match ended.lookup() {
            Some(LookupOutcome::Succeeded(lookup)) => Some(lookup),
            _ => self.lookup.as_ref(),
        };
        let consent = ended.consent().map(|(consent, _)| consent.clone()).or_else(|| self.consent());
        Eligibility::of(&Facts {
            status: if is_ready { ProcessingStatus::Ready } else { ProcessingStatus::Enriching },
            is_test: self.lead.test,
            number: self.lead.phone_number(),
            lookup,
            consent: consent.as_ref(),
        })
    }
}

impl Leads {
    /// Creates the conversation and the `lead.created` event, once, with the events of what the intake found out. With a
    /// lease, the lead stays `Enriching` and is due after the end of the lease. So is its certificate, if it must be
    /// retained. Without a lease, the lead becomes `Ready`, with its event. The events are due at `due_at`.
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
        let mut happened = kept.found_at_intake();
        let mut retain = RetainChange::Keep;
        let change = match lease {
            Some(lease) => {
                if kept.certificate_to_retain().is_some() {
                    retain = RetainChange::Begin(lease, kept.lead.created_at);
                }
                Change::of_enriching(
                    "attribute_not_exists(conversationId)",
                    "SET conversationId = :conversation, lookupSince = :now, leasedUntil = :leased, dueAt = :due",
                )
                .with(":now", now)
                .with(":leased", lease.until)
                .with(":due", lease.due_at)
            }
            None => {
                let ended = Ended::Lookup(&LookupOutcome::NotNeeded);
                happened.push((EventType::LeadReady, kept.eligibility(ended).into()));
                Change::of_enriching(
                    "attribute_not_exists(conversationId)",
                    "SET conversationId = :conversation, processingStatus = :ready REMOVE unfinishedShard, dueAt",
                )
                .with(":ready", ProcessingStatus::Ready.as_str())
            }
        };
        let (mut writes, written) = self.tell(kept.subject(), &Outbox::default(), happened, retain, now, due_at)?;
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

    /// Records what ended, with an event for each, in one transaction. The end of the lookup makes the lead `Ready`.
    /// `read` is the lead's OUTBOX as read or written before, with the lease of a certificate whose work ended. The
    /// events are due at `due_at`.
    ///
    /// Returns `None` and writes nothing when another writer has added an event, or the lead is no longer as in `kept`:
    /// the events say what follows from it.
    ///
    /// # Errors
    /// [`StoreError`]; a retry is safe.
    pub async fn record_ended(
        &self,
        kept: &Kept,
        read: &Outbox,
        ended: Ended<'_>,
        now: Timestamp,
        due_at: Timestamp,
    ) -> Result<Option<Written>, StoreError> {
        let mut happened = Vec::new();
        let mut sets = Vec::new();
        let mut removes = "";
        let mut retain = RetainChange::Keep;
        let mut change = match ended.lookup() {
            Some(outcome) => {
                sets.push("processingStatus = :ready");
                removes = " REMOVE unfinishedShard, dueAt, leasedUntil";
                happened.extend(outcome.event_type().map(|event_type| (event_type, EventFacts::default())));
                Change::of_enriching("attribute_exists(conversationId)", "")
                    .with(":ready", ProcessingStatus::Ready.as_str())
            }
            None => {
                let condition = "processingStatus = :read AND attribute_exists(conversationId)";
                Change::of(condition, "").with(":read", kept.lead.processing_status.as_str())
            }
        };
        // DynamoDB may read this item before a transaction and the OUTBOX after it. So its version does not tell that the
        // consent is still as it was read.
        if kept.settled_consent.is_none() {
            change.condition += " AND attribute_not_exists(consent)";
        }
        if let Some(LookupOutcome::Succeeded(lookup)) = ended.lookup() {
            sets.push("lookup = :lookup");
            change = change.with(":lookup", item::json(lookup)?);
        }
        if let Some((consent, mine)) = ended.consent() {
            sets.push("consent = :consent");
            change = change.with(":consent", item::json(consent)?);
            retain = RetainChange::End(mine);
            let settled = EventType::of_consent(consent.status);
            happened.extend(settled.map(|event_type| (event_type, kept.eligibility(ended).into())));
        }
        if ended.lookup().is_some() {
            happened.push((EventType::LeadReady, kept.eligibility(ended).into()));
        }
        let expression = format!("SET {}{removes}", sets.join(", "));
        let (mut writes, written) = self.tell(kept.subject(), read, happened, retain, now, due_at)?;
        writes.push(self.write(&kept.lead.id, Change { expression: expression.into(), ..change })?);
        writes.push(self.touch(&kept.lead.id, &written.events)?);
        Ok(transaction::commit(&self.client, writes).await?.then_some(written))
    }

    /// Reads about `max` due entries of one shard of the outbox, the longest due first. Marks that this release does not
    /// know do not count, because it cannot move them: they would hide the rest.
    pub async fn due(&self, shard: u8, now: Timestamp, max: u16) -> Result<Vec<Due>, StoreError> {
        let (mut found, mut start) = (Vec::new(), None);
        for _ in 0..MAX_PAGES {
            let page = self
                .client
                .query()
                .table_name(&self.table)
                .index_name(schema::UNFINISHED.name)
                .key_condition_expression("unfinishedShard = :shard AND dueAt <= :now")
                .expression_attribute_values(":shard", item::number(shard))
                .expression_attribute_values(":now", item::text(now))
                .set_exclusive_start_key(start)
                .limit(max.into())
                .send()
                .await?;
            found.extend(item::readable(page.items().iter().flat_map(due)));
            start = page.last_evaluated_key;
            if start.is_none() || found.len() >= max.into() {
                break;
            }
        }
        Ok(found)
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
            Work::Events | Work::Retain => self.get(&due.id).await,
        }
    }

    async fn update(&self, id: &LeadId, change: Change) -> Result<bool, StoreError> {
        let updated = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item::key(pk(id), LEAD)))
            .condition_expression(change.condition)
            .update_expression(change.expression.into_owned())
            .set_expression_attribute_values(Some(change.values))
            .send()
            .await;
        applied(updated.map(drop))
    }

    fn write(&self, id: &LeadId, change: Change) -> Result<TransactWriteItem, StoreError> {
        transaction::update(
            &self.table,
            item::key(pk(id), LEAD),
            change.condition,
            change.expression.into_owned(),
            change.values,
        )
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
    expression: Cow<'static, str>,
    values: Item,
}

impl Change {
    fn of(condition: impl Into<String>, expression: &'static str) -> Self {
        Self { condition: condition.into(), expression: expression.into(), values: Item::new() }
    }

    /// The change requires that the lead is neither finished nor erased.
    fn of_enriching(condition: &str, expression: &'static str) -> Self {
        let change = Self::of(format!("processingStatus = :enriching AND {condition}"), expression);
        change.with(":enriching", ProcessingStatus::Enriching.as_str())
    }

    fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.values.insert(name.to_owned(), AttributeValue::S(value.to_string()));
        self
    }
}
