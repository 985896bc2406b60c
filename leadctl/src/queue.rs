//! `leadctl queue` and `leadctl dlq`: the queue of accepted leads, and its dead letters.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, Message, MessageSystemAttributeName, QueueAttributeName,
};
use clap::{Args, Subcommand, value_parser};
use indicatif::ProgressBar;
use leadping::id::LeadId;
use leadping::queue::{LARGEST_BATCH, LeadCreated};
use leadping::time::Timestamp;
use serde::Serialize;

use crate::error::Error;
use crate::output::{self, Output};
use crate::target::Target;

/// So many messages are received at once: SQS's own limit.
const BATCH: i32 = 10;

/// So long a received message is kept from others while it is looked at or moved.
const HELD: Duration = Duration::from_secs(60);

/// So long, in seconds, SQS is asked before a queue counts as empty: without waiting it asks only some of its machines.
const PATIENCE: i32 = 1;

/// What can be asked about the queue.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Tells how many messages wait, are worked on, or are dead
    Status,
}

const PEEK_EXAMPLES: &str = "\
Nothing is moved; each look counts as a receive of the dead letter.

Examples:
  leadctl --local dlq peek
  leadctl --local dlq peek --most 50 --output json | jq -r '.[].leadId'";

const REDRIVE_EXAMPLES: &str = "\
Each message is sent to the queue again and then deleted here; the worker does
nothing twice. Mend first what made them fail.

Examples:
  leadctl --local dlq redrive --all --dry-run
  leadctl --local dlq redrive --all
  leadctl --local dlq redrive --message 6f1c...";

/// What can be done with dead letters.
#[derive(Debug, Subcommand)]
pub(crate) enum DeadLetters {
    /// Shows dead letters: which lead each is about, since when, and how often it was tried
    #[command(after_help = PEEK_EXAMPLES)]
    Peek {
        /// How many to show at most
        #[arg(long, value_name = "N", default_value_t = 10, value_parser = value_parser!(u16).range(1..))]
        most: u16,
    },
    /// Gives dead letters to the worker again
    #[command(after_help = REDRIVE_EXAMPLES)]
    Redrive(Redrive),
}

/// What `dlq redrive` is asked.
#[derive(Debug, Args)]
#[group(id = "which", required = true)]
pub(crate) struct Redrive {
    /// All of them
    #[arg(long, group = "which")]
    all: bool,

    /// The one of this id, as `dlq peek` shows it
    #[arg(long, group = "which", value_name = "ID")]
    message: Option<String>,

    /// Only say what would be moved
    #[arg(long)]
    dry_run: bool,
}

/// How a queue stands.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    waiting: u64,
    in_flight: u64,
    delayed: u64,
    dead: u64,
}

/// A dead letter. What else its body holds is not shown: who knows what a poisoned one holds.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Letter {
    message_id: String,
    lead_id: Option<LeadId>,
    sent_at: Option<Timestamp>,
    received: u32,
    readable: bool,
}

/// Tells how the queue stands.
///
/// # Errors
/// When SQS does not answer, or the output cannot be written.
pub(crate) async fn run(command: Command, target: &Target, output: &mut Output) -> Result<(), Error> {
    let Command::Status = command;
    let [waiting, in_flight, delayed] = counts(target, target.queue_url()?).await?;
    let [dead, looked_at, _] = counts(target, target.dead_letter_queue_url()?).await?;
    output.show(&Status { waiting, in_flight, delayed, dead: dead + looked_at }, |out, status| {
        output::pairs(
            out,
            &[
                ("waiting", status.waiting.to_string()),
                ("being worked on", status.in_flight.to_string()),
                ("delayed", status.delayed.to_string()),
                ("dead letters", status.dead.to_string()),
            ],
        )?;
        if status.dead > 0 {
            writeln!(out, "\n`leadctl dlq peek` shows the dead letters.")?;
        }
        Ok(())
    })
}

/// Messages that wait, that are in flight, and that are delayed; SQS counts them approximately.
///
/// # Errors
/// When SQS does not answer.
pub(crate) async fn counts(target: &Target, url: &str) -> Result<[u64; 3], Error> {
    let names = [
        QueueAttributeName::ApproximateNumberOfMessages,
        QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        QueueAttributeName::ApproximateNumberOfMessagesDelayed,
    ];
    let found = target.sqs.get_queue_attributes().queue_url(url).set_attribute_names(Some(names.to_vec())).send().await;
    let found = found.map_err(|error| target.refused("SQS", &error))?.attributes.unwrap_or_default();
    Ok(names.map(|name| found.get(&name).and_then(|count| count.parse().ok()).unwrap_or_default()))
}

/// Shows or moves dead letters.
///
/// # Errors
/// [`Error::NotFound`] for a message that is not there; else when SQS does not answer, or the output cannot be written.
pub(crate) async fn dead_letters(command: DeadLetters, target: &Target, output: &mut Output) -> Result<(), Error> {
    match command {
        DeadLetters::Peek { most } => {
            let held = hold(target, usize::from(most), |_| false).await?;
            let letters: Vec<_> = held.iter().map(Letter::of).collect();
            let_go(target, &held).await?;
            output.show(&letters, |out, letters| match letters.as_slice() {
                [] => writeln!(out, "There are no dead letters."),
                letters => write(out, letters),
            })
        }
        DeadLetters::Redrive(redrive) => redrive.run(target, output).await,
    }
}

impl Redrive {
    async fn run(self, target: &Target, output: &mut Output) -> Result<(), Error> {
        let wanted = |message: &Message| self.all || self.message.as_deref() == message.message_id.as_deref();
        if !self.dry_run {
            target.confirm("give dead letters to the worker again")?;
        }
        let moved = if self.all && !self.dry_run {
            move_all(target).await?
        } else {
            let held = hold(target, usize::MAX, |message| self.message.is_some() && wanted(message)).await?;
            let (chosen, others): (Vec<_>, Vec<_>) = held.into_iter().partition(|message| wanted(message));
            if self.dry_run {
                let_go(target, &chosen).await?;
            } else {
                for message in &chosen {
                    resend(target, message).await?;
                }
            }
            // Whatever becomes of these, the chosen one has been seen to.
            let_go(target, &others).await?;
            if let (Some(_), []) = (&self.message, chosen.as_slice()) {
                return Err(Error::NotFound(
                    "there is no dead letter of that id now; `leadctl dlq peek` shows those there are".to_owned(),
                ));
            }
            chosen.len()
        };
        let result = serde_json::json!({"messages": moved, "dryRun": self.dry_run});
        output.show(&result, |out, _| match (moved, self.dry_run) {
            (0, _) => writeln!(out, "There are no dead letters."),
            (moved, true) => writeln!(out, "{moved} would be given to the worker again; nothing was moved."),
            (moved, false) => writeln!(out, "{moved} given to the worker again."),
        })
    }
}

/// Moves one batch after the other, so that memory stays flat however many there are.
async fn move_all(target: &Target) -> Result<usize, Error> {
    let url = target.dead_letter_queue_url()?;
    let bar = ProgressBar::new(counts(target, url).await?.iter().sum());
    let mut moved = 0;
    loop {
        let batch = receive(target, url).await?;
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

/// Sent first and deleted then: what is cut off between the two is there twice, which the worker does not mind.
async fn resend(target: &Target, message: &Message) -> Result<(), Error> {
    send(target, target.queue_url()?, message.body().unwrap_or_default()).await?;
    let receipt = message.receipt_handle().unwrap_or_default();
    let deleted =
        target.sqs.delete_message().queue_url(target.dead_letter_queue_url()?).receipt_handle(receipt).send().await;
    deleted.map_err(|error| target.refused("SQS", &error))?;
    Ok(())
}

/// Sends a message, and waits for that as long as for any other call: the intake's own way gives up soon, for it has a
/// partner waiting.
///
/// # Errors
/// When SQS does not take it.
pub(crate) async fn send(target: &Target, url: &str, body: impl Into<String>) -> Result<(), Error> {
    let sent = target.sqs.send_message().queue_url(url).message_body(body).send().await;
    sent.map(drop).map_err(|error| target.refused("SQS", &error))
}

/// Receives dead letters until so many are held, one of them is enough, or no more come; or until those held first would
/// come a second time.
async fn hold(target: &Target, most: usize, enough: impl Fn(&Message) -> bool) -> Result<Vec<Message>, Error> {
    let url = target.dead_letter_queue_url()?;
    let mut held: Vec<Message> = Vec::new();
    let started = Instant::now();
    while held.len() < most && started.elapsed() < HELD {
        let batch = receive(target, url).await?;
        let done = batch.is_empty() || batch.iter().any(&enough);
        held.extend(batch);
        if done {
            break;
        }
    }
    if held.len() > most {
        let_go(target, &held.split_off(most)).await?;
    }
    Ok(held)
}

async fn receive(target: &Target, url: &str) -> Result<Vec<Message>, Error> {
    let received = target
        .sqs
        .receive_message()
        .queue_url(url)
        .max_number_of_messages(BATCH)
        .visibility_timeout(i32::try_from(HELD.as_secs()).unwrap_or(i32::MAX))
        .wait_time_seconds(PATIENCE)
        .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp)
        .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount)
        .send()
        .await;
    Ok(received.map_err(|error| target.refused("SQS", &error))?.messages.unwrap_or_default())
}

/// Makes what was held visible to others at once. Which of them SQS refuses does not matter: their time has ended, so they
/// are visible, or somebody else holds them.
async fn let_go(target: &Target, held: &[Message]) -> Result<(), Error> {
    let url = target.dead_letter_queue_url()?;
    for batch in held.chunks(LARGEST_BATCH) {
        let entries = batch.iter().enumerate().flat_map(|(index, message)| {
            let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(index.to_string()).visibility_timeout(0);
            entry.receipt_handle(message.receipt_handle().unwrap_or_default()).build()
        });
        let let_go = target.sqs.change_message_visibility_batch().queue_url(url).set_entries(Some(entries.collect()));
        let_go.send().await.map_err(|error| target.refused("SQS", &error))?;
    }
    Ok(())
}

impl Letter {
    fn of(message: &Message) -> Self {
        let attribute = |name| message.attributes().and_then(|attributes| attributes.get(&name)).map(String::as_str);
        let sent: Option<i64> =
            attribute(MessageSystemAttributeName::SentTimestamp).and_then(|milliseconds| milliseconds.parse().ok());
        let received = attribute(MessageSystemAttributeName::ApproximateReceiveCount);
        let created: Option<LeadCreated> = serde_json::from_str(message.body().unwrap_or_default()).ok();
        Self {
            message_id: message.message_id().unwrap_or_default().to_owned(),
            readable: created.is_some(),
            lead_id: created.map(|created| created.lead_id),
            sent_at: sent.and_then(|sent| jiff::Timestamp::from_millisecond(sent).ok()).map(Timestamp::from),
            received: received.and_then(|received| received.parse().ok()).unwrap_or_default(),
        }
    }
}

fn write(out: &mut dyn Write, letters: &[Letter]) -> io::Result<()> {
    let rows = letters.iter().map(|letter| {
        [
            letter.message_id.clone(),
            letter.sent_at.map(|at| at.to_string()).unwrap_or_default(),
            letter.received.to_string(),
            letter.lead_id.as_ref().map_or_else(|| "not a lead.created".to_owned(), ToString::to_string),
        ]
    });
    output::table(out, ["MESSAGE", "SENT", "RECEIVED", "LEAD"], rows)
}
