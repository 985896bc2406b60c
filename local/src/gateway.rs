//! An API Gateway HTTP API on this machine: it turns requests into events of payload format 2.0, and answers into responses.
//! It refuses the same requests as the real one. It also serves the API reference, and the development issuer of users'
//! tokens with the sign-in of the inbox page, which the real one does not.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{Redirect, Response};
use data_encoding::BASE64URL;
use futures_util::StreamExt;
use leadping::http::Scope;
use leadping::http::route::parameters;
use serde_json::json;
use tokio::net::TcpListener;

use crate::event::HttpEvent;
use crate::function::Function;
use crate::issuer::Issuer;
use crate::random;
use crate::server::{self, Peer};
use crate::task::Task;

mod authorizer;
pub mod docs;
mod event;
pub mod sign_in;

use authorizer::Refusal;
use sign_in::SignIn;

/// The largest body that an HTTP API accepts, in bytes.
const MAX_BODY: usize = 10 * 1024 * 1024;
/// The largest request line with all header values that an HTTP API accepts, in bytes.
const MAX_HEAD: usize = 10_240;
/// How long an HTTP API waits for its function.
const INTEGRATION_TIMEOUT: Duration = Duration::from_secs(30);

/// The function for one method and path. The path is compared as it was sent, except for its parameters, which are in
/// braces: `/sources/me/leads/{leadId}`.
#[derive(Clone, Debug)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, with its first slash.
    pub path: &'static str,
    /// The function that answers.
    pub function: Function,
    /// What the token of a request must allow; `None` if the route needs no token.
    pub scope: Option<Scope>,
}

/// A running gateway.
#[derive(Debug)]
pub struct Gateway {
    url: String,
    server: Task,
}

impl Gateway {
    /// Serves `routes` and the API reference on `listener`. Unlike the real one, it never throttles.
    ///
    /// # Errors
    /// When the listener has no address.
    pub fn start(listener: TcpListener, routes: Vec<Route>) -> io::Result<Self> {
        let url = server::url_of(&listener)?;
        let issuer = Issuer::of(&url);
        let docs = axum::routing::get(docs::page).fallback(handle);
        let root = axum::routing::get(async || Redirect::temporary(show_app::PAGE)).fallback(handle);
        let router = issuer.router().merge(SignIn::of(issuer.clone()).router());
        let router = router.route(docs::PATH, docs).route("/", root).fallback(handle);
        let router = router.with_state(Api { routes: routes.into(), issuer });
        Ok(Self { url, server: Task::spawn(|stopping| server::serve_router(listener, stopping, router)) })
    }

    /// Its base URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Answers open requests and stops.
    pub async fn stop(self) {
        self.server.stop().await;
    }
}

/// What the gateway serves, and whose tokens it trusts.
#[derive(Clone)]
struct Api {
    routes: Arc<[Route]>,
    issuer: Issuer,
}

/// Why the gateway answers by itself.
enum Own {
    Status(StatusCode),
    Token(Refusal),
}

impl From<StatusCode> for Own {
    fn from(status: StatusCode) -> Self {
        Self::Status(status)
    }
}

async fn handle(State(api): State<Api>, Extension(peer): Extension<Peer>, request: Request) -> Response {
    let request_id = BASE64URL.encode(&random::bytes::<11>());
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let mut response = answer(&api, peer, &request_id, request).await.unwrap_or_else(own_answer);
    if let Ok(id) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert(HeaderName::from_static("apigw-requestid"), id);
    }
    tracing::debug!(request_id, status = response.status().as_u16(), "{method} {path}");
    response
}

/// The function's answer, or the reason for the gateway's own.
async fn answer(api: &Api, peer: Peer, request_id: &str, request: Request) -> Result<Response, Own> {
    let (parts, body) = request.into_parts();
    // First read the body: a client that is still sending would find a closed connection instead of a refusal.
    let body = read(body).await;
    if head_size(&parts) > MAX_HEAD {
        return Err(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE.into());
    }
    let (route, parameters) = find(&api.routes, &parts).ok_or(StatusCode::NOT_FOUND)?;
    let authorize = |scope| authorizer::authorize(&api.issuer, &parts.headers, scope).map_err(Own::Token);
    let event = HttpEvent {
        authorizer: route.scope.map(authorize).transpose()?,
        route: route.path.to_owned(),
        path_parameters: parameters,
        ..event::from_request(&parts, &body?, peer.0.ip(), request_id)
    };
    let event = event.to_json();
    match tokio::time::timeout(INTEGRATION_TIMEOUT, route.function.invoke(&event)).await {
        Ok(Ok(answer)) => event::into_response(answer).ok_or(StatusCode::INTERNAL_SERVER_ERROR.into()),
        Ok(Err(error)) => {
            tracing::error!(function = route.function.name(), request_id, "{error}");
            Err(StatusCode::INTERNAL_SERVER_ERROR.into())
        }
        Err(_) => Err(StatusCode::SERVICE_UNAVAILABLE.into()),
    }
}

/// The route of a request and the parameters of its path. An exact route wins over a parameter.
fn find<'a>(routes: &'a [Route], parts: &Parts) -> Option<(&'a Route, BTreeMap<String, String>)> {
    let of_method = routes.iter().filter(|route| route.method == parts.method);
    let found = of_method.filter_map(|route| Some((route, parameters(route.path, parts.uri.path())?)));
    let (route, parameters) = found.min_by_key(|(_, parameters)| parameters.len())?;
    Some((route, parameters.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()))
}

/// The gateway's own answer, in the words of the real one.
fn own_answer(own: Own) -> Response {
    let status = match own {
        Own::Status(status) => status,
        Own::Token(refusal) => return refusal.answer(),
    };
    let message = match status {
        StatusCode::PAYLOAD_TOO_LARGE => "Request Entity Too Large",
        _ => status.canonical_reason().unwrap_or_default(),
    };
    server::json(status, &json!({"message": message}))
}

/// Reads a body to its end, and returns it if it is not too large.
async fn read(body: Body) -> Result<Vec<u8>, StatusCode> {
    let mut chunks = body.into_data_stream();
    let mut kept = Vec::new();
    let mut size = 0;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| StatusCode::BAD_REQUEST)?;
        size += chunk.len();
        if size <= MAX_BODY {
            kept.extend_from_slice(&chunk);
        }
    }
    if size <= MAX_BODY { Ok(kept) } else { Err(StatusCode::PAYLOAD_TOO_LARGE) }
}

fn head_size(parts: &Parts) -> usize {
    let target = parts.uri.path_and_query().map_or(0, |target| target.as_str().len());
    let line = parts.method.as_str().len() + target + "  HTTP/1.1".len();
    line + parts.headers.values().map(HeaderValue::len).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;
    use axum::http::Request as HttpRequest;
    use lambda_http::{Adapter, RequestExt};
    use lambda_runtime::{LambdaEvent, service_fn};
    use serde_json::Value;
    use tokio::net::TcpStream;
    use tokio::sync::{Notify, mpsc};

    use super::*;
    use crate::testing;

    const AMPLE: Duration = Duration::from_secs(60);

    fn function<F>(handler: impl Fn(Value) -> F + Clone + Send + Sync + 'static) -> Function
    where
        F: Future<Output = Result<Value, lambda_runtime::Error>> + Send + 'static,
    {
        Function::new("f", AMPLE, service_fn(move |event: LambdaEvent<Value>| handler(event.payload)))
    }

    /// Answers with its event.
    fn echo() -> Function {
        function(async |event| Ok(json!({"statusCode": 200, "body": event.to_string()})))
    }

    async fn start(method: Method, function: Function) -> Gateway {
        let routes = vec![Route { method, path: "/leads", function, scope: None }];
        Gateway::start(server::listen(0).await.unwrap(), routes).unwrap()
    }

    fn post(gateway: &Gateway, body: impl Into<Body>) -> HttpRequest<Body> {
        HttpRequest::post(format!("{}/leads", gateway.url())).body(body.into()).unwrap()
    }

    fn parsed(body: &Bytes) -> Value {
        serde_json::from_slice(body).unwrap()
    }

    #[tokio::test]
    async fn a_request_reaches_the_function_as_an_event() {
        let gateway = start(Method::POST, echo()).await;
        let mut request = post(&gateway, r#"{"a":1}"#);
        request.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
        let (parts, body) = testing::send(request).await.unwrap();
        let event = parsed(&body);
        assert_eq!(event["routeKey"], "POST /leads");
        assert_eq!(event["body"], r#"{"a":1}"#);
        assert_eq!(event["requestContext"]["http"]["sourceIp"], "127.0.0.1");
        assert_eq!(event["requestContext"]["requestId"], parts.headers["apigw-requestid"].to_str().unwrap());
        gateway.stop().await;
    }

    #[tokio::test]
    async fn a_path_reaches_its_route_with_decoded_parameters() {
        let paths = ["/a/{id}", "/a/me", "/a/{id}/b/{other}"];
        let routes = paths.map(|path| Route { method: Method::GET, path, function: echo(), scope: None });
        let gateway = Gateway::start(server::listen(0).await.unwrap(), routes.into()).unwrap();
        for (path, route, parameters) in [
            ("/a/1", "GET /a/{id}", json!({"id": "1"})),
            ("/a/x%2Fy%20z%C3%A9", "GET /a/{id}", json!({"id": "x/y zé"})),
            ("/a/{id}", "GET /a/{id}", json!({"id": "{id}"})),
            ("/a/me", "GET /a/me", Value::Null),
            ("/a/1/b/2", "GET /a/{id}/b/{other}", json!({"id": "1", "other": "2"})),
        ] {
            let request = HttpRequest::get(format!("{}{path}", gateway.url())).body(Body::empty()).unwrap();
            let (_, body) = testing::send(request).await.unwrap();
            let event = parsed(&body);
            assert_eq!((&event["routeKey"], &event["pathParameters"]), (&json!(route), &parameters), "{path}");
            assert_eq!(event["requestContext"]["routeKey"], route);
            assert_eq!((&event["rawPath"], &event["requestContext"]["http"]["path"]), (&json!(path), &json!(path)));
        }
        for path in ["/a", "/a/", "/a/1/", "/a//b/2", "/a/1/b", "/b/1"] {
            let request = HttpRequest::get(format!("{}{path}", gateway.url())).body(Body::empty()).unwrap();
            assert_eq!(testing::send(request).await.unwrap().0.status, 404, "{path}");
        }
        gateway.stop().await;
    }

    #[tokio::test]
    async fn a_handler_of_lambda_http_is_served_as_in_lambda() {
        let handler = service_fn(async |request: lambda_http::Request| {
            let query = request.query_string_parameters();
            let answer = lambda_http::Response::builder()
                .status(201)
                .header("x-names", query.all("name").unwrap_or_default().join("+"))
                .header("set-cookie", "a=1")
                .header("set-cookie", "b=2")
                .body(lambda_http::Body::from(request.body().to_vec()));
            Ok::<_, lambda_http::Error>(answer?)
        });
        let gateway = start(Method::POST, Function::new("f", AMPLE, Adapter::from(handler))).await;
        let request = HttpRequest::post(format!("{}/leads?name=a&name=b%20c", gateway.url()))
            .body(Body::from(&b"\0binary"[..]))
            .unwrap();
        let (parts, body) = testing::send(request).await.unwrap();
        assert_eq!(parts.status, 201);
        assert_eq!(parts.headers["x-names"], "a+b c");
        assert_eq!(parts.headers.get_all("set-cookie").iter().count(), 2);
        assert_eq!(body.as_ref(), b"\0binary");
        gateway.stop().await;
    }

    #[tokio::test]
    async fn the_gateway_refuses_the_same_requests_as_the_real_one() {
        let gateway = start(Method::POST, echo()).await;
        let request = |method, path, header: &str, body: Vec<u8>| {
            HttpRequest::builder()
                .method(method)
                .uri(format!("{}{path}", gateway.url()))
                .header("x-filler", header)
                .body(Body::from(body))
                .unwrap()
        };
        let cases = [
            (request(Method::POST, "/other", "", vec![]), 404, "Not Found"),
            (request(Method::POST, "/leads/", "", vec![]), 404, "Not Found"), // the whole path is compared
            (request(Method::PUT, "/leads", "", vec![]), 404, "Not Found"),
            (request(Method::POST, "/leads", "", vec![b'a'; MAX_BODY + 1]), 413, "Request Entity Too Large"),
            (request(Method::POST, "/leads", &"a".repeat(MAX_HEAD), vec![]), 431, "Request Header Fields Too Large"),
        ];
        for (request, status, message) in cases {
            let (parts, body) = testing::send(request).await.unwrap();
            assert_eq!(parts.status.as_u16(), status);
            assert_eq!(parsed(&body), json!({"message": message}));
            assert_eq!(parts.headers["content-type"], "application/json");
            assert!(parts.headers.contains_key("apigw-requestid"));
        }
        let most = request(Method::POST, "/leads", "", vec![b'a'; MAX_BODY]);
        assert_eq!(testing::send(most).await.unwrap().0.status, 200);
        gateway.stop().await;
    }

    #[tokio::test]
    async fn the_reference_is_a_page_that_cannot_run_anything() {
        let gateway = start(Method::POST, echo()).await;
        let request = |method| {
            let request = HttpRequest::builder().method(method).uri(format!("{}/docs", gateway.url()));
            request.body(Body::empty()).unwrap()
        };
        let (parts, body) = testing::send(request(Method::GET)).await.unwrap();
        assert_eq!(parts.status, 200);
        assert_eq!(parts.headers["content-type"], "text/html; charset=utf-8");
        assert_eq!(parts.headers["x-content-type-options"], "nosniff");
        let policy = parts.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
        assert!(body.starts_with(b"<!DOCTYPE html>"));
        assert_eq!(testing::send(request(Method::POST)).await.unwrap().0.status, 404, "as without the page");
        gateway.stop().await;
    }

    #[tokio::test]
    async fn the_root_leads_to_the_page() {
        let gateway = start(Method::POST, echo()).await;
        let request = HttpRequest::get(format!("{}/", gateway.url())).body(Body::empty()).unwrap();
        let (parts, _) = testing::send(request).await.unwrap();
        assert_eq!((parts.status.as_u16(), &parts.headers["location"]), (307, &HeaderValue::from_static("/app")));
        gateway.stop().await;
    }

    #[tokio::test]
    async fn a_function_without_a_valid_answer_is_an_internal_error() {
        let failing = function(async |_| Err("no luck".into()));
        let panicking = function(async |_| panic!("on purpose"));
        let invalid = function(async |_| Ok(json!({"statusCode": "two hundred"})));
        let stuck = Function::new(
            "stuck",
            Duration::ZERO,
            service_fn(async |_: LambdaEvent<Value>| {
                std::future::pending::<()>().await;
                Ok::<_, lambda_runtime::Error>(json!({}))
            }),
        );
        for function in [failing, panicking, invalid, stuck] {
            let gateway = start(Method::POST, function).await;
            let (parts, body) = testing::send(post(&gateway, "")).await.unwrap();
            assert_eq!(parts.status, 500);
            assert_eq!(parsed(&body), json!({"message": "Internal Server Error"}));
            gateway.stop().await;
        }
    }

    #[tokio::test]
    async fn stopping_answers_open_requests() {
        let (started, mut has_started) = mpsc::unbounded_channel();
        let proceed = Arc::new(Notify::new());
        let waiting = {
            let proceed = Arc::clone(&proceed);
            function(move |_| {
                let (started, proceed) = (started.clone(), Arc::clone(&proceed));
                async move {
                    let _ = started.send(());
                    proceed.notified().await;
                    Ok(json!({"statusCode": 200}))
                }
            })
        };
        let gateway = start(Method::POST, waiting).await;
        let request = tokio::spawn(testing::send(post(&gateway, "")));
        has_started.recv().await.unwrap();
        let address = gateway.url().trim_start_matches("http://").to_owned();
        let stopped = tokio::spawn(gateway.stop());
        // The request proceeds only after the gateway has closed its port.
        while TcpStream::connect(&address).await.is_ok() {
            tokio::task::yield_now().await;
        }
        proceed.notify_one();
        assert_eq!(request.await.unwrap().unwrap().0.status, 200);
        stopped.await.unwrap();
    }
}
