//! Partners who post as fast as they are answered, and do as the contract tells them: what was not answered with a 201
//! or refused for a reason of its own is posted again, byte by byte, until it is.

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

/// How long a partner waits before it posts again: as short as can be, to be a burden.
const BACK_OFF: Duration = Duration::from_millis(50);

/// How often the books are looked at while the last leads become ready.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Every so many submissions, one has to be refused.
const ONE_BAD_IN: u64 = 20;

/// Every so many submissions, one is posted again though it was answered.
const ONE_REPEATED_IN: u64 = 10;

/// What the partners have been told.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// The lead of each submission that was accepted.
    pub accepted: BTreeMap<u64, LeadId>,
    /// How many submissions were refused for a reason of their own.
    pub refused: u64,
    /// How many posts were answered with a 5xx.
    pub unavailable: u64,
    /// How many posts were not answered at all.
    pub unanswered: u64,
    /// Answers that the contract does not allow, in words.
    pub broken_promises: Vec<String>,
}

/// Partners under way.
#[derive(Debug)]
pub struct Load {
    client: Client,
    /// Where the API is by now: it may come back somewhere else.
    gateway: watch::Receiver<String>,
    seed: u64,
    next: AtomicU64,
    tally: Mutex<Tally>,
}

/// What a post came to.
enum Outcome {
    Accepted { id: LeadId },
    Refused,
    Unavailable,
    Unanswered,
    Broken(String),
}

impl Load {
    /// Partners of the API at `gateway`. The seed makes their submissions this run's own.
    ///
    /// # Panics
    /// When no client can be built.
    pub fn new(gateway: watch::Receiver<String>, seed: u64) -> Self {
        let client = leadping::client::web::client(None).expect("a client can be built");
        Self { client, gateway, seed, next: AtomicU64::new(0), tally: Mutex::default() }
    }

    /// One connection: takes the next submission and posts it until it is settled, as long as there `are_more`.
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

    /// What has been answered so far.
    pub fn tally(&self) -> Tally {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn settle(&self, number: u64) {
        let bad = number % ONE_BAD_IN == 1;
        while !self.note(number, bad, self.post(number, bad).await) {
            tokio::time::sleep(BACK_OFF).await;
        }
    }

    /// Notes what a post came to, and says whether that settles it.
    fn note(&self, number: u64, bad: bool, outcome: Outcome) -> bool {
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Outcome::Accepted { id } => {
                let first = tally.accepted.entry(number).or_insert_with(|| id.clone()).clone();
                if first != id || bad {
                    tally.broken_promises.push(format!("submission {number} became {id}, {first} before"));
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

    /// A submission, the same each time; a bad one has no way to reach anybody.
    fn submission(&self, number: u64, bad: bool) -> Value {
        let name = format!("{}-{number}", self.seed);
        let mut submission = json!({
            "externalId": name,
            "firstName": "Jordan",
            "trustedFormUrl": format!("https://cert.trustedform.com/certificate-{name}"),
        });
        if !bad {
            // The stand-in knows some endings; none of these ends so.
            submission["phone"] = format!("+1512{:06}9", number % 1_000_000).into();
        }
        submission
    }
}

/// Waits until nothing is left to do, and gives back the books; or as they are when the time is up. Whenever no message
/// is under way, and so no worker at work, hours pass, so that nobody has to sit through doubled waits.
pub async fn settled(held: &Held, patience: Duration) -> Books {
    let begun = tokio::time::Instant::now();
    loop {
        let books = held.books().await;
        if books.settled() || begun.elapsed() > patience {
            return books;
        }
        if books.messages == 0 {
            held.hours_pass().await;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

impl Tally {
    /// What is wrong with the books, held against what was answered, in words; nothing when they balance.
    pub fn audit(&self, books: &Books) -> Vec<String> {
        let mut findings = self.broken_promises.clone();
        let accepted: BTreeSet<_> = self.accepted.values().collect();
        let stored: BTreeSet<_> = books.leads.keys().collect();
        if accepted.len() != self.accepted.len() {
            findings.push("two submissions became one lead".to_owned());
        }
        findings.extend(accepted.difference(&stored).map(|id| format!("{id} was accepted and is not there")));
        findings.extend(stored.difference(&accepted).map(|id| format!("{id} is there and nobody sent it")));
        findings.extend(books.wrong().into_iter().map(|(id, entry)| format!("{id} is not whole: {entry:?}")));
        if books.messages + books.dead_letters > 0 {
            findings.push(format!("{} messages and {} dead letters are left", books.messages, books.dead_letters));
        }
        findings
    }
}

/// The sums, as lines of a table.
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

/// A number of this range, by chance: the same for the same seed and turn.
pub fn chance(seed: u64, turn: u64, range: std::ops::Range<u64>) -> u64 {
    range.start + mixed(seed ^ mixed(turn)) % (range.end - range.start).max(1)
}
