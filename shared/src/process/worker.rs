//! The worker: handles batches of messages, and does what each lead still needs.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use futures_util::future::{join, join3};
use futures_util::{FutureExt, StreamExt, stream};
use serde::Deserialize;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use super::steps::Step;
use crate::bus::Bus;
use crate::client::aws::Clients;
use crate::client::credential::Credential;
use crate::client::web;
use crate::lookup::{Provider, Telnyx, Twilio};
use crate::queue::{self, LeadCreated, Queue};
use crate::settings::{LookupSettings, ProcessSettings};
use crate::start::{self, StartError};
use crate::store::Leads;
use crate::telemetry::metric;
use crate::trusted_form::TrustedForm;

/// How many messages of a batch are handled concurrently.
const CONCURRENCY: usize = 10;

/// Respond this long before the function's timeout, even if messages are unfinished.
const RESPONSE_MARGIN: Duration = Duration::from_secs(2);

/// The time of an invocation whose deadline makes no sense: the function's timeout on AWS.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// How long after the first lookup a failing lookup is given up (contract, section 7).
const LOOKUP_ENDS_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// How long after acceptance retaining a certificate is given up (contract, section 11). TrustedForm deletes it after
/// three days.
const RETAIN_ENDS_AFTER: Duration = Duration::from_secs(60 * 60 * 60);

/// The worker's clients and settings, built once per process.
#[derive(Debug)]
pub struct Worker {
    pub(super) leads: Leads,
    pub(super) queue: Queue,
    pub(super) bus: Bus,
    pub(super) provider: Option<Provider>,
    pub(super) trusted_form: TrustedForm,
    pub(super) lookup: Step,
    pub(super) retain: Step,
    pub(super) due_after: Duration,
}

/// The events that invoke the worker.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum WorkerEvent {
    /// A batch of messages from the queue.
    Messages(SqsEvent),
    /// The sweep that runs every minute: `{"sweep": {}}`.
    Sweep {
        /// Empty in this release.
        sweep: Sweep,
    },
}

/// The options of a sweep: none in this release.
#[derive(Debug, Deserialize)]
pub struct Sweep {}

/// Why a message failed. SQS delivers it again, and finally moves it to the dead-letter queue.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("the message is no lead.created of version 1")]
    Unknown,
    #[error("the handler panicked")]
    Panicked,
}

impl Worker {
    /// Builds the worker from environment variables.
    ///
    /// # Errors
    /// [`StartError`], which was logged, when a variable is missing or wrong, and as in [`Worker::new`].
    pub async fn from_env() -> Result<Self, StartError> {
        start::logged(async { Self::new(&ProcessSettings::from_env()?, &Clients::from_env()?).await }).await
    }

    /// Builds the worker from settings. Reads the credentials and opens connections concurrently.
    ///
    /// # Errors
    /// [`StartError`] when TLS cannot be configured, or the provider's or TrustedForm's credential cannot be read.
    pub async fn new(settings: &ProcessSettings, aws: &Clients) -> Result<Self, StartError> {
        let leads = Leads::new(aws.dynamodb.clone(), &settings.leads_table);
        let client = web::client(None)?;
        // A second set-up of TLS takes time at a cold start, so it is made only if TrustedForm has roots of its own.
        let trusted_form = match settings.trusted_form.ca_bundle.as_deref() {
            None => client.clone(),
            bundle => web::client(bundle)?,
        };
        let connections = async {
            if settings.connects_ahead {
                let provider = async {
                    if let LookupSettings::Twilio { url, .. } | LookupSettings::Telnyx { url, .. } = &settings.lookup {
                        web::connect(&client, url.as_str()).await;
                    }
                };
                join(leads.connect(), provider).await;
            }
        };
        let provider = provider(&settings.lookup, &client, &aws.secrets);
        let key = Credential::read(&settings.trusted_form.key, &aws.secrets);
        let (provider, key, ()) = join3(provider, key, connections).await;
        let step = |ends_after| Step { lease: settings.lease, shortest_wait: settings.due_after, ends_after };
        Ok(Self {
            leads,
            queue: Queue::new(aws.sqs.clone(), &settings.queue_url),
            bus: Bus::new(aws.eventbridge(), &settings.event_bus),
            provider: provider?,
            trusted_form: TrustedForm::new(trusted_form, settings.trusted_form.url.clone(), key?),
            lookup: step(LOOKUP_ENDS_AFTER),
            retain: step(RETAIN_ENDS_AFTER),
            due_after: settings.due_after,
        })
    }

    /// Handles an event before the `deadline` of its invocation. The response lists the messages of a batch that SQS
    /// has to deliver again. After a sweep it is empty.
    pub async fn handle(self: Arc<Self>, event: WorkerEvent, deadline: SystemTime) -> SqsBatchResponse {
        let end = Instant::now() + time_left(deadline, SystemTime::now()).saturating_sub(RESPONSE_MARGIN);
        let mut response = SqsBatchResponse::default();
        match event {
            WorkerEvent::Messages(batch) => response.batch_item_failures = self.batch(batch, end).await,
            WorkerEvent::Sweep { .. } => self.sweep(end).await,
        }
        response
    }

    /// Handles each message separately, so a bad message does not affect the others. A message that takes too long is
    /// abandoned, and its lead waits for the sweep.
    async fn batch(&self, batch: SqsEvent, end: Instant) -> Vec<BatchItemFailure> {
        stream::iter(batch.records)
            .map(|message| async move {
                let id = message.message_id.clone().unwrap_or_default();
                let span = tracing::info_span!("message", message_id = id);
                let handled = AssertUnwindSafe(self.message(&message)).catch_unwind().instrument(span.clone());
                let Ok(handled) = timeout_at(end, handled).await else {
                    span.in_scope(|| tracing::error!("out of time; the lead waits for the sweep"));
                    return None;
                };
                let failed = handled.unwrap_or(Err(Failed::Panicked)).err()?;
                metric::failed_message();
                span.in_scope(|| tracing::error!(error = %failed, "the message failed"));
                let mut failure = BatchItemFailure::default();
                failure.item_identifier = id;
                Some(failure)
            })
            .buffer_unordered(CONCURRENCY)
            .filter_map(std::future::ready)
            .collect()
            .await
    }

    async fn message(&self, message: &SqsMessage) -> Result<(), Failed> {
        let body = message.body.as_deref().unwrap_or_default();
        // serde_json's error would quote the message.
        let message: LeadCreated = serde_json::from_str(body).map_err(|_| Failed::Unknown)?;
        if message.version != queue::VERSION {
            return Err(Failed::Unknown);
        }
        let span = tracing::info_span!("lead", lead_id = %message.lead_id, request_id = message.request_id.as_str());
        // An unavailable table does not make the message bad. The lead is in the outbox, so a sweep retries it. The
        // dead-letter queue is for messages that cannot be handled at all.
        if let Err(error) = self.visit(&message.lead_id).instrument(span.clone()).await {
            span.in_scope(|| error.report_unavailable("the lead waits for the sweep"));
        }
        Ok(())
    }
}

/// The time left in an invocation. A deadline in the past makes no sense: Lambda never sends one, and `cargo lambda
/// watch` always sends 00:10 on January 1, 1970.
fn time_left(deadline: SystemTime, now: SystemTime) -> Duration {
    deadline.duration_since(now).unwrap_or(DEFAULT_TIMEOUT)
}

/// Builds the provider that the settings select.
async fn provider(
    settings: &LookupSettings,
    client: &reqwest::Client,
    secrets: &aws_sdk_secretsmanager::Client,
) -> Result<Option<Provider>, StartError> {
    let client = client.clone();
    Ok(match settings.clone() {
        LookupSettings::None => None,
        LookupSettings::Twilio { url, account_sid, auth_token, caller_name } => {
            let auth_token = Credential::read(&auth_token, secrets).await?;
            Some(Provider::Twilio(Twilio::new(client, url, account_sid, auth_token, caller_name)))
        }
        LookupSettings::Telnyx { url, api_key } => {
            let api_key = Credential::read(&api_key, secrets).await?;
            Some(Provider::Telnyx(Telnyx::new(client, url, api_key)))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_in_the_past_is_ignored() {
        let now = SystemTime::now();
        assert_eq!(time_left(now + Duration::from_secs(7), now), Duration::from_secs(7));
        assert_eq!(time_left(SystemTime::UNIX_EPOCH + Duration::from_mins(10), now), DEFAULT_TIMEOUT);
    }
}
