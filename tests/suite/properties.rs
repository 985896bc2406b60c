//! Properties of all input. `PROPTEST_CASES` is the number of cases for each property, 256 by default. Properties that need a
//! running stack use a share of it. A failed case is saved next to its property.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper fails the test that uses it")]

mod certificates;
mod event;
mod forms;
mod keys;
mod lead;
mod names;
mod stored;
mod values;

use leadping::payload::Entrance;
use local::event::HttpEvent;
use local::function::Function;
use local::stack::Options;
use proptest::test_runner::{Config, FileFailurePersistence};
use serde_json::Value;
use tests::{Api, options};
use tokio::runtime::Runtime;

/// The usual configuration with the number of cases divided by `share`.
fn config(share: u32) -> Config {
    let usual = Config::default();
    Config {
        cases: usual.cases.div_ceil(share),
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..usual
    }
}

/// A stack without a worker, so that a lead stays as it was answered.
fn api() -> (Runtime, Api) {
    let runtime = Runtime::new().unwrap();
    let api = runtime.block_on(Api::start(&Options { worker: false, ..options() }));
    (runtime, api)
}

/// The event of a JSON post from a demo source.
fn post(source: &str, body: &str) -> Value {
    HttpEvent::post(Entrance::Structured, source, request_id(), body).to_json()
}

/// A unique request id, which tells a retried put from a repeat.
fn request_id() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("request-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Posts a lead. Returns the text of the answer and whether it was a replay.
async fn accept(function: &Function, event: &Value) -> (String, bool) {
    let answer = function.invoke(event).await.unwrap();
    assert_eq!(answer["statusCode"], 201, "{answer}");
    let replayed = answer["headers"]["idempotent-replayed"] == "true";
    (answer["body"].as_str().unwrap().to_owned(), replayed)
}
