//! The kinds of lines a number may lead to.

use serde::{Deserialize, Serialize};

/// The kind of a line, coarse (contract, section 7, "Providers").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LineType {
    /// A land line.
    Wireline,
    /// A mobile phone.
    Wireless,
    /// A line over the internet, fixed or not.
    #[serde(rename = "VoIP")]
    Voip,
    /// The called party pays.
    TollFree,
    /// Anything else, or not told.
    Unknown,
}

/// The kind of a line, fine (contract, section 7, "Providers").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CarrierType {
    /// A land line.
    FixedLine,
    /// A mobile phone.
    Mobile,
    /// A line over the internet, fixed or not.
    Voip,
    /// The called party pays.
    TollFree,
    /// The numbering plan does not tell the two apart.
    FixedLineOrMobile,
    /// The caller pays more than for the call.
    PremiumRate,
    /// Both parties pay.
    SharedCost,
    /// A number that follows its owner.
    PersonalNumber,
    /// A pager.
    Pager,
    /// A company's number for all its places (universal access number).
    Uan,
    /// A mailbox.
    Voicemail,
    /// Anything else, or not told.
    Unknown,
}

impl CarrierType {
    /// Reads a provider's word for a line: Twilio's `nonFixedVoip`, Telnyx's `fixed line or
    /// mobile`. Letter case, spaces, hyphens and underscores do not count; a word that is not known
    /// is [`CarrierType::Unknown`].
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

    /// The coarse kind that this fine one belongs to.
    #[must_use]
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
    fn words_of_both_providers_are_known() {
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
