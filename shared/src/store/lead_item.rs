//! A lead's item, to and from the model.

use std::fmt;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::item::{self, Item};
use super::{StoreError, schema};
use crate::id::{BusinessId, LeadId};
use crate::lead::lookup::Lookup;
use crate::lead::{Contact, Customer, Lead, Metadata, ProcessingStatus};
use crate::time::Timestamp;

/// The sort key of a lead's own item.
pub(super) const LEAD: &str = "LEAD";

/// The longest value that stands in an index as it is; DynamoDB's own limit for a key is 2,048 bytes.
const LONGEST_KEY: usize = 1_024;

/// A lead to be written for the first time.
pub struct NewLead {
    pub(crate) lead: Lead,
    pub(crate) business_id: BusinessId,
    /// The answer, which is also what is stored.
    pub(crate) document: String,
    /// The digest of the submission's content.
    pub(crate) content: String,
    /// The request that writes it.
    pub(crate) request_id: String,
    /// When the worker shall look at it, should no message reach it.
    pub(crate) due_at: Timestamp,
}

/// A lead as the table holds it.
#[derive(Debug)]
pub enum StoredLead {
    /// With all its data.
    Kept(Box<Kept>),
    /// Erased by an operator: id, source, account and times are left.
    Erased(Box<Lead>),
}

/// A lead that has not been erased.
#[derive(Debug)]
pub struct Kept {
    /// The lead; its status is the one of now.
    pub lead: Lead,
    /// The business it belongs to.
    pub business_id: BusinessId,
    /// The digest of its submission's content.
    pub content: String,
    /// How far the worker has come.
    pub progress: Progress,
    /// What the look-up said, when it has succeeded.
    pub lookup: Option<Lookup>,
    pub(super) request_id: String,
}

/// How far the worker has come with a lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It has no conversation yet.
    New,
    /// It has its conversation; its number is to be looked up.
    Opened {
        /// When the look-ups began: they end a day later.
        since: Timestamp,
        /// Until when one look-up has the lead for itself.
        leased_until: Option<Timestamp>,
    },
    /// Nothing is left to do.
    Ready,
}

/// An unfinished lead whose time has come.
#[derive(Clone, Debug)]
pub struct Due {
    /// The lead.
    pub id: LeadId,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// Since when it has been due.
    pub due_at: Timestamp,
}

/// The document is the person's data.
impl fmt::Debug for NewLead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewLead").field("lead", &self.lead).finish_non_exhaustive()
    }
}

impl StoredLead {
    /// The lead as it is answered.
    pub fn lead(&self) -> &Lead {
        match self {
            Self::Kept(kept) => &kept.lead,
            Self::Erased(lead) => lead,
        }
    }
}

impl NewLead {
    pub(super) fn item(&self) -> Item {
        let lead = &self.lead;
        let mut item = item::new(pk(&lead.id), LEAD, self.document.clone());
        let mut put = |name: &str, value| item.insert(name.to_owned(), value);
        put("sourceId", item::text(lead.source_id.as_str()));
        put("accountId", item::text(lead.account_id.as_str()));
        put("businessId", item::text(self.business_id.as_str()));
        put("createdAt", item::text(lead.created_at));
        put("processingStatus", item::text(lead.processing_status.as_str()));
        put("content", item::text(&self.content));
        put("requestId", item::text(&self.request_id));
        put("unfinishedShard", item::number(lead.id.shard() % schema::UNFINISHED_SHARDS));
        put("dueAt", item::text(self.due_at));
        let (source, business) = (lead.source_id.as_str(), self.business_id.as_str());
        let shard = lead.id.shard() % schema::DAY_SHARDS;
        put("dayKey", item::text(day_key(source, &lead.created_at.day(), shard)));
        if let Some(external_id) = &lead.metadata.external_id {
            put("externalIdKey", item::text(index_key(source, external_id)));
        }
        if let Some(number) = lead.phone_number() {
            put("phoneKey", item::text(index_key(business, number.as_str())));
        }
        if let Some(email) = &lead.contact.email {
            put("emailKey", item::text(index_key(business, &email.as_str().to_lowercase())));
        }
        item
    }
}

/// One shard of a source's day, as its index holds it.
pub(super) fn day_key(source: &str, day: &str, shard: u8) -> String {
    format!("{source}#{day}#{shard}")
}

/// A value within its scope, as an index holds it. One too long for a key stands there by its digest.
pub(super) fn index_key(scope: &str, value: &str) -> String {
    if value.len() > LONGEST_KEY {
        format!("{scope}#sha256:{}", HEXLOWER.encode(&Sha256::digest(value)))
    } else {
        format!("{scope}#{value}")
    }
}

pub(super) fn stored(item: &Item) -> Result<StoredLead, StoreError> {
    let status = item::string(item, "processingStatus")?;
    if status == ProcessingStatus::Erased.as_str() {
        return Ok(StoredLead::Erased(Box::new(tombstone(item)?)));
    }
    let mut lead: Lead = item::document(item)?;
    let progress = if status == ProcessingStatus::Ready.as_str() {
        lead.processing_status = ProcessingStatus::Ready;
        Progress::Ready
    } else if item.contains_key("conversationId") {
        let leased_until = item.contains_key("leasedUntil").then(|| item::parsed(item, "leasedUntil")).transpose()?;
        Progress::Opened { since: item::parsed(item, "lookupSince")?, leased_until }
    } else {
        Progress::New
    };
    let lookup = item::optional(item, "lookup").map(serde_json::from_str).transpose();
    Ok(StoredLead::Kept(Box::new(Kept {
        lead,
        progress,
        business_id: item::parsed(item, "businessId")?,
        content: item::string(item, "content")?.to_owned(),
        request_id: item::string(item, "requestId")?.to_owned(),
        lookup: lookup.map_err(|_| StoreError::Unreadable("lookup"))?,
    })))
}

/// What is left of an erased lead (contract, section 5).
fn tombstone(item: &Item) -> Result<Lead, StoreError> {
    Ok(Lead {
        id: lead_id(item)?,
        created_at: item::parsed(item, "createdAt")?,
        source_id: item::parsed(item, "sourceId")?,
        account_id: item::parsed(item, "accountId")?,
        metadata: Metadata::default(),
        contact: Contact::default(),
        customer: Customer::default(),
        tag_ids: Vec::new(),
        tag_names: Vec::new(),
        processing_status: ProcessingStatus::Erased,
    })
}

pub(super) fn due(item: &Item) -> Result<Due, StoreError> {
    Ok(Due { id: lead_id(item)?, created_at: item::parsed(item, "createdAt")?, due_at: item::parsed(item, "dueAt")? })
}

/// The lead that an item belongs to.
pub(super) fn lead_id(item: &Item) -> Result<LeadId, StoreError> {
    let pk = item::string(item, schema::PK)?;
    pk.strip_prefix("LEAD#").and_then(|id| id.parse().ok()).ok_or(StoreError::Unreadable(schema::PK))
}

/// The partition key of a lead, its conversation and its events.
pub(super) fn pk(id: &LeadId) -> String {
    format!("LEAD#{id}")
}
