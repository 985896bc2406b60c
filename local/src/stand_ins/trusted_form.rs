//! A stand-in for TrustedForm's validity check (contract, section 4, "TrustedForm").

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;

use super::Knob;
use crate::server::{self, Cut};
use crate::task::Task;

/// How long `slow` takes: longer than the intake waits for TrustedForm.
pub const SLOW: Duration = Duration::from_secs(5);

/// How the stand-in answers.
#[derive(Clone, Copy, Debug)]
pub enum Reply {
    /// 200 with the outcome `failure`, for this reason.
    Refused(&'static str),
    /// An error of this status, for this reason.
    Error(StatusCode, &'static str),
    /// 503.
    Down,
    /// A success, after a while.
    Slow,
    /// 200 that is not JSON.
    Garbage,
    /// No answer: the connection is closed.
    Cut,
}

/// What a certificate id begins with decides the answer. Every other id is accepted.
pub const KNOBS: [Knob<Reply>; 8] = [
    Knob::new(
        "invalid",
        "200, not a valid certificate",
        "`400 trusted_form.rejected`",
        Reply::Refused("This is an invalid certificate id"),
    ),
    Knob::new(
        "expired",
        "200, the certificate is too old",
        "`400 trusted_form.expired`",
        Reply::Refused("Certificate is more than 90 days old"),
    ),
    Knob::new(
        "gone",
        "404",
        "`400 trusted_form.rejected`",
        Reply::Error(StatusCode::NOT_FOUND, "Certificate not found"),
    ),
    Knob::new(
        "unfunded",
        "402, our account is out of funds",
        "`503 trusted_form.unavailable`",
        Reply::Error(StatusCode::PAYMENT_REQUIRED, "Account is inactive or out of funds"),
    ),
    Knob::new("down", "503", "`503 trusted_form.unavailable`", Reply::Down),
    Knob::new("slow", "a success after five seconds", "`503 trusted_form.unavailable`", Reply::Slow),
    Knob::new("garbage", "200 that is not JSON", "`503 trusted_form.unavailable`", Reply::Garbage),
    Knob::new("cut", "no answer, the connection is closed", "`503 trusted_form.unavailable`", Reply::Cut),
];

/// A running stand-in.
#[derive(Debug)]
pub struct FakeTrustedForm {
    url: String,
    calls: Arc<AtomicU64>,
    server: Task,
}

#[derive(Clone, Debug)]
struct Service {
    calls: Arc<AtomicU64>,
    slow: Duration,
}

impl FakeTrustedForm {
    /// Starts the stand-in on `port` of 127.0.0.1, or on any free port for 0. `slow` is how long a `slow` certificate takes,
    /// [`SLOW`] by default.
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn start(port: u16, slow: Duration) -> anyhow::Result<Self> {
        let listener = server::listen(port).await.context("TrustedForm's port")?;
        let calls = Arc::new(AtomicU64::new(0));
        let router = Router::new()
            .route("/{id}/validate", get(validate))
            .with_state(Service { calls: Arc::clone(&calls), slow });
        Ok(Self {
            url: server::url_of(&listener)?,
            calls,
            server: Task::spawn(|stopping| server::serve_router(listener, stopping, router)),
        })
    }

    /// Its base URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The number of checks, with any answer.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Answers open requests and stops.
    pub async fn stop(self) {
        self.server.stop().await;
    }
}

async fn validate(State(service): State<Service>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    service.calls.fetch_add(1, Ordering::Relaxed);
    let known =
        server::basic_credentials(&headers).is_some_and(|(user, password)| user == "API" && !password.is_empty());
    if !known {
        return refuse_credentials();
    }
    match KNOBS.iter().find(|knob| id.starts_with(knob.text)).map(|knob| knob.setting) {
        Some(Reply::Refused(reason)) => outcome(StatusCode::OK, "failure", reason),
        Some(Reply::Error(status, reason)) => outcome(status, "error", reason),
        Some(Reply::Down) => (StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable").into_response(),
        Some(Reply::Garbage) => "<!doctype html><title>TrustedForm</title>".into_response(),
        Some(Reply::Cut) => {
            let mut never_sent = Response::default();
            never_sent.extensions_mut().insert(Cut);
            never_sent
        }
        Some(Reply::Slow) => {
            tokio::time::sleep(service.slow).await;
            valid()
        }
        None => valid(),
    }
}

fn valid() -> Response {
    outcome(StatusCode::OK, "success", "This is a valid Web certificate id")
}

fn refuse_credentials() -> Response {
    let mut answer = outcome(StatusCode::UNAUTHORIZED, "error", "Incorrect API key");
    answer.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(r#"Basic realm="TrustedForm""#));
    answer
}

fn outcome(status: StatusCode, outcome: &str, reason: &str) -> Response {
    server::json(status, &json!({"outcome": outcome, "reason": reason}))
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, Bytes};
    use axum::http::Request;
    use axum::http::response::Parts;
    use data_encoding::BASE64;
    use serde_json::Value;

    use super::*;
    use crate::testing;

    /// Asks for one certificate with this user and password; `None` when no answer comes.
    async fn ask(stand_in: &FakeTrustedForm, id: &str, credentials: &str) -> Option<(Parts, Bytes)> {
        let request = Request::get(format!("{}/{id}/validate", stand_in.url()))
            .header("authorization", format!("Basic {}", BASE64.encode(credentials.as_bytes())))
            .body(Body::empty())
            .unwrap();
        testing::send(request).await.ok()
    }

    #[tokio::test]
    async fn the_beginning_of_the_id_decides() {
        let stand_in = FakeTrustedForm::start(0, Duration::ZERO).await.unwrap();
        let cases = [
            ("0123456789abcdef", 200, "success"),
            ("example", 200, "success"), // of the partner specification
            ("slow-1", 200, "success"),
            ("invalid", 200, "failure"),
            ("invalid-and-more", 200, "failure"),
            ("expired-1", 200, "failure"),
            ("gone-1", 404, "error"),
            ("unfunded-1", 402, "error"),
        ];
        for (id, status, outcome) in cases {
            let (parts, body) = ask(&stand_in, id, "API:key").await.unwrap();
            let body: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!((parts.status.as_u16(), body["outcome"].as_str()), (status, Some(outcome)), "{id}");
            assert_eq!(parts.headers["content-type"], "application/json", "{id}");
        }
        assert_eq!(stand_in.calls(), cases.len() as u64);
        stand_in.stop().await;
    }

    #[tokio::test]
    async fn it_can_be_down_or_send_garbage_or_nothing() {
        let stand_in = FakeTrustedForm::start(0, Duration::ZERO).await.unwrap();
        assert_eq!(ask(&stand_in, "down", "API:key").await.unwrap().0.status, 503);
        let (parts, body) = ask(&stand_in, "garbage", "API:key").await.unwrap();
        assert_eq!(parts.status, 200);
        assert!(serde_json::from_slice::<Value>(&body).is_err());
        assert!(ask(&stand_in, "cut", "API:key").await.is_none());
        assert_eq!(stand_in.calls(), 3);
        stand_in.stop().await;
    }

    #[tokio::test]
    async fn only_the_user_api_with_a_password_is_accepted() {
        let stand_in = FakeTrustedForm::start(0, Duration::ZERO).await.unwrap();
        let cases = [("API:key", 200), ("API:", 401), ("api:key", 401), ("someone:key", 401), ("API", 401)];
        for (credentials, status) in cases {
            let (parts, _) = ask(&stand_in, "example", credentials).await.unwrap();
            assert_eq!(parts.status.as_u16(), status, "{credentials}");
        }
        stand_in.stop().await;
    }
}
