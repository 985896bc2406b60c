//! Remarks after a whole number, which are not part of the number.

use super::NATIONAL_DIGITS;

/// The words that announce an extension, in lowercase. A word comes before other words that it ends in.
pub(super) const MARKS: [&str; 7] = ["extension", "extensión", "extn", "ext", "xtn", "int", "x"];

/// Letters that some people add to a number: home, work, cell, mobile.
const LETTERS: [&str; 4] = ["h", "w", "c", "m"];

/// Drops a remark after a whole number: `5125550123 c`, `512-555-0123 ext`, `(512) 555-0123 home`.
pub(super) fn without(text: &str) -> &str {
    match after_whole_number(text) {
        Some(tail) if is_one(tail) => text.strip_suffix(tail).unwrap_or(text),
        _ => text,
    }
}

/// The text after the first ten digits, not counting a leading 1; `None` if a letter comes before the tenth digit.
pub(super) fn after_whole_number(text: &str) -> Option<&str> {
    let mut digits = text.char_indices().filter(|(_, c)| c.is_ascii_digit());
    let last = match digits.next()? {
        (_, '1') => digits.nth(NATIONAL_DIGITS - 1),
        _ => digits.nth(NATIONAL_DIGITS - 2),
    };
    let (number, tail) = text.split_at_checked(last?.0 + 1)?;
    (!number.contains(char::is_alphabetic)).then_some(tail)
}

/// Whether `tail` is a remark: an extension's mark without digits, one letter, or words after a space. If it contains a
/// digit, it may be a second number.
pub(super) fn is_one(tail: &str) -> bool {
    let attached = tail.split(char::is_whitespace).next().unwrap_or_default();
    let attached = attached.trim_matches(|c: char| !c.is_alphanumeric());
    !tail.contains(char::is_numeric)
        && (attached.is_empty() || LETTERS.contains(&attached) || MARKS.contains(&attached))
}
