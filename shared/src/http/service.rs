//! The Lambda service around a handler: events made safe on the way in, every answer's headers on the way out.

use std::panic::AssertUnwindSafe;

use data_encoding::BASE64_NOPAD;
use futures_util::FutureExt;
use futures_util::future::{self, BoxFuture};
use lambda_http::http::header::{CACHE_CONTROL, CONTENT_TYPE, HOST, RETRY_AFTER, WWW_AUTHENTICATE};
use lambda_http::http::{HeaderName, HeaderValue, StatusCode};
use lambda_http::request::{LambdaRequest, RequestContext};
use lambda_http::{Adapter, Body, Error, IntoResponse, LambdaEvent, Request, RequestExt, Response, Service};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Serialize;

use super::Problem;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// How long a partner waits before it tries again, in seconds.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("5");

/// The longest query that fits into a URI of the `http` crate beside a path: six times what a gateway lets through
/// (contract, section 1).
const MAX_QUERY: usize = 65_000;

/// What a query may not hold as it is, or `lambda_http` panics over its URI. What is escaped already stays so.
const UNSAFE_IN_QUERY: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// A function of the API, as the Lambda runtime runs it and the local gateway calls it: `path` is its route.
pub fn service<H, F>(
    path: &'static str,
    handler: H,
) -> impl Service<LambdaEvent<LambdaRequest>, Response = impl Serialize + Send + 'static, Error = Error, Future: Send>
+ Clone
+ Send
+ Sync
where
    H: Fn(Request) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    lambda_http::service_fn(move |mut event: LambdaEvent<LambdaRequest>| {
        make_safe(path, &mut event.payload);
        let handler = handler.clone();
        Adapter::from(lambda_http::service_fn(move |request| {
            let answer = handler(request);
            async move { Ok::<_, Error>(TextResponse(answer.await)) }
        }))
        .call(event)
    })
}

/// An answer whose body is text already. `lambda_http` would read its media type to learn whether it is, with the tables of
/// every legacy encoding at hand.
struct TextResponse(Response<Body>);

impl IntoResponse for TextResponse {
    fn into_response(self) -> BoxFuture<'static, Response<Body>> {
        future::ready(self.0).boxed()
    }
}

/// `lambda_http` builds a URI from host, path and query, and panics over one that cannot be parsed; and over a body
/// whose base64 is broken. Nothing here needs the host or the path, so they are set to what cannot fail.
fn make_safe(path: &str, event: &mut LambdaRequest) {
    if let LambdaRequest::ApiGatewayV2(event) = event {
        event.headers.remove(HOST);
        event.request_context.domain_name = None;
        event.request_context.stage = None;
        event.raw_path = Some(path.to_owned());
        if let Some(query) = &mut event.raw_query_string {
            *query = utf8_percent_encode(query, UNSAFE_IN_QUERY).to_string();
            if query.len() > MAX_QUERY {
                // No member has this name, and that is what the caller is told.
                "query-too-long".clone_into(query);
            }
        }
        if event.is_base64_encoded && event.body.as_deref().is_some_and(|body| !is_base64(body)) {
            // Read as it stands, and the caller is told what that is.
            event.is_base64_encoded = false;
        }
    }
}

/// Whether a text is what `lambda_http` decodes. With padding asked for, `data_encoding` would take several padded
/// texts in a row for one.
fn is_base64(text: &str) -> bool {
    let bare = text.trim_end_matches('=');
    bare.len().next_multiple_of(4) == text.len() && BASE64_NOPAD.decode(bare.as_bytes()).is_ok()
}

/// Answers a request with what comes of it. A panic on the way becomes the contract's 500.
pub async fn respond<T: Into<Response<Body>>>(
    request: &Request,
    outcome: impl Future<Output = Result<T, Problem>>,
) -> Response<Body> {
    let outcome = AssertUnwindSafe(outcome).catch_unwind().await.unwrap_or_else(|_| {
        tracing::error!("the handler panicked");
        Err(Problem::Internal)
    });
    let request_id = request_id(request);
    let mut response = match outcome {
        Ok(answer) => answer.into(),
        Err(problem) => refused(&problem, request.uri().path(), &request_id),
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(request_id) = HeaderValue::from_str(&request_id) {
        headers.insert(REQUEST_ID, request_id);
    }
    response
}

/// The gateway's id of the request, or Lambda's of the invocation where an event comes without; one that the caller sent
/// is never taken for it. It is never blank: by it a put knows its own first try.
pub fn request_id(request: &Request) -> String {
    let gateway = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.request_id.as_ref(),
        _ => None,
    };
    let lambda = || request.lambda_context_ref().map(|context| &context.request_id);
    gateway.filter(|id| !id.is_empty()).or_else(lambda).cloned().unwrap_or_default()
}

fn refused(problem: &Problem, instance: &str, request_id: &str) -> Response<Body> {
    let mut response = Response::new(Body::Text(problem.to_json(instance, request_id)));
    *response.status_mut() = problem.status();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    match problem.status() {
        StatusCode::UNAUTHORIZED => {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("LeadpingSource realm=\"leads\""));
        }
        StatusCode::SERVICE_UNAVAILABLE => {
            headers.insert(RETRY_AFTER, RETRY_AFTER_SECONDS);
        }
        _ => {}
    }
    response
}

#[cfg(test)]
mod tests {
    use lambda_http::Context;
    use serde_json::{Value, json};

    use super::*;

    /// What of an event's method, query and body the handler sees.
    async fn seen(event: Value) -> (String, Vec<u8>) {
        let event = LambdaEvent::new(serde_json::from_value(event).unwrap(), Context::default());
        let mut echo = service("/leads", async |request: Request| {
            let seen = json!([request.uri().query().unwrap_or_default(), request.body().to_vec()]);
            Response::new(Body::Text(seen.to_string()))
        });
        let answer = serde_json::to_value(echo.call(event).await.unwrap()).unwrap();
        serde_json::from_str(answer["body"].as_str().unwrap()).unwrap()
    }

    fn event(query: &str, body: &str) -> Value {
        json!({
            "rawPath": "/\"<",
            "rawQueryString": query,
            "headers": {"host": "a b", "x-forwarded-proto": "\""},
            "requestContext": {"http": {"method": "POST"}, "domainName": "[", "stage": "\""},
            "body": body,
            "isBase64Encoded": true,
        })
    }

    #[tokio::test]
    async fn no_query_is_unsafe() {
        let longest = "a".repeat(MAX_QUERY);
        let cases = [
            ("a=b%20c+d&e=%22", "a=b%20c+d&e=%22"),
            ("a=\"b c<d>\\^`{|}#", "a=%22b%20c%3Cd%3E%5C%5E%60%7B%7C%7D%23"),
            ("\0é", "%00%C3%A9"),
            (&longest, &longest),
            (&format!("{longest}a"), "query-too-long"),
            (&"\"".repeat(MAX_QUERY / 3 + 1), "query-too-long"), // too long once it is escaped
        ];
        for (sent, query) in cases {
            assert_eq!(seen(event(sent, "")).await.0, query, "{sent:.20}");
        }
    }

    #[tokio::test]
    async fn broken_base64_is_text() {
        let cases = [
            ("e30=", "{}"),
            ("", ""),
            ("e30", "e30"),
            ("e30==", "e30=="),
            ("e31=", "e31="),         // bits behind the end
            ("e30=e30=", "e30=e30="), // two texts in a row
            ("====", "===="),
            ("e30=====", "e30====="),
            ("e3 0", "e3 0"),
            ("-_-_", "-_-_"),
        ];
        for (sent, body) in cases {
            assert_eq!(seen(event("", sent)).await.1, body.as_bytes(), "{sent}");
        }
    }
}
