//! The extension of a number.

use super::{NATIONAL_DIGITS, PhoneFault, national_groups, remark};

/// Digits of an extension after a mark. Ten digits would be a second phone number.
const MAX_DIGITS: usize = 9;

/// Digits of an extension without a mark that ends in `#`. Seven digits would be the rest of a number.
const MAX_CLOSED_DIGITS: usize = 6;

/// Splits `5125550123 ext. 5` into the number and the extension, if there is one. The digits of an extension never
/// complete a number: `555-0199 x9` stays a local number.
///
/// # Errors
/// [`PhoneFault::NotPossible`] for two extensions, and for letters after the extension unless they are a remark after a
/// whole number.
pub(super) fn split(text: &str) -> Result<(&str, Option<&str>), PhoneFault> {
    let digits_end = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let tail = text.strip_prefix(digits_end).unwrap_or_default();
    let before = digits_end.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = digits_end.strip_prefix(before).unwrap_or_default();

    let announced = announced(before).filter(|_| (1..=MAX_DIGITS).contains(&digits.len()));
    let closed = || {
        let is_closed = tail.split(char::is_alphanumeric).next().is_some_and(|signs| signs.contains('#'));
        // The last four digits of `512-555-0123#` are not an extension. The last three of `555-0123-456#` are.
        let is_number = matches!(national_groups(digits_end)[..], [NATIONAL_DIGITS] | [3, 3, 4]);
        let is_one = (1..=MAX_CLOSED_DIGITS).contains(&digits.len()) && !is_number;
        (is_closed && is_one).then_some(before)
    };
    let Some(number) = announced.or_else(closed) else { return Ok((text, None)) };
    // A second mark means a second extension, so it is unclear which one belongs to the number.
    if split(number)?.1.is_some() {
        return Err(PhoneFault::NotPossible);
    }
    let is_remark = || remark::after_whole_number(number).is_some() && remark::is_one(tail);
    if tail.contains(char::is_alphanumeric) && !is_remark() {
        return Err(PhoneFault::NotPossible);
    }
    Ok((number, Some(digits)))
}

/// The text before the mark at its end. A mark directly after a letter is part of a word, such as the `x` of
/// `FLEX-123`.
fn announced(text: &str) -> Option<&str> {
    let marked = text.trim_end_matches(|c: char| !c.is_alphanumeric());
    let by_word = remark::MARKS.iter().find_map(|mark| marked.strip_suffix(mark));
    let by_sign = || text.rsplit_once('#').map(|(number, _)| number).filter(|number| number.len() >= marked.len());
    by_word.or_else(by_sign).filter(|number| !number.ends_with(char::is_alphabetic))
}
