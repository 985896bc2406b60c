//! The steps of a post: authenticate, decide, save, announce.

use std::sync::Arc;
use std::time::Duration;

use lambda_http::{Body, Request, Response};
use tracing::{Instrument, Span, field};

use super::answer::Accepted;
use super::decide::{Decider, Decision, Known, same};
use super::request::Post;
use super::reserve::{Reservation, Writer};
use crate::client::aws::Clients;
use crate::client::web;
use crate::http::{self, Problem, to_json};
use crate::lead::Lead;
use crate::payload::Entrance;
use crate::queue::{LeadCreated, Queue};
use crate::settings::IntakeSettings;
use crate::source::{Mode, Sender};
use crate::start::{self, StartError};
use crate::store::{NewLead, Put, StoredLead};
use crate::telemetry::{PostEnd, metric, step};
use crate::time::Timestamp;
use crate::trusted_form::Verified;

/// The intake's clients and settings, built once per process.
#[derive(Debug)]
pub struct Intake {
    decider: Decider,
    writer: Writer,
    queue: Queue,
    due_after: Duration,
}

impl Intake {
    /// Builds the intake from environment variables.
    ///
    /// # Errors
    /// [`StartError`], which was logged, when a variable is missing or wrong, and as in [`Intake::new`].
    pub async fn from_env() -> Result<Self, StartError> {
        start::logged(async { Self::new(&IntakeSettings::from_env()?, &Clients::from_env()?).await }).await
    }

    /// Builds the intake from settings. Reads TrustedForm's API key and opens connections concurrently.
    ///
    /// # Errors
    /// [`StartError`] when TLS cannot be configured or TrustedForm's API key cannot be read.
    pub async fn new(settings: &IntakeSettings, aws: &Clients) -> Result<Self, StartError> {
        let queue = web::connect(&aws.http, &settings.queue_url);
        let decider = Decider::new(&settings.check, aws, queue).await?;
        Ok(Self {
            writer: Writer::of(&decider),
            decider,
            queue: Queue::new(aws.sqs.clone(), &settings.queue_url),
            due_after: settings.due_after,
        })
    }

    /// Answers a request with the lead, or with a problem that says why not.
    pub async fn answer(self: Arc<Self>, entrance: Entrance, request: Request) -> Response<Body> {
        let request_id = http::request_id(&request);
        let span = tracing::info_span!("request", request_id, source_id = field::Empty, lead_id = field::Empty);
        async {
            // On the heap: the future is 11 KB because of the SDK's calls, and every layer above would copy it.
            let accepted = Box::pin(self.accept(entrance, &request, &request_id));
            let answer = http::respond(&request, accepted).await;
            tracing::debug!(status = answer.status().as_u16(), "answered");
            answer
        }
        .instrument(span)
        .await
    }

    async fn accept(&self, entrance: Entrance, request: &Request, request_id: &str) -> Result<Accepted, Problem> {
        let now = Timestamp::now();
        match self.decider.authenticate(request, now).await {
            Ok(sender) => {
                Span::current().record("source_id", sender.source.id.as_str());
                let accepted = self.take(&Post::of(entrance, request), request_id, &sender, now).await;
                report(sender.mode, sender.source.id.as_str(), &accepted);
                if let Err(problem) = &accepted {
                    self.writer.count_refusal(&sender, problem, now).await;
                }
                accepted
            }
            Err(problem) => {
                let refused = Err(problem);
                report(Mode::Live, "", &refused);
                refused
            }
        }
    }

    async fn take(
        &self,
        post: &Post<'_>,
        request_id: &str,
        sender: &Sender,
        now: Timestamp,
    ) -> Result<Accepted, Problem> {
        let verify = async |lead| self.decider.trusted_form.verify(lead, sender.mode).await;
        match self.decider.decide(post, sender, now, verify).await? {
            Decision::Replay(stored) => replay(&stored),
            Decision::Pass(known, verified) => self.save(&known, verified, request_id).await,
        }
    }

    async fn save(&self, known: &Known<'_>, verified: Verified, request_id: &str) -> Result<Accepted, Problem> {
        let (mut lead, mut document) = known.lead(verified.into_inner())?;
        let reserved = match self.writer.reserve(known, &lead, request_id).await? {
            Reservation::Held(stored) => return replay(&stored),
            Reservation::Made(reserved) => reserved,
        };
        if reserved.is_told {
            lead.duplicate = true;
            document = to_json(&lead)?;
        }
        let new = NewLead {
            lead,
            business_id: known.attachment.business_id.clone(),
            document,
            content: known.identity.content.clone(),
            request_id: request_id.to_owned(),
            due_at: known.now.after(self.due_after),
            retained_for: known.retained_for().map(str::to_owned),
            cap_reached: reserved.cap_reached(),
            duplicate_of: reserved.duplicate_of.clone(),
        };
        match self.writer.put(known, &new, &reserved).await? {
            Put::Created => {
                step::accepted(&new.lead.id);
                self.announce(known, &new.lead, request_id).await;
                Ok(Accepted { lead: new.document, replayed: false, test: new.lead.test, usage: reserved.usage })
            }
            Put::Exists(stored) => replay(&*same(&known.identity, stored)?),
        }
    }

    /// Sends the message to the worker. If that fails, a sweep sends it later from the outbox, so the answer is still
    /// 201.
    async fn announce(&self, known: &Known<'_>, lead: &Lead, request_id: &str) {
        let message = LeadCreated::of(lead, known.attachment.business_id.clone(), request_id);
        match self.queue.send(&message).await {
            Ok(()) => step::announced(&lead.id),
            Err(error) => {
                metric::unavailable("queue");
                tracing::warn!(%error, "the lead waits for the sweep");
            }
        }
    }
}

/// Reports the outcome of a post to the log and the metrics.
fn report(mode: Mode, source: &str, outcome: &Result<Accepted, Problem>) {
    match outcome {
        Ok(Accepted { replayed: false, .. }) => metric::lead(mode, PostEnd::Accepted, source, ""),
        Ok(Accepted { replayed: true, .. }) => metric::lead(mode, PostEnd::Replayed, source, ""),
        Err(problem) => {
            let codes = problem.failure_codes().join(" ");
            metric::lead(mode, problem.end(), source, &codes);
            step::refused(problem.status().as_u16(), &codes);
        }
    }
}

/// Answers with a lead that was accepted before.
fn replay(stored: &StoredLead) -> Result<Accepted, Problem> {
    let lead = stored.lead();
    step::replayed(&lead.id);
    Ok(Accepted { lead: to_json(lead)?, replayed: true, test: lead.test, usage: None })
}
