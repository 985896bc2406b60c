//! What people write for a phone number: E.164 or nothing; a number read again is itself, and so is
//! what cleaning leaves of a text.

#![no_main]

use leadping::lead::phone_number::PhoneNumber;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Ok(parsed) = PhoneNumber::parse(text) else { return };
    let number = parsed.number.as_str();
    assert!(number.len() == 12 && number.starts_with("+1") && number.bytes().skip(1).all(|b| b.is_ascii_digit()));
    let digits = |extension: &str| extension.bytes().all(|b| b.is_ascii_digit()) && (1..=9).contains(&extension.len());
    assert!(parsed.extension.as_deref().is_none_or(digits));
    let cleaned = PhoneNumber::cleaned(text).expect("what is accepted can be cleaned");
    for same in [number, &cleaned] {
        let again = PhoneNumber::parse(same).expect("a number is possible");
        assert!(again.number == parsed.number && again.extension.is_none());
    }
});
