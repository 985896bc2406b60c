//! A lead as a row of a list.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_with::skip_serializing_none;

use crate::id::{LeadId, SourceId};
use crate::lead::ProcessingStatus;
use crate::lead::consent::ConsentStatus;
use crate::lead::email::Email;
use crate::lead::line_type::LineType;
use crate::lead::number::Price;
use crate::lead::phone_number::PhoneNumber;
use crate::lead::redact::redacted;
use crate::store::Kept;
use crate::time::Timestamp;

/// A row of the list.
#[skip_serializing_none]
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LeadRow {
    id: LeadId,
    created_at: Timestamp,
    first_name: Option<String>,
    last_name: Option<String>,
    phone: Option<PhoneNumber>,
    email: Option<Email>,
    /// The processing status, under the vendor's name.
    status: ProcessingStatus,
    processing_status: ProcessingStatus,
    is_archived: bool,
    source: SourceName,
    external_id: Option<String>,
    state: Option<String>,
    product: Option<String>,
    price: Option<Price>,
    line_type: Option<LineType>,
    consent_status: Option<ConsentStatus>,
    tags: Vec<Tag>,
}

redacted!(LeadRow);

/// A tag in the vendor's form, `{"id": ...}` or `{"name": ...}`: partners send one of the two.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Tag {
    Id(String),
    Name(String),
}

impl Tag {
    pub(super) fn all(ids: &[String], names: &[String]) -> Vec<Self> {
        ids.iter().cloned().map(Self::Id).chain(names.iter().cloned().map(Self::Name)).collect()
    }
}

/// A source, by its name.
#[skip_serializing_none]
#[derive(Clone, Debug, Serialize)]
pub(super) struct SourceName {
    pub(super) id: SourceId,
    /// `None` when the source is no longer one of the business.
    pub(super) name: Option<String>,
}

impl LeadRow {
    /// The row of a lead. `names` has the names of the sources that are the business's.
    pub(super) fn of(kept: Kept, names: &BTreeMap<SourceId, String>) -> Self {
        let consent_status = kept.consent().map(|consent| consent.status);
        let Kept { lead, lookup, .. } = kept;
        Self {
            phone: lead.phone_number().cloned(),
            tags: Tag::all(&lead.tag_ids, &lead.tag_names),
            id: lead.id,
            created_at: lead.created_at,
            first_name: lead.contact.first_name,
            last_name: lead.contact.last_name,
            email: lead.contact.email,
            status: lead.processing_status,
            processing_status: lead.processing_status,
            is_archived: false,
            source: SourceName { name: names.get(&lead.source_id).cloned(), id: lead.source_id },
            external_id: lead.metadata.external_id,
            state: lead.contact.street_address.and_then(|address| address.state),
            product: lead.metadata.product,
            price: lead.metadata.price,
            line_type: lookup.map(|lookup| lookup.line_type),
            consent_status,
        }
    }
}
