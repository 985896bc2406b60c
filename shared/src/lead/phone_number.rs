//! Possible U.S. phone numbers, and how one is found in what people and systems write (contract, section 3.3).
//!
//! [`PhoneNumber::parse`] takes these steps, each in a file of its own:
//!
//! 1. `clean`: one form for each character; labels and parenthesized remarks dropped; empty input masks told apart.
//! 2. `extension`: the extension split off.
//! 3. `remark`: what follows a whole number dropped.
//! 4. `keys`: letters taken by the keypad, if they are a vanity number, and separators dropped.
//! 5. `phonenumber`: the country code and the national number.
//!
//! Each step only drops or refuses, so a number is never one that the person did not type. `tests/phones` compares the
//! outcome with libphonenumber.

mod area_codes;
mod clean;
mod extension;
mod keys;
pub mod region;
mod remark;
#[cfg(test)]
mod tests;

use std::{borrow::Cow, fmt, sync::LazyLock};

use phonenumber::{country, metadata::Database, parse_with};
use serde::{Deserialize, Serialize};

use region::Region;

/// Digits of a U.S. number after the country code.
const NATIONAL_DIGITS: usize = 10;

/// The metadata of the United States alone: the world's, which the parser comes with, takes ten
/// times a cold start to load.
static UNITED_STATES: LazyLock<Database> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the asset is a part of the binary, and each test reads it")]
    Database::parse(include_str!("../../assets/phone-metadata-us.xml"))
        .expect("the embedded phone metadata can be read")
});

/// A possible U.S. phone number in E.164: country code 1 and ten national digits, as in
/// `+15555550123`.
///
/// Possible, not valid: whether the area code exists or the line rings is not asked (contract,
/// section 3.3). `Debug` does not show the number.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct PhoneNumber(String);

/// What a phone field held: the number and, where one was given, its extension.
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
    /// The text is an empty input mask, such as `+1 (___) ___-____`: treat it like a blank one.
    #[error("no phone number is given")]
    NotGiven,
    /// The text is not one possible U.S. phone number.
    #[error("not a possible U.S. phone number")]
    NotPossible,
}

impl PhoneNumber {
    /// Reads a phone number as people write it, with any extension split off (contract, section
    /// 3.3).
    ///
    /// # Errors
    ///
    /// [`PhoneFault::NotGiven`] for a text without a digit or letter, or with no digit but the country code;
    /// [`PhoneFault::NotPossible`] for more than 64 characters, for two numbers in one text, and for anything that
    /// does not come to country code 1 and ten national digits.
    pub fn parse(text: &str) -> Result<Parsed, PhoneFault> {
        let text = clean::text(text)?;
        let (number, extension) = clean::number(&text)?;
        let read = parse_with(&UNITED_STATES, Some(country::US), in_rfc_3966(&keys::pressed(number)?)?);
        let read = read.map_err(|_| PhoneFault::NotPossible)?;
        let national = read.national().to_string();
        // A first digit 1 is left over from more prefixes than a number has: the parser itself would drop it.
        if read.code().value() != 1 || national.len() != NATIONAL_DIGITS || national.starts_with('1') {
            return Err(PhoneFault::NotPossible);
        }
        // Formatting through the parser would load the metadata of the whole world.
        Ok(Parsed { number: Self(format!("+1{national}")), extension: extension.map(str::to_owned) })
    }

    /// What cleaning leaves of a text: the number as it was written, in lower case. libphonenumber reads it as the
    /// same number that [`PhoneNumber::parse`] does.
    ///
    /// # Errors
    ///
    /// [`PhoneFault`], where cleaning already shows that there is no number.
    pub fn cleaned(text: &str) -> Result<String, PhoneFault> {
        clean::number(&clean::text(text)?).map(|(number, _)| number.to_owned())
    }

    /// The region of the number's area code, where one region has it.
    #[must_use]
    pub fn region(&self) -> Option<Region> {
        Region::of_area_code(self.0.get(2..5)?.parse().ok()?)
    }

    /// The number in E.164.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The lengths of a text's groups of digits, without a leading 1.
fn national_groups(text: &str) -> Vec<usize> {
    let digits = text.trim_start_matches(|c: char| !c.is_ascii_digit());
    let groups = digits.strip_prefix('1').unwrap_or(digits).split(|c: char| !c.is_ascii_digit());
    groups.map(str::len).filter(|len| *len > 0).collect()
}

/// The keys as RFC 3966 has them, with the country code apart: what the parser reads by its grammar. All else it searches
/// with expressions for the world's ways to write numbers, and those take half of a cold start to compile
/// (`docs/performance.md`). No other country's code has a place here.
fn in_rfc_3966(keys: &str) -> Result<Cow<'_, str>, PhoneFault> {
    let international = keys.trim_start_matches('+');
    // The exit code of the U.S., which some dial after a plus too.
    let international = international.strip_prefix("011").unwrap_or(international);
    if international.len() == keys.len() {
        return Ok(keys.into());
    }
    let national = international.strip_prefix('1').ok_or(PhoneFault::NotPossible)?;
    // Some dial the trunk prefix after the country code. The parser would take off another one.
    if national.len() > NATIONAL_DIGITS + 1 {
        return Err(PhoneFault::NotPossible);
    }
    Ok(format!("+1-{national}").into())
}

/// Stored numbers are read back by their shape alone.
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

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhoneNumber(redacted)")
    }
}

impl fmt::Debug for Parsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parsed").finish_non_exhaustive()
    }
}
