//! The keys to press to dial a number.

use super::area_codes::TOLL_FREE;
use super::{PhoneFault, national_groups};

/// The keypad's digit for each letter.
const KEYPAD: &[u8; 26] = b"22233344455566677778889999";

/// Digits before the letters of a vanity number: an area code.
const MIN_DIGITS: usize = 3;

/// Letters in a row that make a vanity number.
const MIN_LETTERS: usize = 3;

/// The digits of a local number: exchange and line.
const LOCAL_DIGITS: usize = 7;

/// The keys to press: leading plus signs, and digits. The keypad maps the letters of a vanity number to digits.
/// Separators are dropped.
///
/// The parser gets only these, because it misreads other characters: it reads the `x` of `1-800-GO-FEDEX` as an
/// extension, and the `+1512` of `+1512-555-0123` as a country code.
///
/// # Errors
/// [`PhoneFault::NotPossible`] for letters that are not a vanity number, and for characters that are not separators.
pub(super) fn pressed(number: &str) -> Result<String, PhoneFault> {
    if number.contains(char::is_alphabetic) && !is_vanity(number) {
        return Err(PhoneFault::NotPossible);
    }
    let mut keys = String::with_capacity(number.len());
    for (at, c) in number.chars().enumerate() {
        match c {
            '0'..='9' => keys.push(c),
            // Plus signs are only valid at the start.
            '+' if keys.len() == at => keys.push(c),
            // Not `~`, because libphonenumber reads an extension after it.
            '(' | ')' | '[' | ']' | '-' | '.' | '/' => {}
            _ if c.is_whitespace() => {}
            _ => keys.push(key(c).ok_or(PhoneFault::NotPossible)?),
        }
    }
    Ok(keys)
}

fn key(letter: char) -> Option<char> {
    let place = u32::from(letter).checked_sub(u32::from('a'))?;
    KEYPAD.get(usize::try_from(place).ok()?).map(|key| char::from(*key))
}

/// Whether the letters of a number are meant to be dialed (contract, section 3.3): `1-800-FLOWERS` and `512-555-CELL`
/// are, `512-555-O123`, `4 Elm Street`, `512-XXX-XXXX` and `8a7f3e9b2c` are not.
fn is_vanity(number: &str) -> bool {
    let (before, rest) = number.split_at(number.find(char::is_alphabetic).unwrap_or_default());
    // Only hyphens and dots are allowed between the first and the last letter.
    let stretch = rest.trim_end_matches(|c: char| !c.is_alphabetic());
    let is_stretch = stretch.chars().all(|c| c.is_ascii_lowercase() || matches!(c, '-' | '.'));
    let is_word = stretch.split(|c: char| !c.is_ascii_lowercase()).any(|run| run.len() >= MIN_LETTERS);

    // `XXX` and `NXX-NXXX` are placeholders.
    let letters = || stretch.chars().filter(char::is_ascii_lowercase);
    let is_placeholder = letters().all(|c| letters().next() == Some(c)) || letters().all(|c| matches!(c, 'n' | 'x'));

    let groups = national_groups(before);
    // A space suggests a street address, as in `512 Oak Lane`, unless a part of a phone number comes before it.
    let is_set_off = before.chars().rev().take_while(|c| !c.is_ascii_digit()).any(char::is_whitespace);
    let is_a_part = || matches!(groups[..], [3, 3]) || is_toll_free(before);
    // `555-0123 fax` is a local number of seven digits and a remark of three letters.
    let is_local = groups.iter().sum::<usize>() == LOCAL_DIGITS && letters().count() == MIN_LETTERS;

    let digits = before.bytes().filter(u8::is_ascii_digit).count();
    digits >= MIN_DIGITS && is_stretch && is_word && !is_placeholder && (!is_set_off || is_a_part()) && !is_local
}

fn is_toll_free(text: &str) -> bool {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    digits.strip_prefix('1').unwrap_or(&digits).parse().is_ok_and(|code| TOLL_FREE.contains(&code))
}
