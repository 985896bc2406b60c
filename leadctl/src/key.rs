//! `leadctl key`: the keys of a source.

use std::time::Duration;

use clap::Subcommand;
use jiff::{Span, SpanRelativeTo};
use leadping::id::SourceId;
use leadping::source::{Source, SourceKey};
use leadping::time::Timestamp;
use serde_json::json;

use crate::error::Error;
use crate::output::{self, BOLD, Output};
use crate::source::change;
use crate::source::{KeyView, Which};
use crate::target::Target;

/// Longer than any partner takes to change a setting; a key that should last has no end.
const LONGEST_OVERLAP: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// The most keys that work at once: one by one they are compared with each post.
const MOST_LIVE: usize = 10;

const ROTATE_EXAMPLES: &str = "\
The old keys go on working for the overlap, so no lead is refused while the
partner changes over.

Examples:
  leadctl --local key rotate source_123 --overlap 7d
  leadctl --local key rotate source_123 --overlap 12h --output json | jq -r .key
  leadctl --local key rotate source_123 --overlap 0s    # the old ones end now";

/// What can be done with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Makes one more key, that is shown this once
    Create {
        #[command(flatten)]
        which: Which,
    },
    /// Makes a new key, that is shown this once, and ends the others after a while
    #[command(after_help = ROTATE_EXAMPLES)]
    Rotate {
        #[command(flatten)]
        which: Which,
        /// How long the others go on working: 7d, 12h, 30m
        #[arg(long, value_name = "TIME", default_value = "7d", value_parser = overlap)]
        overlap: Duration,
    },
    /// Ends a key at once
    Revoke {
        #[command(flatten)]
        which: Which,
        /// The key's beginning, as `key list` shows it
        prefix: String,
    },
    /// Lists the keys by their beginnings: when they were made, and when they end
    List {
        /// The source's id
        id: SourceId,
    },
}

/// Does what is asked.
///
/// # Errors
/// [`Error::NotFound`] for a source or key that is not there, [`Error::Conflict`] when somebody else has changed the
/// source since; else when the table does not answer, or the output cannot be written.
pub(crate) async fn run(command: Command, target: &Target, output: &mut Output) -> Result<(), Error> {
    let now = Timestamp::now();
    match command {
        Command::Create { which } => {
            let key = SourceKey::generate()?;
            let source = write(&which, "key create", target, |source| add(source, &key, now)).await?;
            shown_once(output, &source, &key, None)
        }
        Command::Rotate { which, overlap } => {
            let key = SourceKey::generate()?;
            let end = now.after(overlap);
            let rotated = write(&which, "key rotate", target, |source| {
                for old in source.keys.iter_mut().filter(|old| old.is_live(end)) {
                    old.expires_at = Some(end);
                }
                add(source, &key, now)
            });
            shown_once(output, &rotated.await?, &key, Some(end))
        }
        Command::Revoke { which, prefix } => revoke(&which, &prefix, now, target, output).await,
        Command::List { id } => {
            let source = change::read(target, &id).await?;
            let keys: Vec<_> = source.keys.iter().map(KeyView::of).collect();
            output.show(&keys, |out, keys| {
                let rows = keys.iter().map(|key| {
                    let end = key.expires_at.map_or_else(|| "never".to_owned(), |end| end.to_string());
                    let ended = key.expires_at.is_some_and(|end| end <= now);
                    let state = if ended { "ended" } else { "works" }.to_owned();
                    [format!("{}...", key.prefix), state, key.created_at.to_string(), end]
                });
                output::table(out, ["KEY", "", "CREATED", "EXPIRES"], rows)
            })
        }
    }
}

async fn write(
    which: &Which,
    action: &str,
    target: &Target,
    make: impl FnOnce(&mut Source) -> Result<(), Error>,
) -> Result<Source, Error> {
    change::apply(target, &which.id, action, which.revision, make).await.map(|(source, _)| source)
}

fn add(source: &mut Source, key: &SourceKey, now: Timestamp) -> Result<(), Error> {
    if source.keys.iter().filter(|key| key.is_live(now)).count() >= MOST_LIVE {
        return Err(Error::Refused(format!(
            "the source has {MOST_LIVE} keys that work already: revoke one first (`leadctl key list {}`)",
            source.id
        )));
    }
    source.keys.push(key.stored(now));
    Ok(())
}

async fn revoke(
    which: &Which,
    prefix: &str,
    now: Timestamp,
    target: &Target,
    output: &mut Output,
) -> Result<(), Error> {
    let id = &which.id;
    let shown = prefix.trim_end_matches("...");
    let mut revoked = 0;
    let source = write(which, "key revoke", target, |source| {
        // A beginning that several keys share means them all: what leaked has to end.
        for key in source.keys.iter_mut().filter(|key| key.prefix == shown && key.is_live(now)) {
            key.expires_at = Some(now);
            revoked += 1;
        }
        if revoked > 0 {
            return Ok(());
        }
        // What was typed may be a whole key, and errors end up in logs.
        Err(Error::NotFound(format!(
            "no key of the source {id} that works begins like that; `leadctl key list {id}` shows them"
        )))
    })
    .await?;
    let live = source.keys.iter().filter(|key| key.is_live(now)).count();
    output.show(&json!({"id": id, "revoked": revoked, "working": live}), |out, _| {
        writeln!(out, "{revoked} key of {id} is revoked; {live} still work.")?;
        if live == 0 {
            writeln!(out, "The source cannot send a lead now: `leadctl key create {id}` makes it a new key.")?;
        }
        Ok(())
    })
}

fn shown_once(output: &mut Output, source: &Source, key: &SourceKey, end: Option<Timestamp>) -> Result<(), Error> {
    output.show(&json!({"key": key.reveal()}), |out, _| {
        writeln!(out, "Source {BOLD}{}{BOLD:#} has a new key:", source.id)?;
        writeln!(out, "\n  {BOLD}{}{BOLD:#}\n", key.reveal())?;
        writeln!(out, "It is shown only this once: only its digest is kept. Hand it to the partner by a safe way.")?;
        match end {
            Some(end) => writeln!(out, "Its other keys work until {end}."),
            None => writeln!(out, "Its other keys go on working."),
        }
    })
}

/// A length of time, of days of 24 hours.
fn overlap(text: &str) -> Result<Duration, &'static str> {
    let span: Span = text.parse().map_err(|_| "not a time: 7d, 12h, 30m")?;
    let exact = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| "not a time: 7d, 12h, 30m")?;
    Duration::try_from(exact).ok().filter(|overlap| *overlap <= LONGEST_OVERLAP).ok_or("from 0s to 90d")
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
