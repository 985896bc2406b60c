//! `leadctl`, the operator's command line: makes and shows sources, and shows leads and inboxes.
//!
//! Each noun has its module ([`source`], [`lead`], [`inbox`]). [`target`] finds the tables to act on, [`output`] shows
//! results to people or programs, [`error`] says what went wrong and which code the process exits with.

mod cli;
mod error;
mod inbox;
mod lead;
mod output;
mod source;
mod target;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};
use error::Error;
use output::Output;
use target::Target;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match Cli::try_parse() {
        Ok(cli) => {
            let format = cli.output;
            match run(cli).await {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => error.report(format),
            }
        }
        Err(error) => cli::stop(error),
    }
}

async fn run(cli: Cli) -> Result<(), Error> {
    let target = Target::find(&cli.place).await?;
    let mut output = Output::new(cli.output);
    match cli.command {
        Command::Source(command) => source::run(command, &target, &mut output).await,
        Command::Lead(command) => lead::run(command, &target, &mut output).await,
        Command::Inbox(arguments) => inbox::run(&arguments, &target, &mut output).await,
    }
}
