//! A lead as operators and users see it.

use serde::Serialize;
use serde_with::skip_serializing_none;

use super::consent::Consent;
use super::eligibility::{Eligibility, Facts};
use super::email::Email;
use super::lookup::Lookup;
use super::redact::redacted;
use super::{Contact, Customer, Lead, Metadata, Phone, ProcessingStatus, StreetAddress};
use crate::id::{AccountId, LeadId, SourceId};
use crate::time::Timestamp;

/// A lead in the form of the answer to its source, with the lookup and the eligibility, which sources never see (contract,
/// section 5).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "each is a member of the lead")]
pub struct LeadView<'a> {
    pub id: &'a LeadId,
    pub created_at: Timestamp,
    pub source_id: &'a SourceId,
    pub account_id: &'a AccountId,
    pub metadata: &'a Metadata,
    pub contact: ContactView<'a>,
    pub customer: &'a Customer,
    pub tag_ids: &'a [String],
    pub tag_names: &'a [String],
    pub processing_status: ProcessingStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<bool>,
    /// The earlier lead of this person, if there is one (contract, section 10).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duplicate_of: Option<&'a LeadId>,
    /// Whether the person may be texted and called, as far as we know now.
    pub eligibility: Eligibility,
    /// The consent, if the lead's source retains certificates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent: Option<Consent>,
}

/// The contact, with the lookup in its phone.
#[skip_serializing_none]
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "each is a member of the contact")]
pub struct ContactView<'a> {
    pub first_name: Option<&'a String>,
    pub last_name: Option<&'a String>,
    pub email: Option<&'a Email>,
    pub phone: Option<PhoneView<'a>>,
    pub street_address: Option<&'a StreetAddress>,
    pub time_zone_id: Option<&'a String>,
}

/// A phone, and what the lookup said about it.
#[skip_serializing_none]
#[derive(Serialize)]
#[expect(missing_docs, reason = "each is what it is called")]
pub struct PhoneView<'a> {
    #[serde(flatten)]
    pub phone: &'a Phone,
    pub lookup: Option<&'a Lookup>,
}

impl<'a> LeadView<'a> {
    /// A lead with the result of its lookup, its consent and the earlier lead of its person, if there are any.
    pub fn of(
        lead: &'a Lead,
        lookup: Option<&'a Lookup>,
        consent: Option<Consent>,
        duplicate_of: Option<&'a LeadId>,
    ) -> Self {
        // Without `..`, so that a member which the answer gains is not forgotten here.
        let Lead {
            id,
            created_at,
            source_id,
            account_id,
            metadata,
            contact,
            customer,
            tag_ids,
            tag_names,
            processing_status,
            test,
            // For the source. Users are told which lead is the earlier one.
            duplicate: _,
        } = lead;
        let Contact { first_name, last_name, email, phone, street_address, time_zone_id } = contact;
        Self {
            id,
            created_at: *created_at,
            source_id,
            account_id,
            metadata,
            contact: ContactView {
                first_name: first_name.as_ref(),
                last_name: last_name.as_ref(),
                email: email.as_ref(),
                phone: phone.as_ref().map(|phone| PhoneView { phone, lookup }),
                street_address: street_address.as_ref(),
                time_zone_id: time_zone_id.as_ref(),
            },
            customer,
            tag_ids,
            tag_names,
            processing_status: *processing_status,
            test: test.then_some(true),
            duplicate_of,
            eligibility: Eligibility::of(&Facts {
                status: *processing_status,
                is_test: *test,
                number: lead.phone_number(),
                lookup,
                consent: consent.as_ref(),
            }),
            consent,
        }
    }
}

redacted!(LeadView<'_>, ContactView<'_>, PhoneView<'_>);
