//! `leadctl unfinished`: leads that are not yet `Ready`, and why.

use std::io;
use std::time::Duration;

use clap::{Subcommand, value_parser};
use indicatif::ProgressBar;
use leadping::id::LeadId;
use leadping::queue::LeadCreated;
use leadping::store::{Due, Progress, StoredLead};
use leadping::time::Timestamp;
use serde::Serialize;

use crate::error::Error;
use crate::output::{self, Output};
use crate::queue;
use crate::target::Target;

/// What is announced is due again after so long, as after intake: a backlog does not feed itself.
const DUE_AGAIN: Duration = Duration::from_secs(60);

const EXAMPLES: &str = "\
The sweep announces each of them when it is due; this does so now.

Examples:
  leadctl --local unfinished
  leadctl --local unfinished announce         # those that are due
  leadctl --local unfinished announce --all";

/// What is asked about unfinished leads.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,

    /// How many to show at most, the oldest first
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = value_parser!(u16).range(1..))]
    most: u16,
}

/// What can be done about them.
#[derive(Clone, Debug, Subcommand)]
enum Command {
    /// Gives them to the worker again, by the queue
    Announce {
        /// Also those that are not due yet
        #[arg(long)]
        all: bool,
    },
}

/// An unfinished lead.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Unfinished<'a> {
    lead_id: &'a LeadId,
    created_at: Timestamp,
    due_at: Timestamp,
    age_seconds: u64,
    waits_for: &'static str,
}

/// All that is shown of them.
#[derive(Serialize)]
struct Listing<'a> {
    unfinished: usize,
    due: usize,
    oldest: Vec<Unfinished<'a>>,
}

/// Shows unfinished leads, or announces them.
///
/// # Errors
/// When the table or the queue does not answer, or the output cannot be written.
pub(crate) async fn run(arguments: Arguments, target: &Target, output: &mut Output) -> Result<(), Error> {
    let all = target.leads.unfinished().await.map_err(|error| target.failed(error))?;
    match arguments.command {
        None => list(&all, arguments.most.into(), target, output).await,
        Some(Command::Announce { all: also_later }) => announce(&all, also_later, target, output).await,
    }
}

async fn list(all: &[Due], most: usize, target: &Target, output: &mut Output) -> Result<(), Error> {
    let now = Timestamp::now();
    let mut oldest = Vec::new();
    for due in all.iter().take(most) {
        let lead = target.leads.get(&due.id).await.map_err(|error| target.failed(error))?;
        oldest.push(Unfinished {
            lead_id: &due.id,
            created_at: due.created_at,
            due_at: due.due_at,
            age_seconds: now.since(due.created_at).as_secs(),
            waits_for: reason(lead.as_ref(), due.due_at, now),
        });
    }
    let due = all.iter().filter(|lead| lead.due_at <= now).count();
    output.show(&Listing { unfinished: all.len(), due, oldest }, |out, listing| {
        if listing.unfinished == 0 {
            return writeln!(out, "Every lead is Ready.");
        }
        let rows = listing.oldest.iter().map(|lead| {
            [
                age(lead.age_seconds),
                lead.waits_for.to_owned(),
                if lead.due_at <= now { "due".to_owned() } else { format!("due {}", lead.due_at) },
                lead.lead_id.to_string(),
            ]
        });
        output::table(out, ["AGE", "WAITS FOR", "", "LEAD"], rows)?;
        writeln!(out, "\n{} unfinished, {} of them due.", listing.unfinished, listing.due)
    })
}

fn reason(lead: Option<&StoredLead>, due_at: Timestamp, now: Timestamp) -> &'static str {
    match lead {
        Some(StoredLead::Kept(kept)) => match kept.progress {
            Progress::New => "its conversation",
            // A look-up under way is due some time behind its lease.
            Progress::Opened { leased_until: Some(end), .. } if now < end && end == due_at => "the provider's own time",
            Progress::Opened { leased_until: Some(end), .. } if now < end => "the look-up under way",
            Progress::Opened { .. } => "its look-up to be tried again",
            Progress::Ready => "nothing any more",
        },
        Some(StoredLead::Erased(_)) | None => "nothing any more",
    }
}

async fn announce(all: &[Due], also_later: bool, target: &Target, output: &mut Output) -> Result<(), Error> {
    let now = Timestamp::now();
    let chosen: Vec<_> = all.iter().filter(|lead| also_later || lead.due_at <= now).collect();
    if !chosen.is_empty() {
        target.confirm(&format!("announce {} unfinished leads", chosen.len()))?;
    }
    let url = target.queue_url()?;
    let bar = ProgressBar::new(u64::try_from(chosen.len()).unwrap_or_default());
    let mut announced = 0;
    for due in chosen {
        let moved = target.leads.move_on(due, Timestamp::now().after(DUE_AGAIN)).await;
        // Whoever finished or moved it meanwhile has done this already.
        if let Some(kept) = moved.map_err(|error| target.failed(error))? {
            let message = LeadCreated::of(&kept.lead, kept.business_id, "leadctl");
            let body = serde_json::to_string(&message).map_err(io::Error::from)?;
            queue::send(target, url, body).await.map_err(|error| {
                Error::Aws(format!("{error} {announced} were announced, the rest is the sweep's or another run's."))
            })?;
            announced += 1;
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    output.show(&serde_json::json!({"announced": announced}), |out, _| match announced {
        0 => writeln!(out, "None is due; --all announces those too that are not due yet."),
        announced => writeln!(out, "{announced} announced."),
    })
}

/// Two units at most, for people.
fn age(seconds: u64) -> String {
    match (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0, seconds) => format!("{seconds} s"),
        (0, 0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (0, hours, minutes, _) => format!("{hours} h {minutes} min"),
        (days, hours, ..) => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_has_two_units_at_most() {
        for (seconds, text) in [(0, "0 s"), (61, "1 min 1 s"), (3_660, "1 h 1 min"), (90_000, "1 d 1 h")] {
            assert_eq!(age(seconds), text);
        }
    }
}
