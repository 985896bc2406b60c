//! What follows from a lead: its events and how far the bus has been told, in one item beside the lead (architecture,
//! "The outbox").
//!
//! The item has a mark of its own in the index of unfinished leads. So a release that knows fewer steps never takes
//! the mark off a lead whose other steps are not done.

use aws_sdk_dynamodb::types::TransactWriteItem;

use super::item::{self, Item};
use super::lead_item::{OUTBOX, pk};
use super::leads::{Leads, event};
use super::progress::applied;
use super::{StoreError, schema, transaction};
use crate::conversation::Conversation;
use crate::event::{Event, EventType};
use crate::id::{BusinessId, LeadId};
use crate::lead::Lead;
use crate::lead::eligibility::Eligibility;
use crate::time::Timestamp;

/// The state of a lead's OUTBOX item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outbox {
    /// How many events the lead has. Every write of an event is conditional on it.
    pub version: u64,
    /// The sequence of the last event that subscribers were told.
    pub published: u64,
    /// When the sweep announces the lead again; `None` if nothing is left to do.
    pub due_at: Option<Timestamp>,
    /// Whether the item exists. Without it, `version` is the conversation's.
    pub(super) exists: bool,
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

impl Outbox {
    /// The state of a lead without an OUTBOX item: either nothing has happened, or an earlier release has opened its
    /// conversation.
    pub(super) fn without_item(conversation: Option<&Conversation>) -> Self {
        Self { version: conversation.map_or(0, |conversation| conversation.event_version), ..Self::default() }
    }

    pub(super) fn read(found: &Item) -> Result<Self, StoreError> {
        item::supported(found)?;
        let count = |name| item::integer(found, name)?.ok_or(StoreError::Unreadable(name));
        Ok(Self {
            version: count(schema::EVENT_VERSION)?,
            published: count(schema::PUBLISHED)?,
            due_at: item::optional_parsed(found, schema::DUE_AT)?,
            exists: true,
        })
    }

    /// The condition that no other writer has added an event, with the value that it names.
    fn unchanged(&self) -> (&'static str, Option<(String, aws_sdk_dynamodb::types::AttributeValue)>) {
        if self.exists {
            ("eventVersion = :read", Some((":read".to_owned(), item::number(self.version))))
        } else {
            ("attribute_not_exists(eventVersion)", None)
        }
    }
}

impl Leads {
    /// The writes that add events to a lead, which has `read` as its OUTBOX: the events, with the next sequences, and
    /// the OUTBOX with its mark. The caller commits them together with what the events are about.
    pub(super) fn tell(
        &self,
        subject: Subject<'_>,
        read: &Outbox,
        happened: impl IntoIterator<Item = (EventType, Option<Eligibility>)>,
        now: Timestamp,
        due_at: Timestamp,
    ) -> Result<(Vec<TransactWriteItem>, Written), StoreError> {
        let Subject { lead, business_id } = subject;
        let mut outbox = *read;
        let mut events = Vec::new();
        let mut writes = Vec::new();
        for (event_type, eligibility) in happened {
            outbox.version = outbox.version.saturating_add(1);
            let new = Event::of(lead, business_id.clone(), event_type, outbox.version, now);
            let new = Event { eligibility, ..new };
            writes.push(event(&self.table, &new, lead.expires_at())?);
            events.push(new);
        }
        let (condition, value) = read.unchanged();
        let mut values = Item::from([
            (":version".to_owned(), item::number(outbox.version)),
            (":schema".to_owned(), item::number(item::WRITTEN)),
        ]);
        values.extend(value);
        let mut expression =
            "SET eventVersion = :version, schemaVersion = if_not_exists(schemaVersion, :schema), ".to_owned();
        if let Some(end) = lead.expires_at() {
            // No subscriber is told of a test lead: its events count as published (contract, section 9).
            outbox.published = outbox.version;
            outbox.due_at = None;
            values.insert(":end".to_owned(), item::number(end.seconds()));
            expression += "published = :version, expiresAt = :end";
        } else {
            outbox.due_at = Some(due_at);
            values.extend([
                (":zero".to_owned(), item::number(0)),
                (":shard".to_owned(), item::number(lead.id.shard(schema::UNFINISHED_SHARDS))),
                (":due".to_owned(), item::text(due_at)),
                (":now".to_owned(), item::text(now)),
            ]);
            // `createdAt` is when the item last became unfinished: the write that takes the mark off removes it.
            expression += "published = if_not_exists(published, :zero), unfinishedShard = :shard, dueAt = :due, \
                createdAt = if_not_exists(createdAt, :now)";
        }
        writes.push(transaction::update(&self.table, item::key(pk(&lead.id), OUTBOX), condition, expression, values)?);
        outbox.exists = true;
        Ok((writes, Written { events, outbox }))
    }

    /// Records that subscribers were told all events up to `published`. Takes the mark off when these are all.
    ///
    /// Returns `false` and changes nothing when another writer has added events, moved the due time or recorded more
    /// in the meantime. Then the lead stays in the outbox or is done.
    ///
    /// # Errors
    /// [`StoreError`]; a retry is safe.
    pub async fn record_published(&self, id: &LeadId, outbox: &Outbox, published: u64) -> Result<bool, StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item::key(pk(id), OUTBOX)))
            .expression_attribute_values(":published", item::number(published));
        let update = match outbox.due_at {
            Some(due_at) if published == outbox.version => update
                .condition_expression("eventVersion = :published AND dueAt = :due")
                .update_expression("SET published = :published REMOVE unfinishedShard, dueAt, createdAt")
                .expression_attribute_values(":due", item::text(due_at)),
            _ => update.condition_expression("published < :published").update_expression("SET published = :published"),
        };
        applied(update.send().await.map(drop))
    }
}
