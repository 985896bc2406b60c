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
mod tests;
