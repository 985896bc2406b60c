//! Measures what the product costs, on one machine and without AWS. `docs/performance.md` has the figures.
//!
//! ```text
//! cargo run --profile light -p benches                    the functions, hello world, the floor and Python
//! cargo run --profile light -p benches -- throughput      the local stack under load from another process
//! cargo run --profile light -p benches -- memory          answer times by memory size; as root, on Linux
//! cargo run --profile light -p benches -- instructions    instructions and sizes, compared with the committed baseline
//! cargo bench -p benches                                  the core's steps, in nanoseconds
//! ```

#![expect(clippy::print_stdout, reason = "the figures are its output")]

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

/// Measures the functions as processes under a Lambda Runtime API, on embedded engines, with TrustedForm over real TLS.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    comparison: comparison::Comparison,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Measure the whole local stack under load from another process.
    Throughput(throughput::Throughput),
    /// Measure answers with the share of a CPU that comes with a memory size. Needs root and Linux.
    Memory(memory::Memory),
    /// Compare instructions and sizes with `benches/baseline.json`. Other load on the machine does not change them.
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
