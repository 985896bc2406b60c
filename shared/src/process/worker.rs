//! The worker: handles batches of messages, and does what each lead still needs.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use futures_util::future::join;
use futures_util::{FutureExt, StreamExt, stream};
use serde::Deserialize;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use super::steps::Step;
use crate::client::aws::Clients;
use crate::client::credential::Credential;
use crate::client::web;
use crate::id::LeadId;
use crate::lead::phone_number::PhoneNumber;
use crate::lookup::{LookupFault, Provider, Telnyx, Twilio};
use crate::queue::{self, LeadCreated, Queue};
use crate::settings::{LookupSettings, ProcessSettings};
use crate::start::{self, StartError};
use crate::store::{Kept, Leads, Lease, LookupOutcome, Progress, StoreError, StoredLead};
use crate::telemetry::{LookupEnd, metric, step};
use crate::time::Timestamp;

/// How many messages of a batch are handled concurrently.
const CONCURRENCY: usize = 10;

/// Respond this long before the function's timeout, even if messages are unfinished.
const RESPONSE_MARGIN: Duration = Duration::from_secs(2);

/// The time of an invocation whose deadline makes no sense: the function's timeout on AWS.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// How long after the first lookup a failing lookup is given up (contract, section 7).
const LOOKUP_ENDS_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// The worker's clients and settings, built once per process.
#[derive(Debug)]
pub struct Worker {
    pub(super) leads: Leads,
    pub(super) queue: Queue,
    provider: Option<Provider>,
    lookup: Step,
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

    /// Builds the worker from settings. Reads the provider's credential and opens connections concurrently.
    ///
    /// # Errors
    /// [`StartError`] when TLS cannot be configured or the provider's credential cannot be read.
    pub async fn new(settings: &ProcessSettings, aws: &Clients) -> Result<Self, StartError> {
        let leads = Leads::new(aws.dynamodb.clone(), &settings.leads_table);
        let client = web::client(None)?;
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
        let (provider, ()) = join(provider(&settings.lookup, &client, &aws.secrets), connections).await;
        Ok(Self {
            leads,
            queue: Queue::new(aws.sqs.clone(), &settings.queue_url),
            provider: provider?,
            lookup: Step { lease: settings.lease, shortest_wait: settings.due_after, ends_after: LOOKUP_ENDS_AFTER },
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
        if let Err(error) = self.lead(&message.lead_id).instrument(span.clone()).await {
            span.in_scope(|| error.report_unavailable("the lead waits for the sweep"));
        }
        Ok(())
    }

    /// Does the next steps of a lead.
    async fn lead(&self, id: &LeadId) -> Result<(), StoreError> {
        let Some(record) = self.leads.record(id).await? else {
            tracing::error!("the lead does not exist");
            return Ok(());
        };
        let kept = match record.lead {
            StoredLead::Kept(kept) => kept,
            StoredLead::Erased(_) => {
                tracing::info!("the lead has been erased");
                return Ok(());
            }
        };
        let now = Timestamp::now();
        let version = record.conversation.map_or(0, |conversation| conversation.event_version);
        // A test lead never costs money (contract, section 9).
        let provider = if kept.lead.test { Some(&Provider::Test) } else { self.provider.as_ref() };
        match (kept.progress, provider.zip(kept.lead.phone_number())) {
            (Progress::Ready, _) => Ok(()),
            (Progress::New, None) => {
                if self.leads.open(&kept, now, None).await? {
                    step::conversation(id);
                    step::ready(id);
                }
                Ok(())
            }
            (Progress::New, Some((provider, number))) => {
                let lease = self.lookup.claim(now);
                if self.leads.open(&kept, now, Some(lease)).await? {
                    step::conversation(id);
                    let tried = Attempt { kept: &kept, version: version.saturating_add(1), since: now, lease };
                    self.look_up(tried, provider, number).await?;
                }
                Ok(())
            }
            (Progress::Opened { leased_until: Some(end), .. }, _) if now < end => Ok(()),
            (Progress::Opened { since, .. }, Some((provider, number))) => {
                let lease = self.lookup.claim(now);
                if self.leads.lease(id, now, lease).await? {
                    self.look_up(Attempt { kept: &kept, version, since, lease }, provider, number).await?;
                }
                Ok(())
            }
            // An operator turned lookups off in the meantime.
            (Progress::Opened { .. }, None) => self.finish(&kept, version, LookupOutcome::Failed, "none").await,
        }
    }

    /// Makes one lookup and records or postpones it. The caller holds the lease.
    async fn look_up(&self, tried: Attempt<'_>, provider: &Provider, number: &PhoneNumber) -> Result<(), StoreError> {
        let Attempt { kept, version, since, lease } = tried;
        let asked = Instant::now();
        let fault = match provider.look_up(number).await {
            Ok(lookup) => {
                metric::lookup(LookupEnd::Succeeded, asked.elapsed());
                return self.finish(kept, version, LookupOutcome::Succeeded(&lookup), provider.name()).await;
            }
            Err(fault) => fault,
        };
        let now = Timestamp::now();
        let again = match fault {
            LookupFault::Passing { retry_after, .. } => self.lookup.again(since, now, retry_after),
            LookupFault::Lasting { .. } => None,
            LookupFault::Refused { .. } => {
                metric::credential_refused(provider.name());
                tracing::error!(error = %fault, "the provider refuses our account");
                None
            }
        };
        if let Some(again) = again {
            metric::lookup(LookupEnd::Postponed, asked.elapsed());
            tracing::warn!(error = %fault, "the lookup is postponed");
            if self.leads.postpone(&kept.lead.id, lease, again).await? {
                step::lookup(&kept.lead.id, provider.name(), LookupEnd::Postponed);
            }
            return Ok(());
        }
        metric::lookup(LookupEnd::Failed, asked.elapsed());
        tracing::warn!(error = %fault, "the lookup is given up");
        self.finish(kept, version, LookupOutcome::Failed, provider.name()).await
    }

    async fn finish(
        &self,
        kept: &Kept,
        version: u64,
        outcome: LookupOutcome<'_>,
        provider: &str,
    ) -> Result<(), StoreError> {
        let id = &kept.lead.id;
        if self.leads.finish(kept, version, outcome, Timestamp::now()).await? {
            let end = match outcome {
                LookupOutcome::Succeeded(_) => LookupEnd::Succeeded,
                LookupOutcome::Failed => LookupEnd::Failed,
            };
            step::lookup(id, provider, end);
            step::ready(id);
        }
        Ok(())
    }
}

/// A lookup whose lease we hold.
struct Attempt<'a> {
    kept: &'a Kept,
    /// The lead's event version as read or written before.
    version: u64,
    /// When the lead's first lookup began.
    since: Timestamp,
    lease: Lease,
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
