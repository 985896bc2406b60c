//! A lead as a line of comma-separated values.

use std::collections::HashMap;
use std::io;

use crate::error::Error;
use crate::lead::view::LeadView;
use crate::output;

/// The columns: each member by its path, as it is answered. Free metadata, which has names of the partner's own, and
/// tags stand in one column as JSON.
pub(super) const COLUMNS: [&str; 60] = [
    "id",
    "createdAt",
    "processingStatus",
    "sourceId",
    "accountId",
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
    Ok(COLUMNS.iter().map(|column| inert(members.remove(*column).unwrap_or_default())).collect())
}

/// A line, with its end.
///
/// # Errors
/// When it cannot be put together.
pub(super) fn csv_line(values: impl IntoIterator<Item = String>) -> Result<Vec<u8>, Error> {
    let mut line = csv::Writer::from_writer(Vec::new());
    line.write_record(values).map_err(io::Error::from)?;
    line.into_inner().map_err(|error| Error::from(error.into_error()))
}

/// A spreadsheet takes some texts for formulas and runs them, and anybody can put one into a form. A sign before digits
/// is a number, as of a phone.
fn inert(value: String) -> String {
    let number = |rest: &str| !rest.is_empty() && rest.bytes().all(|c| c.is_ascii_digit() || c == b'.');
    match value.chars().next() {
        Some('+' | '-') if number(value.get(1..).unwrap_or_default()) => value,
        Some('=' | '+' | '-' | '@' | '\t') => format!("'{value}"),
        _ => value,
    }
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

    #[test]
    fn no_value_is_a_formula() {
        for (value, written) in [
            ("+15555550123", "+15555550123"),
            ("-1.5", "-1.5"),
            ("Jordan", "Jordan"),
            ("", ""),
            ("=1+1", "'=1+1"),
            ("+1+1", "'+1+1"),
            ("-cmd", "'-cmd"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-", "'-"),
        ] {
            assert_eq!(inert(value.to_owned()), written);
        }
    }
}
