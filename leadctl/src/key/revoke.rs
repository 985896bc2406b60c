//! `leadctl key revoke`: a key that leaked is at hand whole, or as `key list` shows it.

use std::fmt;
use std::io::{self, BufRead, IsTerminal, Write};
use std::str::FromStr;

use leadping::id::SourceId;
use leadping::source::{Mode, Source, SourceKey, StoredKey};
use leadping::time::Timestamp;
use serde_json::json;

use crate::error::Error;
use crate::known;
use crate::output::Output;
use crate::source::change::{self, Which};
use crate::target::Target;

/// A shorter beginning may be many keys', and may be typed by accident.
const LEAST: usize = 8;

/// How many random characters a key has that was generated: 256 bits in base64url. A text as long is a whole key.
const WHOLE: usize = 43;

/// What the command line says of a key: it may be the whole of it.
#[derive(Clone)]
pub(crate) struct Typed(String);

impl FromStr for Typed {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

/// Does not show what may be a key.
impl fmt::Debug for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Typed")
    }
}

/// Ends a key at once.
///
/// # Errors
/// [`Error::NotFound`] for a key of another source, [`Error::Conflict`] for a beginning that several have;
/// else as [`change::apply`] has them.
pub(super) async fn run(which: &Which, typed: &Typed, target: &Target, output: &mut Output) -> Result<(), Error> {
    let (id, now) = (&which.id, Timestamp::now());
    let typed = match typed.0.as_str() {
        "-" => asked()?,
        typed => typed.to_owned(),
    };
    let typed = typed.trim().trim_end_matches(['.', '…']);
    if find(&known::source(target, id).await?, typed, now)?.is_none() {
        return Err(elsewhere(id, typed, target).await?);
    }
    let mut before = None;
    let sentence = format!("end a key of the source {id} at once");
    let revoked = change::apply(target, output, id, "key revoke", &sentence, which.revision, |source| {
        let key = find(source, typed, now)?.and_then(|(mode, place)| source.keys_of(mode).get_mut(place));
        let key = key.ok_or_else(|| no_match(id))?;
        before = Some(key.clone());
        if key.is_live(now) {
            key.expires_at = Some(now);
        }
        Ok(())
    });
    let (source, _) = revoked.await?;
    let key = before.ok_or_else(|| no_match(id))?;
    let ended_before = key.expires_at.filter(|end| *end <= now);
    let working = source.all_keys().filter(|(_, key)| key.is_live(now)).count();
    let result = json!({
        "id": id, "key": key.shown(), "createdAt": key.created_at, "revoked": u8::from(ended_before.is_none()),
        "working": working,
    });
    output.show(&result, |page, _| {
        let screen = page.screen();
        write!(page, "Key ")?;
        page.bold(format_args!("{}...", key.shown()))?;
        write!(page, " (created {}) ", screen.brief(key.created_at))?;
        match ended_before {
            None => write!(page, "is revoked; ")?,
            Some(end) => write!(page, "ended {end}, and nothing was written; ")?,
        }
        match working {
            0 => writeln!(page, "no key works now. `leadctl key create {id}` creates one."),
            1 => writeln!(page, "1 key still works."),
            working => writeln!(page, "{working} keys still work."),
        }
    })
}

/// The key that is meant, by its list and its place in it: by the whole key exactly, else by its beginning, among those
/// that still work first.
fn find(source: &Source, typed: &str, now: Timestamp) -> Result<Option<(Mode, usize)>, Error> {
    let whole = SourceKey::presented(typed);
    if let Some((mode, place, _)) = places(source).find(|(.., key)| key.is_of(&whole)) {
        return Ok(Some((mode, place)));
    }
    let hits = |live: bool| -> Vec<(Mode, usize, &StoredKey)> {
        places(source).filter(|(.., key)| key.is_live(now) == live && begins(key, typed)).collect()
    };
    let live = hits(true);
    let hits = if live.is_empty() { hits(false) } else { live };
    match hits.as_slice() {
        // What was typed may be a whole key, and errors end up in logs.
        [] if random(typed).chars().count() < LEAST => Err(Error::Usage(format!(
            "give the whole key, or at least {LEAST} characters after lp_ or lp_test_, as `leadctl key list {}` shows them",
            source.id
        ))),
        [] => Ok(None),
        [(mode, place, _)] => Ok(Some((*mode, *place))),
        hits => {
            let keys: Vec<_> =
                hits.iter().map(|(.., key)| format!("{} (created {})", key.shown(), key.created_at)).collect();
            Err(Error::Conflict(format!(
                "{} keys begin like that, and none was revoked: {}. Give the whole key",
                hits.len(),
                keys.join(", ")
            )))
        }
    }
}

/// Every key with its list and its place in it.
fn places(source: &Source) -> impl Iterator<Item = (Mode, usize, &StoredKey)> {
    let live = source.keys.iter().enumerate().map(|(place, key)| (Mode::Live, place, key));
    live.chain(source.test_keys.iter().enumerate().map(|(place, key)| (Mode::Test, place, key)))
}

/// Whether a key begins as typed, with `lp_` or as it is shown, as far as is known of it. Of an old key five characters are
/// shown, and with these exactly it is found, too.
fn begins(key: &StoredKey, typed: &str) -> bool {
    let length = random(typed).chars().count();
    let as_known = |known: &str| typed == known || (typed.starts_with(known) && (LEAST..WHOLE).contains(&length));
    as_known(&key.prefix) || (random(typed) == typed && as_known(key.shown()))
}

/// A key without what every key begins with.
fn random(typed: &str) -> &str {
    ["lp_test_", "lp_"].into_iter().find_map(|sort| typed.strip_prefix(sort)).unwrap_or(typed)
}

/// The key may be another source's: a partner who reports a leak does not always say which.
async fn elsewhere(id: &SourceId, typed: &str, target: &Target) -> Result<Error, Error> {
    let whole = SourceKey::presented(typed);
    let sources = known::all_sources(target).await?.sources;
    let has = |source: &&Source| source.all_keys().any(|(_, key)| key.is_of(&whole) || begins(key, typed));
    if let Some(other) = sources.iter().find(has) {
        let other = &other.id;
        return Ok(Error::NotFound(format!(
            "no key of the source {id} matches, but one of {other} does; nothing was revoked"
        )));
    }
    let alike = |source: &Source| {
        let mut keys = source.all_keys().filter(|_| source.id == *id);
        let (_, key) = keys.find(|(_, key)| typed.starts_with(&key.prefix))?;
        Some(key.shown().to_owned())
    };
    Ok(match sources.iter().find_map(alike) {
        Some(prefix) => Error::NotFound(format!(
            "that is not a key of the source {id}, though its key {prefix} begins the same: compare them, or give \
             {prefix}; nothing was revoked"
        )),
        None => no_match(id),
    })
}

fn no_match(id: &SourceId) -> Error {
    Error::NotFound(format!(
        "no key of the source {id} matches, and nothing was revoked; `leadctl key list {id}` shows its keys"
    ))
}

/// Reads a key from standard input.
fn asked() -> Result<String, Error> {
    if io::stdin().is_terminal() {
        write!(anstream::stderr(), "Key: ")?;
    }
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn key(text: &str, prefix: &str, ends: Option<&str>) -> StoredKey {
        let stored = SourceKey::presented(text).stored(at("2026-01-01T00:00:00Z"));
        StoredKey { prefix: prefix.to_owned(), expires_at: ends.map(at), ..stored }
    }

    #[test]
    fn a_key_is_found_whole_or_by_eight_characters_or_as_it_is_shown() {
        let source = Source {
            keys: vec![
                key("lp_AAAAAAAA-first", "lp_AAAAAAAA", None),
                key("lp_BBBBBBBB-ended", "lp_BBBBBBBB", Some("2026-02-01T00:00:00Z")),
                key("lp_CCCCCCCC-one", "lp_CCCCCCCC", None),
                key("lp_CCCCCCCC-two", "lp_CCCCCCCC", None),
                key("lp_DDDDDDDD-ended", "lp_DDDDDDDD", Some("2026-02-01T00:00:00Z")),
                key("lp_DDDDDDDD-works", "lp_DDDDDDDD", None),
                key("lp_EEEEEEEE-of-old", "lp_EEEEE", None),
                key("given by hand", "given by", None),
            ],
            test_keys: vec![
                key("lp_test_AAAAAAAA-x", "lp_test_AAAAAAAA", None),
                key("lp_test_FFFFFFFF-x", "lp_test_FFFFFFFF", None),
            ],
            ..Source::new("source_1".parse().unwrap(), "One", "salt".into(), at("2026-01-01T00:00:00Z"))
        };
        for (typed, place) in [
            ("lp_AAAAAAAA-first", Ok(0)),
            ("lp_AAAAAAAA-fir", Ok(0)),
            ("lp_AAAAAAAA", Ok(0)),
            ("lp_AAAAAAA", Err("usage")),
            ("lp_AAAAA", Err("usage")),
            ("lp_", Err("usage")),
            ("", Err("usage")),
            ("lp_aaaaaaaa", Err("none")),
            ("lp_BBBBBBBB", Ok(1)), // it has ended already, which is worth knowing
            ("lp_CCCCCCCC", Err("conflict")),
            ("lp_CCCCCCCC-", Err("conflict")),
            ("lp_CCCCCCCC-two", Ok(3)),
            ("lp_DDDDDDDD", Ok(5)),
            ("lp_DDDDDDDD-ended", Ok(4)),
            ("lp_AAAAAAAA-not-the-key-but-as-long-as-a-whole-one", Err("none")),
            ("lp_EEEEE", Ok(6)),
            ("lp_EEEEEE", Err("usage")),
            ("lp_EEEEEEEE", Ok(6)),
            ("lp_EEEEEEEE-of-old", Ok(6)),
            ("EEEEE", Ok(6)),
            ("given by", Ok(7)),
            ("given by hand", Ok(7)),
            ("given by ", Ok(7)),
            ("BBBBBBBB", Ok(1)),
            ("BBBBBBB", Err("usage")),
            ("AAAAAAAA", Err("conflict")), // a live key and a test key
            ("lp_test_AAAAAAAA", Ok(100)),
            ("lp_test_FFFFFFFF", Ok(101)),
            ("FFFFFFFF", Ok(101)),
            ("FFFFFFFF-x", Ok(101)),
            ("lp_test_FFFF", Err("usage")),
        ] {
            let found = find(&source, typed, at("2026-06-15T12:00:00Z"));
            let told = match &found {
                // Test keys count from 100.
                Ok(place) => place.map(|(mode, at)| at + if mode == Mode::Test { 100 } else { 0 }).ok_or("none"),
                Err(error) => Err(error.code().1),
            };
            assert_eq!(told, place, "{typed}");
            if let Err(Error::Conflict(told)) = found {
                assert!(["AAAAAAAA", "CCCCCCCC"].iter().any(|shown| told.matches(shown).count() == 2), "{told}");
            }
        }
    }
}
