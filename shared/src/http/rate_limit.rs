//! The headers that tell a partner how far its source has used up its caps (contract, section 10).

use lambda_http::http::{HeaderMap, HeaderName, HeaderValue};

use crate::source::limits::Usage;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Adds the headers to an answer.
pub(crate) fn tell(headers: &mut HeaderMap, usage: &Usage) {
    for (name, value) in [(RATE_LIMIT_POLICY, usage.policy_header()), (RATE_LIMIT, usage.header_of_rest())] {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
}
