//! What a lookup says about a number, whichever provider was asked.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::line_type::{CarrierType, LineType};
use super::phone_number::PhoneNumber;
use crate::time::Timestamp;

/// What a provider said about a number: `contact.phone.lookup` (contract, section 5). For
/// operators, never for a source.
///
/// `Debug` shows nothing of the person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lookup {
    /// The number that was asked about.
    pub number: PhoneNumber,
    /// Whether the number exists; a provider that does not say leaves it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_valid: Option<bool>,
    /// The number as it is written at home, as in `(512) 555-0123`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub national_format: Option<String>,
    /// The kind of line, coarse.
    pub line_type: LineType,
    /// The kind of line, fine.
    pub carrier_type: CarrierType,
    /// The network the number belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<Carrier>,
    /// The name that a called party would see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller_name: Option<String>,
    /// Who was asked.
    pub provider: ProviderName,
    /// When the answer came.
    pub retrieved_at: Timestamp,
}

/// A network, as far as the provider knows it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Carrier {
    /// The carrier's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// As the provider has it: three digits as a rule, as in `311`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mobile_country_code: Option<String>,
    /// As the provider has it: two or three digits, as in `480`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mobile_network_code: Option<String>,
}

impl Carrier {
    /// `None` for a carrier of which nothing is known.
    pub(crate) fn known(self) -> Option<Self> {
        (self != Self::default()).then_some(self)
    }
}

/// Who was asked about a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProviderName {
    /// Twilio Lookup v2.
    Twilio,
    /// Telnyx Number Lookup.
    Telnyx,
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

impl fmt::Debug for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Carrier").finish_non_exhaustive()
    }
}

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
    fn debug_shows_nothing_of_the_person() {
        let lookup = lookup();
        let shown = format!("{lookup:?} {:?}", lookup.carrier);
        assert!(!["555", "JORDAN", "Example"].iter().any(|hidden| shown.contains(hidden)), "{shown}");
    }
}
