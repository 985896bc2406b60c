//! Numbers and flags. They are read from the partner's own text, so no digit is lost.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use serde_json::value::RawValue;

/// The most digits of a price before the decimal point (contract, section 3.3).
pub const MAX_PRICE_DIGITS: usize = 12;
/// The most digits of a price after the decimal point (contract, section 3.3).
pub const MAX_PRICE_DECIMALS: usize = 6;
/// The largest whole number (contract, section 3.1).
pub const MAX_WHOLE: u32 = i32::MAX.unsigned_abs();
/// The largest exponent. It exceeds every member's limits, but does not fill the memory with zeros.
const MAX_SHIFT: usize = 400;

/// An exact price of at least 0. The currency is up to the partner (contract, section 3.3).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Price(String);

impl Price {
    /// Reads a JSON number or a numeric string; `None` for anything else, including currency signs and grouping.
    ///
    /// The limits apply to the value: redundant zeros do not count.
    pub fn parse(text: &str) -> Option<Self> {
        let decimal = canonical_decimal(text)?;
        let (whole, fraction) = decimal.split_once('.').unwrap_or((&decimal, ""));
        let is_price =
            !decimal.starts_with('-') && whole.len() <= MAX_PRICE_DIGITS && fraction.len() <= MAX_PRICE_DECIMALS;
        is_price.then_some(Self(decimal))
    }

    /// The price in the shortest form: `18.5`, never `18.50`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Writes a JSON number with every digit. It uses `serde_json`'s raw values, so it works only with `serde_json`.
impl Serialize for Price {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.clone()).map_err(ser::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Price {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = Box::<RawValue>::deserialize(deserializer)?;
        Self::parse(number.get()).ok_or_else(|| de::Error::custom("not a price"))
    }
}

/// Reads a whole number from 0 to 2,147,483,647 (contract, section 3.1). `5`, `5.0` and `5e0` are the same number, and
/// so are `75000` and `$75,000`.
pub fn whole(text: &str) -> Option<u32> {
    let number = canonical_decimal(&without_grouping(text)?)?.parse().ok()?;
    (number <= MAX_WHOLE).then_some(number)
}

/// Removes a leading dollar sign and the commas that group digits by three. `None` if a comma does anything else:
/// `75,00` has lost a digit or is a European decimal.
fn without_grouping(text: &str) -> Option<Cow<'_, str>> {
    let amount = match text.strip_prefix('$').map(str::trim_start) {
        Some(amount) if amount.starts_with(|c: char| c.is_ascii_digit()) => amount,
        Some(_) => return None,
        None => text,
    };
    if !amount.contains(',') {
        return Some(amount.into());
    }
    let (whole, fraction) = amount.split_once('.').unwrap_or((amount, ""));
    let mut groups = whole.split(',');
    let is_first = |group: &str| (1..=3).contains(&group.len()) && !group.starts_with('0');
    let is_grouped = groups.next().is_some_and(is_first)
        && groups.all(|group| group.len() == 3)
        && fraction.bytes().all(|b| b.is_ascii_digit());
    is_grouped.then(|| amount.replace(',', "").into())
}

/// Reads yes or no in any letter case (contract, section 3).
pub fn flag(text: &str) -> Option<bool> {
    let is_any_of = |words: [&str; 6]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is_any_of(["true", "yes", "y", "t", "on", "1"]) {
        Some(true)
    } else if is_any_of(["false", "no", "n", "f", "off", "0"]) {
        Some(false)
    } else {
        None
    }
}

/// The canonical form of a decimal: no exponent, no plus sign, no redundant zeros. Two spellings of the same value make
/// the same submission (contract, section 5, "Content").
///
/// Reads JSON numbers of any length, and also leading zeros (`018`) and a decimal point at either end (`.5`, `5.`).
/// `None` for anything else, and for exponents that exceed every member's limits.
pub fn canonical_decimal(text: &str) -> Option<String> {
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text),
    };
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<isize>().ok()?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = [whole, fraction].concat();
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let significant = digits.trim_start_matches('0');
    if significant.is_empty() {
        return Some("0".to_owned());
    }
    if exponent.unsigned_abs() > MAX_SHIFT {
        return None;
    }
    // Zeros on both sides make room for the decimal point wherever the exponent moves it.
    let room = "0".repeat(exponent.unsigned_abs());
    let padded = format!("{room}{digits}{room}");
    let point = (room.len() + whole.len()).checked_add_signed(exponent)?;
    let (whole, fraction) = padded.split_at_checked(point)?;
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    Some(match fraction.trim_end_matches('0') {
        "" => format!("{sign}{whole}"),
        fraction => format!("{sign}{whole}.{fraction}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_NUMBERS: &[&str] = &[
        "",
        "-",
        "+",
        ".",
        "-.",
        "e",
        "e5",
        ".e5",
        "1e",
        "1e+",
        "1e-+5",
        "1e5.0",
        "1e1e1",
        "--1",
        "+1",
        "1-",
        "1.2.3",
        "$18.50",
        "18,50",
        "1,000",
        "1_000",
        "1 000",
        "18.5 ",
        "NaN",
        "Infinity",
        "-inf",
        "0x10",
        "1e999999999999999999999",
        "١٢",
        "12USD",
    ];

    #[test]
    fn a_decimal_has_one_spelling() {
        for (text, canonical) in [
            ("18.5", "18.5"),
            ("18.50", "18.5"),
            ("1.85E1", "18.5"),
            ("1.85e+1", "18.5"),
            ("185e-1", "18.5"),
            ("0018.5", "18.5"),
            ("1e2", "100"),
            ("100", "100"),
            ("100.000", "100"),
            ("1200e-2", "12"),
            ("12e-4", "0.0012"),
            ("0.0012e2", "0.12"),
            (".5", "0.5"),
            ("5.", "5"),
            ("0", "0"),
            ("-0", "0"),
            ("0.00", "0"),
            ("0e999999999", "0"),
            ("-18.50", "-18.5"),
            ("-.5", "-0.5"),
            ("0.1000000001", "0.1000000001"),
            ("0.10000000000000000000000000000000000001", "0.10000000000000000000000000000000000001"),
        ] {
            assert_eq!(canonical_decimal(text).as_deref(), Some(canonical), "{text}");
            assert_eq!(canonical_decimal(canonical).as_deref(), Some(canonical), "again: {canonical}");
        }
        for text in NO_NUMBERS {
            assert_eq!(canonical_decimal(text), None, "{text}");
        }
        assert!(canonical_decimal("1e400").is_some());
        assert_eq!(canonical_decimal("1e401"), None);
        assert!(canonical_decimal("1e-400").is_some());
        assert_eq!(canonical_decimal("1e-401"), None);
    }

    #[test]
    fn prices() {
        for (text, price) in [
            ("0", Some("0")),
            ("-0", Some("0")),
            ("0.1", Some("0.1")),
            ("18.50", Some("18.5")),
            ("1e2", Some("100")),
            ("999999999999.999999", Some("999999999999.999999")),
            ("1000000000000", None),
            ("1e11", Some("100000000000")),
            ("1e12", None),
            ("0.000001", Some("0.000001")),
            ("1e-6", Some("0.000001")),
            ("0.0000001", None),
            ("1e-7", None),
            ("0.1000000001", None),
            ("000000000000018.500000000", Some("18.5")),
            ("-1", None),
            ("-0.000001", None),
        ] {
            assert_eq!(Price::parse(text).as_ref().map(Price::as_str), price, "{text}");
        }
        for text in NO_NUMBERS {
            assert_eq!(Price::parse(text), None, "{text}");
        }
    }

    #[test]
    fn every_digit_survives_json() {
        for text in ["0.1", "18.5", "0", "123456789012.123456", "999999999999.999999"] {
            let price = Price::parse(text).unwrap();
            let json = serde_json::to_string(&price).unwrap();
            assert_eq!(json, text);
            assert_eq!(serde_json::from_str::<Price>(&json).unwrap(), price);
        }
        for json in [r#""18.5""#, "-1", "null", "true", "[1]"] {
            assert!(serde_json::from_str::<Price>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn whole_numbers() {
        for (text, number) in [
            ("0", Some(0)),
            ("-0", Some(0)),
            ("5", Some(5)),
            ("5.0", Some(5)),
            ("05", Some(5)),
            ("1e3", Some(1000)),
            ("2147483647", Some(2_147_483_647)),
            ("2147483648", None),
            ("4294967296", None),
            ("99999999999999999999", None),
            ("-1", None),
            ("5.5", None),
            ("1e-1", None),
        ] {
            assert_eq!(whole(text), number, "{text}");
        }
        for text in NO_NUMBERS.iter().filter(|text| **text != "1,000") {
            assert_eq!(whole(text), None, "{text}");
        }
    }

    #[test]
    fn a_whole_number_may_be_written_as_money() {
        for (text, number) in [
            ("75,000", Some(75_000)),
            ("$75,000", Some(75_000)),
            ("$75000", Some(75_000)),
            ("$ 75,000", Some(75_000)),
            ("$75,000.00", Some(75_000)),
            ("75,000.", Some(75_000)),
            ("1,234,567", Some(1_234_567)),
            ("999,999", Some(999_999)),
            ("2,147,483,647", Some(2_147_483_647)),
            ("$0", Some(0)),
            ("2,147,483,648", None),
            ("75,000.50", None),
            ("75,00", None),
            ("7,5000", None),
            ("1,2,3", None),
            ("1,234,56", None),
            ("1234,567", None),
            ("0,075", None),
            ("000,075", None),
            (",075", None),
            ("75,", None),
            ("75,000,", None),
            ("75,,000", None),
            (",", None),
            ("75,000e1", None),
            ("75,000.0e1", None),
            ("1.000,00", None),
            ("75 000", None),
            ("75,0\u{661}", None),
            ("-1,000", None),
            ("-$5", None),
            ("$-5", None),
            ("$-0", None),
            ("$", None),
            ("$$5", None),
            ("$.5", None),
            ("5$", None),
            ("$5k", None),
            ("€5", None),
            ("USD 5", None),
        ] {
            assert_eq!(whole(text), number, "{text}");
            assert_eq!(Price::parse(text), Price::parse(text).filter(|_| !text.contains(['$', ','])), "{text}");
        }
    }

    #[test]
    fn flags() {
        for (text, value) in [
            ("true", Some(true)),
            ("TRUE", Some(true)),
            ("Yes", Some(true)),
            ("1", Some(true)),
            ("y", Some(true)),
            ("T", Some(true)),
            ("On", Some(true)),
            ("false", Some(false)),
            ("No", Some(false)),
            ("0", Some(false)),
            ("N", Some(false)),
            ("f", Some(false)),
            ("OFF", Some(false)),
            ("", None),
            ("2", None),
            ("-1", None),
            ("1.0", None),
            ("truee", None),
            ("yep", None),
            ("o", None),
            ("own", None),
            ("null", None),
        ] {
            assert_eq!(flag(text), value, "{text}");
        }
    }
}
