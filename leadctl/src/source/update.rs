//! `leadctl source update`, and the switches `approve`, `enable` and their opposites.

use clap::{Args, ValueEnum};
use leadping::id::{AccountId, BusinessId, SourceId};
use leadping::lead::state::State;
use leadping::source::Source;

use super::change;
use super::rules::{self, LONGEST_NAME, LONGEST_TEXT, line, state};
use crate::error::Error;
use crate::output::Output;
use crate::target::Target;

const EXAMPLES: &str = "\
It is written over what was read, or not at all: of two operators one wins, and
the other is told what changed. --revision says what you looked at before.

Examples:
  leadctl --local source update source_123 --add-state TX --add-state Louisiana
  leadctl --local source update source_123 --set-products 'Auto' 'Home'
  leadctl --local source update source_123 --any-state --trusted-form off
  leadctl --local source update source_123 --name 'Acme' --revision 3";

/// What `source update` is asked.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
#[group(id = "change", required = true, multiple = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    which: Which,

    /// What people call it
    #[arg(long, group = "change", value_parser = line::<LONGEST_NAME>)]
    name: Option<String>,

    /// The account that answers for it
    #[arg(long, group = "change")]
    account: Option<AccountId>,

    /// The business that its leads belong to, from now on
    #[arg(long, group = "change")]
    business: Option<BusinessId>,

    /// Take leads of this state too, by code or name; may be repeated
    #[arg(long, group = "change", value_name = "STATE", value_parser = state)]
    add_state: Vec<State>,

    /// Take leads of this state no longer; may be repeated
    #[arg(long, group = "change", value_name = "STATE", value_parser = state)]
    remove_state: Vec<State>,

    /// Take leads of these states only
    #[arg(long, group = "change", value_name = "STATE", value_parser = state, num_args = 1.., value_delimiter = ',',
          conflicts_with_all = ["add_state", "remove_state", "any_state"])]
    set_states: Vec<State>,

    /// Take leads of any state
    #[arg(long, group = "change", conflicts_with_all = ["add_state", "remove_state"])]
    any_state: bool,

    /// Take leads for this product too; may be repeated
    #[arg(long, group = "change", value_name = "PRODUCT", value_parser = line::<LONGEST_TEXT>)]
    add_product: Vec<String>,

    /// Take leads for this product no longer; may be repeated
    #[arg(long, group = "change", value_name = "PRODUCT", value_parser = line::<LONGEST_TEXT>)]
    remove_product: Vec<String>,

    /// Take leads for these products only
    #[arg(long, group = "change", value_name = "PRODUCT", value_parser = line::<LONGEST_TEXT>, num_args = 1..,
          conflicts_with_all = ["add_product", "remove_product", "any_product"])]
    set_products: Vec<String>,

    /// Take leads for any product
    #[arg(long, group = "change", conflicts_with_all = ["add_product", "remove_product"])]
    any_product: bool,

    /// Whether each lead needs a TrustedForm certificate; one that is sent is checked all the same
    #[arg(long, group = "change", value_name = "ON|OFF")]
    trusted_form: Option<Switch>,

    /// Give each of its leads this tag, by id; may be repeated
    #[arg(long, group = "change", value_name = "TAG", value_parser = line::<LONGEST_TEXT>)]
    add_default_tag_id: Vec<String>,

    /// Give its leads this tag no longer, by id; may be repeated
    #[arg(long, group = "change", value_name = "TAG", value_parser = line::<LONGEST_TEXT>)]
    remove_default_tag_id: Vec<String>,

    /// Give each of its leads this tag, by name; may be repeated
    #[arg(long, group = "change", value_name = "TAG", value_parser = line::<LONGEST_TEXT>)]
    add_default_tag_name: Vec<String>,

    /// Give its leads this tag no longer, by name; may be repeated
    #[arg(long, group = "change", value_name = "TAG", value_parser = line::<LONGEST_TEXT>)]
    remove_default_tag_name: Vec<String>,
}

/// Which source, and which of its revisions.
#[derive(Clone, Debug, Args)]
pub(crate) struct Which {
    /// The source's id
    pub(crate) id: SourceId,

    /// Only if it is still at this revision, as `source show` gave it
    #[arg(long, value_name = "N")]
    pub(crate) revision: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Switch {
    On,
    Off,
}

/// Changes a source as asked.
///
/// # Errors
/// As [`change::apply`] does, and [`Error::Refused`] for rules that the intake could not use.
pub(crate) async fn run(arguments: Arguments, target: &Target, output: &mut Output) -> Result<(), Error> {
    let Which { id, revision } = arguments.which.clone();
    let (source, changes) = change::apply(target, &id, "update", revision, |source| arguments.change(source)).await?;
    change::show(output, &source, &changes)
}

/// Changes one thing about a source, under the command's name.
///
/// # Errors
/// As [`change::apply`] does.
pub(crate) async fn switch(
    which: Which,
    action: &str,
    target: &Target,
    output: &mut Output,
    make: impl FnOnce(&mut Source),
) -> Result<(), Error> {
    let made = change::apply(target, &which.id, action, which.revision, |source| {
        make(source);
        Ok(())
    });
    let (source, changes) = made.await?;
    change::show(output, &source, &changes)
}

impl Arguments {
    fn change(self, source: &mut Source) -> Result<(), Error> {
        if let Some(name) = self.name {
            source.name = name;
        }
        source.account_id = self.account.or(source.account_id.take());
        source.business_id = self.business.or(source.business_id.take());

        if self.any_state {
            source.allowed_states.clear();
        } else if !self.set_states.is_empty() {
            source.allowed_states = rules::states(self.set_states);
        } else {
            let kept: Vec<_> =
                source.allowed_states.iter().filter(|state| !self.remove_state.contains(state)).cloned().collect();
            let states = rules::states(kept.into_iter().chain(self.add_state));
            source.allowed_states = still_some(&source.allowed_states, states, "state")?;
        }

        if self.any_product {
            source.allowed_products.clear();
        } else if !self.set_products.is_empty() {
            source.allowed_products = rules::products(self.set_products);
        } else {
            let removed: Vec<_> = self.remove_product.iter().map(|product| product.to_lowercase()).collect();
            let kept: Vec<_> = source
                .allowed_products
                .iter()
                .filter(|product| !removed.contains(&product.to_lowercase()))
                .cloned()
                .collect();
            let products = rules::products(kept.into_iter().chain(self.add_product));
            source.allowed_products = still_some(&source.allowed_products, products, "product")?;
        }

        if let Some(switch) = self.trusted_form {
            source.requires_trusted_form = switch == Switch::On;
        }
        source.default_tag_ids = tags(&source.default_tag_ids, &self.remove_default_tag_id, self.add_default_tag_id)?;
        source.default_tag_names =
            tags(&source.default_tag_names, &self.remove_default_tag_name, self.add_default_tag_name)?;
        Ok(())
    }
}

/// No allowed states means any state, which nobody means who removes the last one.
fn still_some<T>(before: &[T], after: Vec<T>, what: &str) -> Result<Vec<T>, Error> {
    if after.is_empty() && !before.is_empty() {
        return Err(Error::Refused(format!(
            "without its last {what} the source would take leads of any {what}: say --any-{what} if that is meant, or \
             disable it"
        )));
    }
    Ok(after)
}

fn tags(now: &[String], removed: &[String], added: Vec<String>) -> Result<Vec<String>, Error> {
    rules::tags(now.iter().filter(|tag| !removed.contains(tag)).cloned().chain(added))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn source() -> Source {
        let now = "2026-06-15T12:00:00Z".parse().unwrap();
        Source {
            allowed_states: ["CA", "TX"].into_iter().filter_map(State::parse).collect(),
            allowed_products: vec!["Auto".into(), "Home".into()],
            default_tag_ids: vec!["a".into(), "b".into()],
            ..Source::new("source_1".parse().unwrap(), "One", "salt".into(), now)
        }
    }

    fn updated(arguments: &[&str]) -> Result<Source, Error> {
        let line = Line::try_parse_from(["update", "source_1"].iter().chain(arguments)).unwrap();
        let mut source = source();
        line.arguments.change(&mut source).map(|()| source)
    }

    fn codes(source: &Source) -> Vec<&str> {
        source.allowed_states.iter().map(|state| state.as_str()).collect()
    }

    #[test]
    fn states_and_products_are_added_removed_and_set() {
        for (arguments, states) in [
            (&["--add-state=louisiana", "--add-state=TX"][..], &["CA", "LA", "TX"][..]),
            (&["--remove-state=California"], &["TX"]),
            (&["--remove-state=CA", "--remove-state=TX", "--add-state=NV"], &["NV"]),
            (&["--set-states=ny,Texas"], &["NY", "TX"]),
            (&["--set-states", "NY", "TX"], &["NY", "TX"]),
            (&["--any-state"], &[]),
            (&["--name=x"], &["CA", "TX"]),
        ] {
            assert_eq!(codes(&updated(arguments).unwrap()), states, "{arguments:?}");
        }
        for (arguments, products) in [
            (&["--add-product=AUTO", "--add-product=Life"][..], &["Auto", "Home", "Life"][..]),
            (&["--remove-product=auto"], &["Home"]),
            (&["--set-products", "Life, whole", "Pet"], &["Life, whole", "Pet"]),
            (&["--any-product"], &[]),
        ] {
            assert_eq!(updated(arguments).unwrap().allowed_products, products, "{arguments:?}");
        }
    }

    #[test]
    fn a_limit_does_not_vanish_with_its_last_value() {
        for arguments in
            [["--remove-state=CA", "--remove-state=TX"], ["--remove-product=Auto", "--remove-product=Home"]]
        {
            assert!(matches!(updated(&arguments), Err(Error::Refused(_))), "{arguments:?}");
        }
    }

    #[test]
    fn the_rest_is_changed_where_it_is_named() {
        let source = updated(&[
            "--account=account_9",
            "--trusted-form=off",
            "--remove-default-tag-id=a",
            "--add-default-tag-id=c",
            "--add-default-tag-name=New",
        ])
        .unwrap();
        assert_eq!(source.account_id.unwrap().as_str(), "account_9");
        assert!(source.business_id.is_none() && !source.requires_trusted_form);
        assert_eq!(source.default_tag_ids, ["b", "c"]);
        assert_eq!(source.default_tag_names, ["New"]);
    }

    #[test]
    fn nothing_to_change_and_contradictions_are_no_update() {
        for arguments in [&[][..], &["--revision=1"], &["--add-state=TX", "--any-state"], &["--set-states=Ontario"]] {
            assert!(Line::try_parse_from(["update", "source_1"].iter().chain(arguments)).is_err(), "{arguments:?}");
        }
    }
}
