//! The queue of accepted leads, and its dead letters as messages: `leadctl queue status`, and what `leadctl dlq` does by.

use std::time::{Duration, Instant};

use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, Message, MessageSystemAttributeName, QueueAttributeName,
};
use clap::Subcommand;
use leadping::queue::MAX_BATCH;
use serde::Serialize;

use crate::error::Error;
use crate::output::{self, Output};
use crate::target::Target;

/// How many messages one call receives: SQS's own limit.
const BATCH: i32 = 10;

/// How long a received message is kept from others while it is looked at or moved.
const HELD: Duration = Duration::from_secs(60);

/// How long, in seconds, SQS is asked before a queue counts as empty: without waiting it asks only some of its machines.
const PATIENCE: i32 = 1;

/// What can be asked about the queue.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Count the messages that wait, are in progress, or are dead
    Status,
}

/// The counts of a queue and its dead letters.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    waiting: u64,
    in_flight: u64,
    delayed: u64,
    dead: u64,
}

/// Counts the messages.
///
/// # Errors
/// When SQS does not answer, or the output cannot be written.
pub(crate) async fn run(command: Command, target: &Target, output: &mut Output) -> Result<(), Error> {
    let Command::Status = command;
    let [waiting, in_flight, delayed] = counts(target, target.queue_url()?).await?;
    let [dead, looked_at, _] = counts(target, target.dead_letter_queue_url()?).await?;
    output.show(&Status { waiting, in_flight, delayed, dead: dead + looked_at }, |page, status| {
        page.pairs(&[
            ("waiting", status.waiting.to_string()),
            ("in progress", status.in_flight.to_string()),
            ("delayed", status.delayed.to_string()),
            ("dead letters", status.dead.to_string()),
        ])?;
        if status.dead > 0 {
            output::note("\n`leadctl dlq peek` shows the dead letters.");
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
    let found = found.map_err(|error| target.aws_error("SQS", &error))?.attributes.unwrap_or_default();
    Ok(names.map(|name| found.get(&name).and_then(|count| count.parse().ok()).unwrap_or_default()))
}

/// Sends a message, and waits for that as long as for any other call: the intake itself gives up early, since a partner
/// waits for it.
///
/// # Errors
/// When SQS does not take it.
pub(crate) async fn send(target: &Target, url: &str, body: impl Into<String>) -> Result<(), Error> {
    let sent = target.sqs.send_message().queue_url(url).message_body(body).send().await;
    sent.map(drop).map_err(|error| target.aws_error("SQS", &error))
}

/// Receives up to ten dead letters, and keeps them from others for a minute.
///
/// # Errors
/// When SQS does not answer.
pub(crate) async fn receive(target: &Target) -> Result<Vec<Message>, Error> {
    let received = target
        .sqs
        .receive_message()
        .queue_url(target.dead_letter_queue_url()?)
        .max_number_of_messages(BATCH)
        .visibility_timeout(i32::try_from(HELD.as_secs()).unwrap_or(i32::MAX))
        .wait_time_seconds(PATIENCE)
        .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp)
        .message_system_attribute_names(MessageSystemAttributeName::SenderId)
        .send()
        .await;
    Ok(received.map_err(|error| target.aws_error("SQS", &error))?.messages.unwrap_or_default())
}

/// Receives dead letters until `most` are held, one of them is enough, or no more come; or until the first ones would come
/// a second time.
///
/// # Errors
/// When SQS does not answer.
pub(crate) async fn hold(
    target: &Target,
    most: usize,
    enough: impl Fn(&Message) -> bool,
) -> Result<Vec<Message>, Error> {
    let mut held: Vec<Message> = Vec::new();
    let started = Instant::now();
    while held.len() < most && started.elapsed() < HELD {
        let batch = receive(target).await?;
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

/// Makes held messages visible to others at once. Which of them SQS refuses does not matter: their time has ended, so they
/// are visible, or another reader holds them.
///
/// # Errors
/// When SQS does not answer.
pub(crate) async fn let_go(target: &Target, held: &[Message]) -> Result<(), Error> {
    let url = target.dead_letter_queue_url()?;
    for batch in held.chunks(MAX_BATCH) {
        let entries = batch.iter().enumerate().flat_map(|(index, message)| {
            let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(index.to_string()).visibility_timeout(0);
            entry.receipt_handle(message.receipt_handle().unwrap_or_default()).build()
        });
        let let_go = target.sqs.change_message_visibility_batch().queue_url(url).set_entries(Some(entries.collect()));
        let_go.send().await.map_err(|error| target.aws_error("SQS", &error))?;
    }
    Ok(())
}

/// Deletes a dead letter that is held.
///
/// # Errors
/// When SQS does not do it.
pub(crate) async fn delete(target: &Target, message: &Message) -> Result<(), Error> {
    let receipt = message.receipt_handle().unwrap_or_default();
    let deleted =
        target.sqs.delete_message().queue_url(target.dead_letter_queue_url()?).receipt_handle(receipt).send().await;
    deleted.map(drop).map_err(|error| target.aws_error("SQS", &error))
}
