//! The lookups of test leads: fixed results, without a provider and without cost (contract, section 9).

use super::LookupFault;
use crate::lead::line_type::{CarrierType, LineType};
use crate::lead::lookup::{Lookup, ProviderName};
use crate::lead::phone_number::PhoneNumber;
use crate::time::Timestamp;

/// What a lookup of a test lead finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what it is called")]
pub enum Fixed {
    Landline,
    Voip,
    TollFree,
    Invalid,
    Mobile,
    Failed,
    NotFound,
}

/// The last four digits of a number, and the result of its lookup. Every other number is a mobile phone.
pub const FIXED: [(&str, Fixed); 8] = [
    ("0101", Fixed::Landline),
    ("0102", Fixed::Voip),
    ("0103", Fixed::TollFree),
    ("0104", Fixed::Invalid),
    ("0105", Fixed::Mobile),
    ("0106", Fixed::Failed),
    ("0107", Fixed::Failed),
    ("0108", Fixed::NotFound),
];

impl Fixed {
    /// The result for a number.
    pub fn of(number: &PhoneNumber) -> Self {
        let found = FIXED.into_iter().find(|(digits, _)| number.as_str().ends_with(digits));
        found.map_or(Self::Mobile, |(_, fixed)| fixed)
    }

    /// What it is, in words.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Landline => "a landline",
            Self::Voip => "a VoIP line",
            Self::TollFree => "a toll-free number",
            Self::Invalid => "a number that is not valid",
            Self::Mobile => "a mobile phone",
            Self::Failed => "the lookup fails",
            Self::NotFound => "the lookup fails: the number is not found",
        }
    }
}

/// Looks a number up.
pub(super) fn look_up(number: &PhoneNumber) -> Result<Lookup, LookupFault> {
    let (is_valid, line_type, carrier_type) = match Fixed::of(number) {
        Fixed::Landline => (true, LineType::Wireline, CarrierType::FixedLine),
        Fixed::Voip => (true, LineType::Voip, CarrierType::Voip),
        Fixed::TollFree => (true, LineType::TollFree, CarrierType::TollFree),
        Fixed::Invalid => (false, LineType::Unknown, CarrierType::Unknown),
        Fixed::Mobile => (true, LineType::Wireless, CarrierType::Mobile),
        Fixed::Failed => return Err(LookupFault::Lasting { status: 400 }),
        Fixed::NotFound => return Err(LookupFault::Lasting { status: 404 }),
    };
    Ok(Lookup {
        number: number.clone(),
        is_valid: Some(is_valid),
        national_format: None,
        line_type,
        carrier_type,
        carrier: None,
        caller_name: None,
        provider: ProviderName::Test,
        retrieved_at: Timestamp::now(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_four_digits_decide() {
        for (text, expected) in [
            ("512-555-0101", Ok((true, LineType::Wireline))),
            ("512-555-0102", Ok((true, LineType::Voip))),
            ("512-555-0103", Ok((true, LineType::TollFree))),
            ("512-555-0104", Ok((false, LineType::Unknown))),
            ("512-555-0105", Ok((true, LineType::Wireless))),
            ("512-555-0106", Err(LookupFault::Lasting { status: 400 })),
            ("512-555-0107", Err(LookupFault::Lasting { status: 400 })),
            ("512-555-0108", Err(LookupFault::Lasting { status: 404 })),
            ("512-555-0100", Ok((true, LineType::Wireless))),
            ("512-555-1010", Ok((true, LineType::Wireless))),
        ] {
            let number = PhoneNumber::parse(text).unwrap().number;
            let found = look_up(&number).map(|lookup| (lookup.is_valid == Some(true), lookup.line_type));
            assert_eq!(found, expected, "{text}");
        }
    }
}
