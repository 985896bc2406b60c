//! Whether TrustedForm confirms that a certificate is about this lead's person, and keeps it (contract, section 11).

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::time::Timestamp;

/// The consent of a lead whose source retains certificates. It holds no personal data. Sources never see it.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Consent {
    /// What the certificate is worth.
    pub status: ConsentStatus,
    /// Whether the visitor typed this e-mail address; `None` if TrustedForm could not tell.
    pub email_match: Option<bool>,
    /// Whether the visitor typed this phone number; `None` if TrustedForm could not tell.
    pub phone_match: Option<bool>,
    /// Whether our account had retained the certificate before, for another lead; `None` if an earlier call for this
    /// lead may have done it.
    pub certificate_reused: Option<bool>,
    /// How long TrustedForm keeps the certificate.
    pub retained_until: Option<Timestamp>,
    /// When TrustedForm answered last.
    pub checked_at: Option<Timestamp>,
    /// Why the consent is unverified.
    pub reason: Option<ConsentReason>,
}

/// What a certificate is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConsentStatus {
    /// TrustedForm has not answered for good.
    Pending,
    /// The certificate is about this person.
    Verified,
    /// The certificate is about another person.
    Mismatched,
    /// TrustedForm could not tell.
    Unverified,
    /// The lead has no certificate, and its source needs none.
    Exempt,
}

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $name:ident $text:literal;)+) => {
        /// Why consent is unverified.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum ConsentReason {
            $($(#[doc = $doc])+ #[serde(rename = $text)] $name,)+
            /// A reason that a later release gives.
            #[serde(untagged)]
            Other(String),
        }

        impl ConsentReason {
            /// Every reason of this release, its name, and what it means.
            pub const ALL: &[(Self, &str, &str)] = &[$((Self::$name, $text, concat!($($doc),+))),+];
        }
    };
}

reasons! {
    /// The certificate holds no value to compare with.
    MatchNotPossible "match_not_possible";
    /// TrustedForm does not accept the request (400).
    CertificateRefused "certificate_refused";
    /// TrustedForm does not know the certificate (404).
    CertificateNotFound "certificate_not_found";
    /// The certificate cannot be retained: it is from a sandbox, or of a kind that cannot be kept (405, 406).
    CertificateNotClaimable "certificate_not_claimable";
    /// The certificate has expired (410).
    CertificateExpired "certificate_expired";
    /// The certificate was claimed too often (422).
    CertificateUsedTooOften "certificate_used_too_often";
    /// TrustedForm did not answer for 60 hours.
    TrustedFormUnavailable "trusted_form_unavailable";
}

impl Consent {
    /// Consent with this status, about which nothing else is known.
    pub fn new(status: ConsentStatus) -> Self {
        Self {
            status,
            email_match: None,
            phone_match: None,
            certificate_reused: None,
            retained_until: None,
            checked_at: None,
            reason: None,
        }
    }
}

impl ConsentStatus {
    /// The name that users read.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Verified => "verified",
            Self::Mismatched => "mismatched",
            Self::Unverified => "unverified",
            Self::Exempt => "exempt",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consent_is_stored_as_users_see_it() {
        let full = r#"{"status":"unverified","emailMatch":true,"certificateReused":false,"retainedUntil":"2031-06-15T12:00:00.000Z","checkedAt":"2026-06-15T12:00:00.000Z","reason":"match_not_possible"}"#;
        let consent: Consent = serde_json::from_str(full).unwrap();
        assert_eq!((consent.status.as_str(), consent.phone_match), ("unverified", None));
        assert_eq!(serde_json::to_string(&consent).unwrap(), full);
        assert_eq!(serde_json::to_string(&Consent::new(ConsentStatus::Exempt)).unwrap(), r#"{"status":"exempt"}"#);
        let later: Consent = serde_json::from_str(r#"{"status":"unverified","reason":"moon_phase"}"#).unwrap();
        assert_eq!(later.reason, Some(ConsentReason::Other("moon_phase".to_owned())));
        for (reason, name, about) in ConsentReason::ALL {
            assert_eq!(serde_json::to_value(reason).unwrap(), *name);
            assert!(!about.trim().is_empty());
        }
    }
}
