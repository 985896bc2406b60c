//! Possible U.S. phone numbers, and how to find one in what people and systems write (contract, section 3.3).
//!
//! [`PhoneNumber::parse`] takes these steps, each in its own file:
//!
//! 1. `clean` normalizes characters, drops labels and parenthesized remarks, and detects empty input masks.
//! 2. `extension` splits the extension off.
//! 3. `remark` drops what follows a whole number.
//! 4. `keys` maps the letters of a vanity number to digits, and drops separators.
//! 5. The `phonenumber` crate finds the country code and the national number.
//!
//! Steps only drop or refuse, so the result is never a number that the person did not type. `tests/phones` compares the
//! results with libphonenumber.

mod area_codes;
mod clean;
mod extension;
mod keys;
pub mod region;
mod remark;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::sync::LazyLock;

use phonenumber::metadata::Database;
use phonenumber::{country, parse_with};
use serde::{Deserialize, Serialize};

use super::redact::redacted;
use area_codes::REGIONS;
pub use clean::MAX_PHONE;
use region::Region;

/// The number of digits after the country code.
const NATIONAL_DIGITS: usize = 10;

/// The metadata of the United States only. Loading the whole world's, which comes with the parser, takes ten times as
/// long as a cold start.
static UNITED_STATES: LazyLock<Database> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the asset is a part of the binary, and each test reads it")]
    Database::parse(include_str!("../../assets/phone-metadata-us.xml"))
        .expect("the embedded phone metadata can be read")
});

/// A possible U.S. phone number in E.164: country code 1 and ten national digits, as in `+15555550123`.
///
/// "Possible" is not "valid": the area code may not exist, and the line may be dead (contract, section 3.3). `Debug`
/// does not show the number.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct PhoneNumber(String);

/// The content of a phone field: a number, and an extension if one was given.
#[derive(Clone, PartialEq, Eq)]
pub struct Parsed {
    /// The number without its extension.
    pub number: PhoneNumber,
    /// One to nine digits, as they were sent.
    pub extension: Option<String>,
}

/// Why a text holds no phone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PhoneFault {
    /// The text is an empty input mask, such as `+1 (___) ___-____`. Treat it as blank.
    #[error("no phone number is given")]
    NotGiven,
    /// The text is not one possible U.S. phone number.
    #[error("not a possible U.S. phone number")]
    NotPossible,
}

impl PhoneNumber {
    /// Reads a phone number as people write it, and splits off an extension (contract, section 3.3).
    ///
    /// # Errors
    /// [`PhoneFault::NotGiven`] for a text without a digit or letter, or with no digit except the country code;
    /// [`PhoneFault::NotPossible`] for more than 64 characters, for two numbers, and for anything that does not result
    /// in country code 1 and ten national digits.
    pub fn parse(text: &str) -> Result<Parsed, PhoneFault> {
        let text = clean::text(text)?;
        let (number, extension) = clean::number(&text)?;
        let read = parse_with(&UNITED_STATES, Some(country::US), in_rfc_3966(&keys::pressed(number)?)?);
        let read = read.map_err(|_| PhoneFault::NotPossible)?;
        let national = read.national().to_string();
        // The parser drops one leading 1. Another one means that the text has too many prefixes.
        if read.code().value() != 1 || national.len() != NATIONAL_DIGITS || national.starts_with('1') {
            return Err(PhoneFault::NotPossible);
        }
        // Formatting with the parser would load the metadata of the whole world.
        Ok(Parsed { number: Self(format!("+1{national}")), extension: extension.map(str::to_owned) })
    }

    /// The result of the cleaning steps: the number as it was written, in lowercase. libphonenumber reads the same
    /// number from it as [`PhoneNumber::parse`] does.
    ///
    /// # Errors
    /// [`PhoneFault`] if cleaning already shows that there is no number.
    pub fn cleaned(text: &str) -> Result<String, PhoneFault> {
        clean::number(&clean::text(text)?).map(|(number, _)| number.to_owned())
    }

    /// The region of the number's area code; `None` if several regions share it or none has it.
    pub fn region(&self) -> Option<Region> {
        region_of(self.0.get(2..5)?.parse().ok()?)
    }

    /// Whether the number charges the caller, as the area code 900 says.
    pub fn is_premium(&self) -> bool {
        self.0.get(2..5) == Some("900")
    }

    /// The number in E.164: `+15555550123`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The lengths of the groups of digits in a text, without a leading 1.
fn national_groups(text: &str) -> Vec<usize> {
    let digits = text.trim_start_matches(|c: char| !c.is_ascii_digit());
    let groups = digits.strip_prefix('1').unwrap_or(digits).split(|c: char| !c.is_ascii_digit());
    groups.map(str::len).filter(|len| *len > 0).collect()
}

/// The keys in the form of RFC 3966, with a separate country code, which the parser reads with a grammar. For other
/// forms it uses regular expressions, which take half of a cold start to compile (`docs/performance.md`). Refuses the
/// codes of other countries.
fn in_rfc_3966(keys: &str) -> Result<Cow<'_, str>, PhoneFault> {
    let international = keys.trim_start_matches('+');
    // Some people write the exit code of the U.S. after a plus sign.
    let international = international.strip_prefix("011").unwrap_or(international);
    if international.len() == keys.len() {
        return Ok(keys.into());
    }
    let national = international.strip_prefix('1').ok_or(PhoneFault::NotPossible)?;
    // Some people write the trunk prefix after the country code. The parser would drop one more digit.
    if national.len() > NATIONAL_DIGITS + 1 {
        return Err(PhoneFault::NotPossible);
    }
    Ok(format!("+1-{national}").into())
}

/// The region of an area code; `None` if the code is not assigned, or shared by several regions, such as 800.
fn region_of(code: u16) -> Option<Region> {
    REGIONS.iter().find(|(_, codes)| codes.binary_search(&code).is_ok()).map(|(region, _)| *region)
}

/// Reads a stored number. Only its shape is checked.
impl TryFrom<String> for PhoneNumber {
    type Error = PhoneFault;

    fn try_from(text: String) -> Result<Self, PhoneFault> {
        match text.strip_prefix("+1") {
            Some(national) if national.len() == NATIONAL_DIGITS && national.bytes().all(|b| b.is_ascii_digit()) => {
                Ok(Self(text))
            }
            _ => Err(PhoneFault::NotPossible),
        }
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

redacted!(PhoneNumber, Parsed);
