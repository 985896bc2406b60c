//! The way in: authenticate, read, validate, verify, save, announce (contract, section 5, Order).

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join, join3};
use lambda_http::{Body, Request, Response};
use tracing::{Instrument, Span, field};

use crate::aws::Clients;
use crate::credential::Credential;
use crate::http::{self, Accepted, Problem, request};
use crate::identity::Identity;
use crate::lead::{Lead, ProcessingStatus};
use crate::payload::{self, Entrance};
use crate::queue::{LeadCreated, Queue};
use crate::settings::IntakeSettings;
use crate::source::{Attachment, Source, SourceKey};
use crate::start::{self, StartError};
use crate::store::{Leads, NewLead, Put, Sources, StoreError, StoredLead};
use crate::telemetry::{metric, step};
use crate::time::Timestamp;
use crate::trusted_form::{Refusal, TrustedForm, Verified};
use crate::validation::{self, Caller, Code, Failure, Verdict};
use crate::web;

/// A document stays well below DynamoDB's 400 KB for an item.
const LONGEST_DOCUMENT: usize = 350_000;

/// Everything that takes leads in, built once for many requests.
#[derive(Debug)]
pub struct Intake {
    sources: Sources,
    leads: Leads,
    queue: Queue,
    trusted_form: TrustedForm,
    due_after: Duration,
}

/// What a post has shown of itself before its lead is judged by anybody outside.
struct Post<'a> {
    request_id: &'a str,
    source: &'a Source,
    attachment: Attachment,
    identity: Identity,
    now: Timestamp,
}

impl Intake {
    /// What a function of the API starts with: everything by the environment's variables.
    ///
    /// # Errors
    /// [`StartError`] when a variable is missing or wrong, and as in [`Intake::new`]. It has been logged.
    pub async fn from_env() -> Result<Self, StartError> {
        start::logged(async { Self::new(&IntakeSettings::from_env()?, &Clients::from_env()?).await }).await
    }

    /// Builds what the settings name. Our key to TrustedForm is read, and connections are made, side by side.
    ///
    /// # Errors
    /// [`StartError`] when TLS to TrustedForm cannot be set up, or our key to it cannot be read.
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

    /// Answers a request that came through an entrance: with the lead, or with a problem that says why not.
    pub async fn answer(self: Arc<Self>, entrance: Entrance, request: Request) -> Response<Body> {
        let request_id = request::request_id(&request);
        let span = tracing::info_span!("request", request_id, source_id = field::Empty, lead_id = field::Empty);
        async {
            // On the heap, where it stays: with the SDK's calls in it, it is 11 KB, and would be copied at every layer above.
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
        let attachment = source.attachment()?;
        let idempotency_key = request::idempotency_key(request.headers())?;
        let payload = request::payload(entrance, request)?;
        let submission = payload::read(entrance, &payload).map_err(|_| Problem::Malformed)?;
        let identity = Identity::of(source, &submission, idempotency_key.as_ref()).map_err(|error| {
            tracing::error!(%error, "no randomness");
            Problem::Internal
        })?;
        Span::current().record("lead_id", identity.lead_id.as_str());
        let caller = Caller { source, key, visitor: request::visitor(request), now };
        let verdict = validation::check(&submission, &caller);
        let post = Post { request_id, source, attachment, identity, now };
        match verdict {
            Verdict::Refused(failures) => Err(Problem::Validation(failures)),
            Verdict::RefusedBySource(failures) => self.held_or(&post, Problem::Validation(failures)).await,
            Verdict::Valid(lead) => match self.trusted_form.verify(lead).await {
                Ok(verified) => self.save(post, verified).await,
                Err(refusal) => self.held_or(&post, refused_certificate(refusal, &submission)).await,
            },
        }
    }

    /// The source whose id and key the request carries (contract, section 2).
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

    /// A lead that was accepted before is answered, whatever the source's rules or TrustedForm say by now.
    async fn held_or(&self, post: &Post<'_>, problem: Problem) -> Result<Accepted, Problem> {
        match self.leads.get(&post.identity.lead_id).await.map_err(unavailable)? {
            Some(stored) => replay(&post.identity, &stored),
            None => Err(problem),
        }
    }

    async fn save(&self, post: Post<'_>, verified: Verified) -> Result<Accepted, Problem> {
        let new = new_lead(&post, verified, self.due_after)?;
        match self.leads.put(&new).await.map_err(unavailable)? {
            Put::Created => {
                step::accepted(&new.lead.id);
                self.announce(&post, &new.lead).await;
                Ok(Accepted { lead: new.document, replayed: false })
            }
            Put::Exists(stored) => replay(&post.identity, &stored),
        }
    }

    /// Tells the worker. When that fails the lead's mark brings it there later, so the answer stays 201.
    async fn announce(&self, post: &Post<'_>, lead: &Lead) {
        let message = LeadCreated::of(lead, post.attachment.business_id.clone(), post.request_id);
        match self.queue.send(&message).await {
            Ok(()) => step::announced(&lead.id),
            Err(error) => {
                metric::unavailable("queue");
                tracing::warn!(%error, "the lead waits for the sweep");
            }
        }
    }
}

/// Says what became of a post, to the log and to the metrics.
fn report(source: &str, outcome: &Result<Accepted, Problem>) {
    match outcome {
        Ok(Accepted { replayed: false, .. }) => metric::lead("accepted", source, ""),
        Ok(Accepted { replayed: true, .. }) => metric::lead("replayed", source, ""),
        Err(problem) => {
            let codes = problem.failure_codes().join(" ");
            let outcome = if problem.status().is_server_error() { "unavailable" } else { "refused" };
            metric::lead(outcome, source, &codes);
            step::refused(problem.status().as_u16(), &codes);
        }
    }
}

/// Puts the lead together: what was sent, and what the server owns.
fn new_lead(post: &Post<'_>, verified: Verified, due_after: Duration) -> Result<NewLead, Problem> {
    let validated = verified.into_inner();
    let business_id = post.attachment.business_id.clone();
    let mut metadata = validated.metadata;
    metadata.business_id = Some(business_id.clone());
    let lead = Lead {
        id: post.identity.lead_id.clone(),
        created_at: post.now,
        source_id: post.source.id.clone(),
        account_id: post.attachment.account_id.clone(),
        metadata,
        contact: validated.contact,
        customer: validated.customer,
        tag_ids: validated.tag_ids,
        tag_names: validated.tag_names,
        processing_status: ProcessingStatus::Enriching,
    };
    let document = to_json(&lead)?;
    if document.len() > LONGEST_DOCUMENT {
        return Err(Problem::TooLarge);
    }
    Ok(NewLead {
        lead,
        business_id,
        document,
        content: post.identity.content.clone(),
        request_id: post.request_id.to_owned(),
        due_at: post.now.after(due_after),
    })
}

/// Answers with a lead that is there already, unless its key stands for another submission.
fn replay(identity: &Identity, stored: &StoredLead) -> Result<Accepted, Problem> {
    if let StoredLead::Kept(kept) = stored
        && kept.content != identity.content
    {
        return Err(Problem::IdempotencyKeyReused);
    }
    step::replayed(&identity.lead_id);
    Ok(Accepted { lead: to_json(stored.lead())?, replayed: true })
}

/// What a partner is told of a certificate that is not accepted.
pub fn refused_certificate(refusal: Refusal, submission: &payload::Submission) -> Problem {
    let code = match refusal {
        Refusal::Rejected => Code::TrustedFormRejected,
        Refusal::Expired => Code::TrustedFormExpired,
        Refusal::Unavailable => return Problem::TrustedFormUnavailable,
    };
    Problem::Validation(vec![Failure::at(code, submission.pointer(payload::Member::TrustedFormUrl))])
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
            metric::unavailable("storage");
            tracing::error!(%error, "storage is unavailable");
            Problem::StorageUnavailable
        }
        StoreError::Unreadable(_) | StoreError::Unwritable => {
            tracing::error!(%error, "storage holds what this release cannot read");
            Problem::Internal
        }
    }
}
