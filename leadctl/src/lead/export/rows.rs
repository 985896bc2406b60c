//! A lead as a line of comma-separated values.

use std::collections::HashMap;
use std::io;

use crate::output;
use leadping::lead::view::LeadView;

/// The columns: each member by its path, as it is answered. Free metadata, which has names of the partner's own, and
/// tags are in one column each, as JSON.
pub(super) const COLUMNS: [&str; 72] = [
    "id",
    "createdAt",
    "processingStatus",
    "sourceId",
    "accountId",
    "duplicateOf",
    "metadata.businessId",
    "metadata.externalId",
    "metadata.sellerLeadId",
    "metadata.subId",
    "metadata.pubId",
    "metadata.utmSource",
    "metadata.utmMedium",
    "metadata.utmCampaign",
    "metadata.utmTerm",
    "metadata.utmContent",
    "metadata.product",
    "metadata.vertical",
    "metadata.referrer",
    "metadata.landingPage",
    "metadata.trustedFormUrl",
    "metadata.price",
    "metadata.directPostPrice",
    "metadata.ipAddress",
    "metadata.userAgent",
    "metadata.createdAt",
    SOURCE_METADATA,
    "contact.firstName",
    "contact.lastName",
    "contact.email",
    "contact.phone.number",
    "contact.phone.region",
    "contact.phone.type",
    "contact.phone.extension",
    "contact.phone.lookup.isValid",
    "contact.phone.lookup.lineType",
    "contact.phone.lookup.carrierType",
    "contact.phone.lookup.carrier.name",
    "contact.phone.lookup.callerName",
    "contact.streetAddress.address1",
    "contact.streetAddress.address2",
    "contact.streetAddress.city",
    "contact.streetAddress.state",
    "contact.streetAddress.postalCode",
    "contact.streetAddress.country",
    "contact.timeZoneId",
    "customer.birthDate",
    "customer.gender",
    "customer.maritalStatus",
    "customer.employmentType",
    "customer.height",
    "customer.weight",
    "customer.income",
    "customer.monthsAtResidence",
    "customer.creditScore",
    "customer.numberOfDependents",
    "customer.isHomeowner",
    "customer.hasBankruptcy",
    "customer.hasMedicalCondition",
    "tagIds",
    "tagNames",
    "eligibility.sms.eligible",
    "eligibility.sms.reasons",
    "eligibility.call.eligible",
    "eligibility.call.reasons",
    "consent.status",
    "consent.emailMatch",
    "consent.phoneMatch",
    "consent.certificateReused",
    "consent.retainedUntil",
    "consent.checkedAt",
    "consent.reason",
];

const SOURCE_METADATA: &str = "metadata.sourceMetadata";

/// A lead's values, by the columns.
///
/// # Errors
/// When the lead cannot be put into JSON.
pub(super) fn values(lead: &LeadView<'_>) -> io::Result<Vec<String>> {
    let mut members: HashMap<_, _> = output::members(lead)?.into_iter().collect();
    let free = &lead.metadata.source_metadata;
    if !free.is_empty() {
        members.insert(SOURCE_METADATA.to_owned(), serde_json::to_string(free)?);
    }
    Ok(COLUMNS.iter().map(|column| members.remove(*column).unwrap_or_default()).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use leadping::payload::Member;

    use super::*;

    #[test]
    fn every_member_has_a_column() {
        let columns: BTreeSet<_> = COLUMNS.into_iter().collect();
        assert_eq!(columns.len(), COLUMNS.len());
        for member in Member::ALL {
            let path = member.field().structured[0];
            assert!(columns.contains(path), "{path}");
        }
    }
}
