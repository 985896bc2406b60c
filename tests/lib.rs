//! The harness of the suites: a running stack, and a partner who posts to it.

#![expect(clippy::expect_used, clippy::panic, reason = "a harness fails the test that it stands in")]

pub mod binaries;
pub mod books;
pub mod consumption;
pub mod load;
pub mod logged;
pub mod proxy;
pub mod soak;

use std::time::Duration;

use leadping::id::LeadId;
use leadping::lead::ProcessingStatus;
use leadping::store::Record;
use local::demo;
use local::stack::{Options, Stack};
use reqwest::header::HeaderMap;
use reqwest::{Client, Method, StatusCode};
use serde_json::Value;

/// How long a suite waits for something that must happen before the test fails.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The time between two probes of [`eventually`].
const PAUSE: Duration = Duration::from_millis(20);

/// A running stack and a client of its API.
#[derive(Debug)]
pub struct Api {
    /// The stack.
    pub stack: Stack,
    client: Client,
}

/// What a partner gets back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, as it came.
    pub text: String,
    /// The body, where it is JSON.
    pub body: Value,
}

/// Options in which nothing has to be waited for longer than it takes, on any free port.
pub fn options() -> Options {
    Options {
        port: 0,
        sweep: Duration::from_millis(200),
        due_after: Duration::from_millis(500),
        visibility_seconds: 1,
        ..Options::default()
    }
}

impl Api {
    /// Starts a stack.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start(options: &Options) -> Self {
        logged::start();
        let stack = Stack::start(options).await.expect("the stack starts");
        let client = leadping::client::web::client(None).expect("a client can be built");
        Self { stack, client }
    }

    /// A request from a demo source, which [`Post::send`] sends.
    pub fn request(&self, method: Method, path: &str) -> Post {
        let gateway = self.stack.addresses().gateway.as_deref().expect("its API is served");
        let url = format!("{gateway}{path}");
        Post(self.client.request(method, url))
    }

    /// Posts JSON text from the document's own source.
    pub async fn post(&self, path: &str, body: impl Into<String>) -> Answer {
        self.request(Method::POST, path).from(demo::SOURCE_ID).json(body).send().await
    }

    /// Waits until a lead is `Ready`, and returns everything about it.
    ///
    /// # Panics
    /// When it does not become `Ready`.
    pub async fn ready(&self, id: &LeadId) -> Record {
        let leads = self.stack.leads();
        eventually(PATIENCE, "the lead becomes ready", async || {
            let record = leads.record(id).await.expect("the table answers").expect("the lead is there");
            (record.lead.lead().processing_status == ProcessingStatus::Ready).then_some(record)
        })
        .await
    }
}

/// Probes again and again until there is something, and returns it.
///
/// # Panics
/// When there is nothing within `patience`; the message is `what` was expected.
pub async fn eventually<T>(patience: Duration, what: &str, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let found = async {
        loop {
            if let Some(found) = probe().await {
                return found;
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    tokio::time::timeout(patience, found).await.unwrap_or_else(|_| panic!("{what} within {patience:?}"))
}

/// A request being put together.
#[derive(Debug)]
pub struct Post(reqwest::RequestBuilder);

impl Post {
    /// With the credentials of a demo source.
    #[must_use]
    pub fn from(self, source: &str) -> Self {
        self.header("X-Leadping-Source-Id", source).header("X-Leadping-Source-Key", demo::SOURCE_KEY)
    }

    /// With a header.
    #[must_use]
    pub fn header(self, name: &str, value: &str) -> Self {
        Self(self.0.header(name, value))
    }

    /// With a body of JSON text.
    #[must_use]
    pub fn json(self, body: impl Into<String>) -> Self {
        self.header("Content-Type", "application/json").body(body.into())
    }

    /// With any body.
    #[must_use]
    pub fn body(self, body: impl Into<reqwest::Body>) -> Self {
        Self(self.0.body(body))
    }

    /// Sends it.
    ///
    /// # Panics
    /// When no answer comes.
    pub async fn send(self) -> Answer {
        let response = self.0.send().await.expect("an answer comes");
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.expect("the answer comes whole");
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Answer { status, headers, text, body }
    }
}

impl Answer {
    /// The id of the lead that was answered.
    ///
    /// # Panics
    /// When a problem was answered.
    pub fn id(&self) -> LeadId {
        self.body["id"].as_str().and_then(|id| id.parse().ok()).unwrap_or_else(|| panic!("no lead: {}", self.body))
    }

    /// The codes and pointers of the failures that were answered.
    pub fn failures(&self) -> Vec<(&str, Option<&str>)> {
        let errors = self.body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        errors.iter().map(|error| (error["code"].as_str().unwrap_or_default(), error["pointer"].as_str())).collect()
    }
}
