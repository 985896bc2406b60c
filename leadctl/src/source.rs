//! `leadctl source`: who may send leads, and under which rules.

pub(crate) mod change;
mod check;
mod create;
mod delete;
mod leads;
mod limits;
pub(crate) mod rules;
mod spec;
mod update;
pub(crate) mod view;

use clap::Subcommand;
use leadping::id::SourceId;
use leadping::store::AllSources;

use crate::error::Error;
use crate::input::whole;
use crate::known;
use crate::output::Output;
use crate::target::Target;
use change::Which;
use view::{Row, SourceView};

const LIST_EXAMPLES: &str = "\
Examples:
  leadctl --local source list
  leadctl --local source list | cut -f1
  leadctl --local source list --output json \\
      | jq -r '.[] | select(.approved | not) | .id'";

const HISTORY_EXAMPLES: &str = "\
Examples:
  leadctl --local source history source_123
  leadctl --local source history source_123 --output json \\
      | jq '.[] | select(.action == \"approve\")'";

const SHOW_EXAMPLES: &str = "\
Examples:
  leadctl --local source show source_123
  leadctl --local source show source_123 --output json | jq .keys";

/// What can be done with sources.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a source, with a key that is shown once
    Create(Box<create::Arguments>),
    /// Change a source's name, account, business, rules, limits or default tags
    Update(Box<update::Arguments>),
    /// Record that a source has passed its compliance review: its leads are accepted from now on
    Approve(Which),
    /// Withdraw a source's approval: its leads are refused
    Unapprove(Which),
    /// Let a source send leads
    Enable(Which),
    /// Stop a source from sending leads: every post is answered 403
    Disable(Which),
    /// Delete a source that is disabled and never had a lead
    Delete(Which),
    /// Show a source's changes, newest first, with who made each and when
    #[command(after_help = HISTORY_EXAMPLES)]
    History {
        /// The source's id
        id: SourceId,

        /// The most changes to show
        #[arg(long, value_name = "N", default_value_t = 50, allow_negative_numbers = true, value_parser = whole(1..=u16::MAX))]
        most: u16,
    },
    /// Say what the intake would answer to a payload, with every failure, and write nothing
    Check(check::Arguments),
    /// Write what a source must send, as a page for its partner
    Spec(spec::Arguments),
    /// List all sources, by id
    #[command(after_help = LIST_EXAMPLES)]
    List,
    /// Show a source: its rules, and its keys by their beginnings
    #[command(after_help = SHOW_EXAMPLES)]
    Show {
        /// The source's id
        id: SourceId,
    },
}

/// Does what is asked.
///
/// # Errors
/// [`Error::NotFound`] for a source that does not exist, [`Error::Conflict`] for an id that is taken; else when the table
/// does not answer, or the output cannot be written.
pub(crate) async fn run(command: Command, target: &Target, output: &mut Output) -> Result<(), Error> {
    match command {
        Command::Create(arguments) => create::run(*arguments, target, output).await,
        Command::List => {
            let AllSources { sources, unreadable } = known::all_sources(target).await?;
            let readable = sources.iter().map(SourceView::of).map(Row::Readable);
            let rows: Vec<_> = readable.chain(unreadable.iter().map(Row::unreadable)).collect();
            output.show(&rows, |page, rows| view::list(page, rows))
        }
        Command::Show { id } => output.show(&SourceView::of(&known::source(target, &id).await?), view::show),
        Command::Update(arguments) => update::run(*arguments, target, output).await,
        Command::Approve(which) => change::switch(which, "approve", target, output, |it| it.approved = true).await,
        Command::Unapprove(which) => change::switch(which, "unapprove", target, output, |it| it.approved = false).await,
        Command::Enable(which) => change::switch(which, "enable", target, output, |it| it.enabled = true).await,
        Command::Disable(which) => change::switch(which, "disable", target, output, |it| it.enabled = false).await,
        Command::Delete(which) => delete::run(which, target, output).await,
        Command::History { id, most } => {
            let changes = target.sources.history(&id, most.into()).await.map_err(|error| target.store_error(error))?;
            if changes.is_empty() {
                known::source(target, &id).await?;
            }
            output.show(&changes, |page, changes| match changes.as_slice() {
                [] => writeln!(page, "No change of {id} is recorded since it was created."),
                changes => change::history(page, changes),
            })
        }
        Command::Check(arguments) => check::run(arguments, target, output).await,
        Command::Spec(arguments) => spec::run(arguments, target, output).await,
    }
}
