//! What a business's users and systems read: leads, the inbox, timelines, sources and reports (contract, section 12). The
//! only thing that is written is that a conversation was read.
//!
//! API Gateway checks the token of each request. Paths and members are those of the vendor's API, so its SDK reads from us.

mod cursor;
mod inbox;
mod lead;
mod leads;
mod options;
mod page;
mod parameters;
mod range;
mod reader;
mod reports;
mod row;
mod sources;

use std::sync::Arc;

use futures_util::future::join;
use lambda_http::{Body, Request, Response};
use tracing::{Instrument, field};

use crate::client::aws::Clients;
use crate::client::credential::Credential;
use crate::http::{self, Json, Problem, UserRoute, to_json};
use crate::settings::{ReadSettings, Secret};
use crate::start::{self, StartError};
use crate::store::{Leads, Limits, Sources, StoreError};
use options::{ARCHIVE_FILTER, Options};
use parameters::Parameters;
use reader::Reader;

pub use options::Served;

/// The clients of the API of users, built once per process.
#[derive(Debug)]
pub struct Reading {
    sources: Sources,
    leads: Leads,
    limits: Limits,
    business_claim: String,
    digest_key: Secret,
}

impl Reading {
    /// Builds the clients from environment variables.
    ///
    /// # Errors
    /// [`StartError`], which was logged, when a variable is missing or wrong, and as in [`Reading::new`].
    pub async fn from_env() -> Result<Self, StartError> {
        start::logged(async { Self::new(&ReadSettings::from_env()?, &Clients::from_env()?).await }).await
    }

    /// Builds the clients from settings, and opens connections.
    ///
    /// # Errors
    /// [`StartError`] when the key of the log's digests cannot be read.
    pub async fn new(settings: &ReadSettings, aws: &Clients) -> Result<Self, StartError> {
        let sources = Sources::new(aws.dynamodb.clone(), &settings.sources_table);
        let connection = async {
            if settings.connects_ahead {
                sources.connect().await;
            }
        };
        let (key, ()) = join(Credential::read(&settings.reader_digest_key, &aws.secrets), connection).await;
        Ok(Self {
            leads: Leads::new(aws.dynamodb.clone(), &settings.leads_table),
            limits: Limits::new(aws.dynamodb.clone(), &settings.limits_table),
            business_claim: settings.business_claim.clone(),
            digest_key: key?.secret().await,
            sources,
        })
    }

    /// Answers the request of a route. `id` is the parameter of the path; empty if there is none.
    pub async fn answer(self: Arc<Self>, route: UserRoute, id: String, request: Request) -> Response<Body> {
        let request_id = http::request_id(&request);
        let span = tracing::info_span!("request", request_id, business_id = field::Empty);
        async {
            let answer = http::respond(&request, Box::pin(self.ask(route, &id, &request))).await;
            tracing::debug!(status = answer.status().as_u16(), "answered");
            answer
        }
        .instrument(span)
        .await
    }

    async fn ask(&self, route: UserRoute, id: &str, request: &Request) -> Result<Json, Problem> {
        let reader = Reader::of(request, &self.business_claim, &self.digest_key)?;
        tracing::Span::current().record("business_id", reader.business.as_str());
        let options = |parameters: &[&str]| match served(route) {
            Some(served) => Options::read(request, &served, parameters),
            None => Err(Problem::Internal),
        };
        let body = match route {
            UserRoute::Lead => {
                Parameters::read(request, &[])?;
                self.lead(&reader, id).await?
            }
            UserRoute::Leads => {
                let options = options(&[ARCHIVE_FILTER])?;
                let page = self.list_leads(&reader, &options).await?;
                reader.has_read_rows(route, page.items.len());
                to_json(&page)?
            }
            UserRoute::Inbox => {
                let options = options(&[ARCHIVE_FILTER])?;
                let page = self.inbox(&reader, &options).await?;
                reader.has_read_rows(route, page.items.len());
                to_json(&page)?
            }
            UserRoute::LeadConversations => {
                let options = options(&[])?;
                to_json(&self.conversations_of(&reader, id, &options).await?)?
            }
            UserRoute::MarkRead => to_json(&self.mark_read(&reader, id, request).await?)?,
            UserRoute::LeadEvents => {
                let options = options(&[])?;
                to_json(&self.events(&reader, id, &options).await?)?
            }
            UserRoute::Sources => {
                let options = options(&[])?;
                to_json(&self.list_sources(&reader, &options).await?)?
            }
            UserRoute::Source => {
                Parameters::read(request, &[])?;
                to_json(&self.source(&reader, id).await?)?
            }
            UserRoute::SourceMetrics => to_json(&self.metrics(&reader, id, request).await?)?,
            UserRoute::Analytics => to_json(&self.analytics(&reader, request).await?)?,
        };
        Ok(Json(body))
    }
}

/// What the list of a route serves; `None` if the route is no list.
pub const fn served(route: UserRoute) -> Option<Served> {
    match route {
        UserRoute::Leads => Some(leads::SERVED),
        UserRoute::Inbox => Some(inbox::SERVED),
        UserRoute::LeadConversations => Some(inbox::SERVED_OF_LEAD),
        UserRoute::LeadEvents => Some(lead::SERVED_EVENTS),
        UserRoute::Sources => Some(sources::SERVED),
        UserRoute::Lead | UserRoute::MarkRead | UserRoute::Source | UserRoute::SourceMetrics | UserRoute::Analytics => {
            None
        }
    }
}

fn unavailable(error: StoreError) -> Problem {
    if error.report() { Problem::ReadUnavailable } else { Problem::Internal }
}
