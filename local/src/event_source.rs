//! Lambda's event source mapping for a queue: it polls, invokes a function with batches, and deletes the messages that
//! succeeded.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::timeout::TimeoutConfig;
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::{DeleteMessageBatchRequestEntry, Message, MessageSystemAttributeName, QueueAttributeName};
use futures_util::future;
use serde_json::{Value, json};

use crate::function::Function;
use crate::task::{Stopping, Task};

/// The pause after a poll that failed.
const BACK_OFF: Duration = Duration::from_secs(1);

/// How a queue is polled.
#[derive(Clone, Copy, Debug)]
pub struct Polling {
    /// The number of batches that are handled at the same time.
    pub pollers: usize,
    /// The most messages in a batch, 1 to 10.
    pub batch_size: i32,
    /// How many seconds a poll waits for a message, 0 to 20.
    pub wait_seconds: i32,
}

impl Default for Polling {
    fn default() -> Self {
        Self { pollers: 2, batch_size: 10, wait_seconds: 20 }
    }
}

/// A running event source mapping with partial batch responses: successful messages are deleted, and failed ones are delivered
/// again after their visibility timeout. Message attributes are not passed on.
#[derive(Debug)]
pub struct EventSource(Task);

impl EventSource {
    /// Starts to invoke `function` with the messages of the queue.
    ///
    /// # Errors
    /// When the queue cannot be read.
    pub async fn start(sqs: Client, queue_url: &str, function: Function, polling: Polling) -> anyhow::Result<Self> {
        // The timeouts of a function's client would end a long poll early, and messages that it has just received would stay
        // invisible for a while.
        let patient = sqs.config().to_builder().timeout_config(TimeoutConfig::disabled());
        let sqs = Client::from_conf(patient.build());
        let attributes = sqs
            .get_queue_attributes()
            .queue_url(queue_url)
            .attribute_names(QueueAttributeName::QueueArn)
            .send()
            .await
            .context("cannot read the queue")?;
        let arn = attributes
            .attributes()
            .and_then(|attributes| attributes.get(&QueueAttributeName::QueueArn))
            .context("the queue has no ARN")?;
        let poller = Poller {
            sqs,
            queue_url: queue_url.into(),
            region: arn.split(':').nth(3).unwrap_or_default().into(),
            arn: arn.as_str().into(),
            function,
            polling,
        };
        Ok(Self(Task::spawn(async move |stopping| {
            let pollers = (0..polling.pollers).map(|_| poller.clone().run(stopping.clone()));
            future::join_all(pollers).await;
        })))
    }

    /// Waits for the current batches and stops. A message that a poll is receiving at this moment is delivered again after its
    /// visibility timeout.
    pub async fn stop(self) {
        self.0.stop().await;
    }
}

#[derive(Clone)]
struct Poller {
    sqs: Client,
    queue_url: Arc<str>,
    arn: Arc<str>,
    region: Arc<str>,
    function: Function,
    polling: Polling,
}

impl Poller {
    async fn run(self, mut stopping: Stopping) {
        loop {
            let messages = tokio::select! {
                () = stopping.requested() => break,
                messages = self.receive() => messages,
            };
            if !messages.is_empty() {
                self.handle(messages).await;
            }
        }
    }

    async fn receive(&self) -> Vec<Message> {
        let received = self
            .sqs
            .receive_message()
            .queue_url(&*self.queue_url)
            .max_number_of_messages(self.polling.batch_size)
            .wait_time_seconds(self.polling.wait_seconds)
            .message_system_attribute_names(MessageSystemAttributeName::All)
            .send()
            .await;
        match received {
            Ok(received) => received.messages.unwrap_or_default(),
            Err(error) => {
                tracing::warn!(code = error.code(), "the queue could not be polled");
                tokio::time::sleep(BACK_OFF).await;
                Vec::new()
            }
        }
    }

    async fn handle(&self, messages: Vec<Message>) {
        let mut handles: HashMap<String, String> = messages
            .iter()
            .filter_map(|message| Some((message.message_id.clone()?, message.receipt_handle.clone()?)))
            .collect();
        let mut event = SqsEvent::default();
        event.records = messages.into_iter().map(|message| self.record(message)).collect();
        let answer = match self.function.invoke(&json!(event)).await {
            Ok(answer) => answer,
            Err(error) => {
                tracing::error!(function = self.function.name(), "a batch failed: {error}");
                return;
            }
        };
        let Some(failed) = failed_ids(&answer, &handles) else {
            tracing::error!(function = self.function.name(), "a batch failed: the answer is not valid");
            return;
        };
        handles.retain(|id, _| !failed.contains(id.as_str()));
        self.delete(handles).await;
    }

    fn record(&self, message: Message) -> SqsMessage {
        let mut record = SqsMessage::default();
        record.message_id = message.message_id;
        record.receipt_handle = message.receipt_handle;
        record.body = message.body;
        record.md5_of_body = message.md5_of_body;
        record.attributes = message
            .attributes
            .unwrap_or_default()
            .into_iter()
            .map(|(name, value)| (name.as_str().to_owned(), value))
            .collect();
        record.event_source = Some("aws:sqs".to_owned());
        record.event_source_arn = Some(self.arn.to_string());
        record.aws_region = Some(self.region.to_string());
        record
    }

    async fn delete(&self, handles: HashMap<String, String>) {
        if handles.is_empty() {
            return;
        }
        let entries = handles.into_values().enumerate().filter_map(|(index, handle)| {
            DeleteMessageBatchRequestEntry::builder().id(index.to_string()).receipt_handle(handle).build().ok()
        });
        let deleted = self
            .sqs
            .delete_message_batch()
            .queue_url(&*self.queue_url)
            .set_entries(Some(entries.collect()))
            .send()
            .await;
        let kept = match deleted {
            Ok(deleted) => deleted.failed().len(),
            Err(_) => 1,
        };
        if kept > 0 {
            tracing::warn!("messages could not be deleted and will be delivered again");
        }
    }
}

/// The ids of the failed messages in a function's answer. As in Lambda, no list or an empty one means that none failed, and an
/// id that is not in the batch means that all failed, which is `None` here.
fn failed_ids<'a>(answer: &'a Value, sent: &HashMap<String, String>) -> Option<HashSet<&'a str>> {
    match answer.get("batchItemFailures") {
        None | Some(Value::Null) => Some(HashSet::new()),
        Some(Value::Array(failures)) => failures
            .iter()
            .map(|failure| failure.get("itemIdentifier")?.as_str().filter(|id| sent.contains_key(*id)))
            .collect(),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use lambda_runtime::{LambdaEvent, service_fn};
    use tokio::sync::mpsc::{self, UnboundedReceiver};

    use super::*;
    use crate::sqs::Sqs;
    use crate::testing;

    const AMPLE: Duration = Duration::from_secs(60);

    /// A function that reports each event, and answers with `answer`.
    fn reporting(answer: fn(&Value) -> Value) -> (Function, UnboundedReceiver<Value>) {
        let (sender, events) = mpsc::unbounded_channel();
        let service = service_fn(move |event: LambdaEvent<Value>| {
            let sender = sender.clone();
            async move {
                let answer = answer(&event.payload);
                let _ = sender.send(event.payload);
                Ok::<_, Infallible>(answer)
            }
        });
        (Function::new("f", AMPLE, service), events)
    }

    async fn next(events: &mut UnboundedReceiver<Value>) -> Value {
        tokio::time::timeout(AMPLE, events.recv()).await.unwrap().unwrap()
    }

    /// Reports the messages whose body is `bad` as failed.
    fn refuse_bad(event: &Value) -> Value {
        let failures: Vec<Value> = event["Records"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|record| record["body"] == "bad")
            .map(|record| json!({"itemIdentifier": record["messageId"]}))
            .collect();
        json!({"batchItemFailures": failures})
    }

    async fn queue(sqs: &Client, name: &str, attributes: &[(QueueAttributeName, String)]) -> String {
        let created = sqs
            .create_queue()
            .queue_name(name)
            .set_attributes(Some(attributes.iter().cloned().collect()))
            .send()
            .await
            .unwrap();
        created.queue_url.unwrap()
    }

    #[tokio::test]
    async fn a_bad_message_affects_no_other_and_ends_in_the_dead_letter_queue() {
        let engine = Sqs::start(0).await.unwrap();
        let sqs = testing::sqs_client(&engine);
        let dead_letters = queue(&sqs, "dead", &[]).await;
        let policy = json!({
            "deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:dead",
            "maxReceiveCount": 2,
        });
        let leads = queue(
            &sqs,
            "leads",
            &[
                (QueueAttributeName::VisibilityTimeout, "1".to_owned()),
                (QueueAttributeName::RedrivePolicy, policy.to_string()),
            ],
        )
        .await;
        for body in ["good", "bad"] {
            sqs.send_message().queue_url(&leads).message_body(body).send().await.unwrap();
        }

        let (function, mut events) = reporting(refuse_bad);
        let polling = Polling { pollers: 1, wait_seconds: 1, ..Polling::default() };
        let source = EventSource::start(sqs.clone(), &leads, function, polling).await.unwrap();

        let first = next(&mut events).await;
        let records = first["Records"].as_array().unwrap();
        assert_eq!(records.len(), 2);
        let bad = records.iter().find(|record| record["body"] == "bad").unwrap();
        assert_eq!(bad["eventSource"], "aws:sqs");
        assert_eq!(bad["eventSourceARN"], "arn:aws:sqs:us-east-1:000000000000:leads");
        assert_eq!(bad["awsRegion"], "us-east-1");
        assert_eq!(bad["attributes"]["ApproximateReceiveCount"], "1");
        assert!(bad["attributes"]["SentTimestamp"].is_string());
        assert!(bad["receiptHandle"].is_string() && bad["md5OfBody"].is_string());

        let second = next(&mut events).await;
        assert_eq!(second["Records"].as_array().unwrap().len(), 1);
        assert_eq!(second["Records"][0]["messageId"], bad["messageId"]);
        assert_eq!(second["Records"][0]["attributes"]["ApproximateReceiveCount"], "2");

        let dead = sqs.receive_message().queue_url(&dead_letters).wait_time_seconds(20).send().await.unwrap();
        assert_eq!(dead.messages()[0].body(), Some("bad"));
        source.stop().await;
        assert!(events.recv().await.is_none(), "no message was delivered a third time");
        engine.stop().await;
    }

    #[tokio::test]
    async fn a_failed_invocation_redelivers_the_whole_batch() {
        let engine = Sqs::start(0).await.unwrap();
        let sqs = testing::sqs_client(&engine);
        let timeout = (QueueAttributeName::VisibilityTimeout, "1".to_owned());
        let leads = queue(&sqs, "leads", &[timeout]).await;
        sqs.send_message().queue_url(&leads).message_body("good").send().await.unwrap();

        // The first answer fails: to Lambda, an unknown id means that all messages failed.
        let (function, mut events) = reporting(|event| {
            let first = event["Records"][0]["attributes"]["ApproximateReceiveCount"] == "1";
            if first { json!({"batchItemFailures": [{"itemIdentifier": "x"}]}) } else { Value::Null }
        });
        let source = EventSource::start(sqs.clone(), &leads, function, Polling::default()).await.unwrap();
        let (first, second) = (next(&mut events).await, next(&mut events).await);
        assert_eq!(first["Records"][0]["messageId"], second["Records"][0]["messageId"]);
        source.stop().await;
        engine.stop().await;
    }

    #[test]
    fn answers_are_read_as_in_lambda() {
        let sent = HashMap::from(["a", "b"].map(|id| (id.to_owned(), String::new())));
        let item = |id: Value| json!({"batchItemFailures": [{"itemIdentifier": id}]});
        let cases = [
            (json!(null), Some(vec![])),
            (json!({}), Some(vec![])),
            (json!({"batchItemFailures": null}), Some(vec![])),
            (json!({"batchItemFailures": []}), Some(vec![])),
            (item(json!("a")), Some(vec!["a"])),
            (item(json!("c")), None), // not in the batch
            (item(json!("")), None),
            (item(json!(null)), None),
            (json!({"batchItemFailures": [{"id": "a"}]}), None),
            (json!({"batchItemFailures": "a"}), None),
        ];
        for (answer, expected) in cases {
            let failed = failed_ids(&answer, &sent).map(|ids| ids.into_iter().collect::<Vec<_>>());
            assert_eq!(failed, expected, "{answer}");
        }
    }
}
