//! What follows from a lead: its events and how far the bus has been told, and the certificate that must be retained, in
//! one item next to the lead (architecture, "The outbox").
//!
//! The item has a mark of its own in the index of unfinished leads. So a release that knows fewer steps never takes
//! the mark off a lead whose other steps are not done.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};

use super::item::{self, Item};
use super::lead_item::{OUTBOX, pk};
use super::leads::{Leads, event};
use super::outbox_item::{Lease, Outbox, Retain};
use super::update::applied;
use super::{StoreError, schema, transaction};
use crate::event::{Event, EventFacts, EventType};
use crate::id::{BusinessId, LeadId};
use crate::lead::Lead;
use crate::lead::consent::Consent;
use crate::time::Timestamp;

/// What a write of events changes in the work on the certificate.
#[derive(Clone, Copy, Debug)]
pub(super) enum RetainChange {
    /// The work stays as it is.
    Keep,
    /// The work begins, with a lease until this time.
    Begin(Lease, Timestamp),
    /// The holder of the lease until this time has ended the work.
    End(Timestamp),
    /// The work is dropped, even if another worker has a lease.
    Drop,
}

/// Events that were written, and the OUTBOX as it is after them.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each is what it is called")]
pub struct Written {
    pub events: Vec<Event>,
    pub outbox: Outbox,
}

/// The lead that events are about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    pub(super) lead: &'a Lead,
    pub(super) business_id: &'a BusinessId,
}

impl Leads {
    /// The writes that add events to a lead, which has `read` as its OUTBOX: the events, with the next sequences, and
    /// the OUTBOX with its mark. The caller commits them together with what the events are about.
    pub(super) fn tell(
        &self,
        subject: Subject<'_>,
        read: &Outbox,
        happened: impl IntoIterator<Item = (EventType, EventFacts)>,
        retain: RetainChange,
        now: Timestamp,
        due_at: Timestamp,
    ) -> Result<(Vec<TransactWriteItem>, Written), StoreError> {
        let Subject { lead, business_id } = subject;
        let mut outbox = Outbox { exists: true, ..read.clone() };
        let mut events = Vec::new();
        let mut writes = Vec::new();
        for (event_type, facts) in happened {
            outbox.version = outbox.version.saturating_add(1);
            let new = Event::of(lead, business_id.clone(), event_type, outbox.version, now);
            let new = new.saying(facts);
            writes.push(event(&self.table, &new, lead.expires_at())?);
            events.push(new);
        }
        let mut change = Change::of_version(read, outbox.version);
        match lead.expires_at() {
            Some(end) => change.count_as_published(&mut outbox, end),
            None => change.mark(&mut outbox, &lead.id, now, due_at),
        }
        change.retain(&mut outbox, retain);
        let key = item::key(pk(&lead.id), OUTBOX);
        writes.push(transaction::update(&self.table, key, change.condition, change.expression, change.values)?);
        Ok((writes, Written { events, outbox }))
    }

    /// Takes the lease of a lead's certificate, unless another worker holds it or a wait has not ended. Returns the
    /// OUTBOX with the lease.
    ///
    /// Returns `None` and writes nothing when another worker was faster, or nothing must be retained.
    ///
    /// # Errors
    /// [`StoreError`]; a retry is safe.
    pub async fn lease_retain(
        &self,
        id: &LeadId,
        read: &Outbox,
        now: Timestamp,
        lease: Lease,
    ) -> Result<Option<Outbox>, StoreError> {
        let (Some(retain), Some(due_at)) = (&read.retain, read.due_at) else { return Ok(None) };
        let update = self
            .outbox(id)
            .condition_expression("retainUntil <= :now AND dueAt = :read")
            .update_expression("SET retainUntil = :until, retainCalled = :called, dueAt = :due")
            .expression_attribute_values(":now", item::text(now))
            .expression_attribute_values(":read", item::text(due_at))
            .expression_attribute_values(":until", item::text(lease.until))
            .expression_attribute_values(":called", AttributeValue::Bool(true))
            .expression_attribute_values(":due", item::text(lease.due_at));
        let retain = Retain { until: lease.until, ..retain.clone() };
        let leased = Outbox { due_at: Some(lease.due_at), retain: Some(retain), ..read.clone() };
        Ok(applied(update.send().await.map(drop))?.then_some(leased))
    }

    /// Lets the work on a certificate wait, after a temporary fault or the first answer. `mine` is the work as the caller
    /// leased it, and `read` the OUTBOX as it is now. Returns the OUTBOX with the wait.
    ///
    /// Returns `None` and writes nothing when another worker has the lease, or the lead was erased.
    ///
    /// # Errors
    /// [`StoreError`]; then the lease ends by itself.
    pub async fn postpone_retain(
        &self,
        id: &LeadId,
        read: &Outbox,
        mine: &Retain,
        until: Timestamp,
        first: Option<Consent>,
    ) -> Result<Option<Outbox>, StoreError> {
        let mut expression = "SET retainUntil = :until".to_owned();
        let mut update = self.outbox(id);
        if let Some(first) = &first {
            expression += ", retained = :first";
            update = update.expression_attribute_values(":first", item::text(item::json(first)?));
        }
        let update = update
            .condition_expression("retainUntil = :mine")
            .update_expression(expression)
            .expression_attribute_values(":mine", item::text(mine.until))
            .expression_attribute_values(":until", item::text(until));
        let retain = Retain { until, called: true, first: first.or_else(|| mine.first.clone()), ..*mine };
        let waiting = Outbox { retain: Some(retain), ..read.clone() };
        Ok(applied(update.send().await.map(drop))?.then_some(waiting))
    }

    /// Records that subscribers were told all events up to `published`. Takes the mark off when these are all and no
    /// certificate must be retained. If one must, the lead is due when the wait for it ends, even if other events still wait.
    ///
    /// Returns `false` and changes nothing when another writer has added events, moved the due time or recorded more
    /// in the meantime. Then the lead stays in the outbox or is done.
    ///
    /// # Errors
    /// [`StoreError`]; a retry is safe.
    pub async fn record_published(&self, id: &LeadId, outbox: &Outbox, published: u64) -> Result<bool, StoreError> {
        let update = self.outbox(id).expression_attribute_values(":published", item::number(published));
        let is_all = published == outbox.version;
        let update = match (outbox.due_at, outbox.next_due(published)) {
            (Some(due_at), None) if is_all => update
                .condition_expression("eventVersion = :published AND dueAt = :due")
                .update_expression("SET published = :published REMOVE unfinishedShard, dueAt, createdAt")
                .expression_attribute_values(":due", item::text(due_at)),
            (Some(due_at), Some(next)) if is_all || next < due_at => {
                let (condition, removed) = if is_all {
                    ("eventVersion = :published", " REMOVE createdAt")
                } else {
                    ("published <= :published", "")
                };
                update
                    .condition_expression(format!("{condition} AND dueAt = :due"))
                    .update_expression(format!("SET published = :published, dueAt = :next{removed}"))
                    .expression_attribute_values(":due", item::text(due_at))
                    .expression_attribute_values(":next", item::text(next))
            }
            _ => update.condition_expression("published < :published").update_expression("SET published = :published"),
        };
        applied(update.send().await.map(drop))
    }

    fn outbox(&self, id: &LeadId) -> UpdateItemFluentBuilder {
        self.client.update_item().table_name(&self.table).set_key(Some(item::key(pk(id), OUTBOX)))
    }
}

/// A conditional change of an OUTBOX item. Each step also changes the [`Outbox`] that a reader would then see.
struct Change {
    condition: String,
    expression: String,
    values: Item,
}

impl Change {
    /// Moves the version, if it is still as `read`.
    fn of_version(read: &Outbox, version: u64) -> Self {
        let condition = if read.exists { "eventVersion = :read" } else { "attribute_not_exists(eventVersion)" };
        let mut change = Self {
            condition: condition.to_owned(),
            expression: "SET eventVersion = :version, schemaVersion = if_not_exists(schemaVersion, :schema)".to_owned(),
            values: Item::new(),
        };
        change.put(":version", item::number(version));
        change.put(":schema", item::number(item::WRITTEN));
        if read.exists {
            change.put(":read", item::number(read.version));
        }
        change
    }

    /// No subscriber is told of a test lead: its events count as published (contract, section 9).
    fn count_as_published(&mut self, outbox: &mut Outbox, end: Timestamp) {
        self.expression += ", published = :version, expiresAt = :end";
        self.put(":end", item::number(end.seconds()));
        outbox.published = outbox.version;
        outbox.due_at = None;
    }

    /// Marks the lead as one that has events to tell, for the sweep.
    fn mark(&mut self, outbox: &mut Outbox, id: &LeadId, now: Timestamp, due_at: Timestamp) {
        // `createdAt` is when events began to wait: the write that records their publication removes it.
        self.expression += ", published = if_not_exists(published, :zero), unfinishedShard = :shard, dueAt = :due, \
            createdAt = if_not_exists(createdAt, :now)";
        self.put(":zero", item::number(0));
        self.put(":shard", item::number(id.shard(schema::UNFINISHED_SHARDS)));
        self.put(":due", item::text(due_at));
        self.put(":now", item::text(now));
        outbox.due_at = Some(due_at);
    }

    /// Begins or ends the work on the certificate. This is the last step, because it may remove attributes.
    fn retain(&mut self, outbox: &mut Outbox, change: RetainChange) {
        match change {
            RetainChange::Keep => {}
            RetainChange::Begin(lease, since) => {
                self.expression += ", retainSince = :since, retainUntil = :until, retainCalled = :called";
                self.put(":since", item::text(since));
                self.put(":until", item::text(lease.until));
                self.put(":called", AttributeValue::Bool(true));
                outbox.retain = Some(Retain { since, until: lease.until, called: false, first: None });
            }
            RetainChange::End(mine) => {
                self.condition += " AND retainUntil = :mine";
                self.put(":mine", item::text(mine));
                self.retain(outbox, RetainChange::Drop);
            }
            RetainChange::Drop => {
                self.expression += " REMOVE retainSince, retainUntil, retainCalled, retained";
                outbox.retain = None;
            }
        }
    }

    fn put(&mut self, name: &str, value: AttributeValue) {
        self.values.insert(name.to_owned(), value);
    }
}
