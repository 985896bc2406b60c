//! What a source may be given: read and normalised as the intake does it.

use std::collections::BTreeSet;

use leadping::lead::state::State;
use leadping::lead::text;

use crate::error::Error;

/// The longest name of a source, in characters. It stands in an index, whose keys are bounded.
pub(super) const LONGEST_NAME: usize = 200;
/// The longest product and tag, in characters, as for a lead's own (contract, section 3.3).
pub(super) const LONGEST_TEXT: usize = 1_024;
/// The most default tags of a kind: a lead has no more (contract, section 3.3).
pub(super) const MOST_TAGS: usize = 50;

/// A state by its code or name.
pub(super) fn state(text: &str) -> Result<State, &'static str> {
    State::parse(text).ok_or("not a state or territory of the United States, by its code or name: TX, Texas")
}

/// A text as the intake keeps it: trimmed, on one line, not blank, of so many characters at most.
pub(crate) fn line<const MOST: usize>(sent: &str) -> Result<String, String> {
    match text::clean(sent.trim(), MOST) {
        Ok(line) if line.is_empty() => Err("it is blank".to_owned()),
        Ok(line) => Ok(line),
        Err(fault) => Err(format!("{fault}; at most {MOST} characters on one line")),
    }
}

/// States in order, each once.
pub(super) fn states(given: impl IntoIterator<Item = State>) -> Vec<State> {
    BTreeSet::from_iter(given).into_iter().collect()
}

/// Products, each once; the intake compares them in the same way.
pub(super) fn products(given: impl IntoIterator<Item = String>) -> Vec<String> {
    distinct(given, |product| product.to_lowercase())
}

/// Default tags, each once.
///
/// # Errors
/// [`Error::Refused`] for more than a lead may have.
pub(super) fn tags(given: impl IntoIterator<Item = String>) -> Result<Vec<String>, Error> {
    let tags = distinct(given, str::to_owned);
    if tags.len() > MOST_TAGS {
        return Err(Error::Refused(format!("a source gives its leads at most {MOST_TAGS} tags of a kind")));
    }
    Ok(tags)
}

/// Each value once, where it first stands; those of one `identity` are the same.
fn distinct(values: impl IntoIterator<Item = String>, identity: impl Fn(&str) -> String) -> Vec<String> {
    let mut seen = BTreeSet::new();
    values.into_iter().filter(|value| seen.insert(identity(value))).collect()
}
