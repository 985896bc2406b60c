//! What a partner may ask without creating a lead: dry runs, the standing of its source, the status of its leads, and what
//! its source must send (contract, section 9). Nothing here writes.

mod dry_run;
mod question;
pub mod spec;
mod standing;
mod status;

use std::sync::Arc;

use lambda_http::http::HeaderValue;
use lambda_http::{Body, Request, Response};
use serde::Serialize;
use tracing::{Instrument, Span, field};

use crate::client::aws::Clients;
use crate::http::{self, Json, Problem, WindowRoute, to_json};
use crate::intake::LEADPING_TEST;
use crate::intake::decide::Decider;
use crate::settings::CheckSettings;
use crate::source::{Mode, Sender};
use crate::start::{self, StartError};
use crate::telemetry::{PostEnd, metric};
use crate::time::Timestamp;
use standing::Standing;

pub use dry_run::payload_query;
pub use question::Question;

/// The clients of the partner's window, built once per process.
#[derive(Debug)]
pub struct Window {
    decider: Decider,
}

/// An answer with the status 200.
struct Answer {
    body: String,
    mode: Mode,
}

impl Window {
    /// Builds the window from environment variables.
    ///
    /// # Errors
    /// [`StartError`], which was logged, when a variable is missing or wrong, and as in [`Window::new`].
    pub async fn from_env() -> Result<Self, StartError> {
        start::logged(async { Self::new(&CheckSettings::from_env()?, &Clients::from_env()?).await }).await
    }

    /// Builds the window from settings. Reads TrustedForm's API key and opens connections concurrently.
    ///
    /// # Errors
    /// [`StartError`] when TLS cannot be configured or TrustedForm's API key cannot be read.
    pub async fn new(settings: &CheckSettings, aws: &Clients) -> Result<Self, StartError> {
        Ok(Self { decider: Decider::new(settings, aws, async {}).await? })
    }

    /// Answers the request of a route. `parameter` is that of the path; empty if there is none.
    pub async fn answer(self: Arc<Self>, route: WindowRoute, parameter: String, request: Request) -> Response<Body> {
        let request_id = http::request_id(&request);
        let span = tracing::info_span!("request", request_id, source_id = field::Empty, lead_id = field::Empty);
        async {
            let answer = http::respond(&request, Box::pin(self.ask(route, &parameter, &request))).await;
            tracing::debug!(status = answer.status().as_u16(), "answered");
            answer
        }
        .instrument(span)
        .await
    }

    async fn ask(&self, route: WindowRoute, parameter: &str, request: &Request) -> Result<Answer, Problem> {
        let now = Timestamp::now();
        let mut source = String::new();
        let answer = async {
            let sender = self.sender(request, now).await?;
            sender.source.id.as_str().clone_into(&mut source);
            let mut end = PostEnd::Accepted;
            let body = match Question::of(route, parameter, request)? {
                Question::DryRun(entrance) => {
                    let (body, dry_end) = self.dry_run(entrance, request, &sender, now).await?;
                    end = dry_end;
                    body
                }
                Question::Standing => to_json(&Standing::of(&sender, now))?,
                Question::Spec => to_json(&spec::of(&sender.source))?,
                Question::Lead(id) => to_json(&self.lead(&sender, &id).await?)?,
                Question::Leads(external_id) => to_json(&self.leads(&sender, &external_id).await?)?,
                Question::Submission(key) => to_json(&self.submission(&sender, &key).await?)?,
            };
            Ok((Answer { body, mode: sender.mode }, end))
        };
        let answer = answer.await;
        if route.is_dry_run() {
            match &answer {
                Ok((_, end)) => metric::dry_run(*end, &source, ""),
                Err(problem) => {
                    let codes = Problem::failure_codes(problem).join(" ");
                    metric::dry_run(problem.end(), &source, &codes);
                }
            }
        }
        answer.map(|(answer, _)| answer)
    }

    async fn sender(&self, request: &Request, now: Timestamp) -> Result<Sender, Problem> {
        let sender = self.decider.authenticate(request, now).await?;
        Span::current().record("source_id", sender.source.id.as_str());
        Ok(sender)
    }
}

impl From<Answer> for Response<Body> {
    fn from(answer: Answer) -> Self {
        let mut response = Self::from(Json(answer.body));
        if answer.mode == Mode::Test {
            response.headers_mut().insert(LEADPING_TEST, HeaderValue::from_static("true"));
        }
        response
    }
}

/// A list of the API.
#[derive(Serialize)]
struct Items<T> {
    items: Vec<T>,
}
