//! What the product costs, measured on one machine and without AWS (`docs/performance.md` has the figures):
//!
//! ```text
//! cargo run --profile light -p benches                    the functions beside hello world, the floor and Python
//! cargo run --profile light -p benches -- throughput      the local stack under load from another process
//! cargo run --profile light -p benches -- memory          an answer by the function's memory; as root, on Linux
//! cargo run --profile light -p benches -- instructions    instructions and sizes, held against the committed baseline
//! cargo bench -p benches                                  the core's steps, in nanoseconds
//! ```

#![expect(clippy::print_stdout, reason = "the figures are what it is run for")]

mod artifacts;
mod comparison;
mod figures;
mod instructions;
mod memory;
mod python;
mod subject;
mod throughput;
mod tls;
mod world;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Measures the functions as processes under a Lambda Runtime API, on embedded engines, with TrustedForm behind real TLS.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    comparison: comparison::Comparison,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The whole local stack under load from another process.
    Throughput(throughput::Throughput),
    /// An answer under the share of a processor that comes with so much memory; as root, on Linux.
    Memory(memory::Memory),
    /// Instructions and sizes, which no other load on the machine changes, against `benches/baseline.json`.
    Instructions(instructions::Instructions),
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    match arguments.what {
        None => comparison::run(&arguments.comparison).await,
        Some(What::Throughput(arguments)) => throughput::run(&arguments).await,
        Some(What::Memory(arguments)) => memory::run(&arguments).await,
        Some(What::Instructions(arguments)) => instructions::run(&arguments).await,
    }
}
