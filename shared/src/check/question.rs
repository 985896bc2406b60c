//! What a partner asks about its own source, read from the request without any call.

use lambda_http::Request;
use url::form_urlencoded;

use crate::http::problem::Missing;
use crate::http::{Problem, WindowRoute};
use crate::id::LeadId;
use crate::identity::IdempotencyKey;
use crate::intake::request;
use crate::lead::text;
use crate::payload::Entrance;
use crate::payload::fields::MAX_TEXT;

/// The parameter of the query that names leads.
const EXTERNAL_ID: &str = "externalId";

/// What is asked, once the credentials have matched.
#[derive(Debug)]
pub enum Question {
    /// What the intake would answer to this post.
    DryRun(Entrance),
    /// What the source is and may do.
    Standing,
    /// What the source must send.
    Spec,
    /// The status of one lead.
    Lead(LeadId),
    /// The status of the leads with this external id.
    Leads(String),
    /// The status of the lead that was accepted under this key.
    Submission(IdempotencyKey),
}

impl Question {
    /// Reads the question of a route, whose path may have a parameter.
    ///
    /// # Errors
    /// [`Problem::NotFound`] for a parameter that is no lead's id, [`Problem::InvalidQuery`] and
    /// [`Problem::InvalidIdempotencyKey`] when it is not said what is looked for.
    pub fn of(route: WindowRoute, parameter: &str, request: &Request) -> Result<Self, Problem> {
        Ok(match route {
            WindowRoute::ValidateLeads => Self::DryRun(Entrance::Structured),
            WindowRoute::ValidateIntake => Self::DryRun(Entrance::Flat),
            WindowRoute::Source => Self::Standing,
            WindowRoute::Spec => Self::Spec,
            WindowRoute::Lead => Self::Lead(LeadId::parse(parameter).map_err(|_| Problem::NotFound(Missing::Lead))?),
            WindowRoute::Leads => Self::Leads(external_id(request).ok_or(Problem::InvalidQuery)?),
            WindowRoute::Submission => {
                let key = request::idempotency_key(request.headers())?;
                Self::Submission(key.ok_or(Problem::InvalidIdempotencyKey)?)
            }
        })
    }
}

/// The external id in the query, as the intake reads it, so that a partner finds what it sent.
fn external_id(request: &Request) -> Option<String> {
    let query = form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes());
    let mut given = query.filter(|(name, _)| name == EXTERNAL_ID).map(|(_, value)| value);
    let external_id = text::clean(given.next()?.trim(), MAX_TEXT).ok()?;
    (given.next().is_none() && !text::is_blank(&external_id)).then_some(external_id)
}
