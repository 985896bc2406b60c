//! Converts an entry of the outbox to the model: a lead that waits for the worker, and what it waits for.

use super::item::{self, Item};
use super::lead_item::{LEAD, OUTBOX, lead_id};
use super::{StoreError, schema};
use crate::id::LeadId;
use crate::time::Timestamp;

/// An entry of the outbox.
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

/// What an entry of the outbox waits for. Each has a mark of its own.
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

/// Reads an entry of the outbox; `None` for work that a later release adds.
pub(super) fn due(item: &Item) -> Option<Result<Due, StoreError>> {
    let (work, since) = match item::optional(item, schema::SK)? {
        LEAD => (Work::Lookup, schema::CREATED_AT),
        // Without events that wait, the mark has no time at which they began to.
        OUTBOX if item.contains_key(schema::CREATED_AT) => (Work::Events, schema::CREATED_AT),
        OUTBOX if item.contains_key(schema::RETAIN_SINCE) => (Work::Retain, schema::RETAIN_SINCE),
        _ => return None,
    };
    let read = || {
        let (since, due_at) = (item::parsed(item, since)?, item::parsed(item, schema::DUE_AT)?);
        Ok(Due { id: lead_id(item)?, work, since, due_at })
    };
    Some(read())
}
