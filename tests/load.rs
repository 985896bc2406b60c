//! Partners who post as fast as they get answers, and follow the contract: unless the answer is a 201 or a refusal of the
//! lead, they post the same bytes again.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use leadping::id::LeadId;
use local::demo;
use reqwest::Client;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::books::{Books, Held};
use crate::proxy::mixed;

/// How long a partner waits before it posts again. It is short, to cause more load.
const BACK_OFF: Duration = Duration::from_millis(50);

/// The time between two reads of the books while the last leads become ready.
const READ_INTERVAL: Duration = Duration::from_millis(500);

/// One submission in this many has to be refused.
const ONE_BAD_IN: u64 = 20;

/// One submission in this many is posted again although it was answered.
const ONE_REPEATED_IN: u64 = 10;

/// What the partners were told.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// The lead of each accepted submission.
    pub accepted: BTreeMap<u64, LeadId>,
    /// The number of refused submissions.
    pub refused: u64,
    /// The number of posts with a 5xx answer.
    pub unavailable: u64,
    /// The number of posts without an answer.
    pub unanswered: u64,
    /// Descriptions of answers that break the contract.
    pub broken_promises: Vec<String>,
}

/// Running partners.
#[derive(Debug)]
pub struct Load {
    client: Client,
    /// The current address of the API, which may change when it restarts.
    gateway: watch::Receiver<String>,
    seed: u64,
    next: AtomicU64,
    tally: Mutex<Tally>,
}

/// The outcome of a post.
enum Outcome {
    Accepted { id: LeadId },
    Refused,
    Unavailable,
    Unanswered,
    Broken(String),
}

impl Load {
    /// Creates partners of the API at `gateway`. The seed makes their submissions unique to this run.
    ///
    /// # Panics
    /// When no client can be built.
    pub fn new(gateway: watch::Receiver<String>, seed: u64) -> Self {
        let client = leadping::client::web::client(None).expect("a client can be built");
        Self { client, gateway, seed, next: AtomicU64::new(0), tally: Mutex::default() }
    }

    /// Runs one connection: takes the next submission and posts it until it is settled, while there `are_more`.
    pub async fn connection(&self, are_more: impl Fn(u64) -> bool) {
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if !are_more(number) {
                return;
            }
            self.settle(number).await;
            if number.is_multiple_of(ONE_REPEATED_IN) {
                self.settle(number).await;
            }
        }
    }

    /// What the partners were told so far.
    pub fn tally(&self) -> Tally {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn settle(&self, number: u64) {
        let bad = number % ONE_BAD_IN == 1;
        while !self.note(number, bad, self.post(number, bad).await) {
            tokio::time::sleep(BACK_OFF).await;
        }
    }

    /// Records the outcome of a post. Returns whether the submission is settled.
    fn note(&self, number: u64, bad: bool, outcome: Outcome) -> bool {
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Outcome::Accepted { id } => {
                let first = tally.accepted.entry(number).or_insert_with(|| id.clone()).clone();
                if first != id || bad {
                    tally.broken_promises.push(format!("submission {number} became {id} after {first}"));
                }
            }
            Outcome::Refused if bad => tally.refused += 1,
            Outcome::Refused => tally.broken_promises.push(format!("submission {number} was refused")),
            Outcome::Broken(promise) => tally.broken_promises.push(promise),
            Outcome::Unavailable => {
                tally.unavailable += 1;
                return false;
            }
            Outcome::Unanswered => {
                tally.unanswered += 1;
                return false;
            }
        }
        true
    }

    async fn post(&self, number: u64, bad: bool) -> Outcome {
        let url = format!("{}/leads/intake", *self.gateway.borrow());
        let post = self
            .client
            .post(url)
            .header("Content-Type", "application/json")
            .header("X-Leadping-Source-Id", demo::SOURCE_ID)
            .header("X-Leadping-Source-Key", demo::SOURCE_KEY)
            .body(self.submission(number, bad).to_string());
        let Ok(answer) = post.send().await else { return Outcome::Unanswered };
        let status = answer.status();
        let Ok(body) = answer.bytes().await else { return Outcome::Unanswered };
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        match (status.as_u16(), body.get("id").and_then(Value::as_str).and_then(|id| id.parse().ok())) {
            (201, Some(id)) => Outcome::Accepted { id },
            (400, None) => Outcome::Refused,
            (500.., None) => Outcome::Unavailable,
            (status, _) => Outcome::Broken(format!("submission {number} was answered with {status}")),
        }
    }

    /// A submission, which is always the same for its number. A bad one has no contact method.
    fn submission(&self, number: u64, bad: bool) -> Value {
        let name = format!("{}-{number}", self.seed);
        let mut submission = json!({
            "externalId": name,
            "firstName": "Jordan",
            "trustedFormUrl": format!("https://cert.trustedform.com/certificate-{name}"),
        });
        if !bad {
            // The stand-in treats some endings specially. No number here has one of them.
            submission["phone"] = format!("+1512{:06}9", number % 1_000_000).into();
        }
        submission
    }
}

/// Waits until no work is left or the timeout is over, and returns the books. Whenever there is no message, and so the
/// worker is idle, it moves time forward by hours, because the waits of the worker grow to hours.
pub async fn settled(held: &Held, timeout: Duration) -> Books {
    let begun = tokio::time::Instant::now();
    loop {
        let books = held.books().await;
        if books.settled() || begun.elapsed() > timeout {
            return books;
        }
        if books.messages == 0 {
            held.hours_pass().await;
        }
        tokio::time::sleep(READ_INTERVAL).await;
    }
}

impl Tally {
    /// Compares the books with the answers. Returns descriptions of all differences.
    pub fn audit(&self, books: &Books) -> Vec<String> {
        let mut findings = self.broken_promises.clone();
        let accepted: BTreeSet<_> = self.accepted.values().collect();
        let stored: BTreeSet<_> = books.leads.keys().collect();
        if accepted.len() != self.accepted.len() {
            findings.push("two submissions became one lead".to_owned());
        }
        findings.extend(accepted.difference(&stored).map(|id| format!("{id} was accepted but is not stored")));
        findings.extend(stored.difference(&accepted).map(|id| format!("{id} is stored but was never accepted")));
        findings.extend(books.wrong().into_iter().map(|(id, entry)| format!("{id} is not finished: {entry:?}")));
        findings.extend(books.strangers.iter().map(|id| format!("the event {id} was published but is not stored")));
        if books.messages + books.dead_letters > 0 {
            findings.push(format!("{} messages and {} dead letters are left", books.messages, books.dead_letters));
        }
        findings
    }
}

/// Prints the sums as lines of a table.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let accepted = u64::try_from(self.accepted.len()).unwrap_or(u64::MAX);
        let lines = [
            ("submissions", accepted + self.refused),
            ("refused with a reason", self.refused),
            ("posts answered with 5xx", self.unavailable),
            ("posts not answered", self.unanswered),
            ("accepted", accepted),
        ];
        lines.iter().try_for_each(|(name, count)| writeln!(f, "| {name:<28} | {count:>8} |"))
    }
}

/// A pseudo-random number of this range. The same seed and turn give the same number.
pub fn chance(seed: u64, turn: u64, range: std::ops::Range<u64>) -> u64 {
    range.start + mixed(seed ^ mixed(turn)) % (range.end - range.start).max(1)
}
