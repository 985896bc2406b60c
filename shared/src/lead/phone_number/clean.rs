//! What of a text is the number, and what the extension.

use std::borrow::Cow;
use std::net::Ipv4Addr;

use unicode_normalization::UnicodeNormalization;

use super::{PhoneFault, extension, remark};
use crate::lead::text::is_format;

/// Longest text, in characters, that is read as a phone number (contract, section 3.3).
const MAX_CHARS: usize = 64;

/// The text in one form (NFKC, lower case, ASCII's dash and dot, no format characters), without parenthesized remarks.
///
/// # Errors
///
/// [`PhoneFault::NotPossible`] for more than 64 characters and for an IP address, [`PhoneFault::NotGiven`] for a text
/// without a digit or a letter.
pub(super) fn text(sent: &str) -> Result<Cow<'_, str>, PhoneFault> {
    // An address on the network may have ten digits, separated as a number's are.
    if sent.chars().nth(MAX_CHARS).is_some() || sent.parse::<Ipv4Addr>().is_ok() {
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

/// The number, from its first digit or plus to its last digit or letter, and the extension.
///
/// # Errors
///
/// [`PhoneFault::NotGiven`] for a country code alone, [`PhoneFault::NotPossible`] for a text without a digit and for
/// letters after the extension of anything but a whole number.
pub(super) fn number(text: &str) -> Result<(&str, Option<&str>), PhoneFault> {
    // A label such as `tel:` or `Mobile:` comes before the number.
    let text = text.trim_start_matches(|c: char| c != '+' && !c.is_numeric());
    if is_empty_mask(text) {
        return Err(PhoneFault::NotGiven);
    }
    let (number, extension) = extension::split(text)?;
    let number = remark::without(number);
    // Punctuation may trail. A `#` may not: after anything but ten digits it ends another kind of number.
    Ok((number.trim_end_matches(|c: char| !c.is_alphanumeric() && c != '#'), extension))
}

/// Drops each parenthesized part without digits: the letters of `512-555-0123 (cell)` are no keys. A plus is kept, because
/// after it the number is another country's.
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

/// `+1 (___) ___-____`: an input mask into which nothing was typed. Without its plus, the 1 has to be followed by a
/// mask, because a person may type a 1 or live at `1 Elm Street`.
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

/// A dash or a dot, as typography and libphonenumber know them, in ASCII.
fn separator(c: char) -> char {
    match c {
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{30FC}' => '-',
        '·' | '•' => '.',
        _ => c,
    }
}
