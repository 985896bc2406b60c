//! `leadctl unfinished`: leads that are not yet `Ready` or whose events wait, and why.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use clap::Subcommand;
use indicatif::ProgressBar;
use leadping::id::LeadId;
use leadping::queue::LeadCreated;
use leadping::store::{Due, Progress, StoredLead, Work};
use leadping::time::Timestamp;
use serde::Serialize;

use crate::error::Error;
use crate::input::whole;
use crate::output::screen::duration;
use crate::output::{self, Column, Output, Page, Tone, count};
use crate::queue;
use crate::target::Target;

/// When a lead that is announced is due again, as after intake: a backlog does not feed itself.
const DUE_AGAIN: Duration = Duration::from_secs(60);

const EXAMPLES: &str = "\
The sweep announces each of them when it is due; `announce` does so now.

Examples:
  leadctl --local unfinished
  leadctl --local unfinished announce         # those that are due
  leadctl --local unfinished announce --all";

const COLUMNS: [Column<'_>; 4] =
    [Column::whole("LEAD"), Column::whole("AGE"), Column::cut("WAITS FOR", 12).spare(2), Column::time("DUE").spare(1)];

/// What is asked about unfinished leads.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,

    /// The most leads to show, the oldest first
    #[arg(long, value_name = "N", default_value_t = 20, allow_negative_numbers = true, value_parser = whole(1..=u16::MAX))]
    most: u16,
}

/// What can be done about them.
#[derive(Clone, Debug, Subcommand)]
enum Command {
    /// Send them to the worker again, through the queue
    Announce {
        /// Also the leads that are not due yet
        #[arg(long)]
        all: bool,
    },
}

/// What a lead waits for; a lead may wait for several things.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Unfinished<'a> {
    lead_id: &'a LeadId,
    /// When the lead was accepted; none when it is gone.
    created_at: Option<Timestamp>,
    /// Since when it waits for this.
    since: Timestamp,
    due_at: Timestamp,
    age_seconds: u64,
    waits_for: &'static str,
}

/// What is shown of them.
#[derive(Serialize)]
struct Listing<'a> {
    /// How many leads are unfinished.
    unfinished: usize,
    /// How many of them are due.
    due: usize,
    oldest: Vec<Unfinished<'a>>,
}

/// Shows unfinished leads, or announces them.
///
/// # Errors
/// When the table or the queue does not answer, or the output cannot be written.
pub(crate) async fn run(arguments: Arguments, target: &Target, output: &mut Output) -> Result<(), Error> {
    let all = target.leads.unfinished().await.map_err(|error| target.store_error(error))?;
    match arguments.command {
        None => list(&all, arguments.most.into(), target, output).await,
        Some(Command::Announce { all: also_later }) => announce(&all, also_later, target, output).await,
    }
}

async fn list(all: &[Due], most: usize, target: &Target, output: &mut Output) -> Result<(), Error> {
    let now = Timestamp::now();
    let mut oldest = Vec::new();
    for due in all.iter().take(most) {
        let lead = target.leads.get(&due.id).await.map_err(|error| target.store_error(error))?;
        oldest.push(Unfinished {
            lead_id: &due.id,
            created_at: lead.as_ref().map(|stored| stored.lead().created_at),
            since: due.since,
            due_at: due.due_at,
            age_seconds: now.since(due.since).as_secs(),
            waits_for: reason(due, lead.as_ref(), now),
        });
    }
    let due = leads(all.iter().filter(|due| due.due_at <= now)).len();
    output.show(&Listing { unfinished: leads(all).len(), due, oldest }, |page, listing| {
        write(page, &listing.oldest, now)?;
        output::note(match listing.unfinished {
            0 => "Every lead is Ready, all events are published, and no certificate waits.".to_owned(),
            unfinished => format!("\n{unfinished} unfinished, {} of them due.", listing.due),
        });
        Ok(())
    })
}

fn write(page: &mut Page<'_>, oldest: &[Unfinished<'_>], now: Timestamp) -> io::Result<()> {
    let screen = page.screen();
    let rows = oldest.iter().map(|lead| {
        let due = if lead.due_at <= now { "now".to_owned() } else { screen.time(lead.due_at) };
        (Tone::Plain, [lead.lead_id.to_string(), duration(lead.age_seconds), lead.waits_for.to_owned(), due])
    });
    page.table(COLUMNS, rows)
}

fn reason(due: &Due, lead: Option<&StoredLead>, now: Timestamp) -> &'static str {
    match lead {
        _ if due.work == Work::Events => "the bus, with its events",
        _ if due.work == Work::Retain => "TrustedForm, to retain it",
        Some(StoredLead::Kept(kept)) => match kept.progress {
            Progress::New => "its conversation",
            // A lookup in progress is due some time after its lease ends.
            Progress::Opened { leased_until: Some(end), .. } if now < end && end == due.due_at => {
                "the time its provider set"
            }
            Progress::Opened { leased_until: Some(end), .. } if now < end => "the lookup in progress",
            Progress::Opened { .. } => "its next lookup",
            Progress::Ready => "nothing",
        },
        Some(StoredLead::Erased(_)) | None => "nothing",
    }
}

/// The leads of these entries, with the entries of each.
fn leads<'a>(entries: impl IntoIterator<Item = &'a Due>) -> BTreeMap<&'a LeadId, Vec<&'a Due>> {
    let mut leads: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for due in entries {
        leads.entry(&due.id).or_default().push(due);
    }
    leads
}

async fn announce(all: &[Due], also_later: bool, target: &Target, output: &mut Output) -> Result<(), Error> {
    let now = Timestamp::now();
    let chosen = leads(all.iter().filter(|due| also_later || due.due_at <= now));
    if !chosen.is_empty() {
        target.confirm(&format!("announce {}", count(chosen.len(), "unfinished lead")))?;
    }
    let url = target.queue_url()?;
    let bar = ProgressBar::new(u64::try_from(chosen.len()).unwrap_or_default());
    let mut announced = 0;
    for entries in chosen.values() {
        let mut moved = None;
        for due in entries {
            // Another that finished or moved it meanwhile has done this already.
            let lead = target.leads.reschedule(due, Timestamp::now().after(DUE_AGAIN)).await;
            moved = lead.map_err(|error| target.store_error(error))?.or(moved);
        }
        // One message for all that is left to do for a lead.
        if let Some(lead) = moved {
            let message = LeadCreated::of(lead.lead(), lead.business_id().clone(), "leadctl");
            let body = serde_json::to_string(&message).map_err(io::Error::from)?;
            queue::send(target, url, body).await.map_err(|error| stopped(error, announced))?;
            announced += 1;
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    output.show(&serde_json::json!({"announced": announced}), |page, _| match announced {
        0 if also_later => writeln!(page, "No lead is unfinished."),
        0 => writeln!(page, "No lead is due; --all also announces leads that are not due yet."),
        announced => writeln!(page, "{announced} announced."),
    })
}

/// Says how far it came.
fn stopped(error: Error, announced: usize) -> Error {
    match error {
        Error::Aws { what, remedy } => Error::Aws {
            what,
            remedy: format!("{remedy}. {announced} were announced; the sweep, or another run, announces the rest"),
        },
        other => other,
    }
}
