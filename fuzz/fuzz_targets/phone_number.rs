//! Phone numbers as people write them: the result is E.164 or nothing. Reading that result or the cleaned text again gives
//! the same number.

#![no_main]

use leadping::lead::phone_number::PhoneNumber;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Ok(parsed) = PhoneNumber::parse(text) else { return };
    let number = parsed.number.as_str();
    assert!(number.len() == 12 && number.starts_with("+1") && number.bytes().skip(1).all(|b| b.is_ascii_digit()));
    let digits = |extension: &str| extension.bytes().all(|b| b.is_ascii_digit()) && (1..=9).contains(&extension.len());
    assert!(parsed.extension.as_deref().is_none_or(digits));
    let cleaned = PhoneNumber::cleaned(text).expect("an accepted text can be cleaned");
    for same in [number, &cleaned] {
        let again = PhoneNumber::parse(same).expect("a number is possible");
        assert!(again.number == parsed.number && again.extension.is_none());
    }
});
