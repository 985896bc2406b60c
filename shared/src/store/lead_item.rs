//! Converts a lead's item to and from the model.

use std::fmt;

use aws_sdk_dynamodb::types::AttributeValue;
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::item::{self, Item};
use super::{StoreError, schema};
use crate::id::{BusinessId, LeadId, SourceId};
use crate::lead::certificate::Certificate;
use crate::lead::consent::{Consent, ConsentStatus};
use crate::lead::lookup::Lookup;
use crate::lead::name;
use crate::lead::view::LeadView;
use crate::lead::{Contact, Customer, Lead, Metadata, ProcessingStatus};
use crate::source::Mode;
use crate::time::Timestamp;

/// The sort key of a lead's own item.
pub(super) const LEAD: &str = "LEAD";

/// The sort key of what follows from a lead.
pub(super) const OUTBOX: &str = "OUTBOX";

/// Attributes that only a lead's own item has.
pub(super) const SOURCE_ID: &str = "sourceId";
pub(super) const ACCOUNT_ID: &str = "accountId";
pub(super) const BUSINESS_ID: &str = "businessId";
const CONTENT: &str = "content";
const REQUEST_ID: &str = "requestId";
const LOOKUP: &str = "lookup";
/// Whether the source wants its certificates retained, and the name that they are retained under.
const RETAIN: &str = "retain";
const SOURCE_NAME: &str = "sourceName";
/// What the worker tells subscribers: the earlier lead, and the caps of which this lead took the last place.
const DUPLICATE_OF: &str = "duplicateOf";
const CAP_REACHED: &str = "capReached";
pub(super) const CONSENT: &str = "consent";
pub(super) const LOOKUP_SINCE: &str = "lookupSince";

/// The longest value, in bytes, that an index key contains unhashed. DynamoDB's limit for a key is 2,048 bytes.
const MAX_KEY_VALUE: usize = 1_024;

/// A lead to write for the first time.
pub struct NewLead {
    pub(crate) lead: Lead,
    pub(crate) business_id: BusinessId,
    /// The lead as JSON: the stored document and the answer's body.
    pub(crate) document: String,
    /// The digest of the submission's content.
    pub(crate) content: String,
    /// The request that created the lead.
    pub(crate) request_id: String,
    /// When the sweep announces the lead, in case the message gets lost.
    pub(crate) due_at: Timestamp,
    /// The name of the source, if it wants its certificates retained. The worker never reads sources.
    pub(crate) retained_for: Option<String>,
    /// The earlier lead of this person.
    pub(crate) duplicate_of: Option<LeadId>,
    /// The caps of which this lead took the last place.
    pub(crate) cap_reached: Vec<&'static str>,
}

/// A lead in the table.
#[derive(Debug)]
pub enum StoredLead {
    /// The lead has all its data.
    Kept(Box<Kept>),
    /// An operator erased the person's data.
    Erased(Box<Tombstone>),
}

/// What is left of an erased lead (contract, section 5).
#[derive(Debug)]
pub struct Tombstone {
    /// Only id, source, account, time and status; the rest is empty.
    pub lead: Lead,
    /// The business that the lead belonged to.
    pub business_id: BusinessId,
    /// The digest of the submission's content.
    pub content: String,
    /// What TrustedForm said of the certificate before the erasure.
    pub consent: Option<Consent>,
}

/// A tombstone's document. The attribute of the business is [`erased_scope`], so the lead leaves every list of the business.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TombstoneDocument {
    pub(super) business_id: BusinessId,
    pub(super) content: String,
    #[serde(default)]
    pub(super) test: bool,
}

/// A lead that has not been erased.
#[derive(Debug)]
pub struct Kept {
    /// The lead with its current status.
    pub lead: Lead,
    /// The business that the lead belongs to.
    pub business_id: BusinessId,
    /// The digest of the submission's content.
    pub content: String,
    /// How far the worker has come.
    pub progress: Progress,
    /// The result of the lookup, if it succeeded.
    pub lookup: Option<Lookup>,
    /// The name of the source, if it wants its certificates retained.
    pub retained_for: Option<String>,
    /// The earlier lead of this person, if there was one.
    pub duplicate_of: Option<LeadId>,
    /// The caps of which this lead took the last place: `day`, `hour`.
    pub cap_reached: Vec<String>,
    /// What TrustedForm finally said of the certificate, or that it said nothing.
    pub(super) settled_consent: Option<Consent>,
    pub(super) request_id: String,
}

impl Kept {
    /// The certificate to match and retain; `None` if the source does not want it or the lead has none.
    pub fn certificate_to_retain(&self) -> Option<Certificate> {
        let url = self.retained_for.as_ref().and(self.lead.metadata.trusted_form_url.as_deref())?;
        Certificate::parse(url).ok()
    }

    /// The consent as it is now, if the source retains certificates.
    pub fn consent(&self) -> Option<Consent> {
        self.retained_for.as_ref()?;
        let unsettled = || match self.certificate_to_retain() {
            Some(_) => Consent::new(ConsentStatus::Pending),
            None => Consent::new(ConsentStatus::Exempt),
        };
        Some(self.settled_consent.clone().unwrap_or_else(unsettled))
    }
}

/// How far the worker has come with a lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The lead has no conversation yet.
    New,
    /// The lead has its conversation, and its number must still be looked up.
    Opened {
        /// When the first lookup began. Lookups end one day later.
        since: Timestamp,
        /// When the lease of the current lookup ends.
        leased_until: Option<Timestamp>,
    },
    /// The lead is finished.
    Ready,
}

/// Hides the document, which is personal data.
impl fmt::Debug for NewLead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewLead").field("lead", &self.lead).finish_non_exhaustive()
    }
}

impl StoredLead {
    /// The lead in the form of the answer.
    pub fn lead(&self) -> &Lead {
        match self {
            Self::Kept(kept) => &kept.lead,
            Self::Erased(tombstone) => &tombstone.lead,
        }
    }

    /// The lead as operators and users see it.
    pub fn view(&self) -> LeadView<'_> {
        match self {
            Self::Kept(kept) => {
                LeadView::of(&kept.lead, kept.lookup.as_ref(), kept.consent(), kept.duplicate_of.as_ref())
            }
            Self::Erased(tombstone) => LeadView::of(&tombstone.lead, None, tombstone.consent.clone(), None),
        }
    }

    /// The business that the lead belongs to.
    pub fn business_id(&self) -> &BusinessId {
        match self {
            Self::Kept(kept) => &kept.business_id,
            Self::Erased(tombstone) => &tombstone.business_id,
        }
    }

    /// The digest of the submission's content. It reveals when one idempotency key is used for two submissions.
    pub fn content(&self) -> &str {
        match self {
            Self::Kept(kept) => &kept.content,
            Self::Erased(tombstone) => &tombstone.content,
        }
    }
}

impl NewLead {
    pub(super) fn item(&self) -> Item {
        let lead = &self.lead;
        let mut item = item::new(pk(&lead.id), LEAD, self.document.clone());
        let mut put = |name: &str, value| item.insert(name.to_owned(), value);
        put(SOURCE_ID, item::text(lead.source_id.as_str()));
        put(ACCOUNT_ID, item::text(lead.account_id.as_str()));
        put(schema::CREATED_AT, item::text(lead.created_at));
        put(schema::PROCESSING_STATUS, item::text(lead.processing_status.as_str()));
        put(CONTENT, item::text(&self.content));
        put(REQUEST_ID, item::text(&self.request_id));
        put(schema::UNFINISHED.partition, item::number(lead.id.shard(schema::UNFINISHED_SHARDS)));
        put(schema::DUE_AT, item::text(self.due_at));
        if let Some(source_name) = &self.retained_for {
            put(RETAIN, AttributeValue::Bool(true));
            put(SOURCE_NAME, item::text(source_name));
        }
        if let Some(earlier) = &self.duplicate_of {
            put(DUPLICATE_OF, item::text(earlier));
        }
        if !self.cap_reached.is_empty() {
            put(CAP_REACHED, item::text(self.cap_reached.join(" ")));
        }
        if let Some(external_id) = &lead.metadata.external_id {
            let scope = external_id_scope(&lead.source_id, mode_of(lead));
            put(schema::EXTERNAL_ID.partition, item::text(index_key(&scope, external_id)));
        }
        // A test lead is in no list, and its items end by themselves (contract, section 9).
        if let Some(end) = lead.expires_at() {
            put(schema::EXPIRES_AT, item::number(end.seconds()));
            return item;
        }
        let business = self.business_id.as_str();
        put(BUSINESS_ID, item::text(business));
        let shard = lead.id.shard(schema::DAY_SHARDS);
        put(schema::DAY.partition, item::text(day_key(lead.source_id.as_str(), &lead.created_at.day(), shard)));
        if let Some(number) = lead.phone_number() {
            put(schema::PHONE.partition, item::text(index_key(business, number.as_str())));
        }
        if let Some(email) = &lead.contact.email {
            put(schema::EMAIL.partition, item::text(index_key(business, &email.canonical())));
        }
        // An index key must not be empty.
        let name = name::key(lead.contact.last_name.as_deref().unwrap_or_default());
        if !name.is_empty() {
            put(schema::NAME.sort, item::text(name));
        }
        item
    }
}

fn mode_of(lead: &Lead) -> Mode {
    if lead.test { Mode::Test } else { Mode::Live }
}

/// The scope of external ids: the source, and for test leads one that is no source's id.
pub(super) fn external_id_scope(source: &SourceId, mode: Mode) -> String {
    match mode {
        Mode::Live => source.to_string(),
        Mode::Test => format!("#{source}"),
    }
}

/// The partition of a business's tombstones in the index by business. It is no business's id.
pub(super) fn erased_scope(business: &BusinessId) -> String {
    format!("#{business}")
}

/// The index key of one shard of a source's day.
pub(super) fn day_key(source: &str, day: &str, shard: u8) -> String {
    format!("{source}#{day}#{shard}")
}

/// The index key of a value within its scope. A value that is too long for a key is hashed.
pub(super) fn index_key(scope: &str, value: &str) -> String {
    if value.len() > MAX_KEY_VALUE {
        format!("{scope}#sha256:{}", HEXLOWER.encode(&Sha256::digest(value)))
    } else {
        format!("{scope}#{value}")
    }
}

/// Reads a lead's item.
pub(super) fn stored(item: &Item) -> Result<StoredLead, StoreError> {
    item::supported(item)?;
    let status = item::string(item, schema::PROCESSING_STATUS)?;
    if status == ProcessingStatus::Erased.as_str() {
        return Ok(StoredLead::Erased(Box::new(tombstone(item)?)));
    }
    let mut lead: Lead = item::document(item)?;
    let progress = if status == ProcessingStatus::Ready.as_str() {
        lead.processing_status = ProcessingStatus::Ready;
        Progress::Ready
    } else if item.contains_key(schema::CONVERSATION_ID) {
        let leased_until = item::optional_parsed(item, schema::LEASED_UNTIL)?;
        Progress::Opened { since: item::parsed(item, LOOKUP_SINCE)?, leased_until }
    } else {
        Progress::New
    };
    let business_id = match item::optional_parsed(item, BUSINESS_ID)? {
        Some(business_id) => business_id,
        // The item of a test lead has no such attribute.
        None => lead.metadata.business_id.clone().ok_or(StoreError::Unreadable(BUSINESS_ID))?,
    };
    let lookup = item::optional(item, LOOKUP).map(serde_json::from_str).transpose();
    let is_retained = matches!(item.get(RETAIN), Some(AttributeValue::Bool(true)));
    let source_name = item::optional(item, SOURCE_NAME).unwrap_or_default();
    let cap_reached = item::optional(item, CAP_REACHED).unwrap_or_default();
    Ok(StoredLead::Kept(Box::new(Kept {
        lead,
        progress,
        business_id,
        content: item::string(item, CONTENT)?.to_owned(),
        request_id: item::string(item, REQUEST_ID)?.to_owned(),
        lookup: lookup.map_err(|_| StoreError::Unreadable(LOOKUP))?,
        retained_for: is_retained.then(|| source_name.to_owned()),
        duplicate_of: item::optional_parsed(item, DUPLICATE_OF)?,
        cap_reached: cap_reached.split_whitespace().map(str::to_owned).collect(),
        settled_consent: consent(item)?,
    })))
}

fn consent(item: &Item) -> Result<Option<Consent>, StoreError> {
    let consent = item::optional(item, CONSENT).map(serde_json::from_str).transpose();
    consent.map_err(|_| StoreError::Unreadable(CONSENT))
}

fn tombstone(item: &Item) -> Result<Tombstone, StoreError> {
    let TombstoneDocument { business_id, content, test } = item::document(item)?;
    let lead = Lead {
        id: lead_id(item)?,
        created_at: item::parsed(item, schema::CREATED_AT)?,
        source_id: item::parsed(item, SOURCE_ID)?,
        account_id: item::parsed(item, ACCOUNT_ID)?,
        metadata: Metadata::default(),
        contact: Contact::default(),
        customer: Customer::default(),
        tag_ids: Vec::new(),
        tag_names: Vec::new(),
        processing_status: ProcessingStatus::Erased,
        test,
        duplicate: false,
    };
    Ok(Tombstone { lead, business_id, content, consent: consent(item)? })
}

/// The id of the lead that an item belongs to.
pub(super) fn lead_id(item: &Item) -> Result<LeadId, StoreError> {
    let pk = item::string(item, schema::PK)?;
    pk.strip_prefix("LEAD#").and_then(|id| id.parse().ok()).ok_or(StoreError::Unreadable(schema::PK))
}

/// The partition key of a lead, its conversation and its events.
pub(super) fn pk(id: &LeadId) -> String {
    format!("LEAD#{id}")
}
