//! Free text as it is stored, and spellings brought down to what counts in them.

/// Why a text is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextFault {
    /// It holds a control character other than a tab or a line break.
    #[error("control characters are not allowed")]
    Control,
    /// It has more characters than its member may have.
    #[error("the text is too long")]
    TooLong,
}

/// Turns each run of tabs and line breaks into one space (contract, section 3.3, "text").
///
/// `max_chars` bounds the result, in characters rather than bytes. Unicode's invisible characters (joiners, marks of
/// writing direction) are no control characters and stay: names in some scripts need them.
///
/// # Errors
///
/// [`TextFault`], whichever fault stands first in the text.
pub fn clean(text: &str, max_chars: usize) -> Result<String, TextFault> {
    let mut cleaned = String::with_capacity(text.len());
    let mut length = 0;
    let mut after_break = false;
    for c in text.chars() {
        let is_break = is_break(c);
        if is_break && after_break {
            continue;
        }
        after_break = is_break;
        if c.is_control() && !is_break {
            return Err(TextFault::Control);
        }
        length += 1;
        if length > max_chars {
            return Err(TextFault::TooLong);
        }
        cleaned.push(if is_break { ' ' } else { c });
    }
    Ok(cleaned)
}

/// The letters and digits of a text in lower case: what is left when case, spaces and punctuation do not count.
#[must_use]
pub fn fold(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// A tab, or any of Unicode's mandatory line breaks.
fn is_break(c: char) -> bool {
    matches!(c, '\t'..='\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breaks_become_one_space_and_control_characters_are_refused() {
        for (text, cleaned) in [
            ("100 Main St", Ok("100 Main St")),
            ("two  spaces", Ok("two  spaces")),
            ("a\tb", Ok("a b")),
            ("a\r\nb", Ok("a b")),
            ("a\n\n\t\rb", Ok("a b")),
            ("a\n \nb", Ok("a   b")),
            ("a\u{b}\u{c}b", Ok("a b")),
            ("a\u{85}\u{2028}\u{2029}b", Ok("a b")),
            ("a\u{200d}b\u{200f}", Ok("a\u{200d}b\u{200f}")),
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
        ] {
            assert_eq!(clean(text, 4), cleaned.map(str::to_owned), "{text:?}");
        }
    }

    #[test]
    fn cleaned_text_stays_as_it_is() {
        let once = clean("a\r\n\tb  c", 20).unwrap();
        assert_eq!(clean(&once, 20), Ok(once));
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
