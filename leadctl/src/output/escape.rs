//! Text that comes from elsewhere (partners, lookup providers, queues, file names), made safe to print.
//!
//! A terminal obeys control characters, and an invisible or direction-changing character makes a line say what it does not
//! hold. So leadctl prints neither, wherever a text comes from.

use std::fmt::{self, Write};

use unicode_general_category::{GeneralCategory, get_general_category};

/// Whether a character acts on what is around it rather than being seen: controls (C0, DEL, C1), line and paragraph
/// separators, and format characters (direction marks and overrides, zero-width characters, soft hyphen, tags).
pub(crate) fn acts(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    matches!(
        get_general_category(c),
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
    )
}

/// A value on one line: each character that acts is shown as its escape (`\n`, `\u{202e}`).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shown<'a>(pub(crate) &'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        escaped(f, self.0, acts)
    }
}

/// The same for text of several lines: line breaks stay.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lines<'a>(pub(crate) &'a str);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        escaped(f, self.0, |c| acts(c) && c != '\n')
    }
}

fn escaped(out: &mut impl Write, text: &str, escape: impl Fn(char) -> bool) -> fmt::Result {
    text.chars().try_for_each(|c| if escape(c) { write!(out, "{}", c.escape_default()) } else { out.write_char(c) })
}

/// JSON text that holds the same values, with the characters that act as `\u` escapes. Outside its strings JSON has none
/// but the line breaks of the indented form.
pub(crate) fn json(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\n' || !acts(c) {
            safe.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            // Writing to a string cannot fail.
            let _ = write!(safe, "\\u{unit:04x}");
        }
    }
    safe
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::LazyLock;

    use super::*;

    /// Every character that must not be printed.
    pub(crate) fn hostile() -> String {
        static HOSTILE: LazyLock<String> = LazyLock::new(|| ('\0'..=char::MAX).filter(|c| acts(*c)).collect());
        HOSTILE.clone()
    }

    #[test]
    fn what_acts_is_every_control_separator_and_format_character() {
        for c in ['\0', '\n', '\t', '\u{1b}', '\u{7f}', '\u{80}', '\u{85}', '\u{9b}', '\u{9f}', '\u{ad}'] {
            assert!(acts(c), "{c:?}");
        }
        // Direction, line and paragraph, zero width, byte order, tags.
        for c in ['\u{61c}', '\u{200b}', '\u{200d}', '\u{200f}', '\u{2028}', '\u{2029}', '\u{202e}', '\u{2066}'] {
            assert!(acts(c), "{c:?}");
        }
        for c in ['\u{2069}', '\u{feff}', '\u{fff9}', '\u{e0001}', '\u{e007f}'] {
            assert!(acts(c), "{c:?}");
        }
        for c in [' ', 'a', '~', '\u{a0}', 'é', '小', 'ש', '\u{301}', '\u{1f600}', '\u{fffd}'] {
            assert!(!acts(c), "{c:?}");
        }
        assert!(hostile().chars().count() > 200);
    }

    #[test]
    fn what_acts_is_shown_and_the_rest_stays() {
        for (text, shown) in [
            ("Jordan 小龙 é", "Jordan 小龙 é"),
            ("a\tb\r\nc", r"a\tb\r\nc"),
            ("\u{1b}]0;pwned\u{7}", r"\u{1b}]0;pwned\u{7}"),
            ("\u{9b}2J", r"\u{9b}2J"),
            ("a\u{202e}b\u{2028}", r"a\u{202e}b\u{2028}"),
        ] {
            assert_eq!(Shown(text).to_string(), shown);
        }
        assert_eq!(Lines("a\nb\u{1b}").to_string(), "a\nb\\u{1b}");
        assert!(!Shown(&hostile()).to_string().chars().any(acts));
    }

    #[test]
    fn json_holds_the_same_values() {
        let value = serde_json::json!({"name": hostile(), hostile(): "小\\\"'"});
        for text in [serde_json::to_string(&value).unwrap(), serde_json::to_string_pretty(&value).unwrap()] {
            let safe = json(&text);
            assert!(!safe.chars().any(|c| acts(c) && c != '\n'));
            assert_eq!(serde_json::from_str::<serde_json::Value>(&safe).unwrap(), value);
        }
    }
}
