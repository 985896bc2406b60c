//! The harness of the suites: a running stack, and a client that posts to it as a partner does.

#![expect(clippy::expect_used, clippy::panic, reason = "a harness fails the test that uses it")]

pub mod binaries;
pub mod books;
pub mod consumption;
pub mod load;
pub mod logged;
pub mod logins;
pub mod proxy;
pub mod readers;
pub mod soak;
pub mod speed;
pub mod template;

use std::time::Duration;

use leadping::bus::Envelope;
use leadping::conversation::Conversation;
use leadping::id::{BusinessId, LeadId};
use leadping::lead::ProcessingStatus;
use leadping::ledger::Head;
use leadping::source::Source;
use leadping::source::change::Change;
use leadping::store::{Erasure, Leads, List, Record, Span};
use leadping::time::Timestamp;
use local::demo;
use local::stack::{Options, Stack};
use reqwest::header::HeaderMap;
use reqwest::{Client, Method, StatusCode};
use serde_json::Value;

/// How long a suite waits for something that must happen, before the test fails.
pub const WAIT_TIMEOUT: Duration = Duration::from_secs(30);

/// The time between two probes of [`eventually`].
const PAUSE: Duration = Duration::from_millis(20);

/// A running stack and a client of its API.
#[derive(Debug)]
pub struct Api {
    /// The stack, for direct access to its parts.
    pub stack: Stack,
    client: Client,
}

/// The answer that a partner gets.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// The body as it was sent.
    pub text: String,
    /// The parsed body; null if it is not JSON.
    pub body: Value,
}

/// Options with short waits, on any free port.
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

    /// Starts a request, which [`Post::send`] sends.
    pub fn request(&self, method: Method, path: &str) -> Post {
        let gateway = self.stack.addresses().gateway.as_deref().expect("its API is served");
        let url = format!("{gateway}{path}");
        Post(self.client.request(method, url))
    }

    /// Posts JSON text from the source of the partner specification.
    pub async fn post(&self, path: &str, body: impl Into<String>) -> Answer {
        self.request(Method::POST, path).from(demo::SOURCE_ID).json(body).send().await
    }

    /// Waits until a lead is `Ready` and subscribers were told its events, and returns everything about it. Checks that
    /// each event was published as it is stored, and as it is documented.
    ///
    /// # Panics
    /// When it does not become `Ready`, or an event is not published.
    pub async fn ready(&self, id: &LeadId) -> Record {
        let leads = self.stack.leads();
        let record = eventually(WAIT_TIMEOUT, "the lead becomes ready and its events are published", async || {
            let record = leads.record(id).await.expect("the table answers").expect("the lead is there");
            let is_ready = record.lead.lead().processing_status == ProcessingStatus::Ready;
            (is_ready && record.outbox.due_at.is_none()).then_some(record)
        })
        .await;
        let published = self.stack.bus().published();
        assert_eq!(reference::events::check(&published), Ok(()), "every event is as documented");
        let envelopes = published.into_iter().map(|mut entry| serde_json::from_value(entry["detail"].take()));
        let envelopes: Vec<Envelope> = envelopes.map(|envelope| envelope.expect("an envelope")).collect();
        for event in &record.timeline {
            // No subscriber is told of a test lead.
            let is_published = !record.lead.lead().test;
            assert_eq!(envelopes.contains(&Envelope::of(event)), is_published, "{event:?} is published");
        }
        record
    }
}

/// Calls `probe` until it returns something, and returns that.
///
/// # Panics
/// When it returns nothing within `timeout`. The message says `what` was expected.
pub async fn eventually<T>(timeout: Duration, what: &str, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let found = async {
        loop {
            if let Some(found) = probe().await {
                return found;
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    tokio::time::timeout(timeout, found).await.unwrap_or_else(|_| panic!("{what} within {timeout:?}"))
}

/// A request that is being built.
#[derive(Debug)]
pub struct Post(reqwest::RequestBuilder);

impl Post {
    /// Adds the credentials of a demo source.
    #[must_use]
    pub fn from(self, source: &str) -> Self {
        self.header("X-Leadping-Source-Id", source).header("X-Leadping-Source-Key", demo::SOURCE_KEY)
    }

    /// Adds the id of a demo source with its test key.
    #[must_use]
    pub fn from_test(self, source: &str) -> Self {
        self.header("X-Leadping-Source-Id", source).header("X-Leadping-Source-Key", demo::TEST_KEY)
    }

    /// Adds a header.
    #[must_use]
    pub fn header(self, name: &str, value: &str) -> Self {
        Self(self.0.header(name, value))
    }

    /// Sets a body of JSON text.
    #[must_use]
    pub fn json(self, body: impl Into<String>) -> Self {
        self.header("Content-Type", "application/json").body(body.into())
    }

    /// Sets any body.
    #[must_use]
    pub fn body(self, body: impl Into<reqwest::Body>) -> Self {
        Self(self.0.body(body))
    }

    /// Sends the request.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn send(self) -> Answer {
        let response = self.0.send().await.expect("there is an answer");
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.expect("the answer is complete");
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Answer { status, headers, text, body }
    }
}

impl Answer {
    /// The id of the lead in the answer.
    ///
    /// # Panics
    /// When the answer is a problem.
    pub fn id(&self) -> LeadId {
        self.body["id"].as_str().and_then(|id| id.parse().ok()).unwrap_or_else(|| panic!("no lead: {}", self.body))
    }

    /// The codes and pointers of the failures in the answer.
    pub fn failures(&self) -> Vec<(&str, Option<&str>)> {
        let errors = self.body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        errors.iter().map(|error| (error["code"].as_str().unwrap_or_default(), error["pointer"].as_str())).collect()
    }
}

/// The first conversations of a business's inbox.
pub async fn inbox(leads: &Leads, business: &BusinessId) -> Vec<Conversation> {
    let places = leads.places(List::Inbox(business), &Span::of_all_times(), false, None, 10).await;
    let ids: Vec<_> = places.expect("the index answers").found.into_iter().map(|place| place.lead_id).collect();
    leads.conversations(&ids).await.expect("the table answers")
}

/// Erases a lead as `leadctl` does, under the name `local`.
pub async fn erase(stack: &Stack, id: &LeadId) -> Erasure {
    let (limits, ledger) = (stack.limits(), stack.ledger());
    stack.leads().erase(&limits, &ledger, id, "local", Timestamp::now()).await.expect("the lead is erased")
}

/// Changes a source as an operator does. Returns the ledger's new head, or `None` if the source has changed in the meantime.
pub async fn change(stack: &Stack, before: &Source, after: &Source) -> Option<Head> {
    let change = Change {
        at: Timestamp::now(),
        by: "test".to_owned(),
        action: "update".to_owned(),
        revision: before.revision + 1,
        members: Vec::new(),
    };
    let changed = stack.sources().change(&before.id, Some(before), Some(after), &change, &stack.ledger()).await;
    changed.expect("the table answers")
}
