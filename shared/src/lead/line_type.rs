//! Types of phone lines.

use serde::{Deserialize, Serialize};

/// The coarse type of a line (contract, section 7, "Providers").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the others are what they are called")]
pub enum LineType {
    Wireline,
    Wireless,
    #[serde(rename = "VoIP")]
    Voip,
    TollFree,
    /// Any other type, or the provider did not say.
    Unknown,
}

/// The fine type of a line (contract, section 7, "Providers").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the others are what they are called")]
pub enum CarrierType {
    FixedLine,
    Mobile,
    /// A line over the internet, fixed or not.
    Voip,
    TollFree,
    /// The numbering plan does not distinguish the two.
    FixedLineOrMobile,
    PremiumRate,
    /// Caller and called party share the cost.
    SharedCost,
    /// A number that follows its owner.
    PersonalNumber,
    Pager,
    /// Universal access number: one number for all offices of a company.
    Uan,
    Voicemail,
    /// Any other type, or the provider did not say.
    Unknown,
}

impl CarrierType {
    /// Reads a provider's name for a type: Twilio's `nonFixedVoip`, Telnyx's `fixed line or mobile`. Ignores case,
    /// spaces, hyphens and underscores. Any other name is [`CarrierType::Unknown`].
    pub(crate) fn read(word: &str) -> Self {
        let word = word.replace([' ', '-', '_'], "").to_ascii_lowercase();
        match word.as_str() {
            "landline" | "fixedline" => Self::FixedLine,
            "mobile" => Self::Mobile,
            "voip" | "fixedvoip" | "nonfixedvoip" => Self::Voip,
            "tollfree" => Self::TollFree,
            "fixedlineormobile" => Self::FixedLineOrMobile,
            "premium" | "premiumrate" => Self::PremiumRate,
            "sharedcost" => Self::SharedCost,
            "personal" | "personalnumber" => Self::PersonalNumber,
            "pager" => Self::Pager,
            "uan" => Self::Uan,
            "voicemail" => Self::Voicemail,
            _ => Self::Unknown,
        }
    }

    /// The coarse type that this type belongs to.
    pub fn line_type(self) -> LineType {
        match self {
            Self::FixedLine => LineType::Wireline,
            Self::Mobile => LineType::Wireless,
            Self::Voip => LineType::Voip,
            Self::TollFree => LineType::TollFree,
            _ => LineType::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_both_providers_are_known() {
        for (word, line_type, carrier_type) in [
            ("landline", LineType::Wireline, CarrierType::FixedLine),
            ("fixed line", LineType::Wireline, CarrierType::FixedLine),
            ("mobile", LineType::Wireless, CarrierType::Mobile),
            ("voip", LineType::Voip, CarrierType::Voip),
            ("fixedVoip", LineType::Voip, CarrierType::Voip),
            ("nonFixedVoip", LineType::Voip, CarrierType::Voip),
            ("non-fixed_VOIP", LineType::Voip, CarrierType::Voip),
            ("tollFree", LineType::TollFree, CarrierType::TollFree),
            ("toll free", LineType::TollFree, CarrierType::TollFree),
            ("fixed line or mobile", LineType::Unknown, CarrierType::FixedLineOrMobile),
            ("fixed_line_or_mobile", LineType::Unknown, CarrierType::FixedLineOrMobile),
            ("premium", LineType::Unknown, CarrierType::PremiumRate),
            ("premium rate", LineType::Unknown, CarrierType::PremiumRate),
            ("sharedCost", LineType::Unknown, CarrierType::SharedCost),
            ("shared cost", LineType::Unknown, CarrierType::SharedCost),
            ("personal", LineType::Unknown, CarrierType::PersonalNumber),
            ("personal number", LineType::Unknown, CarrierType::PersonalNumber),
            ("pager", LineType::Unknown, CarrierType::Pager),
            ("UAN", LineType::Unknown, CarrierType::Uan),
            ("voicemail", LineType::Unknown, CarrierType::Voicemail),
            ("unknown", LineType::Unknown, CarrierType::Unknown),
            ("satellite", LineType::Unknown, CarrierType::Unknown),
        ] {
            let read = CarrierType::read(word);
            assert_eq!((read.line_type(), read), (line_type, carrier_type), "{word}");
        }
    }
}
