//! `leadctl event`: the events that subscribers are told.

mod replay;
mod tail;

use clap::Subcommand;

use crate::error::Error;
use crate::output::Output;
use crate::target::Target;

/// What can be done with events.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what the local stack's bus receives, until Ctrl-C
    Tail(tail::Arguments),
    /// Publish the events of leads again
    Replay(replay::Arguments),
}

/// Does what is asked.
///
/// # Errors
/// [`Error::Usage`] when the target has no bus; else when a table or the bus does not answer, or the output cannot be
/// written.
pub(crate) async fn run(command: Command, target: &Target, output: &mut Output) -> Result<(), Error> {
    match command {
        Command::Tail(arguments) => tail::run(&arguments, target, output).await,
        Command::Replay(arguments) => replay::run(&arguments, target, output).await,
    }
}
