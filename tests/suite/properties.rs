//! What holds whatever comes in. `PROPTEST_CASES` says how many cases each property is tried with, 256 by default; the
//! ones that go through a stack take a share of that. A case that failed is kept beside the property that it broke.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper of a test fails the test that it stands in")]

mod certificates;
mod event;
mod forms;
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

/// One of so many of the usual cases.
fn config(share: u32) -> Config {
    let usual = Config::default();
    Config {
        cases: usual.cases.div_ceil(share),
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..usual
    }
}

/// A stack whose worker stands still, so that a lead stays as it was answered.
fn api() -> (Runtime, Api) {
    let runtime = Runtime::new().unwrap();
    let api = runtime.block_on(Api::start(&Options { worker: false, ..options() }));
    (runtime, api)
}

/// The event of a post of JSON by a demo source.
fn post(source: &str, body: &str) -> Value {
    HttpEvent::post(Entrance::Structured, source, request_id(), body).to_json()
}

/// An id that no other request has: by it a put that was tried twice is told from a repeat.
fn request_id() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("request-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Takes a lead in, and gives back the answer's body as it was written, and whether it was a replay.
async fn accept(function: &Function, event: &Value) -> (String, bool) {
    let answer = function.invoke(event).await.unwrap();
    assert_eq!(answer["statusCode"], 201, "{answer}");
    let replayed = answer["headers"]["idempotent-replayed"] == "true";
    (answer["body"].as_str().unwrap().to_owned(), replayed)
}
