//! `leadctl key`: the keys of a source.

mod revoke;

use std::io;
use std::time::Duration;

use clap::Subcommand;
use jiff::{Span, SpanRelativeTo};
use leadping::id::SourceId;
use leadping::source::{Mode, Source, SourceKey};
use leadping::time::Timestamp;
use serde_json::json;

use crate::error::Error;
use crate::known;
use crate::output::{Column, Output, Page, Tone};
use crate::source::change::{self, Which};
use crate::source::view::KeyView;
use crate::target::Target;

/// Longer than any partner takes to change a setting; a key that should last has no end.
const MAX_OVERLAP: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// How many keys may work at once: each post is compared with all of them.
const MAX_LIVE: usize = 10;

const CREATE_EXAMPLES: &str = "\
A test key begins with lp_test_. Its leads cost no money, are in no inbox, list
or report, and are deleted after 30 days.

Examples:
  leadctl --local key create source_123
  leadctl --local key create source_123 --test --output json | jq -r .key";

const ROTATE_EXAMPLES: &str = "\
The old keys continue to work for the overlap, so no lead is refused while the
partner changes over. Live keys and test keys are rotated apart.

Examples:
  leadctl --local key rotate source_123 --overlap 7d
  leadctl --local key rotate source_123 --overlap 12h --output json | jq -r .key
  leadctl --local key rotate source_123 --overlap 0s    # the old ones end now";

const REVOKE_EXAMPLES: &str = "\
A key on the command line stays in the shell's history; - reads it from standard
input instead. Of several keys that begin as typed, none is revoked.

Examples:
  leadctl --local key revoke source_123 LNxSfL9a...
  pbpaste | leadctl --local key revoke source_123 -";

const LIST_COLUMNS: [Column<'_>; 5] = [
    Column::whole("KEY"),
    Column::whole("FOR"),
    Column::whole("STATE"),
    Column::time("CREATED").spare(1),
    Column::time("EXPIRES"),
];

/// What can be done with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create another key (shown once)
    #[command(after_help = CREATE_EXAMPLES)]
    Create {
        #[command(flatten)]
        which: Which,
        /// The key only makes test leads, even while the source is not approved
        #[arg(long)]
        test: bool,
    },
    /// Create a new key (shown once), and end the others after a while
    #[command(after_help = ROTATE_EXAMPLES)]
    Rotate {
        #[command(flatten)]
        which: Which,
        /// How long the others continue to work: 7d, 12h, 30m
        #[arg(long, value_name = "TIME", default_value = "7d", value_parser = overlap, allow_hyphen_values = true)]
        overlap: Duration,
        /// Rotate the source's test keys, and leave its other keys
        #[arg(long)]
        test: bool,
    },
    /// End a key at once
    #[command(after_help = REVOKE_EXAMPLES)]
    Revoke {
        #[command(flatten)]
        which: Which,
        /// The whole key, or at least 8 characters after lp_ or lp_test_; - reads it from standard input
        #[arg(value_name = "KEY", allow_hyphen_values = true)]
        key: revoke::Typed,
    },
    /// List the keys by their beginnings, with when they were created and when they end
    List {
        /// The source's id
        id: SourceId,
    },
}

/// Does what is asked.
///
/// # Errors
/// [`Error::NotFound`] for a source or key that does not exist, [`Error::Conflict`] when another operator has changed the
/// source since; else when the table does not answer, or the output cannot be written.
pub(crate) async fn run(command: Command, target: &Target, output: &mut Output) -> Result<(), Error> {
    let now = Timestamp::now();
    match command {
        Command::Create { which, test } => {
            let mode = mode(test);
            let key = SourceKey::generate(mode)?;
            let sentence = format!("create a key of the source {}", which.id);
            let created = change::apply(target, output, &which.id, "key create", &sentence, which.revision, |source| {
                add(source, mode, &key, now)
            });
            let (source, _) = created.await?;
            shown_once(output, source, mode, &key, None)
        }
        Command::Rotate { which, overlap, test } => {
            let mode = mode(test);
            let key = SourceKey::generate(mode)?;
            let end = now.after(overlap);
            let sentence = format!("create a key of the source {} and end its others at {end}", which.id);
            let rotated = change::apply(target, output, &which.id, "key rotate", &sentence, which.revision, |source| {
                for old in source.keys_of(mode).iter_mut().filter(|old| old.is_live(end)) {
                    old.expires_at = Some(end);
                }
                add(source, mode, &key, now)
            });
            let (source, _) = rotated.await?;
            shown_once(output, source, mode, &key, Some(end))
        }
        Command::Revoke { which, key } => revoke::run(&which, &key, target, output).await,
        Command::List { id } => {
            let source = known::source(target, &id).await?;
            let keys: Vec<_> = source.all_keys().map(KeyView::of).collect();
            output.show(&keys, |page, keys| list(page, keys, now))
        }
    }
}

fn list(page: &mut Page<'_>, keys: &[KeyView<'_>], now: Timestamp) -> io::Result<()> {
    if keys.is_empty() {
        return writeln!(page, "The source has no keys.");
    }
    let screen = page.screen();
    let rows = keys.iter().map(|key| {
        let ended = key.expires_at.is_some_and(|end| end <= now);
        let end = key.expires_at.map_or_else(|| "never".to_owned(), |end| screen.time(end));
        let state = if ended { "ended" } else { "works" }.to_owned();
        (
            if ended { Tone::Faint } else { Tone::Plain },
            [
                format!("{}...", key.prefix),
                if key.test { "tests" } else { "leads" }.to_owned(),
                state,
                screen.time(key.created_at),
                end,
            ],
        )
    });
    page.table(LIST_COLUMNS, rows)
}

const fn mode(test: bool) -> Mode {
    if test { Mode::Test } else { Mode::Live }
}

fn add(source: &mut Source, mode: Mode, key: &SourceKey, now: Timestamp) -> Result<(), Error> {
    if source.keys_of(mode).iter().filter(|key| key.is_live(now)).count() >= MAX_LIVE {
        return Err(Error::Refused(format!(
            "{MAX_LIVE} keys of the source work already: revoke one first (`leadctl key list {}`)",
            source.id
        )));
    }
    source.keys_of(mode).push(key.stored(now));
    Ok(())
}

/// Shows a new key, and how long the others of its sort continue to work. `end` is when they were told to end.
fn shown_once(
    output: &mut Output,
    mut source: Source,
    mode: Mode,
    key: &SourceKey,
    end: Option<Timestamp>,
) -> Result<(), Error> {
    let sort = match mode {
        Mode::Live => "key",
        Mode::Test => "test key",
    };
    let now = Timestamp::now();
    let others: Vec<_> = source.keys_of(mode).iter().filter(|other| !other.is_of(key) && other.is_live(now)).collect();
    let others = match (others.iter().filter_map(|other| other.expires_at).min(), end) {
        _ if others.is_empty() => format!("No other {sort} of the source works."),
        (Some(first), Some(end)) if first < end => {
            format!("The source's other {sort}s work until {end}; those that end earlier keep their end.")
        }
        (_, Some(end)) => format!("The source's other {sort}s work until {end}."),
        (_, None) => format!("The source's other {sort}s continue to work."),
    };
    output.show(&json!({"key": key.reveal()}), |page, _| {
        write!(page, "Source ")?;
        page.bold(&source.id)?;
        write!(page, " has a new {sort}:\n\n  ")?;
        page.bold(key.reveal())?;
        writeln!(page, "\n\nThe key will not be shown again: only its digest is kept. Send it over a secure channel.")?;
        writeln!(page, "{others}")
    })
}

/// A length of time, of days of 24 hours.
fn overlap(text: &str) -> Result<Duration, &'static str> {
    const NO_TIME: &str = "not a time; give one as, for example, 7d, 12h or 30m";
    let span: Span = text.parse().map_err(|_| NO_TIME)?;
    let exact = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| NO_TIME)?;
    Duration::try_from(exact).ok().filter(|overlap| *overlap <= MAX_OVERLAP).ok_or("give a time from 0s to 90d")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overlap_is_a_time_of_at_most_90_days() {
        for (text, seconds) in
            [("7d", 604_800), ("12h", 43_200), ("1d 12h", 129_600), ("30m", 1_800), ("0s", 0), ("90d", 7_776_000)]
        {
            assert_eq!(overlap(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "7", "soon", "-1d", "91d", "1mo"] {
            assert!(overlap(text).is_err(), "{text}");
        }
    }
}
