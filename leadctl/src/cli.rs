//! The command line as a whole: what may stand on it, and what is said when something else does.

use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

use crate::error::Error;
use crate::output::Format;
use crate::target::Place;
use crate::{inbox, key, lead, queue, report, source, unfinished};

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  source <(leadctl completions bash)
  leadctl completions fish > ~/.config/fish/completions/leadctl.fish";

const AFTER_HELP: &str = "\
Where it acts:
  --local                     on the stack that `cargo run` started in this directory
  --stack NAME                on a deployed stack, by its outputs; --region, --profile and
                              the variables of AWS lead to it; production asks first
  SOURCES_TABLE, LEADS_TABLE  else on the tables of these names, and on the queues of
                              LEAD_CREATED_QUEUE_URL and DEAD_LETTER_QUEUE_URL

Examples:
  leadctl --local source list
  leadctl --local source create --name 'Acme forms' \\
      --account account_1 --business business_1 --approved
  leadctl --local lead show lead_4m7q... --output json
  leadctl --local inbox business_1 --most 5
  leadctl --local source check source_123 --payload lead.json
  leadctl --stack leadping-dev doctor

Exit codes:
  0  fine
  1  refused: a rule, or this machine, does not allow it
  2  usage: the command line is wrong, or does not say where to act
  3  not found
  4  conflict: it is there already, or somebody else was faster
  5  AWS, or the local stack, did not answer or refused";

/// The heading of the flags that every command takes.
pub(crate) const EVERYWHERE: &str = "Options of every command";

/// Looks after Leadping's sources, and shows what became of leads
#[derive(Debug, Parser)]
#[command(name = "leadctl", version, after_help = AFTER_HELP)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) place: Place,

    /// For people, or for programs: results as JSON, and errors too
    #[arg(long, short, global = true, help_heading = EVERYWHERE, value_name = "FORMAT", default_value = "table")]
    pub(crate) output: Format,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The nouns.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Sources: who may send leads, and under which rules
    #[command(subcommand)]
    Source(source::Command),
    /// The keys of a source
    #[command(subcommand)]
    Key(key::Command),
    /// Leads
    #[command(subcommand)]
    Lead(lead::Command),
    /// A business's conversations, newest first
    Inbox(inbox::Arguments),
    /// The queue by which accepted leads come to the worker
    #[command(subcommand)]
    Queue(queue::Command),
    /// Dead letters: messages that nobody could handle
    #[command(subcommand)]
    Dlq(queue::DeadLetters),
    /// Leads that are not yet Ready, by age and why
    Unfinished(unfinished::Arguments),
    /// Accepted leads by source and day
    Report(report::Arguments),
    /// Looks a stack over from outside, and says what to do about what it finds
    Doctor,
    /// Writes what a shell needs to complete command lines
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// Writes a shell's completions.
pub(crate) fn completions(shell: Shell) {
    clap_complete::generate(shell, &mut Cli::command(), "leadctl", &mut std::io::stdout());
}

/// Ends a run whose command line was not taken: it asked for help or the version, or it is wrong.
pub(crate) fn stop(error: clap::Error) -> ExitCode {
    if error.use_stderr() && asks_for_json(std::env::args()) {
        let message = without_values(error).render().to_string();
        return Error::Usage(message.trim_start_matches("error: ").trim().to_owned()).report(Format::Json);
    }
    let error = without_values(error);
    // Nobody is left to tell when the terminal is gone.
    let _ = error.print();
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// Whether a command line that could not be read asks for JSON all the same.
fn asks_for_json(arguments: impl Iterator<Item = String>) -> bool {
    let arguments: Vec<_> = arguments.collect();
    let apart =
        |pair: &[String]| matches!(pair, [name, value] if (name == "--output" || name == "-o") && value == "json");
    arguments.iter().any(|argument| ["--output=json", "-o=json", "-ojson"].contains(&argument.as_str()))
        || arguments.windows(2).any(apart)
}

/// A value typed in the wrong place may be a person's number or address, and errors end up in logs.
fn without_values(mut error: clap::Error) -> clap::Error {
    let typed = match error.kind() {
        // The values of a closed list are no person's, and worth repeating.
        ErrorKind::InvalidValue => None,
        ErrorKind::UnknownArgument => match error.get(ContextKind::InvalidArg) {
            Some(ContextValue::String(argument)) if !argument.starts_with('-') => Some(ContextKind::InvalidArg),
            _ => None,
        },
        _ => error.get(ContextKind::InvalidValue).map(|_| ContextKind::InvalidValue),
    };
    if let Some(typed) = typed {
        error.insert(typed, ContextValue::String("...".to_owned()));
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(line: &str) -> clap::Error {
        Cli::try_parse_from(line.split_whitespace()).unwrap_err()
    }

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn flags_of_the_whole_stand_anywhere() {
        for line in [
            "leadctl --local --output json source list",
            "leadctl source --local list --output json",
            "leadctl source list --local -o json",
            "leadctl source list -ojson --data elsewhere",
        ] {
            let cli = Cli::try_parse_from(line.split_whitespace()).unwrap();
            assert_eq!(cli.output, Format::Json, "{line}");
            assert!(cli.place.is_local(), "{line}");
        }
    }

    #[test]
    fn a_refused_line_repeats_no_value() {
        for (line, says) in [
            ("leadctl lead show jordan@example.com", "an id is 1 to 64"),
            ("leadctl lead show lead_1 jordan@example.com", "unexpected argument"),
            ("leadctl --local=jordan@example.com source list", "unexpected value"),
            ("leadctl inbox business_1 --most jordan@example.com", "invalid digit"),
            ("leadctl source list --jordan=jordan@example.com", "--jordan"),
        ] {
            let error = refusal(line);
            assert_eq!(error.exit_code(), 2, "{line}");
            let text = without_values(error).render().to_string();
            assert!(text.contains(says) && !text.contains("jordan@example.com"), "{line}: {text}");
        }
    }

    #[test]
    fn json_is_asked_for_in_any_spelling() {
        for (line, json) in [
            ("leadctl --output json", true),
            ("leadctl --output=json", true),
            ("leadctl -o json", true),
            ("leadctl -ojson", true),
            ("leadctl --output table", false),
            ("leadctl json --output", false),
        ] {
            assert_eq!(asks_for_json(line.split_whitespace().map(str::to_owned)), json, "{line}");
        }
    }
}
