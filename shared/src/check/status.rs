//! The status of a source's own leads. It holds nothing of the person: a key that leaks must not reveal people.

use serde::Serialize;

use super::{Items, Window};
use crate::http::Problem;
use crate::http::problem::Missing;
use crate::id::LeadId;
use crate::identity::IdempotencyKey;
use crate::intake::decide::unavailable;
use crate::lead::{Lead, ProcessingStatus};
use crate::source::{Mode, Sender};
use crate::store::StoredLead;
use crate::time::Timestamp;

/// The most leads in a list.
const MOST: usize = 20;

/// How far a lead has come.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Status {
    id: LeadId,
    created_at: Timestamp,
    external_id: Option<String>,
    seller_lead_id: Option<String>,
    processing_status: ProcessingStatus,
    test: bool,
    duplicate: bool,
}

impl Window {
    /// The status of one lead, consistently.
    pub(super) async fn lead(&self, sender: &Sender, id: &LeadId) -> Result<Status, Problem> {
        self.status(sender, id).await?.ok_or(Problem::NotFound(Missing::Lead))
    }

    /// The status of the lead that was accepted under a key, consistently.
    pub(super) async fn submission(&self, sender: &Sender, key: &IdempotencyKey) -> Result<Status, Problem> {
        let id = key.lead_id(&sender.source, sender.mode);
        self.status(sender, &id).await?.ok_or(Problem::NotFound(Missing::Submission))
    }

    /// The status of leads by their external id, newest first, eventually consistent.
    pub(super) async fn leads(&self, sender: &Sender, external_id: &str) -> Result<Items<Status>, Problem> {
        let found = self.decider.leads.by_external_id(&sender.source.id, external_id, sender.mode, MOST).await;
        let found = found.map_err(unavailable)?;
        Ok(Items { items: found.iter().filter_map(|stored| visible(sender, stored)).collect() })
    }

    async fn status(&self, sender: &Sender, id: &LeadId) -> Result<Option<Status>, Problem> {
        let stored = self.decider.leads.get(id).await.map_err(unavailable)?;
        Ok(stored.and_then(|stored| visible(sender, &stored)))
    }
}

/// The status of a lead, if the key may see it: a live key sees the live leads of its source, a test key its test leads.
fn visible(sender: &Sender, stored: &StoredLead) -> Option<Status> {
    let Lead { id, created_at, source_id, metadata, processing_status, test, duplicate, .. } = stored.lead();
    (*source_id == sender.source.id && *test == (sender.mode == Mode::Test)).then(|| Status {
        id: id.clone(),
        created_at: *created_at,
        external_id: metadata.external_id.clone(),
        seller_lead_id: metadata.seller_lead_id.clone(),
        processing_status: *processing_status,
        test: *test,
        duplicate: *duplicate,
    })
}
