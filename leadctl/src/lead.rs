//! `leadctl lead`: what became of a lead, and what may be done about it.

mod erase;
mod export;
mod find;
mod view;

use clap::Subcommand;
use leadping::id::LeadId;
use leadping::ledger::Subject;

use crate::error::Error;
use crate::known;
use crate::output::Output;
use crate::target::Target;
use view::RecordView;

const SHOW_EXAMPLES: &str = "\
Examples:
  leadctl --local lead show lead_4m7q...
  leadctl --local lead show lead_4m7q... --output json \\
      | jq .lead.processingStatus";

/// What can be asked about leads.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show a lead with its conversation and its timeline
    #[command(after_help = SHOW_EXAMPLES)]
    Show {
        /// The lead's id, from the answer to its post
        id: LeadId,
    },
    /// Find leads by a partner's external id, or by a person's phone number or e-mail address
    Find(find::Arguments),
    /// Write leads out, as lines of JSON or as CSV
    Export(export::Arguments),
    /// Erase a person's data from leads and from everything that came of them
    Erase(erase::Arguments),
}

/// Does what is asked.
///
/// # Errors
/// [`Error::NotFound`] for a lead that does not exist; else when a table does not answer, or the output cannot be written.
pub(crate) async fn run(command: Command, target: &Target, output: &mut Output) -> Result<(), Error> {
    match command {
        Command::Show { id } => {
            known::not_a_key(id.as_str())?;
            let record = target.leads.record(&id).await.map_err(|error| target.store_error(error))?;
            let record = record.ok_or_else(|| known::no_lead(&id))?;
            let subject = Subject { leads: vec![id], ..Subject::default() };
            output.acted(target.note("lead show", subject).await?);
            output.show(&RecordView::of(&record), view::write)
        }
        Command::Find(arguments) => find::run(&arguments, target, output).await,
        Command::Export(arguments) => export::run(&arguments, target, output).await,
        Command::Erase(arguments) => erase::run(arguments, target, output).await,
    }
}
