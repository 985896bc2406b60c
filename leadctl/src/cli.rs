//! The command line as a whole: its commands, and what is said when it is wrong.

use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

use crate::error::Error;
use crate::output::escape::Shown;
use crate::output::{self, Format};
use crate::target::{EVERYWHERE, TargetArguments};
use crate::{dlq, doctor, event, inbox, key, lead, ledger, post, queue, report, source, token, unfinished};

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  source <(leadctl completions bash)
  leadctl completions fish > ~/.config/fish/completions/leadctl.fish";

const AFTER_HELP: &str = "\
Where it acts:
  --local       the stack that `cargo run` started in this directory
  --stack NAME  a deployed stack, by its name in CloudFormation; LEADCTL_STACK
                names one for every command. --region, --profile and AWS's own
                variables lead to it. leadctl asks before changing production.
  SOURCES_TABLE, LEADS_TABLE, LEDGER_TABLE
                without either, the tables of these names, and the queues of
                LEAD_CREATED_QUEUE_URL and DEAD_LETTER_QUEUE_URL

Output:
  On a terminal, tables fit its width and times are relative; --output wide
  shows everything. Elsewhere, tables are tab-separated, without a header.
  NO_COLOR turns colors off; LEADCTL_FORCE_TTY=100 arranges all output as on a
  terminal of 100 columns.

Examples:
  leadctl --local doctor
  leadctl --local source list
  leadctl --local source create --name 'Acme forms' \\
      --account account_1 --business business_1 --approved
  leadctl --local post lead.json --source source_123
  leadctl --local lead show lead_4m7q... --output json
  leadctl --local inbox business_1 --most 5

Exit codes:
  0    success
  1    refused: a rule, or this machine, does not allow it
  2    usage: the command line is wrong, or no target is given
  3    not found
  4    conflict: it exists already, or another operator was faster
  5    AWS or the local stack did not answer or refused, or no local stack runs
  130  interrupted by Ctrl-C; `event tail` ends with 0";

/// Manage Leadping's sources, and see what became of leads
#[derive(Debug, Parser)]
#[command(name = "leadctl", version, after_help = AFTER_HELP)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) target: TargetArguments,

    /// Tables, tables in full, or JSON (results on one line, and errors too)
    #[arg(long, short, global = true, help_heading = EVERYWHERE, value_name = "FORMAT", default_value = "table")]
    pub(crate) output: Format,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
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
    /// Post a payload to the API, as a partner does
    Post(post::Arguments),
    /// Show a business's conversations, newest first
    Inbox(inbox::Arguments),
    /// The queue that takes accepted leads to the worker
    #[command(subcommand)]
    Queue(queue::Command),
    /// Dead letters: messages that the worker could not handle
    #[command(subcommand)]
    Dlq(dlq::Command),
    /// List leads that are not Ready, or whose events or certificates wait
    Unfinished(unfinished::Arguments),
    /// Events: what calling, SMS and automations are told
    #[command(subcommand)]
    Event(event::Command),
    /// Count accepted leads by source and day
    Report(report::Arguments),
    /// Print a token that reads a business's leads from the local stack
    Token(token::Arguments),
    /// The ledger: what operators did, in entries that are chained by their digests
    #[command(subcommand)]
    Ledger(ledger::Command),
    /// Check a stack's health and suggest fixes
    #[command(after_help = doctor::EXAMPLES)]
    Doctor,
    /// Write a shell's completions
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

/// Ends a run whose command line asks for help or the version, or is wrong.
pub(crate) fn stop(error: clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // No reader is left when standard output is gone.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let format = if asks_for_json(std::env::args()) { Format::Json } else { Format::Table };
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand && format != Format::Json {
        // It is help, not a sentence about an error.
        let _ = error.print();
        return ExitCode::from(Error::CommandLine(String::new()).code().0);
    }
    let message = without_values(error).render().to_string();
    output::report(&Error::CommandLine(message.trim_start_matches("error: ").trim().to_owned()), format)
}

/// Whether a command line that could not be read asks for JSON anyway. The parser stops at its first error, so what it has
/// read by then does not say.
fn asks_for_json(arguments: impl Iterator<Item = String>) -> bool {
    let arguments: Vec<_> = arguments.collect();
    let apart =
        |pair: &[String]| matches!(pair, [name, value] if (name == "--output" || name == "-o") && value == "json");
    arguments.iter().any(|argument| ["--output=json", "-o=json", "-ojson"].contains(&argument.as_str()))
        || arguments.windows(2).any(apart)
}

/// Values that an error repeats: states, days, times, counts and ids are no personal data, and worth seeing.
const SHOWN: [&str; 10] =
    ["<STATE>", "<DAY>", "<TIME>", "<N>", "<ID>", "<SOURCE>", "<BUSINESS>", "<ACCOUNT>", "<MESSAGE>", "<SHELL>"];

/// A value that is repeated ends up in logs, and one that was typed in the wrong place may be a person's name, number or
/// address, or a key.
fn without_values(mut error: clap::Error) -> clap::Error {
    let shown = |(kind, value): (ContextKind, &ContextValue)| match value {
        ContextValue::String(text) => Some((kind, ContextValue::String(Shown(text).to_string()))),
        _ => None,
    };
    // No line of the message is a value's.
    for (kind, value) in error.context().filter_map(shown).collect::<Vec<_>>() {
        error.insert(kind, value);
    }
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let hidden = match error.kind() {
        // The values of a closed list are no person's.
        ErrorKind::InvalidValue => None,
        ErrorKind::UnknownArgument => text(ContextKind::InvalidArg)
            .is_some_and(|argument| !argument.starts_with('-'))
            .then_some(ContextKind::InvalidArg),
        _ => text(ContextKind::InvalidValue)
            .is_some_and(|value| may_be_personal(text(ContextKind::InvalidArg).unwrap_or_default(), value))
            .then_some(ContextKind::InvalidValue),
    };
    if let Some(hidden) = hidden {
        error.insert(hidden, ContextValue::String("...".to_owned()));
    }
    error
}

/// Whether a value may be a name, an address, a phone number or a key. A date has as many digits as a number, and a
/// state's name may have a space.
fn may_be_personal(argument: &str, value: &str) -> bool {
    if !SHOWN.iter().any(|shown| argument.contains(shown)) {
        return true;
    }
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let is_date = value.get(4..5) == Some("-") && value.bytes().take(4).all(|c| c.is_ascii_digit());
    let is_spaced = value.contains(char::is_whitespace) && !argument.contains("<STATE>");
    value.contains('@') || value.starts_with("lp_") || is_spaced || (digits >= 7 && !is_date)
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert!(cli.target.is_local(), "{line}");
        }
    }

    #[test]
    fn a_refused_line_repeats_no_personal_value() {
        for (line, says) in [
            ("lead show jordan@example.com", "an id is 1 to 64"),
            ("lead show Jordan_Example", ""),
            ("lead show lead_1 jordan@example.com", "unexpected argument"),
            ("--local=jordan@example.com source list", "unexpected value"),
            ("inbox business_1 --most jordan@example.com", "give a whole number from 1 to 1000"),
            ("source list --jordan=jordan@example.com", "--jordan"),
            ("inbox +1.512.555.0123", "an id is"),
            ("report --from 512-555-0123", "not a day"),
            ("lead find --business b --phone 555-0123", "not a possible"),
            ("lead find --business b --email jordan", "not one plain e-mail"),
            ("source show lp_LNxSfL9a-jVXw9aqGPIAE33VgIAEur8YbJA-kjGWS3Y.", "an id is"),
            ("key revoke source_1 a b", "unexpected argument"),
        ] {
            // A space within a word of the line.
            let words = ["leadctl"]
                .into_iter()
                .chain(line.split(' '))
                .map(|word| word.replace('_', if line.contains("Jordan") { " " } else { "_" }));
            let Err(error) = Cli::try_parse_from(words) else { panic!("{line}") };
            assert_eq!(error.exit_code(), 2, "{line}");
            let text = without_values(error).render().to_string();
            for personal in ["jordan@example.com", "Jordan", "555", "LNxSf", "'b'"] {
                assert!(text.contains(says) && !text.contains(personal), "{line}: {text}");
            }
        }
    }

    #[test]
    fn a_refused_line_repeats_what_is_no_person_s() {
        for (line, value, says) in [
            ("source create --allowed-state Ontario", "'Ontario'", "for example TX or Texas"),
            ("source update source_1 --add-state=New_Jersy", "'New Jersy'", "for example TX"),
            ("report --from 2026-06-31", "'2026-06-31'", "for example 2026-06-15"),
            ("key rotate source_1 --overlap soon", "'soon'", "for example, 7d"),
            ("inbox business_1 --most many", "'many'", "give a whole number from 1 to 1000"),
            ("inbox business_1 --most -3", "'-3'", "give a whole number from 1 to 1000"),
            ("ledger list --most 0", "'0'", "give a whole number from 1 to 65535"),
            ("source approve source_1 --revision -1", "'-1'", "give a whole number from 0 to"),
            ("key rotate source_1 --overlap -1d", "'-1d'", "give a time from 0s to 90d"),
            ("lead erase --older-than -1d", "'-1d'", "give a whole number of days from 1d"),
            ("dlq redrive --all --message 6f1c", "--message", "cannot be used with"),
            ("dlq redrive --dry-run", "--all", "required"),
            ("inbox business.1", "'business.1'", "an id is"),
            ("source list --output xml", "'xml'", "possible values"),
        ] {
            let words = ["leadctl"].into_iter().chain(line.split(' ')).map(|word| word.replace("New_", "New "));
            let Err(error) = Cli::try_parse_from(words) else { panic!("{line}") };
            let text = without_values(error).render().to_string();
            assert!(text.contains(value) && text.contains(says), "{line}: {text}");
        }
    }

    /// The words of a line of a shell, as far as the docs use it.
    fn words(line: &str) -> Vec<String> {
        let mut words = vec![String::new()];
        let mut quote = None;
        for character in line.chars() {
            match (character, quote) {
                (_, Some(open)) if character == open => quote = None,
                ('\'' | '"', None) => quote = Some(character),
                (' ', None) => words.push(String::new()),
                _ => words.last_mut().unwrap().push(character),
            }
        }
        words.retain(|word| !word.is_empty());
        words
    }

    /// Each command of the runbooks can be pasted: it names the stack, and its flags exist.
    #[test]
    fn every_command_of_the_operators_page_is_one() {
        let page = include_str!("../../docs/operating.md").replace("\\\n", " ");
        let in_blocks = page.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next()).flat_map(str::lines);
        let paragraphs = page.replace('\n', " ");
        let in_text = paragraphs.split('`').filter(|code| code.starts_with("leadctl --stack"));
        let mut count = 0;
        for line in in_blocks.chain(in_text) {
            let Some(at) = line.find("leadctl ").filter(|at| !line[..*at].contains('#')) else { continue };
            let end = line.find(" #").unwrap_or(line.len());
            let line = line[at..end].trim_end().trim_end_matches(')');
            let line =
                line.replace("DIGEST", &"0".repeat(64)).replace("\"$LEAD\"", "lead_1").replace("\"$ID\"", "source_1");
            assert!(line.starts_with("leadctl --stack \"$STACK\" "), "{line}");
            if let Err(error) = Cli::try_parse_from(words(&line)) {
                panic!("{line}\n{error}");
            }
            count += 1;
        }
        assert!(count > 60, "{count}");
    }

    /// A terminal of 80 columns shows help as it is written.
    #[test]
    fn help_fits_80_columns() {
        fn check(command: &clap::Command) {
            let texts = [command.get_after_help(), command.get_after_long_help()];
            for line in texts
                .into_iter()
                .flatten()
                .flat_map(|text| text.to_string().lines().map(str::to_owned).collect::<Vec<_>>())
            {
                assert!(line.chars().count() <= 80, "{}: {line}", command.get_name());
            }
            command.get_subcommands().for_each(check);
        }
        check(&Cli::command());
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
