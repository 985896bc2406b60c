//! The long trials. Each is one command, which prints its results as tables:
//!
//! ```text
//! cargo run -p tests --bin trials -- soak --leads 20000 --seed 1
//! cargo run -p tests --bin trials -- kills --rounds 100 --seed 1
//! cargo run -p tests --bin trials -- consumption
//! cargo run --profile light -p tests --bin trials -- logins
//! cargo run -p tests --bin trials -- pages
//! cargo run -p tests --bin trials -- readers
//! ```

#![expect(clippy::print_stdout, reason = "the tables are its output")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Parser;
use futures_util::future::{join, join_all};
use local::stack::{self, Options, Stack};
use serde_json::Value;
use tests::books::Held;
use tests::consumption;
use tests::load::{self, Load};
use tests::logins::{self, KINDS};
use tests::readers::Readers;
use tests::soak::Soak;
use tests::speed;
use tokio::sync::watch;

/// How long the last leads may take to become ready.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(300);

/// The long trials of the fault suite.
#[derive(Debug, Parser)]
enum Trial {
    /// Post many leads while a tenth of all outbound calls fail.
    Soak {
        /// The number of submissions to post.
        #[arg(long, default_value_t = 20_000)]
        leads: u64,
        /// The number of parallel connections.
        #[arg(long, default_value_t = 16)]
        connections: usize,
        /// The number of outbound calls per thousand that fail.
        #[arg(long, default_value_t = 100)]
        failing: u64,
        /// The seed of all random choices.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Kill the whole stack under load again and again, and restart it on its files.
    Kills {
        /// The number of kills.
        #[arg(long, default_value_t = 100)]
        rounds: u64,
        /// The number of connections that post in the meantime.
        #[arg(long, default_value_t = 8)]
        connections: usize,
        /// The seed of all random choices.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Measure the table capacity that one lead consumes, among more and more others.
    Consumption {
        /// The numbers of leads that are already stored.
        #[arg(long, value_delimiter = ',', default_values_t = [0, 1_000, 100_000])]
        stored: Vec<usize>,
    },
    /// Measure the time from a post until each event of its lead is on the bus.
    Speed {
        /// The number of posts.
        #[arg(long, default_value_t = 500)]
        posts: u64,
        /// The number of connections that post.
        #[arg(long, default_value_t = 1)]
        connections: u64,
    },
    /// Measure whether the time of a post with a wrong key tells if its source exists.
    Logins {
        /// The number of posts to each source.
        #[arg(long, default_value_t = 3_000)]
        rounds: usize,
    },
    /// Measure the calls, the capacity and the time of a page of 50 leads, among more and more others.
    Pages {
        /// The numbers of leads that the business has.
        #[arg(long, value_delimiter = ',', default_values_t = [100, 100_000])]
        stored: Vec<usize>,
        /// How often a page is timed.
        #[arg(long, default_value_t = 200)]
        times: usize,
    },
    /// Measure in turns what posts take with and without users who read at the same time.
    Readers {
        /// The number of rounds of 100 posts of each kind.
        #[arg(long, default_value_t = 10)]
        rounds: u64,
        /// The number of readers.
        #[arg(long, default_value_t = 20)]
        readers: u32,
        /// How many milliseconds a reader waits after each answer. The inbox page asks every 2,000.
        #[arg(long, default_value_t = 2_000)]
        pause: u64,
    },
    /// Run the stack that is killed.
    #[command(hide = true)]
    Victim {
        /// The directory of its files.
        data: PathBuf,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    match Trial::parse() {
        Trial::Soak { leads, connections, failing, seed } => {
            let begun = Instant::now();
            let soaked = Soak { leads, connections, failing, seed, timeout: SETTLE_TIMEOUT }.run().await;
            println!("| fault                                    |    times |");
            println!("| ---------------------------------------- | -------- |");
            for (fault, times) in &soaked.injected {
                println!("| {fault:<40} | {times:>8} |");
            }
            println!("\n| soak, seed {seed:<17} |          |");
            println!("| ---------------------------- | -------- |");
            print!("{}{}", soaked.tally, soaked.books);
            println!("| {:<28} | {:>8} |", "lookups", soaked.lookups);
            println!("| {:<28} | {:>8} |", "seconds", begun.elapsed().as_secs());
            Ok(verdict(&soaked.audit()))
        }
        Trial::Consumption { stored } => {
            println!("| leads stored |  call                 | units |");
            println!("| -----------: | --------------------- | ----: |");
            let mut all_documented = true;
            for stored in stored {
                let consumed = consumption::of_one_lead_among(stored).await;
                for (call, units) in &consumed {
                    println!("| {stored:>12} | {call:<21} | {units:>5} |");
                }
                all_documented &= consumed == BTreeMap::from(consumption::UNITS);
            }
            println!("{} docs/operating.md.", if all_documented { "The same as in" } else { "Not the same as in" });
            Ok(if all_documented { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Trial::Speed { posts, connections } => {
            let times = speed::measure(posts, connections).await?;
            println!("| event                  | events | median ms |  p99 ms |");
            println!("| ---------------------- | -----: | --------: | ------: |");
            for (event, mut times) in times {
                times.sort();
                let (median, p99) = (percentile(&times, 50), percentile(&times, 99));
                println!("| {event:<22} | {:>6} | {median:>9.1} | {p99:>7.1} |", times.len());
            }
            Ok(ExitCode::SUCCESS)
        }
        Trial::Logins { rounds } => {
            println!("| source         | p25 µs | median µs | p75 µs |");
            println!("| -------------- | -----: | --------: | -----: |");
            for ((kind, _), mut times) in KINDS.into_iter().zip(logins::measure(rounds).await?) {
                times.sort();
                let at = |percent: usize| times.get(times.len() * percent / 100).map_or(0, Duration::as_micros);
                println!("| {kind:<14} | {:>6} | {:>9} | {:>6} |", at(25), at(50), at(75));
            }
            Ok(ExitCode::SUCCESS)
        }
        Trial::Pages { stored, times } => {
            println!("| leads stored | calls                   | units | median ms |  p99 ms |");
            println!("| -----------: | ----------------------- | ----: | --------: | ------: |");
            for stored in stored {
                let cost = consumption::of_one_page_among(stored, times).await;
                let calls: Vec<_> = cost.calls.iter().map(|(call, calls)| format!("{calls} {call}")).collect();
                let (calls, units) = (calls.join(", "), cost.units);
                let (median, p99) = (percentile(&cost.times, 50), percentile(&cost.times, 99));
                println!("| {stored:>12} | {calls:<23} | {units:>5} | {median:>9.1} | {p99:>7.1} |");
            }
            Ok(ExitCode::SUCCESS)
        }
        Trial::Readers { rounds, readers, pause } => {
            let times = Readers { rounds, readers, pause: Duration::from_millis(pause) }.measure().await?;
            println!("| posts                  |  posts | median ms |  p99 ms |");
            println!("| ---------------------- | -----: | --------: | ------: |");
            for (kind, times) in [("without readers", &times.alone), ("with readers", &times.with_readers)] {
                let (median, p99) = (percentile(times, 50), percentile(times, 99));
                println!("| {kind:<22} | {:>6} | {median:>9.1} | {p99:>7.1} |", times.len());
            }
            println!("{readers} readers had {} answers, {} of them a 503.", times.reads, times.unavailable);
            Ok(ExitCode::SUCCESS)
        }
        Trial::Kills { rounds, connections, seed } => kills(rounds, connections, seed).await,
        Trial::Victim { data } => victim(data).await,
    }
}

/// A percentile of sorted times, in milliseconds.
fn percentile(times: &[Duration], percent: usize) -> f64 {
    times.get((times.len() * percent / 100).min(times.len().saturating_sub(1))).map_or(0.0, Duration::as_secs_f64) * 1e3
}

fn verdict(findings: &[String]) -> ExitCode {
    for finding in findings {
        println!("{finding}");
    }
    println!("{}", if findings.is_empty() { "The books balance." } else { "The books do not balance." });
    if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn kills(rounds: u64, connections: usize, seed: u64) -> anyhow::Result<ExitCode> {
    let begun = Instant::now();
    let data = tempfile::tempdir()?;
    let (mut running, mut addresses) = start(data.path())?;
    let (moved, gateway) = watch::channel(text(&addresses, "gateway"));
    let load = Load::new(gateway, seed);
    let over = AtomicBool::new(false);
    let posting = join_all((0..connections).map(|_| load.connection(|_| !over.load(Ordering::Relaxed))));
    let killing = async {
        for round in 0..rounds {
            tokio::time::sleep(Duration::from_millis(load::chance(seed, round, 100..2_000))).await;
            // On Unix this is SIGKILL, so the process cannot finish anything.
            running.kill()?;
            running.wait()?;
            (running, addresses) = tokio::task::block_in_place(|| start(data.path()))?;
            moved.send_replace(text(&addresses, "gateway"));
        }
        over.store(true, Ordering::Relaxed);
        anyhow::Ok(())
    };
    let (killed, _) = join(killing, posting).await;
    killed?;

    let bus = text(&addresses, "bus");
    let clients = stack::clients(&text(&addresses, "dynamodb"), &text(&addresses, "sqs"), &bus)?;
    let held = Held {
        clients,
        bus,
        leads_table: text(&addresses, "leadsTable"),
        queue_url: text(&addresses, "queueUrl"),
        dead_letter_queue_url: text(&addresses, "deadLetterQueueUrl"),
    };
    let books = load::settled(&held, SETTLE_TIMEOUT).await;
    running.kill()?;
    running.wait()?;
    let tally = load.tally();
    println!("| kills, seed {seed:<16} |          |");
    println!("| ---------------------------- | -------- |");
    println!("| {:<28} | {rounds:>8} |", "killed and restarted");
    print!("{tally}{books}");
    println!("| {:<28} | {:>8} |", "seconds", begun.elapsed().as_secs());
    Ok(verdict(&tally.audit(&books)))
}

/// Starts the stack as a process, and waits until it prints its addresses.
fn start(data: &Path) -> anyhow::Result<(Child, Value)> {
    let mut victim = Command::new(std::env::current_exe()?)
        .arg("victim")
        .arg(data)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    BufReader::new(victim.stdout.take().context("the output is piped")?).read_line(&mut line)?;
    Ok((victim, serde_json::from_str(&line).context("the stack has not started")?))
}

async fn victim(data: PathBuf) -> anyhow::Result<ExitCode> {
    let options = Options {
        port: 0,
        data: Some(data),
        sweep: Duration::from_millis(250),
        due_after: Duration::from_secs(2),
        lease: Duration::from_secs(5),
        ..Options::default()
    };
    let stack = Stack::start(&options).await?;
    println!("{}", serde_json::to_string(stack.addresses())?);
    std::io::stdout().flush()?;
    // It also stops when its parent process ends without killing it.
    tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new())).await??;
    stack.stop().await;
    Ok(ExitCode::SUCCESS)
}

fn text(addresses: &Value, name: &str) -> String {
    addresses.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}
