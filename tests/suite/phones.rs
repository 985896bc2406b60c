//! Phone numbers in what people write (contract, section 3.3): none is lost that is meant, and none is made up.
//!
//! The texts are the same ones each time. `.ci/run phones` compares many more with libphonenumber.

mod answers;
mod others;
mod spellings;

use leadping::lead::phone_number::PhoneNumber;

/// The number and the extension that are read in a text.
fn read(text: &str) -> Option<(String, Option<String>)> {
    let parsed = PhoneNumber::parse(text).ok()?;
    Some((parsed.number.to_string(), parsed.extension))
}

/// Chance that repeats itself.
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

    /// A text of this many characters, each one of those given.
    fn text(&mut self, characters: &str, length: usize) -> String {
        let characters: Vec<_> = characters.chars().collect();
        (0..length).map(|_| characters[self.below(characters.len())]).collect()
    }
}
