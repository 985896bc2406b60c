//! `leadctl`, the operator's command line: sources and their keys, leads and inboxes, the queue and what is unfinished.
//!
//! Each noun has its module ([`source`], [`key`], [`lead`], [`inbox`], [`queue`], [`unfinished`], [`report`],
//! [`doctor`]). [`target`] finds the stack to act on, [`output`] shows results to people or programs, [`error`] says what
//! went wrong and which code the process exits with.

mod cli;
mod days;
mod doctor;
mod error;
mod inbox;
mod key;
mod lead;
mod output;
mod queue;
mod report;
mod source;
mod target;
mod unfinished;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};
use error::Error;
use output::{Format, Output};
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
    if let Command::Completions { shell } = cli.command {
        cli::completions(shell);
        return Ok(());
    }
    let target = Target::find(&cli.place).await?;
    // Whoever gives --local has said it; what AWS_PROFILE leads to is worth a look.
    if cli.output == Format::Table && !target.is_local() {
        let _ = writeln!(anstream::stderr(), "On {}:", target.name);
    }
    let mut output = Output::new(cli.output);
    match cli.command {
        Command::Source(command) => source::run(command, &target, &mut output).await,
        Command::Key(command) => key::run(command, &target, &mut output).await,
        Command::Lead(command) => lead::run(command, &target, &mut output).await,
        Command::Inbox(arguments) => inbox::run(&arguments, &target, &mut output).await,
        Command::Queue(command) => queue::run(command, &target, &mut output).await,
        Command::Dlq(command) => queue::dead_letters(command, &target, &mut output).await,
        Command::Unfinished(arguments) => unfinished::run(arguments, &target, &mut output).await,
        Command::Report(arguments) => report::run(arguments, &target, &mut output).await,
        Command::Doctor => doctor::run(&target, &mut output).await,
        // It acts nowhere, and has been done above.
        Command::Completions { .. } => Ok(()),
    }
}
