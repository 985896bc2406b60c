//! A stand-in for TrustedForm: the validity check (contract, section 4, "TrustedForm"), and version 4.0 of the certificate
//! API, which matches and retains (contract, section 11).

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

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
        "402, we are out of funds",
        "`503 trusted_form.unavailable`",
        Reply::Error(StatusCode::PAYMENT_REQUIRED, "Account is inactive or out of funds"),
    ),
    Knob::new("down", "503", "`503 trusted_form.unavailable`", Reply::Down),
    Knob::new("slow", "a success after five seconds", "`503 trusted_form.unavailable`", Reply::Slow),
    Knob::new("garbage", "200 that is not JSON", "`503 trusted_form.unavailable`", Reply::Garbage),
    Knob::new("cut", "the connection is closed", "`503 trusted_form.unavailable`", Reply::Cut),
];

/// How the stand-in answers when a certificate is matched and retained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetainReply {
    /// Neither phone nor e-mail match.
    Mismatch,
    /// The phone does not match at first, but in the second call.
    Late,
    /// The certificate holds no phone.
    NoPhone,
    /// Our account had retained the certificate before.
    Reused,
    /// An error of this status, for this reason.
    Error(StatusCode, &'static str),
}

/// What a certificate id begins with decides the answer about consent. Every other id matches. All of these are valid.
pub const RETAIN_KNOBS: [Knob<RetainReply>; 8] = [
    Knob::new("mismatch", "neither phone nor e-mail match", "`mismatched`, after 20 minutes", RetainReply::Mismatch),
    Knob::new("late", "first no phone match, then one", "`verified`, after 20 minutes", RetainReply::Late),
    Knob::new("nophone", "the certificate holds no phone", "`unverified`", RetainReply::NoPhone),
    Knob::new("reused", "a match, retained before", "`verified`, `certificateReused`", RetainReply::Reused),
    Knob::new(
        "sandbox",
        "405, a sandbox certificate",
        "`unverified`",
        RetainReply::Error(StatusCode::METHOD_NOT_ALLOWED, "Sandbox certificates cannot be claimed"),
    ),
    Knob::new(
        "often",
        "422, it was claimed too often",
        "`unverified`",
        RetainReply::Error(StatusCode::UNPROCESSABLE_ENTITY, "Certificate has been claimed too many times"),
    ),
    Knob::new(
        "retaindown",
        "503",
        "`pending`, retried for 60 hours",
        RetainReply::Error(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
    ),
    Knob::new(
        "retainunfunded",
        "402, we are out of funds",
        "`pending`, retried for 60 hours",
        RetainReply::Error(StatusCode::PAYMENT_REQUIRED, "Account is inactive or out of funds"),
    ),
];

/// A running stand-in.
#[derive(Debug)]
pub struct FakeTrustedForm {
    url: String,
    calls: Arc<AtomicU64>,
    retains: Arc<Mutex<Retains>>,
    server: Task,
}

#[derive(Clone)]
struct Service {
    calls: Arc<AtomicU64>,
    retains: Arc<Mutex<Retains>>,
    slow: Duration,
}

/// What was matched and retained.
#[derive(Default)]
struct Retains {
    calls: u64,
    /// The certificates that were retained.
    kept: HashSet<String>,
    /// What the first call for a certificate compared, by certificate and e-mail.
    first: HashMap<String, String>,
}

/// Leaves out the values, which are personal data.
impl fmt::Debug for Retains {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retains").field("calls", &self.calls).finish_non_exhaustive()
    }
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
        let retains = Arc::new(Mutex::default());
        let router = Router::new()
            .route("/{id}/validate", get(validate))
            .route("/{id}", post(retain))
            .with_state(Service { calls: Arc::clone(&calls), retains: Arc::clone(&retains), slow });
        Ok(Self {
            url: server::url_of(&listener)?,
            calls,
            retains,
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

    /// The number of calls to match or retain, with any answer.
    pub fn retain_calls(&self) -> u64 {
        self.retains.lock().unwrap_or_else(PoisonError::into_inner).calls
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

/// Matches and retains a certificate. It insists on what the API insists on, and on the two ways to write a number.
async fn retain(
    State(service): State<Service>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(asked): Json<Value>,
) -> Response {
    let mut retains = service.retains.lock().unwrap_or_else(PoisonError::into_inner);
    retains.calls += 1;
    let known =
        server::basic_credentials(&headers).is_some_and(|(user, password)| user == "API" && !password.is_empty());
    if !known {
        return refuse_credentials();
    }
    let text = |pointer: &str| asked.pointer(pointer).and_then(Value::as_str);
    let (email, phone) = (text("/match_lead/email"), text("/match_lead/phone"));
    let retains_now = asked.get("retain").is_some();
    let is_form = match phone {
        Some(phone) => phone.bytes().all(|b| b.is_ascii_digit()) && phone.len() == if retains_now { 10 } else { 11 },
        None => email.is_some(),
    };
    let is_referenced = !retains_now
        || (text("/retain/reference").is_some_and(|reference| reference.starts_with("lead_"))
            && text("/retain/vendor").is_some_and(|vendor| !vendor.is_empty()));
    if headers.get("api-version").is_none_or(|version| version != "4.0") || !is_form || !is_referenced {
        return outcome(StatusCode::BAD_REQUEST, "error", "The request is not one of version 4.0");
    }
    let reply = RETAIN_KNOBS.iter().find(|knob| id.starts_with(knob.text)).map(|knob| knob.setting);
    if let Some(RetainReply::Error(status, reason)) = reply {
        return outcome(status, "error", reason);
    }
    // The second call must be about the person of the first.
    let national = phone.map(|phone| phone.get(phone.len() - 10..).unwrap_or_default().to_owned()).unwrap_or_default();
    let person = format!("{id} {}", email.unwrap_or_default());
    if retains_now {
        retains.first.insert(person.clone(), national.clone());
    }
    let is_same = retains.first.get(&person) == Some(&national);
    let matches = !matches!(reply, Some(RetainReply::Mismatch)) && is_same;
    let phone_match = match reply {
        Some(RetainReply::NoPhone) => None,
        Some(RetainReply::Late) => Some(is_same && !retains_now),
        _ => Some(matches),
    };
    let phone_match = phone.and(phone_match);
    let email_match = email.map(|_| matches);
    let success = phone_match == Some(true) || email_match == Some(true);
    let mut answer = json!({
        "outcome": if success { "success" } else { "failure" },
        "match_lead": {"result": {"email_match": email_match, "phone_match": phone_match, "success": success}},
    });
    if retains_now {
        let is_first = retains.kept.insert(id.clone());
        answer["retain"] = json!({"results": {
            "expires_at": "2031-11-26T00:00:00Z",
            "masked_cert_url": format!("https://cert.trustedform.com/masked-{id}"),
            "previously_retained": reply == Some(RetainReply::Reused) || !is_first,
        }});
    }
    server::json(StatusCode::OK, &answer)
}

fn outcome(status: StatusCode, outcome: &str, reason: &str) -> Response {
    server::json(status, &json!({"outcome": outcome, "reason": reason}))
}

#[cfg(test)]
mod tests;
