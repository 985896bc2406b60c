//! Compares with recorded answers of libphonenumber, which `tests/phones/run --write` records.

use std::collections::HashMap;

use leadping::lead::phone_number::PhoneNumber;

use super::read;

/// A text, the number that libphonenumber reads in it, and why the text is an exception, if it is one.
type Answer = (String, Option<String>, Option<String>);

#[test]
fn accepted_numbers_are_those_that_libphonenumber_reads() {
    let answers = concat!(env!("CARGO_MANIFEST_DIR"), "/phones/answers.json");
    let answers: Vec<Answer> = serde_json::from_str(&std::fs::read_to_string(answers).unwrap()).unwrap();
    let by_text: HashMap<_, _> = answers.iter().map(|(text, number, _)| (text.as_str(), number.as_deref())).collect();
    let mut accepted = 0;
    for (text, number, exception) in &answers {
        let Some((ours, _)) = read(text) else { continue };
        accepted += 1;
        if exception.is_some() {
            continue;
        }
        assert!(
            number.as_ref().is_none_or(|number| *number == ours),
            "{text}: {ours}, but libphonenumber reads {number:?}"
        );
        let cleaned = PhoneNumber::cleaned(text).unwrap();
        let number = by_text.get(cleaned.as_str());
        assert_eq!(number, Some(&Some(ours.as_str())), "{text}: cleaned to {cleaned}");
    }
    assert!(answers.len() >= 500 && accepted >= 150, "{accepted} of {}", answers.len());
}
