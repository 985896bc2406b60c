//! Phone numbers as people write them (contract, section 3.3): no real number is lost, and no number is made up.
//!
//! The texts are the same in every run. `.ci/run phones` compares many more with libphonenumber.

mod answers;
mod others;
mod spellings;

use leadping::lead::phone_number::PhoneNumber;

/// The number and extension in a text.
fn read(text: &str) -> Option<(String, Option<String>)> {
    let parsed = PhoneNumber::parse(text).ok()?;
    Some((parsed.number.to_string(), parsed.extension))
}

/// Repeatable pseudo-random choices.
struct Chance(u64);

impl Chance {
    /// A number below `end`.
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    /// One of several.
    fn of<'a>(&mut self, several: &[&'a str]) -> &'a str {
        several[self.below(several.len())]
    }

    /// A text of this length from these characters.
    fn text(&mut self, characters: &str, length: usize) -> String {
        let characters: Vec<_> = characters.chars().collect();
        (0..length).map(|_| characters[self.below(characters.len())]).collect()
    }
}
