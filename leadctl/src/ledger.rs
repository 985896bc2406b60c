//! `leadctl ledger`: what operators did (contract, section 14).

pub(crate) mod chain;

use std::io;

use clap::Subcommand;
use leadping::ledger::{Act, Digest, Entry, Stored, Subject};
use serde::Serialize;

use crate::error::Error;
use crate::input::whole;
use crate::output::{self, Column, Output, Page, Tone, count};
use crate::target::Target;

const LIST_EXAMPLES: &str = "\
Examples:
  leadctl --local ledger list
  leadctl --local ledger list --output json \\
      | jq -r '.[] | select(.entry.action == \"lead erase\") | .entry.by'";

const VERIFY_EXAMPLES: &str = "\
Each entry holds the digest of the one before. A person who may write to the
table could write all of it again, or remove the last entries: a digest that was
kept elsewhere finds that. Every act prints one. Each source and its history are
compared with their entries, too.

Examples:
  leadctl --local ledger verify
  leadctl --local ledger verify --head 9f86d0...";

const COLUMNS: [Column<'_>; 5] = [
    Column::whole("ENTRY"),
    Column::time("AT"),
    Column::whole("ACTION"),
    Column::cut("ON", 16).spare(1),
    Column::cut("BY", 12).spare(2),
];

/// What can be asked about the ledger.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List what operators did, newest first
    #[command(after_help = LIST_EXAMPLES)]
    List {
        /// The most entries to show
        #[arg(long, value_name = "N", default_value_t = 20, allow_negative_numbers = true, value_parser = whole(1..=u16::MAX))]
        most: u16,
    },
    /// Check that no entry and no source was changed, removed or added by other means
    #[command(after_help = VERIFY_EXAMPLES)]
    Verify {
        /// A digest that an earlier act printed: it must be that of an entry
        #[arg(long, value_name = "DIGEST")]
        head: Option<Digest>,
    },
}

/// An item for programs. `document` is the text that the digest covers; without a `number` the item is not an entry.
#[derive(Serialize)]
struct Row {
    key: String,
    number: Option<u64>,
    digest: Digest,
    entry: Option<Entry>,
    document: String,
}

/// Does what is asked.
///
/// # Errors
/// [`Error::Refused`], after the faults, when the ledger does not hold; else when a table does not answer, or the output
/// cannot be written.
pub(crate) async fn run(command: Command, target: &Target, output: &mut Output) -> Result<(), Error> {
    match command {
        Command::List { most } => {
            let entries = target.ledger.latest(usize::from(most)).await.map_err(|error| target.store_error(error))?;
            let rows: Vec<_> = entries.into_iter().map(row).collect();
            output.show(&rows, |page, rows| list(page, rows, usize::from(most)))
        }
        Command::Verify { head } => {
            let verified = chain::verify(target, head).await?;
            output.show(&verified, |page, verified| {
                verified.faults.iter().try_for_each(|fault| writeln!(page, "{fault}"))?;
                if !verified.faults.is_empty() {
                    return Ok(());
                }
                writeln!(page, "The ledger holds. Entries: {}, head: {}", verified.number, verified.digest)
            })?;
            match verified.faults.len() {
                0 => Ok(()),
                faults => Err(Error::Refused(format!("the ledger does not hold: {}", count(faults, "fault")))),
            }
        }
    }
}

fn row(stored: Stored) -> Row {
    let number = stored.number();
    let Stored { key, document } = stored;
    Row { key, number, digest: Digest::of(&document), entry: serde_json::from_str(&document).ok(), document }
}

fn list(page: &mut Page<'_>, rows: &[Row], most: usize) -> io::Result<()> {
    let screen = page.screen();
    let lines = rows.iter().map(|row| {
        let warning = |number: String, says: &str, on: &str| {
            (Tone::Warning, [number, String::new(), says.to_owned(), on.to_owned(), String::new()])
        };
        match (row.number, &row.entry) {
            (None, _) => warning("-".to_owned(), "not an entry", &row.key),
            (Some(number), None) => warning(number.to_string(), "cannot be read", ""),
            (Some(number), Some(Entry { act: Act { at, by, action, subject }, .. })) => {
                (Tone::Plain, [number.to_string(), screen.time(*at), action.clone(), about(subject), by.clone()])
            }
        }
    });
    page.table(COLUMNS, lines)?;
    match rows.iter().filter(|row| row.number.is_some()).count() {
        0 => output::note("The ledger is empty."),
        length if length == most => output::note("\nThere may be more; --most N shows them."),
        _ => {}
    }
    Ok(())
}

/// What an act was about, in a cell.
fn about(subject: &Subject) -> String {
    let leads = match subject.leads.as_slice() {
        [] => None,
        [lead] => Some(lead.to_string()),
        leads => Some(count(leads.len(), "lead")),
    };
    let members = subject.members.join(" ");
    let ids =
        [subject.source_id.as_ref().map(ToString::to_string), subject.business_id.as_ref().map(ToString::to_string)];
    let parts = ids.into_iter().chain([leads, subject.extent.clone(), (!members.is_empty()).then_some(members)]);
    parts.flatten().collect::<Vec<_>>().join(" ")
}
