//! `leadctl dlq`: messages that the worker could not handle.

mod letter;

use std::io;

use aws_sdk_sqs::types::Message;
use clap::{ArgGroup, Args, Subcommand};
use indicatif::ProgressBar;
use serde_json::json;

use crate::error::Error;
use crate::input::whole;
use crate::output::{self, Column, Output, Page, Tone};
use crate::queue;
use crate::target::Target;
use letter::Letter;

const PEEK_EXAMPLES: &str = "\
Nothing is moved or deleted.

Examples:
  leadctl --local dlq peek
  leadctl --local dlq peek --most 50 --output json | jq -r '.[].leadId'";

const SHOW_EXAMPLES: &str = "\
The body's values are not shown: a message that is not ours may hold anything.

Examples:
  leadctl --local dlq show 6f1c...";

const DELETE_EXAMPLES: &str = "\
It cannot be undone. A lead that the message is about is not lost: an unfinished
lead comes back to the worker by itself (`leadctl unfinished`).

Examples:
  leadctl --local dlq delete 6f1c...";

const REDRIVE_EXAMPLES: &str = "\
Each message is sent to the queue again and then deleted here; the worker does
nothing twice. Fix what made them fail first.

Examples:
  leadctl --local dlq redrive --all --dry-run
  leadctl --local dlq redrive --all
  leadctl --local dlq redrive --message 6f1c...";

const COLUMNS: [Column<'_>; 4] =
    [Column::whole("MESSAGE"), Column::time("SENT"), Column::cut("PROBLEM", 16), Column::whole("LEAD").spare(1)];

/// What can be done with dead letters.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List dead letters: what is wrong with each, and which lead it is about
    #[command(after_help = PEEK_EXAMPLES)]
    Peek {
        /// The most messages to show
        #[arg(long, value_name = "N", default_value_t = 10, allow_negative_numbers = true, value_parser = whole(1..=u16::MAX))]
        most: u16,
    },
    /// Show a dead letter: its sender, what is wrong with it, and the names of its members
    #[command(after_help = SHOW_EXAMPLES)]
    Show {
        /// The message's id, as `dlq peek` shows it
        #[arg(value_name = "MESSAGE")]
        id: String,
    },
    /// Delete a dead letter for good
    #[command(after_help = DELETE_EXAMPLES)]
    Delete {
        /// The message's id, as `dlq peek` shows it
        #[arg(value_name = "MESSAGE")]
        id: String,
    },
    /// Send dead letters to the worker again
    #[command(after_help = REDRIVE_EXAMPLES)]
    Redrive(Redrive),
}

/// What to redrive.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true))]
#[group(skip)]
pub(crate) struct Redrive {
    /// All of them
    #[arg(long, group = "which")]
    all: bool,

    /// The one of this id, as `dlq peek` shows it
    #[arg(long, group = "which", value_name = "MESSAGE")]
    message: Option<String>,

    /// Only say what would be moved
    #[arg(long)]
    dry_run: bool,
}

/// Shows, deletes or moves dead letters.
///
/// # Errors
/// [`Error::NotFound`] for a message that is not in the queue; else when SQS does not answer, or the output cannot be
/// written.
pub(crate) async fn run(command: Command, target: &Target, output: &mut Output) -> Result<(), Error> {
    match command {
        Command::Peek { most } => {
            let held = queue::hold(target, usize::from(most), |_| false).await?;
            let letters: Vec<_> = held.iter().map(Letter::of).collect();
            queue::let_go(target, &held).await?;
            output.show(&letters, |page, letters| list(page, letters))
        }
        Command::Show { id } => {
            let (message, others) = find(target, &id).await?;
            queue::let_go(target, &others).await?;
            queue::let_go(target, std::slice::from_ref(&message)).await?;
            output.show(&Letter::of(&message), show)
        }
        Command::Delete { id } => {
            target.confirm("delete a dead letter for good")?;
            let (message, others) = find(target, &id).await?;
            queue::delete(target, &message).await?;
            // Whatever becomes of the others, the chosen one is deleted.
            queue::let_go(target, &others).await?;
            output.show(&json!({"messageId": id, "deleted": true}), |page, _| {
                write!(page, "Dead letter ")?;
                page.bold(&id)?;
                writeln!(page, " is deleted.")
            })
        }
        Command::Redrive(redrive) => redrive.run(target, output).await,
    }
}

fn list(page: &mut Page<'_>, letters: &[Letter]) -> io::Result<()> {
    if letters.is_empty() {
        output::note("There are no dead letters.");
    }
    let screen = page.screen();
    let rows = letters.iter().map(|letter| {
        let cells = [
            letter.message_id.clone(),
            letter.sent_at.map(|at| screen.time(at)).unwrap_or_default(),
            letter.problem.to_string(),
            letter.lead_id.as_ref().map(ToString::to_string).unwrap_or_default(),
        ];
        (Tone::Plain, cells)
    });
    page.table(COLUMNS, rows)
}

fn show(page: &mut Page<'_>, letter: &Letter) -> io::Result<()> {
    page.bold(format_args!("Dead letter {}", letter.message_id))?;
    writeln!(page)?;
    let unknown = || "unknown".to_owned();
    page.pairs(&[
        ("problem", letter.problem.to_string()),
        ("lead", letter.lead_id.as_ref().map_or_else(unknown, ToString::to_string)),
        ("sent", letter.sent_at.map_or_else(unknown, |at| at.to_string())),
        ("sender", letter.sender_id.clone().unwrap_or_else(unknown)),
    ])?;
    if letter.members.is_empty() {
        return Ok(());
    }
    writeln!(page)?;
    page.bold("Members of its body")?;
    writeln!(page)?;
    page.pairs(&letter.members.iter().map(|(name, kind)| (name, (*kind).to_owned())).collect::<Vec<_>>())
}

/// Holds dead letters until this one comes. Returns it, and the others.
async fn find(target: &Target, id: &str) -> Result<(Message, Vec<Message>), Error> {
    let is_it = |message: &Message| message.message_id() == Some(id);
    let mut held = queue::hold(target, usize::MAX, is_it).await?;
    match held.iter().position(is_it) {
        Some(place) => Ok((held.swap_remove(place), held)),
        None => {
            queue::let_go(target, &held).await?;
            Err(none())
        }
    }
}

fn none() -> Error {
    Error::NotFound("there is no dead letter of that id now; `leadctl dlq peek` shows the dead letters".to_owned())
}

impl Redrive {
    async fn run(self, target: &Target, output: &mut Output) -> Result<(), Error> {
        if !self.dry_run {
            target.confirm("send dead letters to the worker again")?;
        }
        let moved = match &self.message {
            Some(id) => {
                let (chosen, others) = find(target, id).await?;
                if self.dry_run {
                    queue::let_go(target, std::slice::from_ref(&chosen)).await?;
                } else {
                    resend(target, &chosen).await?;
                }
                // Whatever becomes of the others, the chosen one is moved.
                queue::let_go(target, &others).await?;
                1
            }
            None if self.dry_run => {
                let held = queue::hold(target, usize::MAX, |_| false).await?;
                queue::let_go(target, &held).await?;
                held.len()
            }
            None => move_all(target).await?,
        };
        output.show(&json!({"messages": moved, "dryRun": self.dry_run}), |page, _| match (moved, self.dry_run) {
            (0, _) => writeln!(page, "There are no dead letters."),
            (moved, true) => writeln!(page, "{moved} would be sent to the worker again; nothing was moved."),
            (moved, false) => writeln!(page, "{moved} sent to the worker again."),
        })
    }
}

/// Moves one batch after another, so that memory stays flat however many there are.
async fn move_all(target: &Target) -> Result<usize, Error> {
    let bar = ProgressBar::new(queue::counts(target, target.dead_letter_queue_url()?).await?.iter().sum());
    let mut moved = 0;
    loop {
        let batch = queue::receive(target).await?;
        if batch.is_empty() {
            bar.finish_and_clear();
            return Ok(moved);
        }
        for message in &batch {
            resend(target, message).await?;
            moved += 1;
            bar.inc(1);
        }
    }
}

/// Sent first and deleted then: a message that is cut off between the two exists twice, and the worker does nothing twice.
async fn resend(target: &Target, message: &Message) -> Result<(), Error> {
    queue::send(target, target.queue_url()?, message.body().unwrap_or_default()).await?;
    queue::delete(target, message).await
}
