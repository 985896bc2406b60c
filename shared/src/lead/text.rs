//! Cleaning of free text, and folding of spellings for comparison.

use std::borrow::Cow;

use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;

/// Why a text is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextFault {
    /// The text contains a control character other than a tab or a line break.
    #[error("control characters are not allowed")]
    Control,
    /// The text has too many characters.
    #[error("the text is too long")]
    TooLong,
}

/// Cleans a text that a partner sent (contract, section 3.3).
///
/// Trims the text and replaces each run of tabs and line breaks with one space. Drops characters that override or
/// isolate the direction of writing, because they can make a line read as something else. Keeps other invisible
/// characters (joiners, direction marks), because names in some scripts need them, and U+FFFD.
///
/// `max_chars` limits the result, in characters and not bytes.
///
/// # Errors
/// [`TextFault`]: the first fault in the text.
pub fn clean(text: &str, max_chars: usize) -> Result<String, TextFault> {
    // Fast path: nearly every text is plain ASCII.
    if text.len() <= max_chars && text.bytes().all(|b| matches!(b, b' '..=b'~')) {
        return Ok(text.trim().to_owned());
    }
    let mut cleaned = String::with_capacity(text.len());
    for (before, c) in cleaned_chars(text).enumerate() {
        if c.is_control() {
            return Err(TextFault::Control);
        }
        if before == max_chars {
            return Err(TextFault::TooLong);
        }
        cleaned.push(c);
    }
    Ok(cleaned)
}

/// Like [`clean`], but never fails: drops control characters and cuts a long text. For texts that do not come from a
/// partner, such as a provider's answer.
pub fn clean_lossy(text: &str, max_chars: usize) -> String {
    let cleaned: String = cleaned_chars(text).filter(|c| !c.is_control()).take(max_chars).collect();
    cleaned.trim().to_owned()
}

/// The characters of a text after the repairs of [`clean`], but with control characters.
fn cleaned_chars(text: &str) -> impl Iterator<Item = char> {
    let inner = text.trim_matches(|c: char| c.is_whitespace() || overrides_direction(c));
    let mut after_break = false;
    inner.chars().filter(|c| !overrides_direction(*c)).filter_map(move |c| {
        let is_break = is_break(c);
        let repeats = is_break && after_break;
        after_break = is_break;
        (!repeats).then_some(if is_break { ' ' } else { c })
    })
}

/// Whether a text contains only white space and format characters.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || is_format(c))
}

/// The text without format characters, which could hide what we search for.
pub fn visible(text: &str) -> Cow<'_, str> {
    if text.is_ascii() { text.into() } else { text.chars().filter(|c| !is_format(*c)).collect::<String>().into() }
}

/// Whether a character is a format character of Unicode (Cf): zero-width spaces and joiners, direction marks and
/// overrides, the byte-order mark, the soft hyphen and others. Nearly all are invisible.
pub fn is_format(c: char) -> bool {
    !c.is_ascii() && general_category(c) == GeneralCategory::Format
}

/// The general category of a character: letter, mark, digit and so on.
pub fn general_category(c: char) -> GeneralCategory {
    const { CodePointMapData::<GeneralCategory>::new() }.get(c)
}

/// The letters and digits of a text in lowercase, to compare texts without case, spaces and punctuation.
pub fn fold(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Embeddings, overrides and isolates of the direction of writing, and the characters that end them.
fn overrides_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A tab, or any of Unicode's mandatory line breaks.
fn is_break(c: char) -> bool {
    matches!(c, '\t'..='\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_repaired_and_control_characters_are_refused() {
        for (text, cleaned) in [
            ("100 Main St", Ok("100 Main St")),
            ("two  spaces", Ok("two  spaces")),
            (" \t outer\u{a0}\n", Ok("outer")),
            ("a\tb", Ok("a b")),
            ("a\r\nb", Ok("a b")),
            ("a\n\n\t\rb", Ok("a b")),
            ("a\n \nb", Ok("a   b")),
            ("a\u{b}\u{c}b", Ok("a b")),
            ("a\u{85}\u{2028}\u{2029}b", Ok("a b")),
            ("a\u{200c}\u{200d}b\u{200e}\u{200f}\u{61c}", Ok("a\u{200c}\u{200d}b\u{200e}\u{200f}\u{61c}")),
            ("Mu\u{fffd}oz", Ok("Mu\u{fffd}oz")),
            ("evil\u{202e}txt.exe", Ok("eviltxt.exe")),
            ("\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}a\u{2066}\u{2067}\u{2068}\u{2069}b", Ok("ab")),
            ("\u{202a} a \u{202c}", Ok("a")), // the inner space becomes the outer one
            ("a\n\u{202c}\nb", Ok("a b")),    // the two breaks become one run
            (" \u{2066}\u{2069}", Ok("")),
            ("\u{0}", Err(TextFault::Control)),
            ("a\u{8}b", Err(TextFault::Control)),
            ("a\u{e}b", Err(TextFault::Control)),
            ("a\u{1b}[0m", Err(TextFault::Control)),
            ("a\u{7f}", Err(TextFault::Control)),
            ("a\u{9f}", Err(TextFault::Control)),
        ] {
            assert_eq!(clean(text, 20), cleaned.map(str::to_owned), "{text:?}");
        }
    }

    #[test]
    fn length_is_counted_in_characters_of_the_result() {
        for (text, cleaned) in [
            ("abcd", Ok("abcd")),
            ("abcde", Err(TextFault::TooLong)),
            ("éééé", Ok("éééé")),
            ("ééééé", Err(TextFault::TooLong)),
            ("ab\r\n\r\nc", Ok("ab c")),
            ("ab\r\n\r\ncd", Err(TextFault::TooLong)),
            ("a\u{202e}b\u{202c}cd\u{2069}", Ok("abcd")),
        ] {
            assert_eq!(clean(text, 4), cleaned.map(str::to_owned), "{text:?}");
        }
    }

    #[test]
    fn lossy_cleaning_drops_and_cuts() {
        for (text, cleaned) in [
            ("EXAMPLE", "EXAMPLE"),
            ("a\u{1b}]0;b\u{7}", "a]0;b"),
            ("a\u{9b}31mb", "a31mb"),
            ("a\r\nb", "a b"),
            (" \u{202e}a\0 ", "a"),
            ("123456789", "12345678"),
            ("ééééééééé", "éééééééé"),
            ("1234567 9", "1234567"), // no trailing space
            ("\u{1b}\u{2066}\n", ""),
        ] {
            assert_eq!(clean_lossy(text, 8), cleaned, "{text:?}");
            assert_eq!(clean(cleaned, 8).as_deref(), Ok(cleaned), "a cleaned text stays the same: {text:?}");
        }
    }

    #[test]
    fn an_invisible_text_is_blank() {
        for text in ["", " \t\n", "\u{a0}\u{3000}", "\u{200b}", "\u{feff} \u{202e}\u{2069}"] {
            assert!(is_blank(text) && visible(text).trim().is_empty(), "{text:?}");
        }
        for text in ["a", " . ", "\u{200b}é", "\0", "\u{fffd}"] {
            assert!(!is_blank(text) && !visible(text).trim().is_empty(), "{text:?}");
        }
        assert_eq!(visible("lp_\u{202e}sou\u{200b}rce"), "lp_source");
    }

    #[test]
    fn format_characters_are_known() {
        for c in
            "\u{ad}\u{61c}\u{180e}\u{200b}\u{200c}\u{200d}\u{200e}\u{200f}\u{202e}\u{2060}\u{2069}\u{feff}\u{e0020}"
                .chars()
        {
            assert!(is_format(c), "{c:?}");
        }
        for c in "a -.é\u{301}\u{a0}\u{3000}\u{fffd}漢🎸".chars() {
            assert!(!is_format(c), "{c:?}");
        }
    }

    #[test]
    fn fold_keeps_letters_and_digits() {
        for (text, folded) in [
            ("Washington, D.C.", "washingtondc"),
            (" self_employed-", "selfemployed"),
            ("API Key 2", "apikey2"),
            ("ÉTÉ", "été"),
            (" -./", ""),
        ] {
            assert_eq!(fold(text), folded, "{text:?}");
        }
    }
}
