//! A stand-in for EventBridge: it accepts events, keeps them, and shows them. There are no rules and no targets.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::server;
use crate::task::Task;

/// The file of the events, one JSON object a line.
const FILE: &str = "published.jsonl";

/// The limit of EventBridge on the entries in one call.
const MAX_ENTRIES: usize = 10;

/// How the stand-in fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BusFault {
    /// It works.
    #[default]
    None,
    /// It answers 503.
    Down,
    /// It answers that there are too many calls.
    Throttled,
    /// It accepts calls, but not the last entry of each.
    Partial,
}

/// A running stand-in.
#[derive(Debug)]
pub struct FakeBus {
    url: String,
    kept: Arc<Mutex<Kept>>,
    server: Task,
}

/// What it has received, oldest first.
#[derive(Debug)]
struct Kept {
    published: Vec<Value>,
    file: Option<File>,
    fault: BusFault,
}

#[derive(Deserialize)]
struct PutEvents {
    #[serde(rename = "Entries")]
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    #[serde(default)]
    source: String,
    #[serde(default)]
    detail_type: String,
    #[serde(default)]
    detail: String,
    /// Seconds since the Unix epoch.
    time: Option<f64>,
}

impl FakeBus {
    /// Starts the stand-in on `port` of 127.0.0.1, or on any free port for 0. It keeps the events in a file of the
    /// directory `data` before it answers, and in memory without one.
    ///
    /// # Errors
    /// When the port is taken, or the file cannot be used.
    pub async fn start(port: u16, data: Option<&Path>) -> anyhow::Result<Self> {
        let listener = server::listen(port).await.context("the bus's port")?;
        let kept = Arc::new(Mutex::new(Kept::open(data)?));
        let router = Router::new()
            .route("/", post(put_events))
            .route("/published", get(published))
            .route("/fault", put(set_fault))
            .with_state(Arc::clone(&kept));
        Ok(Self {
            url: server::url_of(&listener)?,
            kept,
            server: Task::spawn(|stopping| server::serve_router(listener, stopping, router)),
        })
    }

    /// Its base URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Every event that it accepted, oldest first, in the form that subscribers receive.
    pub fn published(&self) -> Vec<Value> {
        lock(&self.kept).published.clone()
    }

    /// The events of one lead after the first `known`.
    pub fn published_since(&self, known: usize, lead_id: &str) -> Vec<Value> {
        let of_lead = |entry: &&Value| entry.pointer("/detail/leadId").is_some_and(|id| id == lead_id);
        lock(&self.kept).published.iter().filter(of_lead).skip(known).cloned().collect()
    }

    /// Lets it fail from now on, or work again.
    pub fn fail(&self, fault: BusFault) {
        lock(&self.kept).fault = fault;
    }

    /// Answers open requests and stops.
    pub async fn stop(self) {
        self.server.stop().await;
    }
}

fn lock(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Kept {
    fn open(data: Option<&Path>) -> anyhow::Result<Self> {
        let mut kept = Self { published: Vec::new(), file: None, fault: BusFault::None };
        let Some(data) = data else { return Ok(kept) };
        let path = data.join(FILE);
        let open = || -> std::io::Result<(File, Vec<Value>)> {
            let text = if path.exists() { fs::read_to_string(&path)? } else { String::new() };
            // A kill may have left a part of the last line, which was never acknowledged.
            let whole = text.rfind('\n').map_or(0, |end| end + 1);
            let file = File::options().create(true).append(true).open(&path)?;
            file.set_len(u64::try_from(whole).unwrap_or_default())?;
            let lines = text.lines().filter_map(|line| serde_json::from_str(line).ok());
            Ok((file, lines.collect()))
        };
        let (file, published) = open().with_context(|| format!("cannot keep events in {}", path.display()))?;
        kept.published = published;
        kept.file = Some(file);
        Ok(kept)
    }

    fn keep(&mut self, event: Value) -> std::io::Result<()> {
        if let Some(file) = &mut self.file {
            file.write_all(format!("{event}\n").as_bytes())?;
        }
        self.published.push(event);
        Ok(())
    }
}

async fn published(State(kept): State<Arc<Mutex<Kept>>>) -> Response {
    Json(&lock(&kept).published).into_response()
}

async fn set_fault(State(kept): State<Arc<Mutex<Kept>>>, body: String) -> Response {
    match serde_json::from_value(body.trim().into()) {
        Ok(fault) => {
            lock(&kept).fault = fault;
            StatusCode::NO_CONTENT.into_response()
        }
        Err(_) => (StatusCode::BAD_REQUEST, "expected none, down, throttled or partial\n").into_response(),
    }
}

async fn put_events(State(kept): State<Arc<Mutex<Kept>>>, headers: HeaderMap, body: String) -> Response {
    let mut kept = lock(&kept);
    match kept.fault {
        BusFault::Down => return error(StatusCode::SERVICE_UNAVAILABLE, "InternalException"),
        BusFault::Throttled => return error(StatusCode::BAD_REQUEST, "ThrottlingException"),
        BusFault::None | BusFault::Partial => {}
    }
    if headers.get("x-amz-target").is_none_or(|target| target != "AWSEvents.PutEvents") {
        return error(StatusCode::BAD_REQUEST, "UnknownOperationException");
    }
    let Ok(PutEvents { entries }) = serde_json::from_str(&body) else {
        return error(StatusCode::BAD_REQUEST, "SerializationException");
    };
    if !(1..=MAX_ENTRIES).contains(&entries.len()) {
        return error(StatusCode::BAD_REQUEST, "ValidationException");
    }
    let last = (kept.fault == BusFault::Partial).then(|| entries.len() - 1);
    let results: Vec<_> = entries
        .into_iter()
        .enumerate()
        .map(|(index, entry)| match entry.event() {
            _ if last == Some(index) => Err("InternalFailure"),
            Ok(event) => {
                let id = event.get("id").cloned().unwrap_or_default();
                show(&event);
                kept.keep(event).map(|()| id).map_err(|_| "InternalFailure")
            }
            Err(code) => Err(code),
        })
        .collect();
    let failed = results.iter().filter(|result| result.is_err()).count();
    let results: Vec<_> = results
        .into_iter()
        .map(|result| match result {
            Ok(id) => json!({"EventId": id}),
            Err(code) => json!({"ErrorCode": code, "ErrorMessage": "the entry was not accepted"}),
        })
        .collect();
    server::json(StatusCode::OK, &json!({"FailedEntryCount": failed, "Entries": results}))
}

impl Entry {
    /// The event as subscribers receive it, or the error code of EventBridge.
    fn event(&self) -> Result<Value, &'static str> {
        if self.source.is_empty() || self.detail_type.is_empty() || self.source.starts_with("aws.") {
            return Err("InvalidArgument");
        }
        let detail: Value = serde_json::from_str(&self.detail).map_err(|_| "MalformedDetail")?;
        if !detail.is_object() {
            return Err("MalformedDetail");
        }
        // EventBridge cuts times to the second.
        #[expect(clippy::cast_possible_truncation, reason = "cut to the second")]
        let time =
            self.time.map_or_else(|| Ok(jiff::Timestamp::now()), |time| jiff::Timestamp::from_second(time as i64));
        let time = time.map_err(|_| "InvalidArgument")?;
        Ok(json!({
            "version": "0",
            "id": Uuid::new_v4().to_string(),
            "detail-type": self.detail_type,
            "source": self.source,
            "account": "000000000000",
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "region": "us-east-1",
            "resources": [],
            "detail": detail,
        }))
    }
}

/// Logs an event. Events hold no personal data.
fn show(event: &Value) {
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let sequence = event.pointer("/detail/sequence").and_then(Value::as_u64);
    let eligible =
        |channel: &str| event.pointer(&format!("/detail/eligibility/{channel}/eligible")).and_then(Value::as_bool);
    tracing::info!(
        lead_id = text("/detail/leadId"),
        sequence,
        sms = eligible("sms"),
        call = eligible("call"),
        "event {}",
        text("/detail-type")
    );
}

fn error(status: StatusCode, code: &str) -> Response {
    server::json(status, &json!({"__type": code, "message": "broken on purpose or not understood"}))
}

#[cfg(test)]
mod tests {
    use leadping::client::aws;

    use super::*;

    fn client(bus: &FakeBus) -> aws_sdk_eventbridge::Client {
        use aws_sdk_eventbridge::config::{Builder, Credentials, Region};
        let config = Builder::new()
            .behavior_version(aws::behavior())
            .http_client(aws::over(leadping::client::web::client(None).unwrap()))
            .region(Region::from_static("us-east-1"))
            .credentials_provider(Credentials::new("local", "local", None, None, "local"))
            .retry_config(aws_sdk_eventbridge::config::retry::RetryConfig::disabled())
            .endpoint_url(bus.url());
        aws_sdk_eventbridge::Client::from_conf(config.build())
    }

    /// Puts entries with these details. Returns the error code of each, or of the call.
    async fn put(bus: &FakeBus, details: &[&str]) -> Result<Vec<String>, String> {
        use aws_sdk_eventbridge::error::ProvideErrorMetadata;
        use aws_sdk_eventbridge::types::PutEventsRequestEntry;
        let entry = |detail: &&str| {
            PutEventsRequestEntry::builder().source("test").detail_type("lead.created").detail(*detail).build()
        };
        let put = client(bus).put_events().set_entries(Some(details.iter().map(entry).collect())).send().await;
        let put = put.map_err(|error| error.code().unwrap_or_default().to_owned())?;
        let codes: Vec<_> =
            put.entries().iter().map(|entry| entry.error_code().unwrap_or_default().to_owned()).collect();
        assert_eq!(usize::try_from(put.failed_entry_count()), Ok(codes.iter().filter(|code| !code.is_empty()).count()));
        Ok(codes)
    }

    #[tokio::test]
    async fn events_survive_a_kill_and_half_a_line_does_not() {
        let data = tempfile::tempdir().unwrap();
        let bus = FakeBus::start(0, Some(data.path())).await.unwrap();
        assert_eq!(
            put(&bus, &[r#"{"n":1}"#, "no JSON", "[]", r#"{"n":2}"#]).await.unwrap(),
            ["", "MalformedDetail", "MalformedDetail", ""]
        );
        bus.stop().await;
        File::options().append(true).open(data.path().join(FILE)).unwrap().write_all(b"{\"half").unwrap();

        let bus = FakeBus::start(0, Some(data.path())).await.unwrap();
        assert_eq!(put(&bus, &[r#"{"n":3}"#]).await.unwrap(), [""]);
        bus.stop().await;
        let bus = FakeBus::start(0, Some(data.path())).await.unwrap();
        let numbers: Vec<_> = bus.published().iter().map(|event| event["detail"]["n"].clone()).collect();
        assert_eq!(numbers, [1, 2, 3]);
        bus.stop().await;
    }

    #[tokio::test]
    async fn it_fails_in_each_way_and_works_again() {
        let bus = FakeBus::start(0, None).await.unwrap();
        for (fault, result) in [
            (BusFault::Down, Err("InternalException".to_owned())),
            (BusFault::Throttled, Err("ThrottlingException".to_owned())),
            (BusFault::Partial, Ok(vec![String::new(), "InternalFailure".to_owned()])),
            (BusFault::None, Ok(vec![String::new(), String::new()])),
        ] {
            bus.fail(fault);
            assert_eq!(put(&bus, &["{}", "{}"]).await, result, "{fault:?}");
        }
        assert_eq!(bus.published().len(), 3);
        assert_eq!(put(&bus, &["{}"; 11]).await, Err("ValidationException".to_owned()));
        bus.stop().await;
    }
}
