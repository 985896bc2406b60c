//! A stand-in for TrustedForm's validity check, steered by what the certificate's id begins with
//! (`architecture.md`, Names; the answers: contract, section 4, TrustedForm).

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::Context;
use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::json;

use crate::{
    server::{self, Cut},
    task::Task,
};

/// How long `slow` takes: longer than anyone should wait for TrustedForm.
pub const SLOW: Duration = Duration::from_secs(5);

/// A running stand-in.
#[derive(Debug)]
pub struct TrustedForm {
    url: String,
    calls: Arc<AtomicU64>,
    server: Task,
}

#[derive(Clone, Debug)]
struct Service {
    calls: Arc<AtomicU64>,
    slow: Duration,
}

impl TrustedForm {
    /// Starts the stand-in on `port` of 127.0.0.1, on any free one for 0. An id that begins with `slow` is answered
    /// after the time of that name, [`SLOW`] where nothing else is asked for.
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

    /// How often a certificate has been asked for, whatever the answer.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Answers what is under way and ends.
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
    let begins = |word| id.starts_with(word);
    if begins("invalid") {
        outcome(StatusCode::OK, "failure", "This is an invalid certificate id")
    } else if begins("expired") {
        outcome(StatusCode::OK, "failure", "Certificate is more than 90 days old")
    } else if begins("gone") {
        outcome(StatusCode::NOT_FOUND, "error", "Certificate not found")
    } else if begins("unfunded") {
        outcome(StatusCode::PAYMENT_REQUIRED, "error", "Account is inactive or out of funds")
    } else if begins("down") {
        (StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable").into_response()
    } else if begins("garbage") {
        "<!doctype html><title>TrustedForm</title>".into_response()
    } else if begins("cut") {
        let mut never_sent = Response::default();
        never_sent.extensions_mut().insert(Cut);
        never_sent
    } else {
        if begins("slow") {
            tokio::time::sleep(service.slow).await;
        }
        outcome(StatusCode::OK, "success", "This is a valid Web certificate id")
    }
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
    use axum::{
        body::{Body, Bytes},
        http::{Request, response::Parts},
    };
    use data_encoding::BASE64;
    use serde_json::Value;

    use super::*;
    use crate::testing;

    /// Asks for one certificate with the given user and password; `None` when no answer came.
    async fn ask(stand_in: &TrustedForm, id: &str, credentials: &str) -> Option<(Parts, Bytes)> {
        let request = Request::get(format!("{}/{id}/validate", stand_in.url()))
            .header("authorization", format!("Basic {}", BASE64.encode(credentials.as_bytes())))
            .body(Body::empty())
            .unwrap();
        testing::send(request).await.ok()
    }

    #[tokio::test]
    async fn the_ids_beginning_decides() {
        let stand_in = TrustedForm::start(0, Duration::ZERO).await.unwrap();
        let cases = [
            ("0123456789abcdef", 200, "success"),
            ("example", 200, "success"), // the document's own
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
    async fn it_can_be_down_garbled_and_silent() {
        let stand_in = TrustedForm::start(0, Duration::ZERO).await.unwrap();
        assert_eq!(ask(&stand_in, "down", "API:key").await.unwrap().0.status, 503);
        let (parts, body) = ask(&stand_in, "garbage", "API:key").await.unwrap();
        assert_eq!(parts.status, 200);
        assert!(serde_json::from_slice::<Value>(&body).is_err());
        assert!(ask(&stand_in, "cut", "API:key").await.is_none());
        assert_eq!(stand_in.calls(), 3);
        stand_in.stop().await;
    }

    #[tokio::test]
    async fn only_the_user_api_with_some_password_is_let_in() {
        let stand_in = TrustedForm::start(0, Duration::ZERO).await.unwrap();
        let cases = [("API:key", 200), ("API:", 401), ("api:key", 401), ("someone:key", 401), ("API", 401)];
        for (credentials, status) in cases {
            let (parts, _) = ask(&stand_in, "example", credentials).await.unwrap();
            assert_eq!(parts.status.as_u16(), status, "{credentials}");
        }
        stand_in.stop().await;
    }
}
