//! What is read from a request, each part when its turn comes: credentials before anything of the body.

use lambda_http::Request;
use lambda_http::RequestExt;
use lambda_http::http::{HeaderMap, HeaderValue, Method, header};
use lambda_http::request::RequestContext;

use crate::http::Problem;
use crate::id::SourceId;
use crate::identity::IdempotencyKey;
use crate::lead::text::clean_lossy;
use crate::payload::fields::MAX_TEXT;
use crate::payload::{self, Entrance, Submission};
use crate::source::SourceKey;
use crate::validation::Visitor;

/// The longest body that is read (contract, section 1).
pub const LONGEST_BODY: usize = 256 * 1024;

const SOURCE_ID: &str = "x-leadping-source-id";
const SOURCE_KEY: &str = "x-leadping-source-key";
/// What keys begin with, and no source's id.
const KEY: &str = "lp_";
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// What of a request is judged once its credentials have matched.
#[derive(Clone, Debug)]
pub struct Post<'a> {
    /// The form of its payload.
    pub entrance: Entrance,
    /// `GET` or `POST`.
    pub method: &'a Method,
    /// The query string, undecoded and without its question mark.
    pub query: &'a str,
    /// The headers, as the gateway passes them on.
    pub headers: &'a HeaderMap,
    /// The body, decoded where the gateway has encoded it.
    pub body: &'a [u8],
    /// Who made it, where the payload does not say.
    pub visitor: Visitor,
}

impl<'a> Post<'a> {
    /// The post that a request makes through an entrance.
    pub fn of(entrance: Entrance, request: &'a Request) -> Self {
        Self {
            entrance,
            method: request.method(),
            query: request.uri().query().unwrap_or_default(),
            headers: request.headers(),
            body: request.body(),
            visitor: visitor(request),
        }
    }
}

/// The source's id and key, from their headers alone (contract, section 2).
///
/// # Errors
/// [`Problem::Unauthorized`] when either is missing, blank or cannot be one. A key in the place of the id is not looked at.
pub fn credentials(headers: &HeaderMap) -> Result<(SourceId, SourceKey), Problem> {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    match (header(SOURCE_ID).map(SourceId::parse), header(SOURCE_KEY)) {
        (Some(Ok(id)), Some(key)) if !key.is_empty() && !id.as_str().starts_with(KEY) => {
            Ok((id, SourceKey::presented(key)))
        }
        _ => Err(Problem::Unauthorized),
    }
}

/// The `Idempotency-Key`, where there is one.
///
/// # Errors
/// [`Problem::InvalidIdempotencyKey`] when it is not blank and no key.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Problem> {
    let text = headers.get(IDEMPOTENCY_KEY).map(HeaderValue::as_bytes).unwrap_or_default();
    IdempotencyKey::parse(text).map_err(|_| Problem::InvalidIdempotencyKey)
}

/// The payload, read from the body and, for `/leads/intake`, from the query string (contract, section 1).
///
/// # Errors
/// [`Problem::UnsupportedMediaType`], [`Problem::TooLarge`], [`Problem::Malformed`], or [`Problem::Validation`] for a payload
/// without a known name.
pub(super) fn submission(post: &Post<'_>) -> Result<Submission, Problem> {
    let query = post.query.as_bytes();
    if post.method == Method::GET {
        return Ok(payload::read_form(b"", query)?);
    }
    let is_form = is_form(post.entrance, post.headers, post.body)?;
    if post.body.len() > LONGEST_BODY {
        return Err(Problem::TooLarge);
    }
    Ok(if is_form { payload::read_form(post.body, query)? } else { payload::read_json(post.entrance, post.body)? })
}

/// Whether the body is a form; JSON otherwise. An empty body has no media type to refuse: at `/leads/intake` it is a form
/// without members.
fn is_form(entrance: Entrance, headers: &HeaderMap, body: &[u8]) -> Result<bool, Problem> {
    let text = |name| match headers.get(name) {
        None => Ok(String::new()),
        Some(value) => {
            value.to_str().map(|text| text.trim().to_ascii_lowercase()).map_err(|_| Problem::UnsupportedMediaType)
        }
    };
    if !matches!(text(header::CONTENT_ENCODING)?.as_str(), "" | "identity") {
        return Err(Problem::UnsupportedMediaType);
    }
    if body.is_empty() {
        return Ok(entrance == Entrance::Flat);
    }
    let content_type = text(header::CONTENT_TYPE)?;
    let media_type = content_type.split(';').next().unwrap_or_default().trim_end();
    let json = |suffix: &str| suffix == "json" || (suffix.len() > "+json".len() && suffix.ends_with("+json"));
    match media_type.strip_prefix("application/") {
        None if media_type.is_empty() => Ok(false),
        Some(suffix) if json(suffix) => Ok(false),
        Some("x-www-form-urlencoded") if entrance == Entrance::Flat => Ok(true),
        _ => Err(Problem::UnsupportedMediaType),
    }
}

/// Who made the request: the address by the gateway's word, never by a header.
fn visitor(request: &Request) -> Visitor {
    let ip_address = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => {
            context.http.source_ip.as_deref().and_then(|address| address.parse().ok())
        }
        _ => None,
    };
    let user_agent = request.headers().get(header::USER_AGENT);
    let user_agent = user_agent.map(|value| clean_lossy(&String::from_utf8_lossy(value.as_bytes()), MAX_TEXT));
    Visitor { ip_address, user_agent: user_agent.filter(|text| !text.is_empty()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambda_http::http::HeaderValue;

    #[test]
    fn a_media_type_is_json_a_form_or_refused() {
        use Entrance::{Flat, Structured};
        let cases = [
            (Structured, "", "", Some(false)),
            (Structured, "application/json", "", Some(false)),
            (Structured, "Application/JSON; charset=latin1", "identity", Some(false)),
            (Structured, "application/vnd.partner+json", "", Some(false)),
            (Structured, "application/+json", "", None),
            (Structured, "application/x-www-form-urlencoded", "", None),
            (Flat, "application/x-www-form-urlencoded;charset=UTF-8", "", Some(true)),
            (Flat, "application/jsonp", "", None),
            (Flat, "text/json", "", None),
            (Flat, "text/plain", "", None),
            (Flat, "multipart/form-data; boundary=x", "", None),
            (Flat, "json", "", None),
            (Flat, "application/json", "gzip", None),
        ];
        for (entrance, media_type, encoding, form) in cases {
            let mut headers = HeaderMap::new();
            for (name, value) in [(header::CONTENT_TYPE, media_type), (header::CONTENT_ENCODING, encoding)] {
                if !value.is_empty() {
                    headers.insert(name, HeaderValue::from_static(value));
                }
            }
            assert_eq!(is_form(entrance, &headers, b"{}").ok(), form, "{media_type} {encoding}");
            let empty = encoding.is_empty().then_some(entrance == Flat);
            assert_eq!(is_form(entrance, &headers, b"").ok(), empty.or(form), "empty, {media_type} {encoding}");
        }
    }
}
