//! Cleans a text and finds the number and the extension in it.

use std::borrow::Cow;
use std::net::Ipv4Addr;

use unicode_normalization::UnicodeNormalization;

use super::{PhoneFault, extension, remark};
use crate::lead::text::is_format;

/// The longest text, in characters, that is read as a phone number (contract, section 3.3).
pub const MAX_PHONE: usize = 64;

/// Normalizes a text: NFKC, lowercase, ASCII dashes and dots, no format characters, no parenthesized remarks.
///
/// # Errors
/// [`PhoneFault::NotPossible`] for more than 64 characters and for an IP address, [`PhoneFault::NotGiven`] for a text
/// without a digit or a letter.
pub(super) fn text(sent: &str) -> Result<Cow<'_, str>, PhoneFault> {
    // An IP address may have ten digits and the same separators as a phone number.
    if sent.chars().nth(MAX_PHONE).is_some() || sent.parse::<Ipv4Addr>().is_ok() {
        return Err(PhoneFault::NotPossible);
    }
    let is_in_form = sent.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase());
    let text = match is_in_form {
        true => Cow::Borrowed(sent),
        false => sent.nfkc().filter(|c| !is_format(*c)).map(separator).flat_map(char::to_lowercase).collect(),
    };
    if !text.contains(char::is_alphanumeric) {
        return Err(PhoneFault::NotGiven);
    }
    Ok(without_remarks(text))
}

/// Finds the number, from the first digit or plus sign to the last digit or letter, and the extension.
///
/// # Errors
/// [`PhoneFault::NotGiven`] for only a country code, [`PhoneFault::NotPossible`] for a text without a digit and for
/// letters after the extension of anything but a whole number.
pub(super) fn number(text: &str) -> Result<(&str, Option<&str>), PhoneFault> {
    // Drop a label such as `tel:` or `Mobile:`.
    let text = text.trim_start_matches(|c: char| c != '+' && !c.is_numeric());
    if is_empty_mask(text) {
        return Err(PhoneFault::NotGiven);
    }
    let (number, extension) = extension::split(text)?;
    let number = remark::without(number);
    // Drop punctuation at the end. Keep a `#`, because after anything but ten digits it ends another kind of number.
    Ok((number.trim_end_matches(|c: char| !c.is_alphanumeric() && c != '#'), extension))
}

/// Drops each parenthesized part without digits: the letters of `512-555-0123 (cell)` are not keys. Keeps a plus sign,
/// because it starts the number of another country.
fn without_remarks(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.contains('(') {
        return text;
    }
    let mut kept = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some((before, opened)) = rest.split_once('(')
        && let Some((inside, after)) = opened.split_once(')')
    {
        kept.push_str(before);
        if inside.contains(|c: char| c == '+' || c.is_numeric()) {
            kept.extend(["(", inside, ")"]);
        }
        rest = after;
    }
    Cow::Owned(kept + rest)
}

/// Whether a text is an input mask that was not filled in: `+1 (___) ___-____`. Without a plus sign, a mask must follow
/// the 1, because a person may type only a 1, or live at `1 Elm Street`.
fn is_empty_mask(text: &str) -> bool {
    let mut digits = text.chars().filter(|c| c.is_numeric());
    if digits.next() != Some('1') || digits.next().is_some() {
        return false;
    }
    match text.strip_prefix('1') {
        Some(mask) => !mask.trim().is_empty() && !mask.contains(char::is_alphabetic),
        None => true,
    }
}

/// Maps typographic dashes and dots to ASCII, as libphonenumber does.
fn separator(c: char) -> char {
    match c {
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{30FC}' => '-',
        '·' | '•' => '.',
        _ => c,
    }
}
