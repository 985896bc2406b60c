mod texts;

use super::*;
use texts::{ACCEPTED, NOT_GIVEN, REFUSED};

fn sent(text: &str) -> Result<(String, Option<String>), PhoneFault> {
    let parsed = PhoneNumber::parse(text)?;
    Ok((parsed.number.to_string(), parsed.extension))
}

#[test]
fn possible_numbers_are_accepted() {
    for (text, number, extension) in ACCEPTED {
        let expected = Ok(((*number).to_owned(), extension.map(str::to_owned)));
        assert_eq!(sent(text), expected, "{text:?}");
    }
}

#[test]
fn everything_else_is_refused() {
    for text in REFUSED {
        assert_eq!(sent(text), Err(PhoneFault::NotPossible), "{text:?}");
    }
}

#[test]
fn an_empty_mask_is_not_given() {
    for text in NOT_GIVEN {
        assert_eq!(sent(text), Err(PhoneFault::NotGiven), "{text:?}");
    }
}

#[test]
fn a_cleaned_text_is_read_as_the_same_number() {
    for (text, number, _) in ACCEPTED {
        let cleaned = PhoneNumber::cleaned(text).unwrap();
        assert_eq!(sent(&cleaned), Ok(((*number).to_owned(), None)), "{text:?}: {cleaned:?}");
    }
}

#[test]
fn at_most_64_characters_are_read() {
    let longest = format!("5125550123{}", " ".repeat(54));
    assert!(sent(&longest).is_ok());
    assert_eq!(sent(&format!("{longest} ")), Err(PhoneFault::NotPossible));
    assert_eq!(sent(&"_".repeat(64)), Err(PhoneFault::NotGiven));
    assert_eq!(sent(&"_".repeat(65)), Err(PhoneFault::NotPossible));
    assert_eq!(sent(&"５".repeat(1 << 20)), Err(PhoneFault::NotPossible));
    // The limit counts characters, not bytes.
    assert!(sent(&format!("5125550123{}", "\u{2014}".repeat(54))).is_ok());
}

/// The embedded metadata contains only what parsing needs. This test proves that nothing is missing.
#[test]
fn the_embedded_metadata_gives_the_same_results_as_the_full_metadata() {
    let texts = ACCEPTED.iter().map(|row| row.0).chain(REFUSED.iter().copied());
    for keys in texts.filter_map(|text| keys::pressed(&PhoneNumber::cleaned(text).ok()?).ok()) {
        let all = parse_with(&phonenumber::metadata::DATABASE, Some(country::US), &keys);
        let all = all.ok().filter(|number| number.code().value() == 1);
        let ours = parse_with(&UNITED_STATES, Some(country::US), &keys).ok();
        assert_eq!(ours, all, "{keys}");
    }
}

#[test]
fn the_region_follows_from_the_area_code() {
    for (number, region) in [
        ("+15125550123", Some("US")),
        ("+12015550123", Some("US")),
        ("+19895550123", Some("US")),
        ("+14165550123", Some("CA")),
        ("+16005550123", Some("CA")),
        ("+17875550123", Some("PR")),
        ("+13405550123", Some("VI")),
        ("+16715550123", Some("GU")),
        ("+16845550123", Some("AS")),
        ("+16705550123", Some("MP")),
        ("+18765550123", Some("JM")),
        ("+16585550123", Some("JM")),
        ("+18095550123", Some("DO")),
        ("+12645550123", Some("AI")),
        ("+12425550123", Some("BS")),
        ("+15555550123", None), // not assigned
        ("+10125550123", None),
        ("+19115550123", None),
        ("+18005550123", None), // free in all regions
        ("+19005550123", None), // premium in all regions
        ("+15005550123", None), // personal, likewise
    ] {
        let region_of = |number| PhoneNumber::parse(number).unwrap().number.region().map(Region::as_str);
        assert_eq!(region_of(number), region, "{number}");
    }
    let known: Vec<_> = (0..1_000).filter_map(region_of).collect();
    for region in Region::ALL {
        assert!(known.contains(region), "{region:?}");
        assert_eq!(serde_json::to_value(region).unwrap(), region.as_str());
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
    let shown = format!("{parsed:?} {:?} {:?}", parsed.number, PhoneNumber::parse("5x"));
    assert!(!shown.contains("555") && !shown.contains("99"), "{shown}");
}
