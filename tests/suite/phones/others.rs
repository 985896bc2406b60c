//! A text without a phone number is always refused, and a number that is read has one form.

use leadping::lead::phone_number::PhoneNumber;

use super::{Chance, read};

fn refused(text: &str) {
    assert_eq!(read(text), None, "{text:?}");
}

/// A letter replaces a digit, so any number would be one that the person did not type.
#[test]
fn a_letter_in_a_number_is_refused() {
    for number in [
        "5125550123",
        "512-555-0123",
        "(512) 555-0123",
        "512 555 0123",
        "512.555.0123",
        "+15125550123",
        "+1 (512) 555-0123",
    ] {
        for (at, _) in number.match_indices(|c: char| c.is_ascii_digit()) {
            for letter in ('a'..='z').chain('A'..='Z').chain(['é', 'О']) {
                refused(&format!("{}{letter}{}", &number[..at], &number[at + 1..]));
            }
        }
    }
}

/// `512-XXX-XXXX`, `(512) 555-01**`.
#[test]
fn a_masked_number_is_refused() {
    for number in ["5125550123", "512-555-0123", "(512) 555-0123", "+1 512 555 0123"] {
        let digits: Vec<_> = number.match_indices(|c: char| c.is_ascii_digit()).map(|(at, _)| at).collect();
        for masked in 1..=10 {
            for mask in ["X", "x", "N", "_", "*", "?", "•"] {
                let from = digits[digits.len() - masked];
                let hidden = number[from..].replace(|c: char| c.is_ascii_digit(), mask);
                refused(&format!("{}{hidden}", &number[..from]));
            }
        }
    }
}

/// An id of alternating letters and digits.
#[test]
fn an_id_is_refused() {
    let mut chance = Chance(2);
    for _ in 0..10_000 {
        let parts = ["0123456789", "abcdef", "0123456789", "abcdef", "0123456789"];
        let id: String = parts
            .iter()
            .map(|characters| {
                let length = 1 + chance.below(5);
                chance.text(characters, length)
            })
            .collect();
        refused(&id);
        refused(&format!("gclid.{id}"));
    }
}

#[test]
fn words_are_refused() {
    let mut chance = Chance(3);
    for _ in 0..5_000 {
        let length = 1 + chance.below(12);
        let word = chance.text("abcdefghijklmnopqrstuvwxyzABCXYZé", length);
        let other = chance.of(&["", " a week", " days", "-NOW", " fax", "!", "@example.com"]);
        refused(&format!("{word}{other}"));
        // Too few digits for a number, unless a word of the right length follows.
        let length = 1 + chance.below(2);
        refused(&format!("{} {word}{other}", chance.text("23456789", length)));
    }
}

#[test]
fn a_local_number_with_something_after_it_is_refused() {
    for number in ["555-0123", "5550123", "555 0123", "555.0123", "1-555-0123"] {
        for after in [
            "",
            " fax",
            "fax",
            "-fax",
            " tel",
            "tel",
            " home",
            " h",
            "c",
            " x9",
            "x999",
            " ext 456",
            " #456",
            "-456#",
            " 456#",
            " 456 #",
            "-456# home",
            " (cell)",
            ", call me",
            " or 555-0124",
            " / 555-0124",
            " ext",
            " FAX NO",
        ] {
            refused(&format!("{number}{after}"));
        }
    }
}

#[test]
fn a_street_address_is_refused() {
    const STREETS: &[&str] = &[
        "Oak",
        "Elm",
        "Main",
        "Hill",
        "Pine",
        "Park",
        "Congress",
        "Guadalupe",
        "Lamar",
        "Lincoln",
        "Broadway",
        "5th",
        "42nd",
        "MLK",
        "Cesar Chavez",
        "Co Rd 123",
        "Hwy 71",
        "Rio Grande",
        "O'Neil",
        "St. Johns",
    ];
    const TOLL_FREE: [usize; 7] = [800, 833, 844, 855, 866, 877, 888];
    let mut chance = Chance(4);
    for _ in 0..10_000 {
        let house = match chance.below(4) {
            0 => 1 + chance.below(99),
            1 => 100 + chance.below(900),
            2 => 1_000 + chance.below(9_000),
            _ => 10_000 + chance.below(990_000),
        };
        let direction = chance.of(&["", "", " N", " South", " E.", " NW"]);
        let street = chance.of(STREETS);
        let suffix = chance.of(&["", " St", " Street", " Ave.", " Blvd", " Lane", " Ln", " Rd", " Dr", " Pkwy"]);
        let unit = chance.of(&[
            "",
            "",
            " Apt 4",
            " #5",
            " # 210",
            " Unit 12B",
            ", Ste 100",
            " Fl 2",
            " Lot 9",
            " Box 12345",
            " x",
        ]);
        let city = chance.of(&["", "", " Austin", ", Austin, TX", ", Austin TX 78701", " Dallas 75201-0123", ", NY"]);
        // `800 Lincoln` looks like `800 FLOWERS`.
        if !(TOLL_FREE.contains(&house) && direction.is_empty() && suffix.is_empty()) {
            refused(&format!("{house}{direction} {street}{suffix}{unit}{city}"));
        }
    }
}

#[test]
fn dates_times_prices_and_addresses_on_the_network_are_refused() {
    let mut chance = Chance(5);
    for _ in 0..5_000 {
        let (year, month, day) = (1900 + chance.below(150), 1 + chance.below(12), 1 + chance.below(28));
        let (hour, minute, second) = (chance.below(24), chance.below(60), chance.below(60));
        let quad = [(); 4].map(|()| chance.below(256).to_string()).join(".");
        let (thousands, cents) = (chance.below(1_000), chance.below(100));
        for text in [
            format!("{year}-{month:02}-{day:02}"),
            format!("{month}/{day}/{year}"),
            format!("{month:02}/{day:02}/{year}"),
            format!("{year}{month:02}{day:02}"),
            format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}"),
            format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"),
            format!("{year}{month:02}{day:02}{hour:02}{minute:02}{second:02}"),
            format!("{hour}:{minute:02}"),
            format!("{hour:02}:{minute:02}:{second:02} PM"),
            format!(
                "{}-{}-{}",
                chance.text("0123456789", 3),
                chance.text("0123456789", 2),
                chance.text("0123456789", 4)
            ),
            chance.text("0123456789", 9),
            format!("${}.{cents:02}", chance.text("123456789", 6)),
            format!("${thousands},{}", chance.text("0123456789", 3)),
            format!("{}-{}", chance.text("0123456789", 5), chance.text("0123456789", 4)),
            format!("{quad}:{}", 1 + chance.below(65_535)),
            quad,
        ] {
            refused(&text);
        }
    }
}

/// Texts of pieces that have a meaning in some step.
#[test]
fn a_number_that_is_read_has_one_form_and_is_read_again_as_itself() {
    let pieces = "+|1|0|011|512|555-0123|5125550123|(|)|x|ext|;ext=|#|w/|tel:| |-|.|~|_|flowers|XXX| home|c|5|５|é|💬|ﷺ|\u{202a}|٣";
    let pieces: Vec<_> = pieces.split('|').collect();
    let mut chance = Chance(6);
    let mut accepted = 0;
    for round in 0..60_000 {
        let text: String = (0..=round % 9).map(|_| chance.of(&pieces)).collect();
        let Some((number, extension)) = read(&text) else { continue };
        accepted += 1;
        assert!(PhoneNumber::try_from(number.clone()).is_ok(), "{text:?}: {number}");
        let is_extension =
            |digits: String| (1..=9).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        assert!(extension.is_none_or(is_extension), "{text:?}");
        for same in [&number, &PhoneNumber::cleaned(&text).unwrap()] {
            assert_eq!(read(same), Some((number.clone(), None)), "{text:?}: {same:?}");
        }
    }
    assert!(accepted > 1_000, "{accepted}");
}
