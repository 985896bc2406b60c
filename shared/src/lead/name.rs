//! Last names, in the form in which lists are searched (contract, section 12).

use icu_properties::props::GeneralCategory;
use unicode_normalization::UnicodeNormalization;

use super::text::general_category;

/// The longest key, in characters. Each has at most four bytes, and DynamoDB's limit for a sort key is 1,024 bytes.
const MAX_CHARS: usize = 64;

/// A last name, or its beginning, as the index has it: NFKC, in lowercase, without marks, with one kind of apostrophe,
/// hyphen and blank, cut to 64 characters. So `Muñoz`, `MUNOZ` and `munoz` are the same, and so are `O’Brien` and `o'brien`.
/// Empty if nothing is left.
pub fn key(last_name: &str) -> String {
    // Decomposed first: only then is a mark a character of its own.
    let bare = last_name.nfkd().filter(|c| !is_mark(*c)).flat_map(char::to_lowercase);
    let plain: String = bare.filter(|c| !is_mark(*c)).nfkc().map(plain).collect();
    let mut key = String::with_capacity(plain.len());
    for word in plain.split_whitespace() {
        if !key.is_empty() {
            key.push(' ');
        }
        key.push_str(word);
    }
    key.chars().take(MAX_CHARS).collect::<String>().trim_end().to_owned()
}

/// The character that means the same on every keyboard and in every position in a word.
fn plain(c: char) -> char {
    match c {
        '‘' | '’' | 'ʻ' | 'ʼ' | '′' | '`' | '´' => '\'',
        '‐' | '‑' | '‒' | '–' | '—' | '−' => '-',
        'ς' => 'σ',
        other => other,
    }
}

fn is_mark(c: char) -> bool {
    use GeneralCategory::{EnclosingMark, Format, NonspacingMark};
    !c.is_ascii() && matches!(general_category(c), NonspacingMark | EnclosingMark | Format)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_in_any_spelling() {
        let long = "é".repeat(100);
        for (name, expected) in [
            ("Example", "example"),
            (" O'Brien ", "o'brien"),
            ("Muñoz", "munoz"),
            ("MUN\u{303}OZ", "munoz"),
            ("Ｓｍｉｔｈ", "smith"),
            ("İnan", "inan"),
            ("Straße", "straße"),
            ("ﬁsher", "fisher"),
            ("Nguyễn", "nguyen"),
            ("Ёлкин", "елкин"),
            ("del\u{a0}Río", "del rio"),
            ("De  La\tCruz", "de la cruz"),
            ("O’Brien", "o'brien"),
            ("Kealiʻiahonui", "keali'iahonui"),
            ("Smith\u{2011}Jones", "smith-jones"),
            ("Παπαδόπουλος", "παπαδοπουλοσ"),
            ("ΠΑΠΑΔΟΠΟΥΛΟΣ", "παπαδοπουλοσ"),
            ("Zo\u{200d}e", "zoe"),
            ("\u{301}", ""),
            ("", ""),
            (&long, &"e".repeat(64)),
        ] {
            assert_eq!(key(name), expected, "{name}");
            assert_eq!(key(&key(name)), expected, "{name}: the key of a key");
        }
        assert!(key(&"\u{10400}".repeat(100)).len() <= 256);
    }
}
