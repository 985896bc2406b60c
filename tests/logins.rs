//! The time of posts with a wrong key, to sources that exist and to others. It must not tell which exist.

use std::time::{Duration, Instant};

use anyhow::Context;
use leadping::payload::Entrance;
use local::demo;
use local::stack::{Options, Stack};
use reqwest::StatusCode;

/// The kinds of sources, and the id of one of each. The last two are of one kind: how they differ is noise.
pub const KINDS: [(&str, &str); 5] = [
    ("enabled", "source_texas"),
    ("disabled", "source_disabled"),
    ("not attached", "source_unattached"),
    ("unknown", "source_nobody"),
    ("unknown, again", "source_nothing_here"),
];

/// Posts this many times with a wrong key to each kind of source, one after the other, and returns the times of each kind.
/// Each round begins with another kind, so that none profits from its place.
///
/// # Errors
/// When a post is not answered with 401.
pub async fn measure(rounds: usize) -> anyhow::Result<[Vec<Duration>; KINDS.len()]> {
    let stack = Stack::start(&Options { port: 0, worker: false, ..Options::default() }).await?;
    let url =
        format!("{}{}", stack.addresses().gateway.as_deref().context("the API is served")?, Entrance::Flat.path());
    let client = leadping::client::web::client(None)?;
    let mut times = [const { Vec::new() }; KINDS.len()];
    for round in 0..rounds {
        for place in 0..KINDS.len() {
            let kind = (round + place) % KINDS.len();
            let post = client
                .post(&url)
                .header("content-type", "application/json")
                .header("x-leadping-source-id", KINDS[kind].1)
                .header("x-leadping-source-key", format!("{}_wrong", demo::SOURCE_KEY))
                .body("{}");
            let begun = Instant::now();
            let answer = post.send().await?;
            let status = answer.status();
            answer.bytes().await?;
            times[kind].push(begun.elapsed());
            anyhow::ensure!(status == StatusCode::UNAUTHORIZED, "a post was answered with {status}");
        }
    }
    stack.stop().await;
    Ok(times)
}
