//! `leadctl source`: who may send leads, and under which rules.

pub(crate) mod change;
mod check;
mod create;
mod delete;
pub(crate) mod rules;
mod update;

pub(crate) use update::Which;

use std::io::{self, Write};

use clap::{Subcommand, value_parser};
use leadping::id::{AccountId, BusinessId, SourceId};
use leadping::lead::state::State;
use leadping::source::{Barred, Source, StoredKey};
use leadping::time::Timestamp;
use serde::Serialize;

use crate::error::Error;
use crate::output::{self, BOLD, Output};
use crate::target::Target;

const LIST_EXAMPLES: &str = "\
Examples:
  leadctl --local source list
  leadctl --local source list --output json | jq -r '.[] | select(.approved | not) | .id'";

const HISTORY_EXAMPLES: &str = "\
Examples:
  leadctl --local source history source_123
  leadctl --local source history source_123 --output json | jq '.[] | select(.action == \"approve\")'";

const SHOW_EXAMPLES: &str = "\
Examples:
  leadctl --local source show source_123
  leadctl --local source show source_123 --output json | jq .keys";

/// What can be done with sources.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Makes a source, and a key that is shown this once
    Create(create::Arguments),
    /// Changes its name, its account and business, its rules, its default tags
    Update(Box<update::Arguments>),
    /// Says that it has passed its compliance review: from now on its leads are accepted
    Approve(Which),
    /// Takes the approval back: its leads are refused
    Unapprove(Which),
    /// Lets it send leads
    Enable(Which),
    /// Lets it send no leads: every post is answered 403
    Disable(Which),
    /// Deletes it, if it is disabled and never had a lead
    Delete(Which),
    /// Shows what was done to it, by whom and when, the newest first
    #[command(after_help = HISTORY_EXAMPLES)]
    History {
        /// The source's id
        id: SourceId,

        /// How many changes to show at most
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = value_parser!(u16).range(1..))]
        most: u16,
    },
    /// Says what the intake would answer to a payload, with every failure, and writes nothing
    Check(check::Arguments),
    /// Lists all sources, by name
    #[command(after_help = LIST_EXAMPLES)]
    List,
    /// Shows a source: its rules, and its keys by their beginnings
    #[command(after_help = SHOW_EXAMPLES)]
    Show {
        /// The source's id
        id: SourceId,
    },
}

/// Does what is asked.
///
/// # Errors
/// [`Error::NotFound`] for a source that is not there, [`Error::Conflict`] for an id that is taken; else when the table
/// does not answer, or the output cannot be written.
pub(crate) async fn run(command: Command, target: &Target, output: &mut Output) -> Result<(), Error> {
    match command {
        Command::Create(arguments) => create::run(arguments, target, output).await,
        Command::List => {
            let sources = target.sources.list().await.map_err(|error| target.failed(error))?;
            output.show(&sources.iter().map(SourceView::of).collect::<Vec<_>>(), |out, views| list(out, views))
        }
        Command::Show { id } => output.show(&SourceView::of(&change::read(target, &id).await?), show),
        Command::Update(arguments) => update::run(*arguments, target, output).await,
        Command::Approve(which) => update::switch(which, "approve", target, output, |it| it.approved = true).await,
        Command::Unapprove(which) => update::switch(which, "unapprove", target, output, |it| it.approved = false).await,
        Command::Enable(which) => update::switch(which, "enable", target, output, |it| it.enabled = true).await,
        Command::Disable(which) => update::switch(which, "disable", target, output, |it| it.enabled = false).await,
        Command::Delete(which) => delete::run(which, target, output).await,
        Command::History { id, most } => {
            let changes = target.sources.history(&id, most.into()).await.map_err(|error| target.failed(error))?;
            if changes.is_empty() {
                change::read(target, &id).await?;
            }
            output.show(&changes, |out, changes| match changes.as_slice() {
                [] => writeln!(out, "Nothing was done to {id} since it was made."),
                changes => change::history(out, changes),
            })
        }
        Command::Check(arguments) => check::run(arguments, target, output).await,
    }
}

/// A source as operators may see it: without the hashes of its keys and without its salt.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SourceView<'a> {
    id: &'a SourceId,
    name: &'a str,
    account_id: Option<&'a AccountId>,
    business_id: Option<&'a BusinessId>,
    enabled: bool,
    approved: bool,
    allowed_states: &'a [State],
    allowed_products: &'a [String],
    requires_trusted_form: bool,
    default_tag_ids: &'a [String],
    default_tag_names: &'a [String],
    keys: Vec<KeyView<'a>>,
    created_at: Timestamp,
    revision: u32,
    #[serde(skip)]
    standing: &'static str,
}

/// A key as operators may see it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeyView<'a> {
    pub(crate) prefix: &'a str,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Option<Timestamp>,
}

impl<'a> SourceView<'a> {
    fn of(source: &'a Source) -> Self {
        Self {
            id: &source.id,
            name: &source.name,
            account_id: source.account_id.as_ref(),
            business_id: source.business_id.as_ref(),
            enabled: source.enabled,
            approved: source.approved,
            allowed_states: &source.allowed_states,
            allowed_products: &source.allowed_products,
            requires_trusted_form: source.requires_trusted_form,
            default_tag_ids: &source.default_tag_ids,
            default_tag_names: &source.default_tag_names,
            keys: source.keys.iter().map(KeyView::of).collect(),
            created_at: source.created_at,
            revision: source.revision,
            standing: match source.attachment() {
                Err(Barred::Disabled) => "disabled",
                Err(Barred::NotAttached) => "not attached",
                Ok(_) if !source.approved => "not approved",
                Ok(_) => "open",
            },
        }
    }
}

impl<'a> KeyView<'a> {
    pub(crate) fn of(key: &'a StoredKey) -> Self {
        Self { prefix: &key.prefix, created_at: key.created_at, expires_at: key.expires_at }
    }
}

fn list(out: &mut dyn Write, sources: &[SourceView<'_>]) -> io::Result<()> {
    if sources.is_empty() {
        return writeln!(out, "There are no sources yet; `leadctl source create --help` tells how to make one.");
    }
    let rows = sources.iter().map(|source| {
        [
            source.id.to_string(),
            source.name.to_owned(),
            source.standing.to_owned(),
            text(source.account_id),
            text(source.business_id),
            joined(source.allowed_states, "any"),
            joined(source.allowed_products, "any"),
            source.keys.iter().map(|key| format!("{}...", key.prefix)).collect::<Vec<_>>().join(", "),
        ]
    });
    output::table(out, ["ID", "NAME", "STANDING", "ACCOUNT", "BUSINESS", "STATES", "PRODUCTS", "KEYS"], rows)
}

fn show(out: &mut dyn Write, source: &SourceView<'_>) -> io::Result<()> {
    writeln!(out, "{BOLD}Source {}{BOLD:#}  {}", source.id, source.standing)?;
    let facts = [
        ("name", source.name.to_owned()),
        ("account", text(source.account_id)),
        ("business", text(source.business_id)),
        ("enabled", yes_or_no(source.enabled)),
        ("approved", yes_or_no(source.approved)),
        ("allowed states", joined(source.allowed_states, "any")),
        ("allowed products", joined(source.allowed_products, "any")),
        ("needs TrustedForm", yes_or_no(source.requires_trusted_form)),
        ("default tag ids", joined(source.default_tag_ids, "none")),
        ("default tag names", joined(source.default_tag_names, "none")),
        ("created", source.created_at.to_string()),
        ("revision", source.revision.to_string()),
    ];
    output::pairs(out, &facts)?;
    writeln!(out, "\n{BOLD}Keys{BOLD:#}")?;
    let keys = source.keys.iter().map(|key| {
        let end = key.expires_at.map_or_else(|| "never".to_owned(), |end| end.to_string());
        (format!("{}...", key.prefix), format!("created {}, expires {end}", key.created_at))
    });
    output::pairs(out, &keys.collect::<Vec<_>>())
}

fn text(id: Option<&impl ToString>) -> String {
    id.map_or_else(|| "none".to_owned(), ToString::to_string)
}

fn yes_or_no(flag: bool) -> String {
    if flag { "yes" } else { "no" }.to_owned()
}

fn joined(values: &[impl ToString], when_empty: &str) -> String {
    if values.is_empty() {
        return when_empty.to_owned();
    }
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
