//! The steps of a post: authenticate, judge, verify, save, announce.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join, join3};
use lambda_http::{Body, Request, Response};
use tracing::{Instrument, Span, field};

use super::answer::Accepted;
use super::judge::{Judged, judge, refused_certificate};
use super::request::{self, Post};
use crate::client::aws::Clients;
use crate::client::credential::Credential;
use crate::client::web;
use crate::http::{self, Problem};
use crate::identity::Identity;
use crate::lead::{Lead, ProcessingStatus};
use crate::payload::Entrance;
use crate::queue::{LeadCreated, Queue};
use crate::settings::IntakeSettings;
use crate::source::{Attachment, Source, SourceKey};
use crate::start::{self, StartError};
use crate::store::{Leads, NewLead, Put, Sources, StoreError, StoredLead};
use crate::telemetry::{PostEnd, metric, step};
use crate::time::Timestamp;
use crate::trusted_form::{TrustedForm, Verified};
use crate::validation::Verdict;

/// In bytes, well below DynamoDB's limit of 400 KB for an item.
const MAX_DOCUMENT: usize = 350_000;

/// The intake's clients and settings, built once per process.
#[derive(Debug)]
pub struct Intake {
    sources: Sources,
    leads: Leads,
    queue: Queue,
    trusted_form: TrustedForm,
    due_after: Duration,
}

/// What we know about a post before calling TrustedForm.
struct Known<'a> {
    request_id: &'a str,
    source: &'a Source,
    attachment: Attachment,
    identity: Identity,
    now: Timestamp,
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
        let client = web::client(settings.trusted_form_ca_bundle.as_deref())?;
        let sources = Sources::new(aws.dynamodb.clone(), &settings.sources_table);
        let queue = Queue::new(aws.sqs.clone(), &settings.queue_url);
        let connections = async {
            if settings.connects_ahead {
                let trusted_form = web::connect(&client, settings.trusted_form_url.as_str());
                join3(sources.connect(), web::connect(&aws.http, &settings.queue_url), trusted_form).await;
            }
        };
        let (key, ()) = join(Credential::read(&settings.trusted_form_key, &aws.secrets), connections).await;
        Ok(Self {
            sources,
            leads: Leads::new(aws.dynamodb.clone(), &settings.leads_table),
            queue,
            trusted_form: TrustedForm::new(client, settings.trusted_form_url.clone(), key?),
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
        match self.authenticate(request, now).await {
            Ok((source, key)) => {
                Span::current().record("source_id", source.id.as_str());
                let accepted = self.take(entrance, request, request_id, &source, &key, now).await;
                report(source.id.as_str(), &accepted);
                accepted
            }
            Err(problem) => {
                let refused = Err(problem);
                report("", &refused);
                refused
            }
        }
    }

    async fn take(
        &self,
        entrance: Entrance,
        request: &Request,
        request_id: &str,
        source: &Source,
        key: &SourceKey,
        now: Timestamp,
    ) -> Result<Accepted, Problem> {
        let Judged { attachment, identity, submission, verdict } =
            judge(&Post::of(entrance, request), source, key, now)?;
        Span::current().record("lead_id", identity.lead_id.as_str());
        let known = Known { request_id, source, attachment, identity, now };
        if let Some(accepted) = self.accepted_before(&known.identity).await? {
            return Ok(accepted);
        }
        let verified = match verdict {
            Verdict::Refused(failures) => return Err(Problem::Validation(failures)),
            Verdict::RefusedBySource(failures) => Err(Problem::Validation(failures)),
            Verdict::Valid(lead) => {
                let verified = self.trusted_form.verify(lead).await;
                verified.map_err(|refusal| refused_certificate(refusal, &submission))
            }
        };
        match verified {
            Ok(verified) => self.save(known, verified).await,
            Err(problem) => self.replay_or(problem, &known.identity).await,
        }
    }

    /// Authenticates the source of a request by its id and key (contract, section 2).
    async fn authenticate(&self, request: &Request, now: Timestamp) -> Result<(Source, SourceKey), Problem> {
        let (id, key) = request::credentials(request.headers())?;
        match self.sources.get(&id).await.map_err(unavailable)? {
            Some(source) if source.accepts(&key, now) => Ok((source, key)),
            Some(_) => Err(Problem::Unauthorized),
            None => {
                key.refuse();
                Err(Problem::Unauthorized)
            }
        }
    }

    /// Finds the lead that an earlier release accepted for this submission, under the identity that it had without the
    /// members the release did not know. Posts without such members need no call.
    async fn accepted_before(&self, identity: &Identity) -> Result<Option<Accepted>, Problem> {
        for former in identity.before.iter().filter(|former| former.lead_id != identity.lead_id) {
            if let Some(stored) = self.leads.get(&former.lead_id).await.map_err(unavailable)? {
                return replay(identity, &stored).map(Some);
            }
        }
        Ok(None)
    }

    /// Answers with the lead if it was accepted before, even if the source's rules or TrustedForm would refuse it now.
    async fn replay_or(&self, refusal: Problem, identity: &Identity) -> Result<Accepted, Problem> {
        match self.leads.get(&identity.lead_id).await.map_err(unavailable)? {
            Some(stored) => replay(identity, &stored),
            None => Err(refusal),
        }
    }

    async fn save(&self, known: Known<'_>, verified: Verified) -> Result<Accepted, Problem> {
        let new = new_lead(&known, verified, self.due_after)?;
        match self.leads.put(&new).await.map_err(unavailable)? {
            Put::Created => {
                step::accepted(&new.lead.id);
                self.announce(&known, &new.lead).await;
                Ok(Accepted { lead: new.document, replayed: false })
            }
            Put::Exists(stored) => replay(&known.identity, &stored),
        }
    }

    /// Sends the message to the worker. If that fails, a sweep sends it later from the outbox, so the answer is still
    /// 201.
    async fn announce(&self, known: &Known<'_>, lead: &Lead) {
        let message = LeadCreated::of(lead, known.attachment.business_id.clone(), known.request_id);
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
fn report(source: &str, outcome: &Result<Accepted, Problem>) {
    match outcome {
        Ok(Accepted { replayed: false, .. }) => metric::lead(PostEnd::Accepted, source, ""),
        Ok(Accepted { replayed: true, .. }) => metric::lead(PostEnd::Replayed, source, ""),
        Err(problem) => {
            let codes = problem.failure_codes().join(" ");
            let end = if problem.status().is_server_error() { PostEnd::Unavailable } else { PostEnd::Refused };
            metric::lead(end, source, &codes);
            step::refused(problem.status().as_u16(), &codes);
        }
    }
}

/// Builds the lead from what was sent and what the server adds.
fn new_lead(known: &Known<'_>, verified: Verified, due_after: Duration) -> Result<NewLead, Problem> {
    let validated = verified.into_inner();
    let business_id = known.attachment.business_id.clone();
    let mut metadata = validated.metadata;
    metadata.business_id = Some(business_id.clone());
    let lead = Lead {
        id: known.identity.lead_id.clone(),
        created_at: known.now,
        source_id: known.source.id.clone(),
        account_id: known.attachment.account_id.clone(),
        metadata,
        contact: validated.contact,
        customer: validated.customer,
        tag_ids: validated.tag_ids,
        tag_names: validated.tag_names,
        processing_status: ProcessingStatus::Enriching,
    };
    let document = to_json(&lead)?;
    if document.len() > MAX_DOCUMENT {
        return Err(Problem::TooLarge);
    }
    Ok(NewLead {
        lead,
        business_id,
        document,
        content: known.identity.content.clone(),
        request_id: known.request_id.to_owned(),
        due_at: known.now.after(due_after),
        retained_for: known.source.retain_certificates.then(|| known.source.name.clone()),
    })
}

/// Answers with the stored lead, unless its idempotency key was used for another submission. This also works for an
/// erased lead: its tombstone keeps the digest, so a different lead under the same key is refused and not lost.
fn replay(identity: &Identity, stored: &StoredLead) -> Result<Accepted, Problem> {
    if !identity.is_of(stored.content()) {
        return Err(Problem::IdempotencyKeyReused);
    }
    step::replayed(&stored.lead().id);
    Ok(Accepted { lead: to_json(stored.lead())?, replayed: true })
}

fn to_json(lead: &Lead) -> Result<String, Problem> {
    serde_json::to_string(lead).map_err(|_| {
        tracing::error!("a lead cannot be written as JSON");
        Problem::Internal
    })
}

fn unavailable(error: StoreError) -> Problem {
    match error {
        StoreError::Unavailable { .. } | StoreError::OutOfReach => {
            error.report_unavailable("storage is unavailable");
            Problem::StorageUnavailable
        }
        StoreError::Unreadable(_) | StoreError::Unwritable => {
            tracing::error!(%error, "storage contains an item that this release cannot read");
            Problem::Internal
        }
    }
}
