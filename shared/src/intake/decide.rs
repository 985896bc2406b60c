//! The order of a post up to the put (contract, section 5, "Order"). The intake and the dry run share it, so a dry run
//! answers what the intake would answer.

use std::time::Duration;

use futures_util::future::{join, join3};
use lambda_http::Request;
use tokio::time::{Instant, sleep_until, timeout};
use tracing::Span;

use super::judge::{Judged, judge, refused_certificate};
use super::request::{self, Post};
use crate::client::aws::Clients;
use crate::client::credential::Credential;
use crate::client::web;
use crate::http::{Problem, to_json};
use crate::identity::Identity;
use crate::lead::{Lead, ProcessingStatus};
use crate::settings::CheckSettings;
use crate::source::{Attachment, Mode, Sender, Source, StoredKey};
use crate::start::StartError;
use crate::store::{Leads, Limits, Sources, StoreError, StoredLead};
use crate::telemetry::{metric, step};
use crate::time::Timestamp;
use crate::trusted_form::{Refusal, TrustedForm};
use crate::validation::{Validated, Verdict};

/// The timeout of the read beside TrustedForm, whose timeout is the same.
const HELD_TIMEOUT: Duration = Duration::from_secs(2);

/// A refused login is answered this long after it came: longer than the read of a source usually takes, so that the time
/// of an answer does not tell which sources exist.
const REFUSED_LOGIN: Duration = Duration::from_millis(50);

/// In bytes, well below DynamoDB's limit of 400 KB for an item.
const MAX_DOCUMENT: usize = 350_000;

/// What a decision about a post needs. It only reads.
#[derive(Debug)]
pub(crate) struct Decider {
    sources: Sources,
    pub(crate) leads: Leads,
    pub(crate) limits: Limits,
    pub(crate) trusted_form: TrustedForm,
}

/// What a post comes to, before anything is written.
pub(crate) enum Decision<'a, V> {
    /// We hold the lead already.
    Replay(Box<StoredLead>),
    /// No check refuses the lead. `V` says what was checked last.
    Pass(Known<'a>, V),
}

/// What we know about a post before calling TrustedForm.
pub(crate) struct Known<'a> {
    pub(crate) sender: &'a Sender,
    pub(crate) attachment: Attachment,
    pub(crate) identity: Identity,
    pub(crate) now: Timestamp,
}

impl Decider {
    /// Reads TrustedForm's API key and opens connections, together with those that the caller opens.
    pub(crate) async fn new(
        settings: &CheckSettings,
        aws: &Clients,
        connects: impl Future<Output = ()>,
    ) -> Result<Self, StartError> {
        let client = web::client(settings.trusted_form.ca_bundle.as_deref())?;
        let sources = Sources::new(aws.dynamodb.clone(), &settings.sources_table);
        let connections = async {
            if settings.connects_ahead {
                let trusted_form = web::connect(&client, settings.trusted_form.url.as_str());
                join3(sources.connect(), connects, trusted_form).await;
            }
        };
        let (key, ()) = join(Credential::read(&settings.trusted_form.key, &aws.secrets), connections).await;
        Ok(Self {
            leads: Leads::new(aws.dynamodb.clone(), &settings.leads_table),
            limits: Limits::new(aws.dynamodb.clone(), &settings.limits_table),
            trusted_form: TrustedForm::new(client, settings.trusted_form.url.clone(), key?),
            sources,
        })
    }

    /// Authenticates the source of a request by its id and key (contract, section 2).
    pub(crate) async fn authenticate(&self, request: &Request, now: Timestamp) -> Result<Sender, Problem> {
        let came = Instant::now();
        let (id, key) = request::credentials(request.headers()).inspect_err(|_| login_failed(UNKNOWN, ""))?;
        // A source of a later release, too, may send again when the functions can read it.
        let found = self.sources.get(&id).await.map_err(|error| {
            error.report();
            Problem::StorageUnavailable
        });
        let (source, known) = match found? {
            Some(source) => (source, true),
            None => (Source::absent().map_err(|_| Problem::Internal)?, false),
        };
        match source.accepts(&key, now).map(|(mode, _)| mode) {
            Some(mode) => Ok(Sender { source, key, mode }),
            None => {
                let ended = source.ended(&key, now).map(StoredKey::shown).unwrap_or_default();
                // The id of a source that does not exist may be anything: even a key, in the wrong header.
                login_failed(if known { source.id.as_str() } else { UNKNOWN }, ended);
                sleep_until(came + REFUSED_LOGIN).await;
                Err(Problem::Unauthorized)
            }
        }
    }

    /// Decides about the post of an authenticated source. `verify` checks the certificate of a lead that breaks no rule.
    pub(crate) async fn decide<'a, V>(
        &self,
        post: &Post<'_>,
        sender: &'a Sender,
        now: Timestamp,
        verify: impl AsyncFnOnce(Box<Validated>) -> Result<V, Refusal>,
    ) -> Result<Decision<'a, V>, Problem> {
        let Judged { attachment, identity, submission, verdict } = judge(post, sender, now)?;
        Span::current().record("lead_id", identity.lead_id.as_str());
        if let Some(stored) = self.accepted_before(&identity).await? {
            return Ok(Decision::Replay(stored));
        }
        let mut is_new = false;
        let verified = match verdict {
            Verdict::Refused(failures) => return Err(Problem::Validation(failures)),
            Verdict::RefusedBySource(failures) => Err(Problem::Validation(failures)),
            Verdict::Valid(lead) => {
                let verified = if sender.has_limits() {
                    // A lead that we hold is answered before a limit can refuse it.
                    let held = timeout(HELD_TIMEOUT, self.held(&identity));
                    let (held, verified) = join(held, verify(lead)).await;
                    if let Some(stored) = held.map_err(|late| unavailable(late.into()))?? {
                        return Ok(Decision::Replay(stored));
                    }
                    is_new = true;
                    verified
                } else {
                    verify(lead).await
                };
                verified.map_err(|refusal| refused_certificate(refusal, &submission))
            }
        };
        match verified {
            Ok(verified) => Ok(Decision::Pass(Known { sender, attachment, identity, now }, verified)),
            Err(problem) if is_new => Err(problem),
            // The lead may have been accepted before, even if the source's rules or TrustedForm would refuse it now.
            Err(problem) => self.held(&identity).await?.map(Decision::Replay).ok_or(problem),
        }
    }

    /// Finds the lead that an earlier release accepted for this submission, under the identity that it had without the
    /// members the release did not know. Posts without such members need no call.
    async fn accepted_before(&self, identity: &Identity) -> Result<Option<Box<StoredLead>>, Problem> {
        for former in identity.before.iter().filter(|former| former.lead_id != identity.lead_id) {
            if let Some(stored) = self.leads.get(&former.lead_id).await.map_err(unavailable)? {
                return same(identity, stored).map(Some);
            }
        }
        Ok(None)
    }

    /// Reads the lead of this identity, consistently.
    pub(crate) async fn held(&self, identity: &Identity) -> Result<Option<Box<StoredLead>>, Problem> {
        held(&self.leads, identity).await
    }

    /// Whether the caps allow one more lead, without counting it. The answer can be outdated when it arrives.
    pub(crate) async fn has_place(&self, sender: &Sender, now: Timestamp) -> Result<(), Problem> {
        let Some(caps) = sender.caps() else { return Ok(()) };
        let windows = caps.windows(now);
        let counts = match caps.is_paused() {
            true => None,
            false => Some(self.limits.counts(&sender.source.id, &windows).await.map_err(unavailable)?),
        };
        let usage = caps.usage(&windows, counts, now);
        if usage.used_up().next().is_some() { Err(Problem::QuotaExceeded(usage)) } else { Ok(()) }
    }
}

impl Known<'_> {
    /// The lead from what was sent and what the server adds, and its JSON.
    pub(crate) fn lead(&self, validated: Validated) -> Result<(Lead, String), Problem> {
        let mut metadata = validated.metadata;
        metadata.business_id = Some(self.attachment.business_id.clone());
        let lead = Lead {
            id: self.identity.lead_id.clone(),
            created_at: self.now,
            source_id: self.sender.source.id.clone(),
            account_id: self.attachment.account_id.clone(),
            metadata,
            contact: validated.contact,
            customer: validated.customer,
            tag_ids: validated.tag_ids,
            tag_names: validated.tag_names,
            processing_status: ProcessingStatus::Enriching,
            test: self.sender.mode == Mode::Test,
            duplicate: false,
        };
        let document = to_json(&lead)?;
        if document.len() > MAX_DOCUMENT {
            return Err(Problem::TooLarge);
        }
        Ok((lead, document))
    }

    /// The name to retain the lead's certificate under. Certificates of test leads are never retained.
    pub(super) fn retained_for(&self) -> Option<&str> {
        let Sender { source, mode, .. } = self.sender;
        (source.retain_certificates && *mode == Mode::Live).then_some(source.name.as_str())
    }
}

/// Reads the lead of an identity, consistently.
pub(super) async fn held(leads: &Leads, identity: &Identity) -> Result<Option<Box<StoredLead>>, Problem> {
    let stored = leads.get(&identity.lead_id).await.map_err(unavailable)?;
    stored.map(|stored| same(identity, stored)).transpose()
}

/// The stored lead, unless its idempotency key was used for another submission. This also works for an erased lead: its
/// tombstone keeps the digest, so a different lead under the same key is refused and not lost.
pub(super) fn same(identity: &Identity, stored: StoredLead) -> Result<Box<StoredLead>, Problem> {
    if identity.is_of(stored.content()) { Ok(Box::new(stored)) } else { Err(Problem::IdempotencyKeyReused) }
}

/// What the log says instead of a claimed source that does not exist.
const UNKNOWN: &str = "unknown";

/// Reports refused credentials (contract, section 14): the claimed source, and the beginning of its key that has ended.
fn login_failed(source: &str, ended_key: &str) {
    metric::failed_login(source);
    step::login_failed(source, ended_key);
}

pub(crate) fn unavailable(error: StoreError) -> Problem {
    if error.report() { Problem::StorageUnavailable } else { Problem::Internal }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::Client;
    use aws_sdk_dynamodb::config::{Credentials, Region};
    use aws_smithy_runtime_api::client::http::{
        HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
    };
    use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
    use aws_smithy_types::body::SdkBody;

    use super::*;
    use crate::client::aws::behavior;
    use crate::settings::Secret;
    use crate::source::ABSENT;

    /// A table that answers each read with the same text after a time.
    #[derive(Debug)]
    struct Table {
        answer: String,
        takes: Duration,
    }

    impl HttpConnector for Table {
        fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
            let (answer, takes) = (self.answer.clone(), self.takes);
            HttpConnectorFuture::new(async move {
                tokio::time::sleep(takes).await;
                Ok(HttpResponse::new(200.try_into().unwrap(), SdkBody::from(answer)))
            })
        }
    }

    fn decider(table: Table) -> Decider {
        let connector = SharedHttpConnector::new(table);
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(behavior())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(Credentials::new("id", "key", None, None, "test"))
            .http_client(http_client_fn(move |_, _| connector.clone()));
        let table = Client::from_conf(config.build());
        let client = web::client(None).unwrap();
        let url = "https://cert.trustedform.com".parse().unwrap();
        Decider {
            sources: Sources::new(table.clone(), "sources"),
            leads: Leads::new(table.clone(), "leads"),
            limits: Limits::new(table, "limits"),
            trusted_form: TrustedForm::new(client, url, Secret::new("key").into()),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_login_takes_the_same_time_whatever_the_table_says() {
        let key = format!("lp_{}", "a".repeat(43));
        let exists = serde_json::json!({"Item": {"schemaVersion": {"N": "1"}, "document": {"S": ABSENT}}});
        let unknown = serde_json::json!({});
        let cases = [
            // what the table answers, how long that takes, how long the refusal takes
            (&exists, 1, 50),
            (&unknown, 1, 50),
            (&exists, 49, 50),
            (&unknown, 30, 50),
            (&exists, 80, 80),
        ];
        for (answer, takes, expected) in cases {
            let decider = decider(Table { answer: answer.to_string(), takes: Duration::from_millis(takes) });
            let request = lambda_http::http::Request::builder()
                .header("X-Leadping-Source-Id", "source_any")
                .header("X-Leadping-Source-Key", &key)
                .body(lambda_http::Body::Empty)
                .unwrap();
            let came = Instant::now();
            let refused = decider.authenticate(&request, Timestamp::now()).await.map(|sender| sender.source.id);
            assert!(matches!(refused, Err(Problem::Unauthorized)), "{refused:?}");
            assert_eq!(came.elapsed().as_millis(), expected, "{answer} after {takes} ms");
        }
    }
}
