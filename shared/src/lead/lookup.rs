//! The result of a lookup, in the same form for every provider.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::line_type::{CarrierType, LineType};
use super::phone_number::PhoneNumber;
use super::redact::redacted;
use crate::time::Timestamp;

/// The result of a lookup: `contact.phone.lookup` (contract, section 5). Operators see it; sources never do.
///
/// `Debug` shows no personal data.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the others are what they are called")]
pub struct Lookup {
    /// The number that was looked up.
    pub number: PhoneNumber,
    /// Whether the number is valid; `None` if the provider does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_valid: Option<bool>,
    /// The number in the national format: `(512) 555-0123`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub national_format: Option<String>,
    pub line_type: LineType,
    pub carrier_type: CarrierType,
    /// The network that the number belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<Carrier>,
    /// The name that a called person would see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller_name: Option<String>,
    pub provider: ProviderName,
    /// When the provider answered.
    pub retrieved_at: Timestamp,
}

/// A network, as far as the provider knows it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the others are what they are called")]
pub struct Carrier {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// As the provider sends it, usually three digits: `311`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mobile_country_code: Option<String>,
    /// As the provider sends it, usually two or three digits: `480`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mobile_network_code: Option<String>,
}

impl Carrier {
    /// `None` if the provider knows nothing about the carrier.
    pub(crate) fn known(self) -> Option<Self> {
        (self != Self::default()).then_some(self)
    }
}

/// The provider that answered a lookup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the others are what they are called")]
pub enum ProviderName {
    Twilio,
    Telnyx,
    /// No provider: the fixed result of a test lead.
    Test,
}

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lookup")
            .field("is_valid", &self.is_valid)
            .field("carrier_type", &self.carrier_type)
            .field("provider", &self.provider)
            .finish_non_exhaustive()
    }
}

redacted!(Carrier);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lookup() -> Lookup {
        Lookup {
            number: PhoneNumber::parse("512-555-0123").unwrap().number,
            is_valid: Some(true),
            national_format: Some("(512) 555-0123".to_owned()),
            line_type: LineType::Voip,
            carrier_type: CarrierType::Voip,
            carrier: Some(Carrier { name: Some("Example Voice".to_owned()), ..Carrier::default() }),
            caller_name: Some("JORDAN LEE".to_owned()),
            provider: ProviderName::Twilio,
            retrieved_at: "2026-06-15T12:00:00.12Z".parse().unwrap(),
        }
    }

    #[test]
    fn a_lookup_is_stored_as_operators_see_it() {
        let full = lookup();
        let json = json!({
            "number": "+15125550123", "isValid": true, "nationalFormat": "(512) 555-0123",
            "lineType": "VoIP", "carrierType": "Voip", "carrier": {"name": "Example Voice"},
            "callerName": "JORDAN LEE", "provider": "twilio", "retrievedAt": "2026-06-15T12:00:00.120Z"
        });
        assert_eq!(serde_json::to_value(&full).unwrap(), json);
        assert_eq!(serde_json::from_value::<Lookup>(json).unwrap(), full);

        let bare = Lookup { is_valid: None, national_format: None, carrier: None, caller_name: None, ..full };
        let json = json!({
            "number": "+15125550123", "lineType": "VoIP", "carrierType": "Voip",
            "provider": "twilio", "retrievedAt": "2026-06-15T12:00:00.120Z"
        });
        assert_eq!(serde_json::to_value(&bare).unwrap(), json);
        assert_eq!(serde_json::from_value::<Lookup>(json).unwrap(), bare);
    }

    #[test]
    fn debug_shows_no_personal_data() {
        let lookup = lookup();
        let shown = format!("{lookup:?} {:?}", lookup.carrier);
        assert!(!["555", "JORDAN", "Example"].iter().any(|hidden| shown.contains(hidden)), "{shown}");
    }
}
