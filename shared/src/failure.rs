//! Why a payload is refused: a stable code, and a sentence that helps to mend it.

macro_rules! codes {
    ($($variant:ident $code:literal, $detail:literal;)+) => {
        /// A rule that a payload broke (contract, section 4). Failures are reported in the order of this list.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $(#[doc = $detail] $variant),+ }

        impl Code {
            /// Every code, in the order of the rules.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The code as partners see it. It never changes.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// What was expected. It repeats nothing that was sent.
            pub const fn detail(self) -> &'static str {
                match self { $(Self::$variant => $detail),+ }
            }
        }
    };
}

codes! {
    PayloadMalformed "payload.malformed", "The payload must be one object: JSON in UTF-8, or a form where forms are accepted.";
    PayloadType "payload.type", "A string or a number is expected here.";
    PayloadDuplicate "payload.duplicate", "This member is given twice with different values; send it once.";
    MetadataRequired "metadata.required", "The metadata object is required; it may be empty for what you do not know.";
    ContactRequired "contact.required", "The contact object is required, with an email or a phone.";
    CustomerRequired "customer.required", "The customer object is required; it may be empty.";
    SourceNotApproved "source.not_approved", "This source has not passed its compliance review; ask Leadping to approve it.";
    ContactMethodRequired "contact.method_required", "Give an email address or a phone number, or both.";
    EmailInvalid "email.invalid", "Give one plain e-mail address, such as name@example.com.";
    PhoneNotPossible "phone.not_possible", "Give one possible U.S. phone number of ten digits, best in E.164: +1 and ten digits.";
    StateRequired "state.required", "This source may send leads of certain states only, so the state is required.";
    StateNotAllowed "state.not_allowed", "This source may not send leads of this state.";
    ProductRequired "product.required", "This source may send leads for certain products only, so the product is required.";
    ProductNotAllowed "product.not_allowed", "This source may not send leads for this product.";
    TrustedFormRequired "trusted_form.required", "Give the URL of the lead's TrustedForm certificate.";
    TrustedFormInvalidUrl "trusted_form.invalid_url", "The certificate must be an absolute http or https URL.";
    TrustedFormWrongHost "trusted_form.wrong_host", "The certificate must be hosted by trustedform.com, without user, password or port.";
    TrustedFormRejected "trusted_form.rejected", "TrustedForm does not accept this certificate; send the URL that TrustedForm gave for this lead.";
    TrustedFormExpired "trusted_form.expired", "This certificate is too old or gone; send a lead with a fresh one.";
    BirthDateInvalid "birth_date.invalid", "Give a real day as YYYY-MM-DD, from 1900 on and not in the future.";
    CapturedAtInvalid "captured_at.invalid", "Give the moment as RFC 3339 with an offset, such as 2026-06-15T12:00:00Z.";
    IpAddressInvalid "ip_address.invalid", "Give one IPv4 or IPv6 address.";
    GenderUnsupported "gender.unsupported", "Give M, F, NonBinary, PreferNotToSay, Other or Unknown.";
    MaritalStatusUnsupported "marital_status.unsupported", "Give Married, Single, Widow, Separated or Divorced.";
    EmploymentTypeUnsupported "employment_type.unsupported", "Give Employed, PartTime, SelfEmployed, Contractor, Unemployed, Retired, Student, Military, Homemaker, Disabled or Other.";
    PriceInvalid "price.invalid", "Give a plain decimal from 0 with at most 12 digits before and 6 behind the point, without $ or commas.";
    DirectPostPriceInvalid "direct_post_price.invalid", "Give a plain decimal from 0 with at most 12 digits before and 6 behind the point, without $ or commas.";
    HeightInvalid "height.invalid", "Give a whole number from 0 to 2147483647.";
    WeightInvalid "weight.invalid", "Give a whole number from 0 to 2147483647.";
    IncomeInvalid "income.invalid", "Give a whole number from 0 to 2147483647.";
    MonthsAtResidenceInvalid "months_at_residence.invalid", "Give a whole number from 0 to 2147483647.";
    CreditScoreInvalid "credit_score.invalid", "Give a whole number from 0 to 2147483647.";
    NumberOfDependentsInvalid "number_of_dependents.invalid", "Give a whole number from 0 to 2147483647.";
    IsHomeownerInvalid "is_homeowner.invalid", "Give true, false, yes, no, 1 or 0.";
    HasBankruptcyInvalid "has_bankruptcy.invalid", "Give true, false, yes, no, 1 or 0.";
    HasMedicalConditionInvalid "has_medical_condition.invalid", "Give true, false, yes, no, 1 or 0.";
    TextInvalid "text.invalid", "Give text without control characters, of at most 1,024 characters (2,048 for the certificate URL, 8,192 for landingPage and referrer).";
    TagsTooMany "tags.too_many", "Give at most 50 tags.";
    SourceMetadataTooLarge "source_metadata.too_large", "Give at most 50 entries, with names of 1 to 64 characters and values of at most 1,024.";
    SourceMetadataSecret "source_metadata.secret", "This looks like a credential. Never send keys, tokens or passwords with a lead.";
    MetadataSecret "metadata.secret", "This member holds your source key. Never send it anywhere but in its header.";
    IdempotencyKeyInvalid "idempotency_key.invalid", "An Idempotency-Key is 1 to 255 visible ASCII characters, bare or in quotation marks.";
}

/// One broken rule, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The rule.
    pub code: Code,
    /// A JSON pointer (RFC 6901) into what the partner sent, in the documented spelling; none where the source
    /// or a header is at fault.
    pub pointer: Option<String>,
    /// What was expected.
    pub detail: &'static str,
}

impl Failure {
    /// A failure of what stands at `pointer`.
    pub fn at(code: Code, pointer: impl Into<String>) -> Self {
        Self { code, pointer: Some(pointer.into()), detail: code.detail() }
    }

    /// A failure of nothing in the payload.
    pub fn general(code: Code) -> Self {
        Self { code, pointer: None, detail: code.detail() }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_code_is_one() {
        let codes: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(codes.len(), Code::ALL.len());
    }
}
