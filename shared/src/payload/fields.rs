//! The one table of fields: every member a partner may send stands here once (contract, sections 3.1 and 3.2).

use crate::failure::Code;
pub use crate::lead::email::MAX_EMAIL;
pub use crate::lead::number::{MAX_PRICE_DECIMALS, MAX_PRICE_DIGITS, MAX_WHOLE};
pub use crate::lead::phone_number::MAX_PHONE;

/// The most characters of ordinary text, and of a tag or a value of free metadata (contract, section 3.3).
pub const MAX_TEXT: usize = 1_024;
/// The most characters of a landing page or a referrer: tracking URLs are long (contract, section 3.3).
pub const MAX_TRACKING_URL: usize = 8_192;
/// The most characters of a certificate's URL (contract, section 3.3).
pub const MAX_CERTIFICATE_URL: usize = 2_048;
/// The most tags of each kind (contract, section 3.3).
pub const MAX_TAGS: usize = 50;
/// The most entries of free metadata (contract, section 4).
pub const MAX_ENTRIES: usize = 50;
/// The most characters of the name of an entry of free metadata (contract, section 4).
pub const MAX_ENTRY_NAME: usize = 64;

/// What a member holds, and with that how it is read and checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text, and the most characters that it may have.
    Text(usize),
    /// An e-mail address.
    Email,
    /// A U.S. phone number.
    Phone,
    /// A state, by USPS code or name.
    State,
    /// A day: `YYYY-MM-DD`.
    BirthDate,
    /// A moment with its offset: RFC 3339.
    CapturedAt,
    /// An IPv4 or IPv6 address.
    IpAddress,
    /// One of the genders.
    Gender,
    /// One of the marital statuses.
    MaritalStatus,
    /// One of the employment types.
    EmploymentType,
    /// An exact decimal; the code is for one that is not.
    Price(Code),
    /// A whole number from 0 to 2,147,483,647; the code is for any other value.
    Whole(Code),
    /// Yes or no; the code is for what is neither.
    Flag(Code),
    /// The URL of a TrustedForm certificate.
    Certificate,
    /// A list of tags.
    Tags,
    /// The partner's own names and values.
    FreeMetadata,
}

impl Kind {
    /// The code for a value that the kind does not allow.
    pub const fn code(self) -> Code {
        match self {
            Self::Email => Code::EmailInvalid,
            Self::Phone => Code::PhoneNotPossible,
            Self::BirthDate => Code::BirthDateInvalid,
            Self::CapturedAt => Code::CapturedAtInvalid,
            Self::IpAddress => Code::IpAddressInvalid,
            Self::Gender => Code::GenderUnsupported,
            Self::MaritalStatus => Code::MaritalStatusUnsupported,
            Self::EmploymentType => Code::EmploymentTypeUnsupported,
            Self::Price(code) | Self::Whole(code) | Self::Flag(code) => code,
            Self::Text(_) | Self::State | Self::Certificate | Self::Tags | Self::FreeMetadata => Code::TextInvalid,
        }
    }
}

/// One row of the table.
#[derive(Debug)]
pub struct Field {
    /// Its paths in the structured payload: its own path first, then other accepted ones.
    pub structured: &'static [&'static str],
    /// Its names in the flat payload. The structured model's own name is first, and wins when two are given.
    pub flat: &'static [&'static str],
    /// What it holds, which decides how it is read.
    pub kind: Kind,
    /// What it means, for the partner.
    pub about: &'static str,
    /// The version of the content form since which the member counts as content. A member that is added gets the next one,
    /// so that a post whose earlier try was made before it was known is still the same lead (contract, section 5).
    pub since: u8,
}

/// The objects of the structured payload, and the code of each that must be there (contract, section 3.1).
pub(super) const OBJECTS: [(&str, Option<Code>); 5] = [
    ("metadata", Some(Code::MetadataRequired)),
    ("contact", Some(Code::ContactRequired)),
    ("customer", Some(Code::CustomerRequired)),
    ("contact.phone", None),
    ("contact.streetAddress", None),
];

/// The version of the content form that a member counts from, where its row says nothing.
const FIRST: u8 = 1;

const fn last(versions: &[u8]) -> u8 {
    match versions {
        [.., version] => *version,
        [] => FIRST,
    }
}

const TEXT: Kind = Kind::Text(MAX_TEXT);
const TRACKING_URL: Kind = Kind::Text(MAX_TRACKING_URL);

macro_rules! members {
    ($($member:ident [$($structured:literal),+] [$($flat:literal),*] $kind:expr, $about:literal $(, since $since:literal)?;)+) => {
        /// A member of the payload, by name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Member { $(#[doc = $about] $member),+ }

        impl Member {
            /// Every member, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$member),+];

            /// The member's row.
            pub const fn field(self) -> &'static Field {
                match self {
                    $(Self::$member => const {
                        &Field {
                            structured: &[$($structured),+],
                            flat: &[$($flat),*],
                            kind: $kind,
                            about: $about,
                            since: last(&[FIRST $(, $since)?]),
                        }
                    }),+
                }
            }
        }
    };
}

members! {
    ExternalId ["metadata.externalId"] ["externalId"] TEXT, "Your own stable identifier of the lead.";
    SellerLeadId ["metadata.sellerLeadId"] ["sellerLeadId", "sellerLeadIdentifier"] TEXT, "The seller's identifier of the lead.";
    SubId ["metadata.subId"] ["subId"] TEXT, "The affiliate or sub-source.";
    PubId ["metadata.pubId"] ["pubId"] TEXT, "The publisher.";
    UtmSource ["metadata.utmSource"] ["utmSource"] TEXT, "Where the visitor came from.";
    UtmMedium ["metadata.utmMedium"] ["utmMedium"] TEXT, "The marketing medium.";
    UtmCampaign ["metadata.utmCampaign"] ["utmCampaign"] TEXT, "The campaign.";
    UtmTerm ["metadata.utmTerm"] ["utmTerm"] TEXT, "The search term.";
    UtmContent ["metadata.utmContent"] ["utmContent"] TEXT, "The advertisement's variant.";
    Product ["metadata.product"] ["product"] TEXT, "The product asked for; some sources may send certain products only.";
    Vertical ["metadata.vertical"] ["vertical"] TEXT, "The product's vertical.";
    Referrer ["metadata.referrer"] ["referrer"] TRACKING_URL, "The page that led to the form.";
    LandingPage ["metadata.landingPage"] ["landingPage"] TRACKING_URL, "The page with the form.";
    TrustedFormUrl ["metadata.trustedFormUrl"] ["trustedFormUrl", "trustedFormCertUrl", "xxTrustedFormCertUrl"] Kind::Certificate, "The URL of the lead's TrustedForm certificate.";
    Price ["metadata.price"] ["price"] Kind::Price(Code::PriceInvalid), "The lead's price, as a plain decimal.";
    DirectPostPrice ["metadata.directPostPrice"] ["directPostPrice"] Kind::Price(Code::DirectPostPriceInvalid), "The direct post's price, as a plain decimal.";
    IpAddress ["metadata.ipAddress"] [] Kind::IpAddress, "The visitor's address; the flat intake records the request's own.";
    UserAgent ["metadata.userAgent"] [] TEXT, "The visitor's browser; the flat intake records the request's own.";
    CapturedAt ["metadata.createdAt"] [] Kind::CapturedAt, "When you captured the lead: RFC 3339 with an offset.";
    SourceMetadata ["metadata.sourceMetadata"] ["sourceMetadata"] Kind::FreeMetadata, "Safe values of your own: at most 50 entries of text.";
    FirstName ["contact.firstName"] ["firstName"] TEXT, "The person's first name.";
    LastName ["contact.lastName"] ["lastName"] TEXT, "The person's last name.";
    Email ["contact.email"] ["email"] Kind::Email, "The person's e-mail address.";
    PhoneNumber ["contact.phone.number", "contact.phone"] ["phone"] Kind::Phone, "The person's U.S. phone number, best in E.164.";
    PhoneType ["contact.phone.type"] ["phoneType"] TEXT, "What you know of the number's type.";
    PhoneExtension ["contact.phone.extension"] [] TEXT, "The extension after the number.";
    Address1 ["contact.streetAddress.address1", "contact.streetAddress.line1"] ["address1", "line1"] TEXT, "The first line of the street address.";
    Address2 ["contact.streetAddress.address2", "contact.streetAddress.line2"] ["address2", "line2"] TEXT, "The second line of the street address.";
    City ["contact.streetAddress.city"] ["city"] TEXT, "The city.";
    State ["contact.streetAddress.state"] ["state"] Kind::State, "The state, by USPS code or name; some sources may send certain states only.";
    PostalCode ["contact.streetAddress.postalCode"] ["postalCode", "zip", "zipCode"] TEXT, "The ZIP code.";
    Country ["contact.streetAddress.country"] ["country"] TEXT, "The country.";
    TimeZoneId ["contact.timeZoneId"] [] TEXT, "The person's time zone.";
    BirthDate ["customer.birthDate"] ["birthDate", "dateOfBirth"] Kind::BirthDate, "The person's day of birth: YYYY-MM-DD.";
    Gender ["customer.gender"] ["gender"] Kind::Gender, "M, F, NonBinary, PreferNotToSay, Other or Unknown.";
    MaritalStatus ["customer.maritalStatus"] ["maritalStatus"] Kind::MaritalStatus, "Married, Single, Widow, Separated or Divorced.";
    EmploymentType ["customer.employmentType"] ["employmentType"] Kind::EmploymentType, "Employed, PartTime, SelfEmployed, Contractor, Unemployed, Retired, Student, Military, Homemaker, Disabled or Other.";
    Height ["customer.height"] ["height"] Kind::Whole(Code::HeightInvalid), "The person's height.";
    Weight ["customer.weight"] ["weight"] Kind::Whole(Code::WeightInvalid), "The person's weight.";
    Income ["customer.income"] ["income"] Kind::Whole(Code::IncomeInvalid), "The person's income.";
    MonthsAtResidence ["customer.monthsAtResidence"] ["monthsAtResidence"] Kind::Whole(Code::MonthsAtResidenceInvalid), "Months lived at the address.";
    CreditScore ["customer.creditScore"] ["creditScore"] Kind::Whole(Code::CreditScoreInvalid), "The person's credit score.";
    NumberOfDependents ["customer.numberOfDependents"] ["numberOfDependents"] Kind::Whole(Code::NumberOfDependentsInvalid), "How many dependents the person has.";
    IsHomeowner ["customer.isHomeowner"] ["isHomeowner"] Kind::Flag(Code::IsHomeownerInvalid), "Whether the person owns a home.";
    HasBankruptcy ["customer.hasBankruptcy"] ["hasBankruptcy"] Kind::Flag(Code::HasBankruptcyInvalid), "Whether the person has been bankrupt.";
    HasMedicalCondition ["customer.hasMedicalCondition"] ["hasMedicalCondition"] Kind::Flag(Code::HasMedicalConditionInvalid), "Whether the person has a medical condition.";
    TagIds ["tagIds"] ["tagIds"] Kind::Tags, "Tags of the lead, by id: at most 50.";
    TagNames ["tagNames"] ["tagNames"] Kind::Tags, "Tags of the lead, by name: at most 50.";
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Partners read the bounds in sentences, which are plain text.
    #[test]
    fn sentences_name_the_bounds() {
        let cases: [(&str, &[usize]); 9] = [
            (Code::TextInvalid.detail(), &[MAX_TEXT, MAX_CERTIFICATE_URL, MAX_TRACKING_URL]),
            (Code::TagsTooMany.detail(), &[MAX_TAGS]),
            (Code::SourceMetadataTooLarge.detail(), &[MAX_ENTRIES, MAX_ENTRY_NAME, MAX_TEXT]),
            (Code::PriceInvalid.detail(), &[MAX_PRICE_DIGITS, MAX_PRICE_DECIMALS]),
            (Code::DirectPostPriceInvalid.detail(), &[MAX_PRICE_DIGITS, MAX_PRICE_DECIMALS]),
            (Code::HeightInvalid.detail(), &[MAX_WHOLE as usize]),
            (Member::TagIds.field().about, &[MAX_TAGS]),
            (Member::TagNames.field().about, &[MAX_TAGS]),
            (Member::SourceMetadata.field().about, &[MAX_ENTRIES]),
        ];
        for (sentence, bounds) in cases {
            let digits = sentence.replace(',', "");
            let numbers: Vec<_> = digits.split(|c: char| !c.is_ascii_digit()).collect();
            for bound in bounds {
                assert!(numbers.contains(&bound.to_string().as_str()), "{bound} is not in: {sentence}");
            }
        }
    }
}
