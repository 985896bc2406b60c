//! What posts take with and without users who read at the same time.

use std::cell::Cell;
use std::pin::pin;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use futures_util::future::{Either, select, try_join_all};
use leadping::id::BusinessId;
use local::demo;
use local::issuer::{self, Issuer};
use local::stack::{Options, Stack};
use reqwest::Client;
use serde_json::{Value, json};

/// The posts of each round.
const POSTS: u64 = 100;

/// What is measured.
#[derive(Clone, Copy, Debug)]
pub struct Readers {
    /// The number of rounds without readers, and of those with them.
    pub rounds: u64,
    /// The number of readers. Each asks for the inbox, a page of 50 leads and one of these in turn.
    pub readers: u32,
    /// How long a reader waits after each answer.
    pub pause: Duration,
}

/// The times of posts, sorted.
#[derive(Debug, Default)]
pub struct Times {
    /// Without readers.
    pub alone: Vec<Duration>,
    /// While users read.
    pub with_readers: Vec<Duration>,
    /// How many requests of readers were answered.
    pub reads: u64,
    /// How many of them were answered with 503.
    pub unavailable: u64,
}

/// A stack, and what its callers need.
struct World {
    gateway: String,
    token: String,
    client: Client,
    reads: Cell<u64>,
    unavailable: Cell<u64>,
}

impl Readers {
    /// Posts one lead after the other in rounds, of which every other one has readers: what else happens on the machine
    /// slows down both kinds.
    ///
    /// # Errors
    /// When a post is not accepted, or a reader gets no answer.
    pub async fn measure(self) -> anyhow::Result<Times> {
        let stack = Stack::start(&Options { port: 0, ..Options::default() }).await?;
        let gateway = stack.addresses().gateway.clone().context("the API is served")?;
        let claims = Issuer::of(&gateway).claims(&BusinessId::parse(demo::BUSINESS)?, "leads:read");
        let token = issuer::sign(&issuer::header(), &claims)?;
        let client = leadping::client::web::client(None)?;
        let world = World { gateway, token, client, reads: Cell::default(), unavailable: Cell::default() };
        // The first posts warm everything up, and fill the pages of the readers.
        world.posts("warm").await?;
        let mut times = Times::default();
        for round in 0..self.rounds {
            times.alone.extend(world.posts(&format!("alone-{round}")).await?);
            let name = format!("read-{round}");
            // Users do not all ask at the same time.
            let begin = |reader: u32| self.pause * reader / self.readers.max(1);
            let reading = try_join_all((0..self.readers).map(|reader| world.reads(begin(reader), self.pause)));
            match select(pin!(world.posts(&name)), pin!(reading)).await {
                Either::Left((posted, _)) => times.with_readers.extend(posted?),
                Either::Right((failed, _)) => bail!("readers stopped: {failed:?}"),
            }
        }
        stack.stop().await;
        (times.reads, times.unavailable) = (world.reads.get(), world.unavailable.get());
        times.alone.sort();
        times.with_readers.sort();
        Ok(times)
    }
}

impl World {
    /// Posts a round, and returns how long each post took.
    async fn posts(&self, round: &str) -> anyhow::Result<Vec<Duration>> {
        let mut times = Vec::new();
        for number in 0..POSTS {
            let lead = json!({
                "externalId": format!("{round}-{number}"),
                "phone": format!("+1512{number:06}9"),
                "trustedFormUrl": format!("https://cert.trustedform.com/{round}-{number}"),
            });
            let post = self
                .client
                .post(format!("{}/leads/intake", self.gateway))
                .header("content-type", "application/json")
                .header("x-leadping-source-id", demo::SOURCE_ID)
                .header("x-leadping-source-key", demo::SOURCE_KEY)
                .body(lead.to_string());
            let begun = Instant::now();
            let answer = post.send().await?;
            let status = answer.status().as_u16();
            answer.bytes().await?;
            times.push(begun.elapsed());
            ensure!(status == 201, "a post was answered with {status}");
        }
        Ok(times)
    }

    /// Reads until it is dropped. Waits before the first request, and after each.
    async fn reads(&self, first: Duration, pause: Duration) -> anyhow::Result<()> {
        tokio::time::sleep(first).await;
        loop {
            self.read("POST", "/conversations/my", r#"{"pageSize":50}"#).await?;
            tokio::time::sleep(pause).await;
            let page = self.read("POST", "/leads/all/my", r#"{"pageSize":50}"#).await?;
            tokio::time::sleep(pause).await;
            if let Some(lead) = page.pointer("/items/0/id").and_then(Value::as_str) {
                self.read("GET", &format!("/leads/{lead}"), "").await?;
                tokio::time::sleep(pause).await;
            }
        }
    }

    async fn read(&self, method: &str, path: &str, body: &'static str) -> anyhow::Result<Value> {
        let request = self
            .client
            .request(method.parse()?, format!("{}{path}", self.gateway))
            .header("authorization", format!("Bearer {}", self.token))
            .body(body);
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        let text = answer.text().await?;
        self.reads.set(self.reads.get() + 1);
        match status {
            200 => {}
            503 => self.unavailable.set(self.unavailable.get() + 1),
            _ => bail!("{path} was answered with {status}"),
        }
        Ok(serde_json::from_str(&text)?)
    }
}
