//! `leadctl`, the operator's command line: sources and their keys, leads and inboxes, the queue and what is unfinished.
//!
//! Imports go down only:
//!
//! | floor | modules |
//! | --- | --- |
//! | the command line | [`cli`] |
//! | commands | [`source`], [`key`], [`lead`], [`post`], [`inbox`], [`dlq`], [`unfinished`], [`report`], [`token`], [`ledger`], [`doctor`] |
//! | what they share | [`queue`] dead letters as messages; [`known`] which ids exist; [`trusted_form`] our access to it; [`days`]; [`input`] |
//! | where it acts | [`target`] finds the stack |
//! | plumbing | [`output`] prints to people or programs; [`error`] what went wrong, and the exit codes |

mod cli;
mod days;
mod dlq;
mod doctor;
mod error;
mod event;
mod inbox;
mod input;
mod key;
mod known;
mod lead;
mod ledger;
mod output;
mod post;
mod queue;
mod report;
mod source;
mod target;
mod token;
mod trusted_form;
mod unfinished;

use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use cli::{Cli, Command};
use error::Error;
use output::escape::Shown;
use output::{Format, Output};
use target::Target;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match Cli::try_parse() {
        Ok(cli) => {
            let format = cli.output;
            log_errors(format);
            match run(cli).await {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => output::report(&error, format),
            }
        }
        Err(error) => cli::stop(error),
    }
}

/// Prints what the core logs as an error, such as an item that this version cannot read and leaves out of a list.
fn log_errors(format: Format) {
    let lines = tracing_subscriber::fmt::layer().without_time().with_target(false).with_writer(anstream::stderr);
    let lines = match format {
        Format::Table | Format::Wide => lines.boxed(),
        Format::Json => lines.json().boxed(),
    };
    let core = Targets::new().with_target("leadping", LevelFilter::ERROR);
    tracing_subscriber::registry().with(lines.with_filter(core)).init();
}

async fn run(cli: Cli) -> Result<(), Error> {
    if let Command::Completions { shell } = cli.command {
        cli::completions(shell);
        return Ok(());
    }
    let target = Target::find(&cli.target).await?;
    // --local says it; what AWS_PROFILE or LEADCTL_STACK leads to is worth a look.
    if cli.output != Format::Json && !target.is_local() {
        output::note(format_args!("On {}:", Shown(&target.name)));
    }
    let mut output = Output::new(cli.output);
    match cli.command {
        Command::Source(command) => source::run(command, &target, &mut output).await,
        Command::Key(command) => key::run(command, &target, &mut output).await,
        Command::Lead(command) => lead::run(command, &target, &mut output).await,
        Command::Inbox(arguments) => inbox::run(&arguments, &target, &mut output).await,
        Command::Queue(command) => queue::run(command, &target, &mut output).await,
        Command::Dlq(command) => dlq::run(command, &target, &mut output).await,
        Command::Post(arguments) => post::run(&arguments, &target, &mut output).await,
        Command::Unfinished(arguments) => unfinished::run(arguments, &target, &mut output).await,
        Command::Event(command) => event::run(command, &target, &mut output).await,
        Command::Report(arguments) => report::run(arguments, &target, &mut output).await,
        Command::Token(arguments) => token::run(&arguments, &target, &mut output).await,
        Command::Ledger(command) => ledger::run(command, &target, &mut output).await,
        Command::Doctor => doctor::run(&target, &mut output).await,
        // Done above: it needs no target.
        Command::Completions { .. } => Ok(()),
    }
}
