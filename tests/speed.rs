//! The time from a post until each event of its lead is on the bus.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use anyhow::Context;
use futures_util::future::try_join_all;
use leadping::bus::Envelope;
use leadping::id::LeadId;
use local::demo;
use local::stack::{Options, Stack};
use serde_json::{Value, json};

/// The time between two looks at the bus, which is the precision of the result.
const INTERVAL: Duration = Duration::from_millis(1);

/// How long the last event may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Posts one lead after the other on each connection, and returns the times of each type of event. A time begins before
/// the post is sent.
///
/// # Errors
/// When a post is not accepted, or an event does not arrive.
pub async fn measure(posts: u64, connections: u64) -> anyhow::Result<BTreeMap<String, Vec<Duration>>> {
    let stack = Stack::start(&Options { port: 0, ..Options::default() }).await?;
    let url = format!("{}/leads/intake", stack.addresses().gateway.as_deref().context("the API is served")?);
    let client = leadping::client::web::client(None)?;
    let lanes = (0..connections).map(|lane| {
        let (client, url, stack) = (&client, &url, &stack);
        async move {
            let mut times = Vec::new();
            for number in (lane..posts).step_by(usize::try_from(connections).unwrap_or(1)) {
                times.extend(one(client, url, number, stack).await?);
            }
            anyhow::Ok(times)
        }
    });
    let mut times: BTreeMap<String, Vec<Duration>> = BTreeMap::new();
    for (event, time) in try_join_all(lanes).await?.into_iter().flatten() {
        times.entry(event).or_default().push(time);
    }
    stack.stop().await;
    Ok(times)
}

/// Posts one lead and waits for its events.
async fn one(
    client: &reqwest::Client,
    url: &str,
    number: u64,
    stack: &Stack,
) -> anyhow::Result<HashMap<String, Duration>> {
    let begun = Instant::now();
    let body = json!({
        "externalId": format!("speed-{number}"),
        "phone": format!("+1512{:06}9", number % 1_000_000),
        "trustedFormUrl": format!("https://cert.trustedform.com/speed-{number}"),
    });
    let post = client
        .post(url)
        .header("content-type", "application/json")
        .header("x-leadping-source-id", demo::SOURCE_ID)
        .header("x-leadping-source-key", demo::SOURCE_KEY)
        .body(body.to_string());
    let answer: Value = serde_json::from_str(&post.send().await?.text().await?)?;
    let id: LeadId = answer["id"].as_str().context("the post is accepted")?.parse()?;
    let mut times = HashMap::new();
    while !times.contains_key("lead.ready") {
        for entry in stack.bus().published_since(times.len(), id.as_str()) {
            let envelope: Envelope = serde_json::from_value(entry["detail"].clone())?;
            times.entry(envelope.r#type.as_str().to_owned()).or_insert_with(|| begun.elapsed());
        }
        anyhow::ensure!(begun.elapsed() < TIMEOUT, "the lead's events have not arrived");
        tokio::time::sleep(INTERVAL).await;
    }
    Ok(times)
}
