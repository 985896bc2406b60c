//! The validated lead, in the form that is stored and returned to partners.
//!
//! Each value has a type that only allows what its rule allows (contract, section 3.3). `Debug` shows no personal data.

pub mod birth_date;
pub mod captured_at;
pub mod certificate;
pub mod choices;
pub mod consent;
pub mod eligibility;
pub mod email;
pub mod ip_address;
pub mod line_type;
pub mod lookup;
pub mod name;
pub mod number;
pub mod phone_number;
pub(crate) mod redact;
pub mod secrets;
pub mod state;
pub mod text;
pub mod view;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::id::{AccountId, BusinessId, LeadId, SourceId};
use crate::lead::phone_number::PhoneNumber;
use crate::lead::phone_number::region::Region;
use crate::time::Timestamp;
use birth_date::BirthDate;
use choices::{EmploymentType, Gender, MaritalStatus};
use email::Email;
use number::Price;
use redact::redacted;

/// A lead in the form of the answer (contract, section 5). Members that were not given are left out.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the others are what they are called")]
pub struct Lead {
    pub id: LeadId,
    /// When the lead was accepted.
    pub created_at: Timestamp,
    /// The source that sent the lead.
    pub source_id: SourceId,
    /// The account that the source was attached to at that time.
    pub account_id: AccountId,
    pub metadata: Metadata,
    pub contact: Contact,
    pub customer: Customer,
    pub tag_ids: Vec<String>,
    pub tag_names: Vec<String>,
    pub processing_status: ProcessingStatus,
    /// Whether a test key sent it. The answer has this member only if it is true (contract, section 9).
    #[serde(default, skip_serializing_if = "is_false")]
    pub test: bool,
    /// Whether the source is told that it has sent this person before. The answer has this member only if it is true
    /// (contract, section 10).
    #[serde(default, skip_serializing_if = "is_false")]
    pub duplicate: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// How long a test lead is kept.
const TEST_KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How far a lead has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProcessingStatus {
    /// The conversation or the phone lookup is still to come.
    Enriching,
    /// The conversation exists and the lookup has ended.
    Ready,
    /// An operator erased the person's data. Only the fact that the lead existed is kept.
    Erased,
}

impl ProcessingStatus {
    /// The status as stored and returned.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enriching => "Enriching",
            Self::Ready => "Ready",
            Self::Erased => "Erased",
        }
    }
}

/// Where a lead came from.
#[skip_serializing_none]
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the table of fields describes each member")]
pub struct Metadata {
    pub external_id: Option<String>,
    pub seller_lead_id: Option<String>,
    pub sub_id: Option<String>,
    pub pub_id: Option<String>,
    pub utm_source: Option<String>,
    pub utm_medium: Option<String>,
    pub utm_campaign: Option<String>,
    pub utm_term: Option<String>,
    pub utm_content: Option<String>,
    pub product: Option<String>,
    pub vertical: Option<String>,
    pub referrer: Option<String>,
    pub landing_page: Option<String>,
    pub trusted_form_url: Option<String>,
    pub price: Option<Price>,
    pub direct_post_price: Option<Price>,
    /// Set by the server: the business that the source is attached to.
    pub business_id: Option<BusinessId>,
    pub ip_address: Option<String>,
    pub user_agent: Option<String>,
    pub created_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub source_metadata: BTreeMap<String, String>,
}

/// How to reach the person.
#[skip_serializing_none]
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the table of fields describes each member")]
pub struct Contact {
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub email: Option<Email>,
    pub phone: Option<Phone>,
    pub street_address: Option<StreetAddress>,
    pub time_zone_id: Option<String>,
}

/// A phone number and what the partner knows about it. A phone without a number is stored but cannot be called.
#[skip_serializing_none]
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the table of fields describes each member")]
pub struct Phone {
    pub number: Option<PhoneNumber>,
    /// Set by the server: the region of the number's area code.
    pub region: Option<Region>,
    pub r#type: Option<String>,
    pub extension: Option<String>,
}

/// Where the person lives.
#[skip_serializing_none]
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the table of fields describes each member")]
pub struct StreetAddress {
    pub address1: Option<String>,
    pub address2: Option<String>,
    pub city: Option<String>,
    pub state: Option<String>,
    pub postal_code: Option<String>,
    pub country: Option<String>,
}

/// What is known about the person.
#[skip_serializing_none]
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the table of fields describes each member")]
pub struct Customer {
    pub birth_date: Option<BirthDate>,
    pub gender: Option<Gender>,
    pub marital_status: Option<MaritalStatus>,
    pub employment_type: Option<EmploymentType>,
    pub height: Option<u32>,
    pub weight: Option<u32>,
    pub income: Option<u32>,
    pub months_at_residence: Option<u32>,
    pub credit_score: Option<u32>,
    pub number_of_dependents: Option<u32>,
    pub is_homeowner: Option<bool>,
    pub has_bankruptcy: Option<bool>,
    pub has_medical_condition: Option<bool>,
}

impl Lead {
    /// When every item of the lead is deleted: only those of a test lead are.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.test.then(|| self.created_at.after(TEST_KEPT))
    }

    /// The number to look up, if the lead has one.
    pub fn phone_number(&self) -> Option<&PhoneNumber> {
        self.contact.phone.as_ref()?.number.as_ref()
    }
}

redacted!(Metadata, Contact, Phone, StreetAddress, Customer);

impl fmt::Debug for Lead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lead").field("id", &self.id).field("status", &self.processing_status).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_personal_data() {
        let contact = Contact { first_name: Some("Jordan".into()), ..Contact::default() };
        assert_eq!(format!("{contact:?}"), "Contact(redacted)");
        let metadata = Metadata { external_id: Some("partner-lead-88391".into()), ..Metadata::default() };
        assert_eq!(format!("{metadata:?}"), "Metadata(redacted)");
    }

    #[test]
    fn members_that_were_not_given_are_left_out() {
        assert_eq!(serde_json::to_string(&Metadata::default()).unwrap(), "{}");
        assert_eq!(serde_json::to_string(&Contact::default()).unwrap(), "{}");
        assert_eq!(serde_json::to_string(&Customer::default()).unwrap(), "{}");
    }

    /// Conditions use the attribute and answers use the document's member, so both must use the same name.
    #[test]
    fn a_status_has_one_name() {
        use ProcessingStatus::{Enriching, Erased, Ready};
        for status in [Enriching, Ready, Erased] {
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        }
    }
}
