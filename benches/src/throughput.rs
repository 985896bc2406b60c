//! The local stack under load from another process: intake, engines and worker share one machine.

use std::path::Path;
use std::process::{ExitCode, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use comfy_table::{Table, presets};
use futures_util::future::try_join_all;
use local::demo;
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use crate::artifacts;
use crate::figures::{Summary, ms};

/// How long the stack may take to start.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// The options of the load.
#[derive(Debug, clap::Args)]
pub(crate) struct Throughput {
    /// The numbers of parallel connections, measured one after the other.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 8, 64])]
    connections: Vec<usize>,
    /// The number of leads for each number of connections.
    #[arg(long, default_value_t = 4_000)]
    leads: u64,
}

/// Posts, and prints the table.
pub(crate) async fn run(arguments: &Throughput) -> anyhow::Result<ExitCode> {
    let program = artifacts::build_light("local")?;
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    table.set_header(["connections", "leads", "leads a second", "median, ms", "p90, ms", "p99, ms"]);
    for connections in &arguments.connections {
        // Each time a new stack, so that the tables are empty and no worker still handles earlier leads.
        let scratch = tempfile::tempdir()?;
        let (_stack, gateway) = start(&program, scratch.path()).await?;
        let load = Load {
            client: leadping::client::web::client(None)?,
            url: format!("{gateway}/leads/intake"),
            next: AtomicU64::new(0),
        };
        load.run(*connections, arguments.leads / 10).await?;
        load.next.store(arguments.leads, Ordering::Relaxed);
        let begun = Instant::now();
        let times = load.run(*connections, arguments.leads * 2).await?;
        let elapsed = begun.elapsed().as_secs_f64();
        let Some(Summary { readings, median, p90, p99, .. }) = Summary::of(&times) else { continue };
        #[expect(clippy::cast_precision_loss, reason = "for a table")]
        let rate = readings as f64 / elapsed;
        let figures = [format!("{rate:.0}"), format!("{median:.1}"), format!("{p90:.1}"), format!("{p99:.1}")];
        table.add_row([connections.to_string(), readings.to_string()].into_iter().chain(figures));
    }
    println!("{table}");
    Ok(ExitCode::SUCCESS)
}

/// Starts a stack in memory, and returns the process with the address of its API. Dropping the process kills it.
async fn start(program: &Path, data: &Path) -> anyhow::Result<(Child, String)> {
    let stack = Command::new(program)
        .args(["--memory", "--json", "--port", "0", "--data"])
        .arg(data)
        .env("RUST_LOG", "error")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let running = data.join("running.json");
    let begun = Instant::now();
    loop {
        let addresses = std::fs::read(&running).ok().and_then(|text| serde_json::from_slice::<Value>(&text).ok());
        if let Some(gateway) = addresses.as_ref().and_then(|addresses| addresses.get("gateway")?.as_str()) {
            return Ok((stack, gateway.to_owned()));
        }
        ensure!(begun.elapsed() < START_TIMEOUT, "the stack does not start");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

struct Load {
    client: reqwest::Client,
    url: String,
    next: AtomicU64,
}

impl Load {
    /// Posts leads up to this number over this many connections, and returns the time of each in milliseconds.
    async fn run(&self, connections: usize, end: u64) -> anyhow::Result<Vec<f64>> {
        let times = try_join_all((0..connections).map(|_| self.connection(end))).await?;
        Ok(times.into_iter().flatten().collect())
    }

    async fn connection(&self, end: u64) -> anyhow::Result<Vec<f64>> {
        let mut times = Vec::new();
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= end {
                return Ok(times);
            }
            let begun = Instant::now();
            let answer = self.post(number).await.context("no answer")?;
            times.push(ms(begun.elapsed()));
            ensure!(answer.status() == 201, "a lead was answered with {}", answer.status());
            answer.bytes().await?;
        }
    }

    async fn post(&self, number: u64) -> reqwest::Result<reqwest::Response> {
        let lead = json!({
            "externalId": format!("load-{number}"),
            "firstName": "Jordan",
            "lastName": "Example",
            "email": "jordan@example.com",
            "phone": format!("+1512{:06}9", number % 1_000_000),
            "state": "TX",
            "trustedFormUrl": format!("https://cert.trustedform.com/load-{number}"),
        });
        self.client
            .post(&self.url)
            .header("Content-Type", "application/json")
            .header("X-Leadping-Source-Id", demo::SOURCE_ID)
            .header("X-Leadping-Source-Key", demo::SOURCE_KEY)
            .body(lead.to_string())
            .send()
            .await
    }
}
