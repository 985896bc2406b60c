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
use crate::bus::{Bus, NotPublished};
use crate::client::aws::Clients;
use crate::client::credential::Credential;
use crate::client::web;
use crate::event::Event;
use crate::id::LeadId;
use crate::lead::phone_number::PhoneNumber;
use crate::lookup::{LookupFault, Provider, Telnyx, Twilio};
use crate::queue::{self, LeadCreated, Queue};
use crate::settings::{LookupSettings, ProcessSettings};
use crate::start::{self, StartError};
use crate::store::{Kept, Leads, Lease, LookupOutcome, Outbox, Progress, Record, StoreError, StoredLead, Written};
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

/// How often the end of a lookup is recorded when other writers keep adding events to the lead.
const MAX_TRIES: usize = 3;

/// The worker's clients and settings, built once per process.
#[derive(Debug)]
pub struct Worker {
    pub(super) leads: Leads,
    pub(super) queue: Queue,
    bus: Bus,
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
            bus: Bus::new(aws.events.clone(), &settings.event_bus),
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

    /// Does what is left for a lead, and tells subscribers.
    async fn lead(&self, id: &LeadId) -> Result<(), StoreError> {
        let Some(record) = self.leads.record(id).await? else {
            tracing::error!("the lead does not exist");
            return Ok(());
        };
        let mut news = News::of(&record);
        let advanced = match record.lead {
            StoredLead::Kept(kept) => self.advance(&kept, &mut news).await,
            StoredLead::Erased(_) => {
                tracing::info!("the lead has been erased");
                Ok(())
            }
        };
        // Also after a failure: what was written before it has happened.
        self.publish(&mut news).await;
        let recorded = self.record_published(id, &news).await;
        advanced.and(recorded)
    }

    /// Does the next steps of a lead. Adds the events that it writes to the `news`.
    async fn advance(&self, kept: &Kept, news: &mut News) -> Result<(), StoreError> {
        let id = &kept.lead.id;
        let now = Timestamp::now();
        // A test lead never costs money (contract, section 9).
        let provider = if kept.lead.test { Some(&Provider::Test) } else { self.provider.as_ref() };
        match (kept.progress, provider.zip(kept.lead.phone_number())) {
            (Progress::Ready, _) => Ok(()),
            (Progress::New, None) => {
                if let Some(written) = self.leads.open(kept, now, None, self.events_due(now)).await? {
                    news.add(written);
                    step::conversation(id);
                    step::ready(id);
                }
                Ok(())
            }
            (Progress::New, Some((provider, number))) => {
                let lease = self.lookup.claim(now);
                if let Some(written) = self.leads.open(kept, now, Some(lease), self.events_due(now)).await? {
                    news.add(written);
                    step::conversation(id);
                    self.look_up(Attempt { kept, since: now, lease }, provider, number, news).await?;
                }
                Ok(())
            }
            (Progress::Opened { leased_until: Some(end), .. }, _) if now < end => Ok(()),
            (Progress::Opened { since, .. }, Some((provider, number))) => {
                let lease = self.lookup.claim(now);
                if self.leads.lease(id, now, lease).await? {
                    self.look_up(Attempt { kept, since, lease }, provider, number, news).await?;
                }
                Ok(())
            }
            // An operator turned lookups off in the meantime.
            (Progress::Opened { .. }, None) => self.finish(kept, LookupOutcome::Failed, "none", news).await,
        }
    }

    /// Makes one lookup and records or postpones it. The caller holds the lease.
    async fn look_up(
        &self,
        tried: Attempt<'_>,
        provider: &Provider,
        number: &PhoneNumber,
        news: &mut News,
    ) -> Result<(), StoreError> {
        // Speed decides who reaches a person first, so subscribers hear of the lead before its lookup.
        self.publish(news).await;
        let Attempt { kept, since, lease } = tried;
        let asked = Instant::now();
        let fault = match provider.look_up(number).await {
            Ok(lookup) => {
                metric::lookup(LookupEnd::Succeeded, asked.elapsed());
                return self.finish(kept, LookupOutcome::Succeeded(&lookup), provider.name(), news).await;
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
        self.finish(kept, LookupOutcome::Failed, provider.name(), news).await
    }

    /// Records how a lookup ended, unless the lead is finished or erased. When another writer has added an event in the
    /// meantime, reads the lead again: losing the result would mean to pay for it twice.
    async fn finish(
        &self,
        kept: &Kept,
        outcome: LookupOutcome<'_>,
        provider: &str,
        news: &mut News,
    ) -> Result<(), StoreError> {
        let id = &kept.lead.id;
        for _ in 0..MAX_TRIES {
            let now = Timestamp::now();
            if let Some(written) = self.leads.finish(kept, &news.outbox, outcome, now, self.events_due(now)).await? {
                news.add(written);
                let end = match outcome {
                    LookupOutcome::Succeeded(_) => LookupEnd::Succeeded,
                    LookupOutcome::Failed => LookupEnd::Failed,
                };
                step::lookup(id, provider, end);
                step::ready(id);
                return Ok(());
            }
            match self.leads.record(id).await? {
                Some(Record { lead: StoredLead::Kept(kept), outbox, .. }) if kept.progress != Progress::Ready => {
                    news.outbox = outbox;
                }
                _ => break,
            }
        }
        Ok(())
    }

    /// Tells subscribers the news that they were not told. A bus that does not answer delays events and nothing else.
    async fn publish(&self, news: &mut News) {
        if news.waiting.is_empty() || news.has_failed {
            return;
        }
        let published = self.bus.publish(&news.waiting).await;
        if let Err(error) = &published {
            metric::unavailable("bus");
            tracing::warn!(%error, "events wait for the sweep");
        }
        news.told(&published);
    }

    /// Records which events subscribers were told in this invocation.
    async fn record_published(&self, id: &LeadId, news: &News) -> Result<(), StoreError> {
        if news.published > news.outbox.published {
            step::published(id, news.published);
            self.leads.record_published(id, &news.outbox, news.published).await?;
        }
        Ok(())
    }

    /// When the sweep announces a lead whose events are written now, in case this worker does not publish them.
    fn events_due(&self, now: Timestamp) -> Timestamp {
        now.after(self.due_after)
    }
}

/// A lookup whose lease we hold.
struct Attempt<'a> {
    kept: &'a Kept,
    /// When the lead's first lookup began.
    since: Timestamp,
    lease: Lease,
}

/// The events of a lead that subscribers were not told.
struct News {
    /// The lead's OUTBOX as read or written last.
    outbox: Outbox,
    /// In the order of their sequences, without a gap.
    waiting: Vec<Event>,
    /// The sequence of the last event that subscribers were told.
    published: u64,
    /// Whether the bus has failed in this invocation.
    has_failed: bool,
}

impl News {
    fn of(record: &Record) -> Self {
        let outbox = record.outbox;
        let mut news = Self { outbox, waiting: Vec::new(), published: outbox.published, has_failed: false };
        news.wait(record.timeline.iter().filter(|event| event.sequence > outbox.published).cloned());
        news
    }

    fn add(&mut self, written: Written) {
        self.outbox = written.outbox;
        if self.outbox.published == self.outbox.version {
            // The events of a test lead: no subscriber is told.
            self.published = self.outbox.published;
        } else {
            self.wait(written.events);
        }
    }

    /// Adds events up to the first gap in their sequences. A gap means that an event cannot be read: the events after
    /// it wait, and an alarm says so.
    fn wait(&mut self, events: impl IntoIterator<Item = Event>) {
        let last = self.waiting.last().map_or(self.published, |event| event.sequence);
        let in_order = (last.saturating_add(1)..).zip(events).take_while(|(next, event)| *next == event.sequence);
        self.waiting.extend(in_order.map(|(_, event)| event));
    }

    fn told(&mut self, published: &Result<(), NotPublished>) {
        let accepted = match published {
            Ok(()) => self.waiting.len(),
            Err(NotPublished { accepted, .. }) => (*accepted).min(self.waiting.len()),
        };
        self.has_failed = published.is_err();
        if let Some(last) = self.waiting.drain(..accepted).last() {
            self.published = last.sequence;
        }
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
