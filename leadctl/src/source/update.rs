//! `leadctl source update`.

use clap::Args;
use leadping::id::{AccountId, BusinessId};
use leadping::lead::state::State;
use leadping::source::Source;

use super::change::{self, Which};
use super::leads;
use super::limits::{LimitArguments, RemovedLimits};
use super::rules::{self, GIVEN, MAX_NAME, MAX_TEXT, RuleArguments, line, state};
use crate::error::Error;
use crate::known;
use crate::output::Output;
use crate::target::Target;

const EXAMPLES: &str = "\
It is written over what was read, or not at all: of two operators one wins, and
the other is told what changed. --revision names the revision you looked at.

Examples:
  leadctl --local source update source_123 --add-state TX --add-state Louisiana
  leadctl --local source update source_123 --set-products 'Auto' 'Home'
  leadctl --local source update source_123 --any-state --trusted-form off
  leadctl --local source update source_123 --cap-day 500 --cap-hour 50 \\
      --cap-zone America/New_York --duplicates phone,email
  leadctl --local source update source_123 --name 'Acme' --revision 3";

/// What to change.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, override_usage = "leadctl source update [OPTIONS] <ID>")]
#[group(id = GIVEN, required = true, multiple = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    which: Which,

    /// What people call it
    #[arg(long, group = GIVEN, value_parser = line::<MAX_NAME>)]
    name: Option<String>,

    /// The account that it is attached to
    #[arg(long, group = GIVEN)]
    account: Option<AccountId>,

    /// The business that its leads belong to; only for a disabled source that never had a lead
    #[arg(long, group = GIVEN)]
    business: Option<BusinessId>,

    #[command(flatten)]
    rules: RuleArguments,

    #[command(flatten)]
    limits: LimitArguments,

    #[command(flatten)]
    removed_limits: RemovedLimits,

    /// Accept leads of this state too, by code or name; may be repeated
    #[arg(long, group = GIVEN, value_name = "STATE", value_parser = state, conflicts_with = "allowed_states")]
    add_state: Vec<State>,

    /// Accept leads of this state no longer; may be repeated
    #[arg(long, group = GIVEN, value_name = "STATE", value_parser = state, conflicts_with = "allowed_states")]
    remove_state: Vec<State>,

    /// Accept leads of any state
    #[arg(long, group = GIVEN, conflicts_with_all = ["add_state", "remove_state", "allowed_states"])]
    any_state: bool,

    /// Accept leads for this product too; may be repeated
    #[arg(long, group = GIVEN, value_name = "PRODUCT", value_parser = line::<MAX_TEXT>, conflicts_with = "allowed_products")]
    add_product: Vec<String>,

    /// Accept leads for this product no longer; may be repeated
    #[arg(long, group = GIVEN, value_name = "PRODUCT", value_parser = line::<MAX_TEXT>, conflicts_with = "allowed_products")]
    remove_product: Vec<String>,

    /// Accept leads for any product
    #[arg(long, group = GIVEN, conflicts_with_all = ["add_product", "remove_product", "allowed_products"])]
    any_product: bool,

    /// Give each lead this tag too, by id; may be repeated
    #[arg(long, group = GIVEN, value_name = "TAG", value_parser = line::<MAX_TEXT>)]
    add_default_tag_id: Vec<String>,

    /// Give leads this tag no longer, by id; may be repeated
    #[arg(long, group = GIVEN, value_name = "TAG", value_parser = line::<MAX_TEXT>)]
    remove_default_tag_id: Vec<String>,

    /// Give each lead this tag too, by name; may be repeated
    #[arg(long, group = GIVEN, value_name = "TAG", value_parser = line::<MAX_TEXT>)]
    add_default_tag_name: Vec<String>,

    /// Give leads this tag no longer, by name; may be repeated
    #[arg(long, group = GIVEN, value_name = "TAG", value_parser = line::<MAX_TEXT>)]
    remove_default_tag_name: Vec<String>,
}

/// Changes a source as asked.
///
/// # Errors
/// As [`change::apply`] does, and [`Error::Refused`] for rules that the intake could not use.
pub(super) async fn run(arguments: Arguments, target: &Target, output: &mut Output) -> Result<(), Error> {
    let Which { id, mut revision } = arguments.which.clone();
    if let Some(business) = &arguments.business {
        let source = known::source(target, &id).await?;
        if let Some(expected) = revision
            && expected != source.revision
        {
            return Err(change::conflict(target, &id, expected).await);
        }
        moves(&source, business, target).await?;
        // Another operator may enable it in between, and it may have leads then: what was checked is what is changed.
        revision = Some(source.revision);
    }
    let sentence = format!("change the source {id}");
    let changed = change::apply(target, output, &id, "update", &sentence, revision, |source| arguments.change(source));
    let (source, changes) = changed.await?;
    change::show(output, &source, &changes)
}

/// A lead's identity is within its source: after a move, a repeat of the old business's lead would be answered with it. So
/// only a source moves that never had a lead, and cannot get one meanwhile.
async fn moves(source: &Source, business: &BusinessId, target: &Target) -> Result<(), Error> {
    let id = &source.id;
    if source.business_id.as_ref().is_none_or(|now| now == business) {
        return Ok(());
    }
    if source.enabled {
        return Err(Error::Refused(format!(
            "the source {id} is enabled and could send leads meanwhile: disable it first (`leadctl source disable {id}`), \
             and enable it after the move; a source that had leads stays with its business"
        )));
    }
    match leads::first_day(target, source).await? {
        None => Ok(()),
        Some(day) => Err(Error::Refused(format!(
            "the source {id} had leads, the first on {day}, and they belong to its business for good: create another \
             source for {business}, and leave this one disabled"
        ))),
    }
}

impl Arguments {
    fn change(self, source: &mut Source) -> Result<(), Error> {
        if let Some(name) = self.name {
            source.name = name;
        }
        source.account_id = self.account.or(source.account_id.take());
        source.business_id = self.business.or(source.business_id.take());
        self.rules.apply(source)?;
        self.limits.apply(source)?;
        self.removed_limits.apply(source);

        let kept = source.allowed_states.iter().filter(|state| !self.remove_state.contains(state)).cloned();
        let states = rules::states(kept.chain(self.add_state));
        source.allowed_states =
            if self.any_state { Vec::new() } else { still_some(&source.allowed_states, states, "state")? };

        let removed: Vec<_> = self.remove_product.iter().map(|product| product.to_lowercase()).collect();
        let kept = source.allowed_products.iter().filter(|product| !removed.contains(&product.to_lowercase())).cloned();
        let products = rules::products(kept.chain(self.add_product));
        source.allowed_products =
            if self.any_product { Vec::new() } else { still_some(&source.allowed_products, products, "product")? };

        source.default_tag_ids = tags(&source.default_tag_ids, &self.remove_default_tag_id, self.add_default_tag_id)?;
        source.default_tag_names =
            tags(&source.default_tag_names, &self.remove_default_tag_name, self.add_default_tag_name)?;
        Ok(())
    }
}

/// No allowed states means any state, and removing the last one is not meant to allow all.
fn still_some<T>(before: &[T], after: Vec<T>, what: &str) -> Result<Vec<T>, Error> {
    if after.is_empty() && !before.is_empty() {
        return Err(Error::Refused(format!(
            "without its last {what} the source would accept leads of any {what}: give --any-{what} if that is intended, or \
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
    struct CommandLine {
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
        let line = CommandLine::try_parse_from(["update", "source_1"].iter().chain(arguments)).unwrap();
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
    fn rules_are_set_as_when_a_source_is_created() {
        let source =
            updated(&["--allowed-state=ny", "--allowed-product=Pet", "--no-trusted-form", "--default-tag-id=z"])
                .unwrap();
        assert_eq!((codes(&source), source.requires_trusted_form), (vec!["NY"], false));
        assert_eq!((source.allowed_products, source.default_tag_ids), (vec!["Pet".to_owned()], vec!["z".to_owned()]));
    }

    #[test]
    fn nothing_to_change_and_contradictions_are_no_update() {
        for arguments in [&[][..], &["--revision=1"], &["--add-state=TX", "--any-state"], &["--set-states=Ontario"]] {
            assert!(
                CommandLine::try_parse_from(["update", "source_1"].iter().chain(arguments)).is_err(),
                "{arguments:?}"
            );
        }
    }
}
