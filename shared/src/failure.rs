//! Why a payload is refused: a stable code, and a sentence that helps to fix it.

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
    PayloadMalformed "payload.malformed", "Send one JSON object in UTF-8. The detail says at which line and column it stops being one.";
    PayloadUnrecognized "payload.unrecognized", "None of the names is a member of a lead. Check the endpoint and the Content-Type, and send the names of the API reference.";
    PayloadType "payload.type", "The value is of the wrong kind. Send a string or a number; true or false only for a flag or in sourceMetadata, an object only where the API reference has one.";
    PayloadDuplicate "payload.duplicate", "This member is given more than once with different values; send it once. Names match in any letter case and without _ and -.";
    MetadataRequired "metadata.required", "The metadata object is required; it may be empty for what you do not know.";
    ContactRequired "contact.required", "The contact object is required, with an email or a phone.";
    CustomerRequired "customer.required", "The customer object is required; it may be empty.";
    SourceNotApproved "source.not_approved", "This source has not passed its compliance review; ask Leadping to approve it.";
    ContactMethodRequired "contact.method_required", "Give an email address or a phone number, or both.";
    EmailInvalid "email.invalid", "Send one plain e-mail address, such as name@example.com.";
    PhoneNotPossible "phone.not_possible", "Send one U.S. phone number of ten digits, best in E.164: +1 and ten digits. The usual causes are letters, two numbers in one field, a number from another country, or too few digits.";
    StateRequired "state.required", "This source may send leads from certain states only. Send the state, by USPS code or name.";
    StateNotAllowed "state.not_allowed", "This source may not send leads from this state.";
    ProductRequired "product.required", "This source may send leads for certain products only, so the product is required.";
    ProductNotAllowed "product.not_allowed", "This source may not send leads for this product.";
    TrustedFormRequired "trusted_form.required", "Send the URL of the lead's TrustedForm certificate.";
    TrustedFormInvalidUrl "trusted_form.invalid_url", "Send one absolute http or https URL of the certificate, without spaces, quotes, semicolons or other separators.";
    TrustedFormWrongHost "trusted_form.wrong_host", "The certificate's URL must be on trustedform.com, without a user, password, port or backslash. Send it as TrustedForm issued it.";
    TrustedFormRejected "trusted_form.rejected", "TrustedForm does not accept this certificate. Send the one certificate URL that TrustedForm issued for this lead: after the host, one id and nothing else.";
    TrustedFormExpired "trusted_form.expired", "This certificate is too old or deleted. Send the lead with a fresh certificate.";
    BirthDateInvalid "birth_date.invalid", "Send a real day as YYYY-MM-DD, from 1900 on and not in the future.";
    CapturedAtInvalid "captured_at.invalid", "Send the moment as RFC 3339 with an offset from 00:00 to 23:59, such as 2026-06-15T12:00:00Z.";
    IpAddressInvalid "ip_address.invalid", "Send one IPv4 or IPv6 address.";
    GenderUnsupported "gender.unsupported", "Send M, F, NonBinary, PreferNotToSay, Other or Unknown.";
    MaritalStatusUnsupported "marital_status.unsupported", "Send Married, Single, Widow, Separated or Divorced.";
    EmploymentTypeUnsupported "employment_type.unsupported", "Send Employed, PartTime, SelfEmployed, Contractor, Unemployed, Retired, Student, Military, Homemaker, Disabled or Other.";
    PriceInvalid "price.invalid", "Send a plain decimal of at least 0, with at most 12 digits before the decimal point and 6 after it, without $ or commas.";
    DirectPostPriceInvalid "direct_post_price.invalid", "Send a plain decimal of at least 0, with at most 12 digits before the decimal point and 6 after it, without $ or commas.";
    HeightInvalid "height.invalid", "Send a whole number from 0 to 2147483647. A dollar sign before it and commas between groups of three digits are allowed.";
    WeightInvalid "weight.invalid", "Send a whole number from 0 to 2147483647. A dollar sign before it and commas between groups of three digits are allowed.";
    IncomeInvalid "income.invalid", "Send a whole number from 0 to 2147483647. A dollar sign before it and commas between groups of three digits are allowed.";
    MonthsAtResidenceInvalid "months_at_residence.invalid", "Send a whole number from 0 to 2147483647. A dollar sign before it and commas between groups of three digits are allowed.";
    CreditScoreInvalid "credit_score.invalid", "Send a whole number from 0 to 2147483647. A dollar sign before it and commas between groups of three digits are allowed.";
    NumberOfDependentsInvalid "number_of_dependents.invalid", "Send a whole number from 0 to 2147483647. A dollar sign before it and commas between groups of three digits are allowed.";
    IsHomeownerInvalid "is_homeowner.invalid", "Send true or false. These are read too: yes, no, y, n, t, f, on, off, 1, 0.";
    HasBankruptcyInvalid "has_bankruptcy.invalid", "Send true or false. These are read too: yes, no, y, n, t, f, on, off, 1, 0.";
    HasMedicalConditionInvalid "has_medical_condition.invalid", "Send true or false. These are read too: yes, no, y, n, t, f, on, off, 1, 0.";
    TextInvalid "text.invalid", "Send text without control characters, of at most 1,024 characters (2,048 for the certificate URL, 8,192 for landingPage and referrer).";
    TagsTooMany "tags.too_many", "Send at most 50 tags.";
    SourceMetadataTooLarge "source_metadata.too_large", "Send at most 50 entries, with names of 1 to 64 characters and values of at most 1,024.";
    SourceMetadataSecret "source_metadata.secret", "This looks like a credential. Remove it: never send keys, tokens or passwords with a lead.";
    MetadataSecret "metadata.secret", "This member holds your source key. Send the key in its header only.";
    IdempotencyKeyInvalid "idempotency_key.invalid", "Send one Idempotency-Key of 1 to 255 visible ASCII characters without a comma, bare or in quotation marks.";
}

/// Sentences that say more than a code's own, where more is known.
pub mod detail {
    /// A list, an object or a wrong scalar in the place of a flag.
    pub const EXPECTS_FLAG: &str = "A boolean is expected here, such as true or false, yes or no, 1 or 0.";
    /// Something else in the place of an object.
    pub const EXPECTS_OBJECT: &str = "An object is expected here.";
    /// Something else in the place of a list.
    pub const EXPECTS_LIST: &str = "An array of strings is expected here.";
    /// A form's name with brackets that lead nowhere.
    pub const PLAIN_NAME: &str = "Send this member by its plain name, without further brackets or dots.";
    /// The same of a list.
    pub const PLAIN_LIST: &str = "Send a list by its plain name, once for each item, such as tagNames=a&tagNames=b.";
    /// The same of a map.
    pub const PLAIN_MAP: &str = "Send each entry as sourceMetadata[name]=value, or the whole map as one JSON object.";
    /// A required object is missing, and its members are at the top.
    pub const FLAT_MEMBERS: &str = "This object is required here, and some members at the top belong in it. To send all members at the top, post to /leads/intake.";
    /// A flat payload at the structured endpoint.
    pub const FLAT_IN_STRUCTURED: &str = "This was read as JSON for POST /leads, which expects the objects metadata, contact and customer. Names at the top are for /leads/intake: post it there.";
    /// A structured payload at the flat endpoint.
    pub const STRUCTURED_IN_FLAT: &str = "This was read as JSON for POST /leads/intake, which expects every member at the top. The objects metadata, contact and customer are for /leads: post it there.";
    /// No known name in a structured payload.
    pub const UNKNOWN_STRUCTURED: &str = "This was read as JSON, and none of its names is known at POST /leads. Send the objects metadata, contact and customer at the top; the API reference lists the names in them.";
    /// No known name in a flat payload.
    pub const UNKNOWN_FLAT: &str = "This was read as JSON, and none of its names is known at POST /leads/intake. Send names such as email, phone and trustedFormUrl at the top, not inside another object; the API reference lists them all.";
    /// No known name in a form.
    pub const UNKNOWN_FORM: &str = "This was read as a form, by its Content-Type, and none of its names is known. Send names such as email, phone and trustedFormUrl; the API reference lists them all.";
    /// No known name in a query string.
    pub const UNKNOWN_QUERY: &str = "The query string was read, and none of its names is known. Send names such as email, phone and trustedFormUrl; the API reference lists them all.";
    /// JSON in the place of a form.
    pub const JSON_IN_FORM: &str = "This was read as a form, by its Content-Type, and it looks like JSON. Send JSON with Content-Type: application/json.";
    /// An e-mail address whose `+` may have become a space.
    pub const EMAIL_IN_FORM: &str =
        "Send one plain e-mail address, such as name@example.com. In a form or a query string, + is sent as %2B.";
    /// A text that names no state, for a source that may send certain states only.
    pub const UNKNOWN_STATE: &str = "This is no state that we know, and this source may send leads from certain states only. Send a USPS code or a name, such as TX or Texas.";
}

/// One broken rule, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The broken rule, by its public code.
    pub code: Code,
    /// A JSON pointer (RFC 6901) into what the partner sent, in the documented spelling; none where the source
    /// or a header is at fault.
    pub pointer: Option<String>,
    /// What was expected, in words that repeat nothing that was sent.
    pub detail: &'static str,
}

impl Failure {
    /// A failure of what stands at `pointer`.
    pub fn at(code: Code, pointer: impl Into<String>) -> Self {
        Self { code, pointer: Some(pointer.into()), detail: code.detail() }
    }

    /// The same failure with a sentence that says more than its code's own.
    #[must_use]
    pub fn saying(self, detail: &'static str) -> Self {
        Self { detail, ..self }
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
