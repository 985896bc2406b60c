//! Converts an entry of the outbox to the model: a lead that waits for the worker, and what it waits for.

use super::item::{self, Item};
use super::lead_item::{LEAD, OUTBOX, lead_id};
use super::{StoreError, schema};
use crate::id::LeadId;
use crate::time::Timestamp;

/// An entry of the outbox. A lead that waits for several things has several.
#[derive(Clone, Debug)]
pub struct Due {
    /// The id of the lead.
    pub id: LeadId,
    /// What the lead waits for.
    pub work: Work,
    /// When the lead was accepted or, for events, when they began to wait.
    pub since: Timestamp,
    /// When the lead is due, which may be in the future.
    pub due_at: Timestamp,
}

/// What an entry of the outbox waits for. Events and certificate share a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// The lead is not `Ready`: it has no conversation, or its lookup has not ended.
    Lookup,
    /// Subscribers have not been told all events of the lead.
    Events,
    /// The certificate has not been retained.
    Retain,
}

impl Work {
    /// The sort key of the item that has the mark.
    pub(super) fn sort_key(self) -> &'static str {
        match self {
            Self::Lookup => LEAD,
            Self::Events | Self::Retain => OUTBOX,
        }
    }
}

impl Due {
    /// Whether moving the due time of one moves that of the other.
    pub fn shares_mark(&self, other: &Self) -> bool {
        self.work.sort_key() == other.work.sort_key() && self.id == other.id
    }
}

/// Reads what a marked item waits for; nothing for work that a later release adds.
pub(super) fn due(item: &Item) -> Vec<Result<Due, StoreError>> {
    let read = |work, since| {
        let (since, due_at) = (item::parsed(item, since)?, item::parsed(item, schema::DUE_AT)?);
        Ok(Due { id: lead_id(item)?, work, since, due_at })
    };
    match item::optional(item, schema::SK) {
        Some(LEAD) => vec![read(Work::Lookup, schema::CREATED_AT)],
        // Each has its time only while something waits.
        Some(OUTBOX) => [(Work::Events, schema::CREATED_AT), (Work::Retain, schema::RETAIN_SINCE)]
            .into_iter()
            .filter(|(_, since)| item.contains_key(*since))
            .map(|(work, since)| read(work, since))
            .collect(),
        _ => Vec::new(),
    }
}
