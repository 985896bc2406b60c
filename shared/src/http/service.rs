//! The Lambda service around a handler. It sanitizes each event and adds the headers of each answer.

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

use super::route::Route;
use super::{Problem, rate_limit};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// How many seconds a partner should wait before a retry.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("5");

/// The longest query, in bytes, that fits into a URI of the `http` crate together with a path. It is six times what the
/// gateway accepts (contract, section 1).
const MAX_QUERY: usize = 65_000;

/// Characters that make `lambda_http` panic in a query. Escapes in the query stay as they are.
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

/// Wraps a handler into a Lambda service, for the Lambda runtime and the local gateway. `path` is its route.
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

/// Wraps the handler of a function with several routes into a Lambda service. `select` says which routes are the
/// function's, as a type of its own. The handler is told the route and the decoded parameter of the path, which is empty
/// if the path has none. A request without a route, which no gateway sends, gets the gateway's own answer.
pub fn routed<R, H, F>(
    select: fn(Route) -> Option<R>,
    handler: H,
) -> impl Service<LambdaEvent<LambdaRequest>, Response = impl Serialize + Send + 'static, Error = Error, Future: Send>
+ Clone
+ Send
+ Sync
where
    R: Copy + Send + Sync + 'static,
    H: Fn(R, String, Request) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    lambda_http::service_fn(move |mut event: LambdaEvent<LambdaRequest>| {
        let found = route(&mut event.payload).and_then(|(route, parameter)| Some((route, select(route)?, parameter)));
        make_safe(found.as_ref().map_or("/", |(route, ..)| route.instance()), &mut event.payload);
        let handler = handler.clone();
        Adapter::from(lambda_http::service_fn(move |request| {
            let answer = found.clone().map(|(_, route, parameter)| handler(route, parameter, request));
            async move {
                Ok::<_, Error>(TextResponse(match answer {
                    Some(answer) => answer.await,
                    None => no_route(),
                }))
            }
        }))
        .call(event)
    })
}

fn no_route() -> Response<Body> {
    let mut response = Response::from(Json(r#"{"message":"Not Found"}"#.to_owned()));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

/// The route that the gateway names, with the value of its parameter. `cargo lambda watch` names none, so there it is
/// the route of the path.
fn route(event: &mut LambdaRequest) -> Option<(Route, String)> {
    let LambdaRequest::ApiGatewayV2(event) = event else { return None };
    let named = |route: &Route| event.route_key.as_deref() == Some(route.key().as_str());
    if let Some(route) = Route::all().find(named) {
        let parameter = std::mem::take(&mut event.path_parameters).into_values().next();
        return Some((route, parameter.unwrap_or_default()));
    }
    let path = event.raw_path.as_deref().unwrap_or_default();
    let (route, parameters) = Route::find(&event.request_context.http.method, path)?;
    Some((route, parameters.into_values().next().unwrap_or_default()))
}

/// An answer with a text body. Without this type, `lambda_http` would parse the media type to find out whether the body
/// is text, and link the tables of every legacy encoding.
struct TextResponse(Response<Body>);

impl IntoResponse for TextResponse {
    fn into_response(self) -> BoxFuture<'static, Response<Body>> {
        future::ready(self.0).boxed()
    }
}

/// Sanitizes an event. `lambda_http` builds a URI from the host, path and query, and panics if it cannot be parsed. It
/// also panics if the body is not valid base64. Our code uses neither host nor path, so they get fixed values.
fn make_safe(path: &str, event: &mut LambdaRequest) {
    if let LambdaRequest::ApiGatewayV2(event) = event {
        event.headers.remove(HOST);
        event.request_context.domain_name = None;
        event.request_context.stage = None;
        event.raw_path = Some(path.to_owned());
        if let Some(query) = &mut event.raw_query_string {
            *query = utf8_percent_encode(query, UNSAFE_IN_QUERY).to_string();
            if query.len() > MAX_QUERY {
                // No member has this name, so the answer says that no known member was sent.
                "query-too-long".clone_into(query);
            }
        }
        if event.is_base64_encoded && event.body.as_deref().is_some_and(|body| !is_base64(body)) {
            // Read the body as plain text, so the caller gets the error for a malformed body.
            event.is_base64_encoded = false;
        }
    }
}

/// Whether `lambda_http` can decode the text. `data_encoding`'s padded encoding would also accept several padded texts
/// in a row.
fn is_base64(text: &str) -> bool {
    let bare = text.trim_end_matches('=');
    bare.len().next_multiple_of(4) == text.len() && BASE64_NOPAD.decode(bare.as_bytes()).is_ok()
}

/// Turns the outcome of a request into an answer. A panic becomes the contract's 500.
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

/// A JSON text as an answer with the status 200.
pub(crate) struct Json(pub(crate) String);

impl From<Json> for Response<Body> {
    fn from(Json(text): Json) -> Self {
        let mut response = Self::new(Body::Text(text));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }
}

/// Writes the JSON text of an answer.
///
/// # Errors
/// [`Problem::Internal`], which was logged.
pub(crate) fn to_json(content: &impl Serialize) -> Result<String, Problem> {
    serde_json::to_string(content).map_err(|_| {
        tracing::error!("an answer cannot be written as JSON");
        Problem::Internal
    })
}

/// The gateway's request id, or Lambda's if the event has none. It never comes from a header of the caller, and it is
/// never blank, because a retried put recognizes its own first try by it.
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
    if let Problem::QuotaExceeded(usage) = problem {
        rate_limit::tell(headers, usage);
        headers.insert(RETRY_AFTER, usage.retry_after().into());
    }
    response
}

#[cfg(test)]
mod tests {
    use lambda_http::Context;
    use serde_json::{Value, json};

    use super::*;
    use crate::http::WindowRoute;

    /// The query and the body that a handler sees.
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
    async fn unsafe_queries_are_escaped_or_replaced() {
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
    async fn a_route_is_the_gateway_s_or_the_one_of_the_path() {
        let seen = async |event: Value| -> Value {
            let event = LambdaEvent::new(serde_json::from_value(event).unwrap(), Context::default());
            let window = |route| match route {
                Route::Window(route) => Some(route),
                _ => None,
            };
            let mut echo = routed(window, async |route: WindowRoute, parameter, request: Request| {
                Response::new(Body::Text(json!([route.path(), parameter, request.uri().path()]).to_string()))
            });
            let answer = serde_json::to_value(echo.call(event).await.unwrap()).unwrap();
            serde_json::from_str(answer["body"].as_str().unwrap()).unwrap()
        };
        let lead = "/sources/me/leads/{leadId}";
        for (key, path, parameters, expected) in [
            (
                "GET /sources/me/leads/{leadId}",
                "/\"<",
                json!({"leadId": "a/b"}),
                json!([lead, "a/b", "/sources/me/leads"]),
            ),
            ("GET /sources/me/leads/{leadId}", "/sources/me", json!({}), json!([lead, "", "/sources/me/leads"])),
            ("$default", "/sources/me/leads/a%20b", json!({}), json!([lead, "a b", "/sources/me/leads"])),
            ("$default", "/sources/me", json!({"leadId": "a"}), json!(["/sources/me", "", "/sources/me"])),
            // Neither paths without a route nor routes of another function reach the handler.
            ("$default", "/sources/me/\"", json!({}), json!({"message": "Not Found"})),
            ("POST /sources/me", "", json!({}), json!({"message": "Not Found"})),
            ("GET /leads/intake", "", json!({}), json!({"message": "Not Found"})),
            ("GET /sources/{id}", "/sources/me", json!({"id": "a"}), json!({"message": "Not Found"})),
            ("$default", "/sources/source_1", json!({}), json!({"message": "Not Found"})),
        ] {
            let event = json!({
                "routeKey": key, "rawPath": path, "pathParameters": parameters, "headers": {},
                "requestContext": {"http": {"method": "GET"}}, "isBase64Encoded": false,
            });
            assert_eq!(seen(event).await, expected, "{key} {path}");
        }
    }

    #[tokio::test]
    async fn invalid_base64_is_read_as_text() {
        let cases = [
            ("e30=", "{}"),
            ("", ""),
            ("e30", "e30"),
            ("e30==", "e30=="),
            ("e31=", "e31="),         // bits after the end
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
