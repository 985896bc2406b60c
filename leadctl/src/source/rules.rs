//! A source's rules as the command line gives them: read and normalized as the intake does it.

use std::collections::BTreeSet;

use clap::{Args, ValueEnum};
use leadping::lead::state::State;
use leadping::lead::text;
pub(super) use leadping::payload::fields::{MAX_TAGS, MAX_TEXT};
use leadping::source::Source;

use crate::error::Error;

/// The most characters of a source's name. It is in an index, whose keys are bounded.
pub(super) const MAX_NAME: usize = 200;

/// The group of everything that a command line can give a source; to change one, at least one of them is needed.
pub(super) const GIVEN: &str = "given";

/// Rules that are given whole, when a source is created and when it is changed.
#[derive(Debug, Args)]
#[group(skip)]
pub(super) struct RuleArguments {
    /// Accept leads of these states only, by code or name; may be repeated
    #[arg(long = "allowed-state", group = GIVEN, visible_alias = "set-states", value_name = "STATE", value_parser = state,
          num_args = 1.., value_delimiter = ',')]
    allowed_states: Vec<State>,

    /// Accept leads for these products only; may be repeated
    #[arg(long = "allowed-product", group = GIVEN, visible_alias = "set-products", value_name = "PRODUCT", num_args = 1..,
          value_parser = line::<MAX_TEXT>)]
    allowed_products: Vec<String>,

    /// Whether each lead needs a TrustedForm certificate; one that is sent is always checked
    #[arg(long, group = GIVEN, value_name = "ON|OFF")]
    trusted_form: Option<Switch>,

    /// The same as --trusted-form off
    #[arg(long, group = GIVEN, conflicts_with = "trusted_form")]
    no_trusted_form: bool,

    /// Whether each certificate is matched with the person and retained, which TrustedForm charges for
    #[arg(long, group = GIVEN, value_name = "ON|OFF", num_args = 0..=1, default_missing_value = "on")]
    retain_certificates: Option<Switch>,

    /// Give each lead these tags, by id; may be repeated
    #[arg(long = "default-tag-id", group = GIVEN, value_name = "TAG", value_parser = line::<MAX_TEXT>)]
    default_tag_ids: Vec<String>,

    /// Give each lead these tags, by name; may be repeated
    #[arg(long = "default-tag-name", group = GIVEN, value_name = "TAG", value_parser = line::<MAX_TEXT>)]
    default_tag_names: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Switch {
    On,
    Off,
}

impl RuleArguments {
    /// Gives a source the rules that are on the command line; the others stay.
    ///
    /// # Errors
    /// [`Error::Refused`] for more tags than a lead may have.
    pub(super) fn apply(self, source: &mut Source) -> Result<(), Error> {
        if !self.allowed_states.is_empty() {
            source.allowed_states = states(self.allowed_states);
        }
        if !self.allowed_products.is_empty() {
            source.allowed_products = products(self.allowed_products);
        }
        match self.trusted_form {
            _ if self.no_trusted_form => source.requires_trusted_form = false,
            Some(switch) => source.requires_trusted_form = switch == Switch::On,
            None => {}
        }
        if let Some(switch) = self.retain_certificates {
            source.retain_certificates = switch == Switch::On;
        }
        if !self.default_tag_ids.is_empty() {
            source.default_tag_ids = tags(self.default_tag_ids)?;
        }
        if !self.default_tag_names.is_empty() {
            source.default_tag_names = tags(self.default_tag_names)?;
        }
        Ok(())
    }
}

/// A state by its code or name.
pub(super) fn state(text: &str) -> Result<State, &'static str> {
    State::parse(text)
        .ok_or("not a state or territory of the United States; give its code or name, for example TX or Texas")
}

/// A text as the intake keeps it: trimmed, on one line, not blank, of at most `MOST` characters.
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
    if tags.len() > MAX_TAGS {
        return Err(Error::Refused(format!("a source gives its leads at most {MAX_TAGS} tags of a kind")));
    }
    Ok(tags)
}

/// Each value once, at its first place; those of one `identity` are the same.
fn distinct(values: impl IntoIterator<Item = String>, identity: impl Fn(&str) -> String) -> Vec<String> {
    let mut seen = BTreeSet::new();
    values.into_iter().filter(|value| seen.insert(identity(value))).collect()
}
