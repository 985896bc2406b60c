//! Every real spelling of a phone number is read.

use super::{Chance, read};

/// `AAA`, `BBB` and `CCCC` are area code, exchange and line.
const FORMATS: &[&str] = &[
    "AAABBBCCCC",
    "AAA-BBB-CCCC",
    "AAA.BBB.CCCC",
    "AAA BBB CCCC",
    "AAA/BBB-CCCC",
    "AAA/BBB/CCCC",
    "AAA - BBB - CCCC",
    "(AAA) BBB-CCCC",
    "(AAA)BBB-CCCC",
    "(AAA) BBB CCCC",
    "(AAA)-BBB-CCCC",
    "[AAA] BBB-CCCC",
    "AAA-BBBCCCC",
    "AAABBB-CCCC",
    "AAA–BBB–CCCC",
    "AAA\u{2011}BBB\u{2011}CCCC",
    "AAA\u{a0}BBB\u{a0}CCCC",
    "AAA·BBB·CCCC",
];

const PREFIXES: &[&str] = &[
    "",
    "1",
    "1 ",
    "1-",
    "1.",
    "+1",
    "+1 ",
    "+1-",
    "+1.",
    "(+1) ",
    "tel:",
    "tel:+1-",
    "Phone: ",
    "Mobile # ",
    "(home) ",
    "☎ ",
    "US +1 ",
];

/// A text after the number, and the extension in it.
const SUFFIXES: &[(&str, Option<&str>)] = &[
    ("", None),
    (".", None),
    ("#", None),
    (" ext", None),
    (" x", None),
    (" x_____", None),
    ("c", None),
    (" H", None),
    (" cell", None),
    (" (cell)", None),
    (", work", None),
    (" - Sam's home", None),
    (" (call after six)", None),
    (" x5", Some("5")),
    ("x99", Some("99")),
    (" x 1234", Some("1234")),
    (" ext 5", Some("5")),
    (" Ext. 0042", Some("0042")),
    (", extension: 123456789", Some("123456789")),
    (" extensión 9", Some("9")),
    (" xtn 9", Some("9")),
    (" int. 9", Some("9")),
    (";ext=5", Some("5")),
    (" #5", Some("5")),
    ("-9#", Some("9")),
    (" 123456#", Some("123456")),
    (" (ext 5)", Some("5")),
    (" w/ ext 5", Some("5")),
    (" home ext 5", Some("5")),
    (" (cell) ext 5", Some("5")),
    (" ext 5 please", Some("5")),
];

/// Changes that copying, keyboards and programs make to a text.
const DECORATIONS: &[fn(&str) -> String] = &[
    |text| format!(" {text}\t"),
    |text| format!("\u{202a}{text}\u{202c}"),
    |text| text.chars().flat_map(|c| [c, '\u{200b}']).collect(),
    |text| text.to_uppercase(),
    |text| text.replace(' ', "\u{2009}"),
    |text| text.chars().map(full_width).collect(),
];

fn full_width(c: char) -> char {
    match c {
        '!'..='~' => char::from_u32(u32::from(c) + 0xFEE0).unwrap(),
        _ => c,
    }
}

#[test]
fn every_spelling_is_read() {
    let mut chance = Chance(1);
    for format in FORMATS {
        for prefix in PREFIXES {
            // Of a number in other groups, what a `#` closes is an extension: `555555-0123#`.
            let is_closed = |suffix: &str| suffix == "#" && *format == "AAABBB-CCCC";
            for (suffix, extension) in SUFFIXES.iter().filter(|(suffix, _)| !is_closed(suffix)) {
                // Fictional: exchange 555, line 0100 to 0199.
                let area = chance.of(&["512", "212", "876", "555", "990"]);
                let line = format!("01{}", chance.text("0123456789", 2));
                let written = format.replace("AAA", area).replace("BBB", "555").replace("CCCC", &line);
                let text = format!("{prefix}{written}{suffix}");
                let expected = Some((format!("+1{area}555{line}"), extension.map(str::to_owned)));
                assert_eq!(read(&text), expected, "{text:?}");
                let decorated = DECORATIONS[chance.below(DECORATIONS.len())](&text);
                // Each character with an invisible one after it may be too long.
                if decorated.chars().count() <= 64 {
                    assert_eq!(read(&decorated), expected, "{decorated:?}");
                }
            }
        }
    }
}

#[test]
fn every_vanity_number_is_read() {
    const KEYPAD: [&str; 8] = ["ABC", "DEF", "GHI", "JKL", "MNO", "PQRS", "TUV", "WXYZ"];
    let key = |c: char| KEYPAD.iter().zip('2'..).find(|(letters, _)| letters.contains(c)).map_or(c, |(_, key)| key);
    for number in [
        "800-FLOWERS",
        "800-GO-FEDEX",
        "800-GOT.JUNK",
        "800-CALL-NOW",
        "888-555-HOME",
        "800FLOWERS",
        "(888) LAWYERS",
        "833 PLUMBER",
        "800-FLEX-123",
        "866-TAX-1234",
        "512-555-CELL",
        "512.555.CELL",
        "512 555 HOME",
        "(512) 555-HOME",
        "(512) 555 HOME",
        "512-NEW-CARS",
    ] {
        for prefix in ["", "1-", "1 ", "+1 ", "+1-", "tel:", "Call "] {
            for (suffix, extension) in
                [("", None), (".", None), (" x12", Some("12")), (";ext=7", Some("7")), (" (toll free)", None)]
            {
                for text in [format!("{prefix}{number}{suffix}"), format!("{prefix}{number}{suffix}").to_lowercase()] {
                    let keys: String = number.chars().filter(char::is_ascii_alphanumeric).map(key).collect();
                    assert_eq!(read(&text), Some((format!("+1{keys}"), extension.map(str::to_owned))), "{text}");
                }
            }
        }
    }
}
