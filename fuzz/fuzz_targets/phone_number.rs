//! What people write for a phone number: E.164 or nothing, and a number read again is itself.

#![no_main]

use leadping::lead::phone_number::PhoneNumber;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Ok(parsed) = PhoneNumber::parse(text) else { return };
    let number = parsed.number.as_str();
    assert!(number.len() == 12 && number.starts_with("+1") && number.bytes().skip(1).all(|b| b.is_ascii_digit()));
    let digits = |extension: &str| extension.bytes().all(|b| b.is_ascii_digit()) && (1..=9).contains(&extension.len());
    assert!(parsed.extension.as_deref().is_none_or(digits));
    let again = PhoneNumber::parse(number).expect("a number is possible");
    assert!(again.number == parsed.number && again.extension.is_none());
});
