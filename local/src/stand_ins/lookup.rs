//! A stand-in for the lookup providers. It speaks Twilio Lookup v2 and Telnyx Number Lookup on one port, on different paths.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::get;

use super::Knob;
use crate::server;
use crate::task::Task;

mod telnyx;
mod twilio;

/// The last four digits of a number decide the answer. Every other number is a mobile phone.
pub const KNOBS: [Knob<Reply>; 8] = [
    Knob::new("0101", "a landline", "`Ready`", Reply::Line(Line::Landline)),
    Knob::new("0102", "VoIP", "`Ready`", Reply::Line(Line::Voip)),
    Knob::new("0103", "toll free", "`Ready`", Reply::Line(Line::TollFree)),
    Knob::new("0104", "not a valid number", "`Ready`", Reply::Line(Line::Invalid)),
    Knob::new("0105", "throttled twice, then mobile", "`Ready` after two retries", Reply::ThrottledTwice),
    Knob::new("0106", "503", "`Enriching`, and retried", Reply::Refusal(Refusal::Down)),
    Knob::new(
        "0107",
        "401, it refuses our credentials",
        "`Ready`, the lookup has failed",
        Reply::Refusal(Refusal::Credentials),
    ),
    Knob::new("0108", "404", "`Ready`, the lookup has failed", Reply::Refusal(Refusal::NotFound)),
];

/// How the stand-in answers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reply {
    /// A line of this kind.
    Line(Line),
    /// A refusal.
    Refusal(Refusal),
    /// [`Refusal::Throttled`] twice for each number, then a mobile phone.
    ThrottledTwice,
}

/// A running stand-in.
#[derive(Debug)]
pub struct FakeLookup {
    url: String,
    calls: Calls,
    server: Task,
}

impl FakeLookup {
    /// Starts the stand-in on `port` of 127.0.0.1, or on any free port for 0.
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn start(port: u16) -> anyhow::Result<Self> {
        let listener = server::listen(port).await.context("the lookup provider's port")?;
        let calls = Calls::default();
        let router = Router::new()
            .route("/v2/PhoneNumbers/{number}", get(ask_twilio))
            .route("/v2/number_lookup/{number}", get(ask_telnyx))
            .with_state(calls.clone());
        Ok(Self {
            url: server::url_of(&listener)?,
            calls,
            server: Task::spawn(|stopping| server::serve_router(listener, stopping, router)),
        })
    }

    /// Its base URL, for either provider.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The number of calls, with any answer.
    pub fn calls(&self) -> u64 {
        self.calls.all.load(Ordering::Relaxed)
    }

    /// The number of calls for one number in E.164.
    pub fn calls_for(&self, number: &str) -> u64 {
        self.calls.with_numbers(|numbers| numbers.get(number).copied().unwrap_or(0))
    }

    /// Answers open requests and stops.
    pub async fn stop(self) {
        self.server.stop().await;
    }
}

#[derive(Clone, Default)]
struct Calls {
    all: Arc<AtomicU64>,
    numbers: Arc<Mutex<HashMap<String, u64>>>,
}

/// Leaves out the numbers, which are personal data.
impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calls").field("all", &self.all).finish_non_exhaustive()
    }
}

impl Calls {
    /// Counts a call for `number` and returns the number of calls for it, including this one.
    fn count(&self, number: &str) -> u64 {
        self.all.fetch_add(1, Ordering::Relaxed);
        self.with_numbers(|numbers| {
            let count = numbers.entry(number.to_owned()).or_default();
            *count += 1;
            *count
        })
    }

    fn with_numbers<T>(&self, use_them: impl FnOnce(&mut HashMap<String, u64>) -> T) -> T {
        use_them(&mut self.numbers.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The kinds of lines.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Line {
    Mobile,
    Landline,
    Voip,
    TollFree,
    /// The number cannot be assigned to anyone.
    Invalid,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Refusal {
    Throttled,
    Down,
    Credentials,
    NotFound,
}

impl Refusal {
    fn status(self) -> StatusCode {
        match self {
            Self::Throttled => StatusCode::TOO_MANY_REQUESTS,
            Self::Down => StatusCode::SERVICE_UNAVAILABLE,
            Self::Credentials => StatusCode::UNAUTHORIZED,
            Self::NotFound => StatusCode::NOT_FOUND,
        }
    }
}

/// The answer to the `call`-th call for a number.
fn look_up(number: &str, call: u64) -> Result<Line, Refusal> {
    match KNOBS.iter().find(|knob| number.ends_with(knob.text)).map(|knob| knob.setting) {
        Some(Reply::Line(line)) => Ok(line),
        Some(Reply::Refusal(refusal)) => Err(refusal),
        Some(Reply::ThrottledTwice) if call <= 2 => Err(Refusal::Throttled),
        Some(Reply::ThrottledTwice) | None => Ok(Line::Mobile),
    }
}

/// Formats `+15125550123` as `(512) 555-0123`. Leaves anything else as it is.
fn national_format(number: &str) -> String {
    let parts = number
        .strip_prefix("+1")
        .and_then(|national| Some((national.get(..3)?, national.get(3..6)?, national.get(6..)?)));
    match parts {
        Some((area, exchange, line)) => format!("({area}) {exchange}-{line}"),
        None => number.to_owned(),
    }
}

/// The members of a query, in order. Telnyx repeats one of them.
type Members = Vec<(String, String)>;

async fn ask_twilio(
    State(calls): State<Calls>,
    Path(number): Path<String>,
    Query(query): Query<Members>,
    headers: HeaderMap,
) -> Response {
    let call = calls.count(&number);
    let known =
        server::basic_credentials(&headers).is_some_and(|(account, token)| !account.is_empty() && !token.is_empty());
    let fields: Vec<&str> =
        query.iter().filter(|(name, _)| name == "Fields").flat_map(|(_, fields)| fields.split(',')).collect();
    let found = if known { look_up(&number, call) } else { Err(Refusal::Credentials) };
    respond(found, |found| match found {
        Ok(line) => twilio::answer(&number, line, &fields),
        Err(refusal) => twilio::problem(&number, refusal),
    })
}

async fn ask_telnyx(
    State(calls): State<Calls>,
    Path(number): Path<String>,
    Query(query): Query<Members>,
    headers: HeaderMap,
) -> Response {
    let call = calls.count(&number);
    let known = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
        .is_some_and(|key| !key.is_empty());
    let types: Vec<&str> = query.iter().filter(|(name, _)| name == "type").map(|(_, kind)| kind.as_str()).collect();
    let found = if known { look_up(&number, call) } else { Err(Refusal::Credentials) };
    respond(found, |found| match found {
        Ok(line) => telnyx::answer(&number, line, &types),
        Err(refusal) => telnyx::problem(refusal),
    })
}

fn respond(found: Result<Line, Refusal>, body: impl FnOnce(Result<Line, Refusal>) -> serde_json::Value) -> Response {
    let status = found.map_or_else(Refusal::status, |_| StatusCode::OK);
    let mut response = server::json(status, &body(found));
    if found == Err(Refusal::Throttled) {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use axum::http::response::Parts;
    use data_encoding::BASE64;
    use serde_json::{Value, json};

    use super::*;
    use crate::testing;

    async fn ask(stand_in: &FakeLookup, path: &str, authorization: &str) -> (Parts, Value) {
        let request = Request::get(format!("{}{path}", stand_in.url()))
            .header("authorization", authorization)
            .body(Body::empty())
            .unwrap();
        let (parts, body) = testing::send(request).await.unwrap();
        assert_eq!(parts.headers["content-type"], "application/json", "{path}");
        (parts, serde_json::from_slice(&body).unwrap())
    }

    async fn twilio(stand_in: &FakeLookup, number: &str, fields: &str) -> (Parts, Value) {
        let path = format!("/v2/PhoneNumbers/%2B{number}?Fields={fields}");
        let authorization = format!("Basic {}", BASE64.encode(b"AC0123:token"));
        ask(stand_in, &path, &authorization).await
    }

    async fn telnyx(stand_in: &FakeLookup, number: &str, types: &str) -> (Parts, Value) {
        ask(stand_in, &format!("/v2/number_lookup/+{number}?{types}"), "Bearer key").await
    }

    #[tokio::test]
    async fn the_last_four_digits_decide() {
        let stand_in = FakeLookup::start(0).await.unwrap();
        let cases = [
            ("15125550123", 200, "mobile", "mobile"),
            ("15125550101", 200, "landline", "fixed line"),
            ("15125550102", 200, "fixedVoip", "voip"),
            ("18005550103", 200, "tollFree", "toll free"),
            ("15125550106", 503, "", ""),
            ("15125550107", 401, "", ""),
            ("15125550108", 404, "", ""),
        ];
        for (number, status, at_twilio, at_telnyx) in cases {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let (parts, body) = twilio(&stand_in, number, "line_type_intelligence").await;
            let line = text(&body["line_type_intelligence"]["type"]);
            assert_eq!((parts.status.as_u16(), line.as_str()), (status, at_twilio), "{number}");
            let (parts, body) = telnyx(&stand_in, number, "type=carrier&type=caller-name").await;
            let line = text(&body["data"]["carrier"]["type"]);
            assert_eq!((parts.status.as_u16(), line.as_str()), (status, at_telnyx), "{number}");
            assert_eq!(stand_in.calls_for(&format!("+{number}")), 2);
        }
        assert_eq!(stand_in.calls(), 2 * cases.len() as u64);
        assert_eq!(stand_in.calls_for("+15125550199"), 0);
        stand_in.stop().await;
    }

    #[tokio::test]
    async fn an_invalid_number_is_an_answer() {
        let stand_in = FakeLookup::start(0).await.unwrap();
        let (parts, body) = twilio(&stand_in, "15125550104", "line_type_intelligence").await;
        assert_eq!(parts.status, 200);
        assert_eq!(body["valid"], json!(false));
        assert_eq!(body["validation_errors"], json!(["INVALID_BUT_POSSIBLE"]));
        let (parts, body) = telnyx(&stand_in, "15125550104", "type=carrier").await;
        assert_eq!(parts.status, 200);
        assert_eq!(body["data"]["carrier"]["type"], json!("unknown"));
        stand_in.stop().await;
    }

    #[tokio::test]
    async fn a_throttled_number_is_answered_at_the_third_call() {
        let stand_in = FakeLookup::start(0).await.unwrap();
        for number in ["15125550105", "15135550105"] {
            for status in [429, 429, 200, 200] {
                let (parts, _) = twilio(&stand_in, number, "line_type_intelligence").await;
                assert_eq!(parts.status.as_u16(), status);
                let retry_after = parts.headers.get("retry-after").map(HeaderValue::as_bytes);
                assert_eq!(retry_after, (status == 429).then_some(&b"1"[..]));
            }
        }
        stand_in.stop().await;
    }

    #[tokio::test]
    async fn only_the_requested_data_is_in_the_answer() {
        let stand_in = FakeLookup::start(0).await.unwrap();
        let number = "15125550123";
        let (_, body) = twilio(&stand_in, number, "line_type_intelligence").await;
        assert_eq!(body["national_format"], json!("(512) 555-0123"));
        assert!(body["caller_name"].is_null());
        let (_, body) = twilio(&stand_in, number, "line_type_intelligence,caller_name").await;
        assert!(body["caller_name"]["caller_name"].is_string());
        let (_, body) = telnyx(&stand_in, number, "type=carrier").await;
        assert_eq!(body["data"]["phone_number"], json!("+15125550123"));
        assert!(body["data"]["caller_name"].is_null());
        let (_, body) = telnyx(&stand_in, number, "type=carrier&type=caller-name").await;
        assert!(body["data"]["caller_name"]["caller_name"].is_string());
        stand_in.stop().await;
    }

    #[tokio::test]
    async fn each_provider_requires_its_own_credentials() {
        let stand_in = FakeLookup::start(0).await.unwrap();
        let basic = |text: &str| format!("Basic {}", BASE64.encode(text.as_bytes()));
        let cases = [
            ("PhoneNumbers", basic("AC0123:token"), 200),
            ("PhoneNumbers", basic("AC0123:"), 401),
            ("PhoneNumbers", "Bearer key".to_owned(), 401),
            ("number_lookup", "Bearer key".to_owned(), 200),
            ("number_lookup", "Bearer ".to_owned(), 401),
            ("number_lookup", basic("AC0123:token"), 401),
        ];
        for (api, authorization, status) in cases {
            let path = format!("/v2/{api}/+15125550123");
            let (parts, _) = ask(&stand_in, &path, &authorization).await;
            assert_eq!(parts.status.as_u16(), status, "{api} {authorization}");
        }
        stand_in.stop().await;
    }

    #[tokio::test]
    async fn the_numbers_stay_out_of_debug_output() {
        let stand_in = FakeLookup::start(0).await.unwrap();
        twilio(&stand_in, "15125550123", "").await;
        assert!(!format!("{stand_in:?}").contains("5550123"));
        stand_in.stop().await;
    }
}
