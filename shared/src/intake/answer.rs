//! The answer to an accepted post (contract, section 5).

use std::fmt;

use lambda_http::http::{HeaderName, HeaderValue, StatusCode};
use lambda_http::{Body, Response};

use crate::http::{Json, rate_limit};
use crate::source::limits::Usage;

const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// Marks each success that a test key got, so that a test key in production traffic is noticed (contract, section 9).
pub(crate) const LEADPING_TEST: HeaderName = HeaderName::from_static("leadping-test");

/// A lead that was accepted, now or before.
pub struct Accepted {
    /// The body of the answer: the lead as JSON.
    pub lead: String,
    /// Whether the lead had been accepted before.
    pub replayed: bool,
    /// Whether it is a test lead.
    pub test: bool,
    /// How far the source has used up its caps, if the lead took a place.
    pub usage: Option<Usage>,
}

/// Hides the body, which is personal data.
impl fmt::Debug for Accepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accepted").field("replayed", &self.replayed).finish_non_exhaustive()
    }
}

impl From<Accepted> for Response<Body> {
    fn from(accepted: Accepted) -> Self {
        let mut response = Self::from(Json(accepted.lead));
        *response.status_mut() = StatusCode::CREATED;
        if accepted.replayed {
            response.headers_mut().insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
        }
        if accepted.test {
            response.headers_mut().insert(LEADPING_TEST, HeaderValue::from_static("true"));
        }
        if let Some(usage) = &accepted.usage {
            rate_limit::tell(response.headers_mut(), usage);
        }
        response
    }
}
