//! The long trials, each one command that prints its books as a table:
//!
//! ```text
//! cargo run -p tests -- soak --leads 20000 --seed 1
//! cargo run -p tests -- kills --rounds 100 --seed 1
//! cargo run -p tests -- consumption
//! ```

#![expect(clippy::print_stdout, reason = "the books are what it is run for")]

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
use tests::soak::Soak;
use tokio::sync::watch;

/// How long the last leads may take to become ready.
const PATIENCE: Duration = Duration::from_secs(300);

/// The long trials of the fault suite.
#[derive(Debug, Parser)]
enum Trial {
    /// Many leads while a tenth of all outbound calls fails.
    Soak {
        /// How many submissions are posted.
        #[arg(long, default_value_t = 20_000)]
        leads: u64,
        /// Over how many connections at once.
        #[arg(long, default_value_t = 16)]
        connections: usize,
        /// How many of a thousand outbound calls fail.
        #[arg(long, default_value_t = 100)]
        failing: u64,
        /// What chance follows from.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// The whole stack is killed under load, again and again, and restarted on its files.
    Kills {
        /// How often it is killed.
        #[arg(long, default_value_t = 100)]
        rounds: u64,
        /// Over how many connections is posted meanwhile.
        #[arg(long, default_value_t = 8)]
        connections: usize,
        /// What chance follows from.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// What one lead consumes of the tables, among more and more others.
    Consumption {
        /// How many leads are stored already, one number after the other.
        #[arg(long, value_delimiter = ',', default_values_t = [0, 1_000, 100_000])]
        stored: Vec<usize>,
    },
    /// The stack that is killed.
    #[command(hide = true)]
    Victim {
        /// Where its files are.
        data: PathBuf,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    match Trial::parse() {
        Trial::Soak { leads, connections, failing, seed } => {
            let begun = Instant::now();
            let soaked = Soak { leads, connections, failing, seed, patience: PATIENCE }.run().await;
            println!("| fault                                    |    times |");
            println!("| ---------------------------------------- | -------- |");
            for (fault, times) in &soaked.injected {
                println!("| {fault:<40} | {times:>8} |");
            }
            println!("\n| soak, seed {seed:<17} |          |");
            println!("| ---------------------------- | -------- |");
            print!("{}{}", soaked.tally, soaked.books);
            println!("| {:<28} | {:>8} |", "look-ups asked for", soaked.look_ups);
            println!("| {:<28} | {:>8} |", "seconds", begun.elapsed().as_secs());
            Ok(verdict(&soaked.audit()))
        }
        Trial::Consumption { stored } => {
            println!("| leads stored |  call                 | units |");
            println!("| -----------: | --------------------- | ----: |");
            let mut always_as_said = true;
            for stored in stored {
                let consumed = consumption::of_one_lead_among(stored).await;
                for (call, units) in &consumed {
                    println!("| {stored:>12} | {call:<21} | {units:>5} |");
                }
                always_as_said &= consumed == BTreeMap::from(consumption::UNITS);
            }
            println!("{} docs/operating.md says it.", if always_as_said { "As" } else { "Not as" });
            Ok(if always_as_said { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Trial::Kills { rounds, connections, seed } => kills(rounds, connections, seed).await,
        Trial::Victim { data } => victim(data).await,
    }
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
            // On Unix this is SIGKILL: nothing is finished, nothing is said.
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

    let clients = stack::clients(&text(&addresses, "dynamodb"), &text(&addresses, "sqs"))?;
    let held = Held {
        clients,
        leads_table: text(&addresses, "leadsTable"),
        queue_url: text(&addresses, "queueUrl"),
        dead_letter_queue_url: text(&addresses, "deadLetterQueueUrl"),
    };
    let books = load::settled(&held, PATIENCE).await;
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

/// Starts the stack as a process of its own, and waits until it says where it is.
fn start(data: &Path) -> anyhow::Result<(Child, Value)> {
    let mut victim = Command::new(std::env::current_exe()?)
        .arg("victim")
        .arg(data)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    BufReader::new(victim.stdout.take().context("it has an output")?).read_line(&mut line)?;
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
    // It ends with whoever started it, should that one not come to kill it.
    tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new())).await??;
    stack.stop().await;
    Ok(ExitCode::SUCCESS)
}

fn text(addresses: &Value, name: &str) -> String {
    addresses.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}
