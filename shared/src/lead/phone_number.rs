//! Possible U.S. phone numbers, and how one is found in what people and systems write.

use std::{borrow::Cow, fmt, sync::LazyLock};

use phonenumber::{country, metadata::Database, parse_with};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

/// Longest text, in characters, that is read as a phone number (contract, section 3.3).
const MAX_CHARACTERS: usize = 64;

/// Digits of a U.S. number behind the country code.
const NATIONAL_DIGITS: usize = 10;

/// Digits of the longest extension. Ten digits would be a second phone number.
const MAX_EXTENSION_DIGITS: usize = 9;

/// What announces an extension, in lower case. A longer one stands before the one it ends in.
const EXTENSION_MARKS: [&str; 5] = ["extension", "extn", "ext", "x", "#"];

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

/// What a phone field held: the number and, where one was given, the extension behind it.
#[derive(Clone, PartialEq, Eq)]
pub struct Parsed {
    /// The number without its extension.
    pub number: PhoneNumber,
    /// One to nine digits, as they were sent.
    pub extension: Option<String>,
}

/// The text is not one possible U.S. phone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a possible U.S. phone number")]
pub struct NotPossible;

impl PhoneNumber {
    /// Reads a phone number as people write it, with any extension split off (contract, section
    /// 3.3).
    ///
    /// # Errors
    ///
    /// [`NotPossible`] for more than 64 characters, for two numbers in one text, and for anything
    /// that does not come to country code 1 and ten national digits.
    pub fn parse(text: &str) -> Result<Parsed, NotPossible> {
        if text.chars().nth(MAX_CHARACTERS).is_some() {
            return Err(NotPossible);
        }
        let text = without_remarks(&text.nfkc().collect::<String>().to_ascii_lowercase());
        // A label (`tel:`, `Mobile:`) stands before the number, punctuation may trail it. The
        // parser would drop both, but the extension has to be found before.
        let text = text
            .trim_start_matches(|c: char| c != '+' && !c.is_ascii_digit())
            .trim_end_matches(|c: char| !c.is_alphanumeric());
        let (number, extension) = match split_extension(text) {
            Some((number, extension)) => (number, Some(extension)),
            None => (text, None),
        };
        let read = parse_with(&UNITED_STATES, Some(country::US), in_rfc_3966(&dialled(number)?)?);
        let read = read.map_err(|_| NotPossible)?;
        let national = read.national().to_string();
        // A first digit 1 is left over from more prefixes than a number has: the parser itself would drop it.
        if read.code().value() != 1 || national.len() != NATIONAL_DIGITS || national.starts_with('1') {
            return Err(NotPossible);
        }
        // Formatting through the parser would load the metadata of the whole world.
        Ok(Parsed { number: Self(format!("+1{national}")), extension: extension.map(str::to_owned) })
    }

    /// The number in E.164.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Drops each parenthesised part without digits: the letters of `512-555-0123 (cell)` are no keys.
fn without_remarks(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('(')
        && let Some((inside, after)) = behind.split_once(')')
    {
        kept.push_str(before);
        if inside.contains(|c: char| c.is_ascii_digit()) {
            kept.extend(["(", inside, ")"]);
        }
        rest = after;
    }
    kept + rest
}

/// Splits `5125550123 w/ ext. 5` into the number and the extension, where there is one. Before a mark
/// there must be as many digits or letters as a number has, or the `x` of `1-800-FLEX-123` would be
/// one.
fn split_extension(text: &str) -> Option<(&str, &str)> {
    let marked = text.trim_end_matches(|c: char| c.is_ascii_digit());
    let extension = text.strip_prefix(marked)?;
    let mark = marked.trim_end_matches([' ', '.', ':', '-', '=']);
    let number = EXTENSION_MARKS.iter().find_map(|known| mark.strip_suffix(known))?.trim_end();
    let number = ["w/", "with"].iter().find_map(|with| number.strip_suffix(with)).unwrap_or(number);
    let number = number.trim_end_matches(|c: char| !c.is_alphanumeric());
    let keys = number.chars().filter(char::is_ascii_alphanumeric).count();
    let is_one = (1..=MAX_EXTENSION_DIGITS).contains(&extension.len()) && keys >= NATIONAL_DIGITS;
    is_one.then_some((number, extension))
}

/// The keys to press: an optional `+` and digits, with letters taken by the keypad and separators
/// dropped.
///
/// The parser gets nothing else, because it misreads much of the rest: it takes the `x` of
/// `1-800-GO-FEDEX` for an extension, and the `+1512` of `+1512-555-0123` for a country code.
fn dialled(text: &str) -> Result<String, NotPossible> {
    let mut keys = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '0'..='9' => keys.push(c),
            'a'..='c' => keys.push('2'),
            'd'..='f' => keys.push('3'),
            'g'..='i' => keys.push('4'),
            'j'..='l' => keys.push('5'),
            'm'..='o' => keys.push('6'),
            'p'..='s' => keys.push('7'),
            't'..='v' => keys.push('8'),
            'w'..='z' => keys.push('9'),
            // A number begins with a plus or has none; several are taken for one.
            '+' if keys.is_empty() => keys.push(c),
            '+' if keys == "+" => {}
            // Brackets, dashes, dots, slashes.
            '(' | ')' | '[' | ']' | '-' | '.' | '/' | '~' | '·' | '•' => {}
            '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{30FC}' | '\u{2053}' | '\u{223C}' => {}
            // The invisible marks that address books put around a number they copy.
            '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' => {}
            '\u{2060}'..='\u{2069}' | '\u{FEFF}' => {}
            _ if c.is_whitespace() => {}
            _ => return Err(NotPossible),
        }
    }
    Ok(keys)
}

/// The keys as RFC 3966 has them, with the country code apart: what the parser reads by its grammar. All else it searches
/// with expressions for the world's ways to write numbers, and those take half of a cold start to compile
/// (`docs/performance.md`). No other country's code has a place here.
fn in_rfc_3966(keys: &str) -> Result<Cow<'_, str>, NotPossible> {
    let Some(international) = keys.strip_prefix('+') else { return Ok(keys.into()) };
    // Some dial abroad from a number that has its plus already.
    let international = international.strip_prefix("011").unwrap_or(international);
    let national = international.strip_prefix('1').ok_or(NotPossible)?;
    Ok(format!("+1-{national}").into())
}

/// Stored numbers are read back by their shape alone.
impl TryFrom<String> for PhoneNumber {
    type Error = NotPossible;

    fn try_from(text: String) -> Result<Self, NotPossible> {
        match text.strip_prefix("+1") {
            Some(national) if national.len() == NATIONAL_DIGITS && national.bytes().all(|b| b.is_ascii_digit()) => {
                Ok(Self(text))
            }
            _ => Err(NotPossible),
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

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = "+15125550123";

    /// What was sent, the number in E.164, the extension.
    const ACCEPTED: &[(&str, &str, Option<&str>)] = &[
        ("+15555550123", "+15555550123", None), // possible, though no valid area code
        ("5125550123", PLAIN, None),
        ("15125550123", PLAIN, None),
        ("+15125550123", PLAIN, None),
        ("(512) 555-0123", PLAIN, None),
        ("(512)555-0123", PLAIN, None),
        ("512.555.0123", PLAIN, None),
        ("512 555 0123", PLAIN, None),
        ("512/555-0123", PLAIN, None),
        ("512·555·0123", PLAIN, None),
        ("[512] 555 0123", PLAIN, None),
        ("+1 (512) 555-0123", PLAIN, None),
        ("(+1) 512-555-0123", PLAIN, None),
        ("++1 512 555 0123", PLAIN, None),
        ("+1-512-555-0123", PLAIN, None),
        ("+1512-555-0123", PLAIN, None), // the parser alone takes 1512 for the country
        ("1 (512) 555 0123", PLAIN, None),
        ("  512-555-0123\t", PLAIN, None),
        ("512-555-0123.", PLAIN, None),
        ("512-555-0123 ☎", PLAIN, None),
        ("☎ 512-555-0123", PLAIN, None),
        ("512\u{a0}555\u{a0}0123", PLAIN, None),         // no-break spaces
        ("512\u{2011}555\u{2011}0123", PLAIN, None),     // no-break hyphens
        ("512–555–0123", PLAIN, None),                   // en dashes
        ("\u{202a}(512) 555-0123\u{202c}", PLAIN, None), // copied from an address book
        ("512\u{200b}5550123", PLAIN, None),             // zero-width space
        ("\u{feff}5125550123", PLAIN, None),
        ("５１２５５５０１２３", PLAIN, None),
        ("＋１（５１２）５５５－０１２３", PLAIN, None),
        ("tel:+1-512-555-0123", PLAIN, None),
        ("TEL:5125550123", PLAIN, None),
        ("tel: (512) 555-0123", PLAIN, None),
        ("Mobile: 512-555-0123", PLAIN, None), // a label goes, as in libphonenumber
        ("512-555-0123 (cell)", PLAIN, None),
        ("(home) 512-555-0123", PLAIN, None),
        ("512-555-0123 (work) ext 5", PLAIN, Some("5")),
        ("512-555-0123 ()", PLAIN, None),
        ("1-800-GO-FEDEX", "+18004633339", None), // an x that is a letter
        ("1-800-FLOWERS", "+18003569377", None),
        ("+1 800 FLOWERS", "+18003569377", None),
        ("800-flowers", "+18003569377", None),
        ("1-800-FLEX-123", "+18003539123", None), // an x before digits that is a letter
        ("512-555-CELL", "+15125552355", None),
        ("512-555-0123 x99", PLAIN, Some("99")),
        ("512-555-0123x99", PLAIN, Some("99")),
        ("5125550123X99", PLAIN, Some("99")),
        ("512-555-0123 x 99", PLAIN, Some("99")),
        ("512-555-0123 ext 5", PLAIN, Some("5")),
        ("512-555-0123 ext. 5", PLAIN, Some("5")),
        ("512-555-0123 Ext: 5", PLAIN, Some("5")),
        ("512-555-0123, ext 5", PLAIN, Some("5")),
        ("512-555-0123 extn 5", PLAIN, Some("5")),
        ("512-555-0123 Extension 0042", PLAIN, Some("0042")), // kept as sent
        ("512-555-0123 ext.5)", PLAIN, Some("5")),
        ("512-555-0123 (ext 5)", PLAIN, Some("5")),
        ("512-555-0123 w/ ext 5", PLAIN, Some("5")),
        ("512-555-0123 with ext 5", PLAIN, Some("5")),
        ("512-555-0123 #5", PLAIN, Some("5")),
        ("512-555-0123 # 5", PLAIN, Some("5")),
        ("512-555-0123#", PLAIN, None),
        ("512-555-0123 ｅｘｔ ５", PLAIN, Some("5")),
        ("+15125550123;ext=5", PLAIN, Some("5")),
        ("tel:+1-512-555-0123;ext=5", PLAIN, Some("5")),
        ("512-555-0123 x123456789", PLAIN, Some("123456789")),
        ("1-800-GO-FEDEX x12", "+18004633339", Some("12")),
        ("011 1 512 555 0123", PLAIN, None), // the exit code of the U.S., as in libphonenumber
        ("+1 1 512 555 0123", PLAIN, None),  // the trunk prefix behind the country code, likewise
        ("+1 242 555 0123", "+12425550123", None), // the Bahamas: countries of code 1 are not told apart
        ("9999999999", "+19999999999", None),
        ("+1 012 555 0123", "+10125550123", None), // ten digits are possible, whatever the first is
    ];

    /// What was sent and is not one possible U.S. number.
    const REFUSED: &[&str] = &[
        "",
        " ",
        "+",
        "1",
        "555-0123",     // local only; the parser alone makes +15550123 of it
        "1-1125550123", // the parser strips the 1 of the area code as well
        "1125550123",
        "+1 1 1 1125550123", // a prefix too many, each of which the parser takes off
        "11-1-1155/1/11kk1",
        "512555012",   // nine digits
        "51255501234", // eleven
        "05125550123", // a zero before ten digits
        "0000000000",
        "+0 512 555 0123",
        "+1 512 555 012",
        "+1 512 555 01234",
        "+5125550123", // the code of Peru
        "+44 20 7946 0958",
        "442079460958",
        "+52 55 1234 5678",
        "+61 2 5550 1234",
        "+800 1234 5678",
        "+7 495 555 01 23",
        "001 512 555 0123", // the exit code of elsewhere
        "011 44 20 7946 0958",
        "5125550123,5125550124",
        "5125550123;5125550124",
        "5125550123 5125550124",
        "5125550123/5125550124",
        "5125550123 / 0124",
        "+15125550123+15125550124",
        "512-555-0123 or 512-555-0124",
        "512-555-0123 & 512-555-0124",
        "512-555-0123 x5125550124", // two numbers, and no extension of ten digits
        "512-555-0123 #512-555-0124",
        "(512-555-0123) (512-555-0124)",
        "512-555-0123 x302/x2303",
        "512-555-0123 x99 x100",
        "512-555-0123 home",  // letters count as digits
        "512-555-0123 (cell", // and so do those of a remark that never ends
        "512-555-0123 x",
        "555-0123 ext 5",
        "ext 5",
        "x5",
        "FLOWERS",
        "one eight hundred",
        "n/a",
        "none",
        "1-800-FLOWERS-NOW",
        "123-45-6789", // a social security number
        "2026-06-15",
        "203.0.113.7",
        "5125550123@example.com",
        "someone@example.com",
        "512_555_0123",
        "512*555*0123",
        "+1 512 555 0123;phone-context=+44",
        "tel:0123;phone-context=+1512555",
        ".;phone-context=",
        "+dwPAA;phone-context=AA",
        "+;phone-context=é",
        "📞",
        "512📞555📞0123",
        "٥١٢٥٥٥٠١٢٣", // digits that NFKC leaves as they are
        "5125550123' OR '1'='1",
        "'; DROP TABLE leads; --",
        "<script>alert(5125550123)</script>",
        "512555\u{0}0123",
        "5.125550123e9",
        "1e10",
        "-1",
        "((((((((((",
        "))))((((",
        "ﷺﷺﷺﷺﷺﷺﷺﷺﷺﷺ", // one character that NFKC makes eighteen of
    ];

    fn sent(text: &str) -> Option<(String, Option<String>)> {
        let parsed = PhoneNumber::parse(text).ok()?;
        Some((parsed.number.to_string(), parsed.extension))
    }

    #[test]
    fn possible_numbers_are_accepted() {
        for (text, number, extension) in ACCEPTED {
            let expected = Some(((*number).to_owned(), extension.map(str::to_owned)));
            assert_eq!(sent(text), expected, "{text:?}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for text in REFUSED {
            assert_eq!(sent(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_number_read_again_is_itself() {
        for (_, number, _) in ACCEPTED {
            assert_eq!(sent(number), Some(((*number).to_owned(), None)), "{number}");
        }
    }

    #[test]
    fn at_most_64_characters_are_read() {
        let longest = format!("5125550123{}", " ".repeat(54));
        assert!(sent(&longest).is_some());
        assert_eq!(sent(&format!("{longest} ")), None);
        assert_eq!(sent(&"5".repeat(64)), None);
        assert_eq!(sent(&"５".repeat(1 << 20)), None);
        // Characters, not bytes.
        assert!(sent(&format!("5125550123{}", "\u{2014}".repeat(54))).is_some());
    }

    /// The embedded metadata is cut down to what reading needs; this is the proof that it is not
    /// cut further.
    #[test]
    fn the_embedded_metadata_reads_as_the_whole_does() {
        let texts = ACCEPTED.iter().map(|row| row.0).chain(REFUSED.iter().copied());
        for keys in texts.filter_map(|text| dialled(text).ok()) {
            let all = parse_with(&phonenumber::metadata::DATABASE, Some(country::US), &keys);
            let all = all.ok().filter(|number| number.code().value() == 1);
            let ours = parse_with(&UNITED_STATES, Some(country::US), &keys).ok();
            assert_eq!(ours, all, "{keys}");
        }
    }

    /// Random texts, the same ones each time, of pieces that mean something to one step or another.
    #[test]
    fn no_text_panics_and_what_is_accepted_has_one_shape() {
        let pieces = "+|1|0|011|512|555-0123|5125550123|(|)|x|ext|;ext=|#|w/|tel:| |flowers|５|é|💬|ﷺ|\u{202a}";
        let pieces: Vec<&str> = pieces.split('|').collect();
        let mut state = 1_u64;
        for round in 0..60_000 {
            let mut text = String::new();
            for _ in 0..=round % 9 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                text.push_str(pieces[(state >> 33) as usize % pieces.len()]);
            }
            if let Some((number, extension)) = sent(&text) {
                assert!(PhoneNumber::try_from(number).is_ok(), "{text:?}");
                assert!(extension.is_none_or(|digits| digits.len() < 10), "{text:?}");
            }
        }
    }

    #[test]
    fn a_number_is_stored_as_its_text_and_read_by_its_shape() {
        let number = PhoneNumber::parse("512-555-0123").unwrap().number;
        let json = serde_json::to_string(&number).unwrap();
        assert_eq!(json, "\"+15125550123\"");
        assert_eq!(serde_json::from_str::<PhoneNumber>(&json).unwrap(), number);
        for text in ["5125550123", "+1512555012", "+151255501234", "+1512555012x", "+445125550123", ""] {
            assert!(serde_json::from_str::<PhoneNumber>(&format!("\"{text}\"")).is_err(), "{text}");
        }
    }

    #[test]
    fn debug_shows_no_number() {
        let parsed = PhoneNumber::parse("512-555-0123 x99").unwrap();
        let shown = format!("{parsed:?} {:?} {:?} {NotPossible}", parsed.number, PhoneNumber::parse("5x"));
        assert!(!shown.contains("555") && !shown.contains("99"), "{shown}");
    }
}
