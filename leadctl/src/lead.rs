//! `leadctl lead`: what became of a lead, and what may be done about it.

mod erase;
mod export;
mod find;
mod view;

use clap::Subcommand;
use leadping::id::LeadId;

use crate::error::Error;
use crate::output::Output;
use crate::target::Target;
use view::RecordView;

const SHOW_EXAMPLES: &str = "\
Examples:
  leadctl --local lead show lead_4m7q...
  leadctl --local lead show lead_4m7q... --output json | jq .lead.processingStatus";

const ERASE_EXAMPLES: &str = "\
For a person's right to be forgotten: all that was sent of the person is gone, and
so is what the look-up said; id, source, account and times stay, and an event tells
of it. There is no way back. Backups of the tables (point-in-time recovery) and
exports keep what they have until they end: docs/operating.md.

Examples:
  leadctl --local lead find --business business_1 --email jordan@example.com
  leadctl --local lead erase lead_4m7q...";

/// What can be asked about leads.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Shows a lead with its conversation and its timeline
    #[command(after_help = SHOW_EXAMPLES)]
    Show {
        /// The lead's id, as the answer to its post gave it
        id: LeadId,
    },
    /// Finds leads by a partner's external id, or by a person's phone number or e-mail address
    Find(find::Arguments),
    /// Writes leads out, as lines of JSON or as CSV
    Export(export::Arguments),
    /// Erases a person's data from a lead and all that came of it
    #[command(after_help = ERASE_EXAMPLES)]
    Erase {
        /// The lead's id
        id: LeadId,
    },
}

/// Does what is asked.
///
/// # Errors
/// [`Error::NotFound`] for a lead that is not there; else when a table does not answer, or the output cannot be written.
pub(crate) async fn run(command: Command, target: &Target, output: &mut Output) -> Result<(), Error> {
    match command {
        Command::Show { id } => {
            let record = target.leads.record(&id).await.map_err(|error| target.failed(error))?;
            let record = record.ok_or_else(|| none(&id))?;
            output.show(&RecordView::of(&record), view::write)
        }
        Command::Find(arguments) => find::run(&arguments, target, output).await,
        Command::Export(arguments) => export::run(&arguments, target).await,
        Command::Erase { id } => erase::run(&id, target, output).await,
    }
}

fn none(id: &LeadId) -> Error {
    Error::NotFound(format!("there is no lead {id} here; compare it with the id in the answer to its post"))
}
