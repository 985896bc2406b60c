//! Changes of sources: written over what was read, or not at all, and kept for good.

use std::collections::BTreeSet;
use std::io::{self, Write};

use leadping::id::SourceId;
use leadping::source::Source;
use leadping::source::change::{Change, MemberChange};
use leadping::time::Timestamp;
use serde_json::{Map, Value};

use super::SourceView;
use crate::error::Error;
use crate::output::{BOLD, Output};
use crate::target::Target;

/// So many changes of others are told when they were faster.
const MOST_TOLD: usize = 10;

/// Changes a source: reads it, lets `make` change it, and writes it over what was read. `expected` is the revision that
/// the operator looked at, where one was given.
///
/// Gives back the source as it is now.
///
/// # Errors
/// [`Error::NotFound`] for a source that is not there, [`Error::Conflict`] when somebody else has changed it since, with
/// what changed, and whatever `make` refuses; else when the table does not answer.
pub(crate) async fn apply(
    target: &Target,
    id: &SourceId,
    action: &str,
    expected: Option<u32>,
    make: impl FnOnce(&mut Source) -> Result<(), Error>,
) -> Result<(Source, Vec<MemberChange>), Error> {
    let before = read(target, id).await?;
    if let Some(expected) = expected
        && expected != before.revision
    {
        return Err(conflict(target, id, expected).await);
    }
    let mut after = before.clone();
    make(&mut after)?;
    let mut change = noted(target, action, Some(&before), Some(&after)).await?;
    if change.members.is_empty() {
        return Ok((before, Vec::new()));
    }
    target.confirm(&format!("{action} the source {id}"))?;
    change.at = Timestamp::now();
    let written = target.sources.change(id, Some(&before), Some(&after), &change).await;
    if !written.map_err(|error| target.failed(error))? {
        return Err(conflict(target, id, before.revision).await);
    }
    after.revision = change.revision;
    Ok((after, change.members))
}

/// A source as it stands now.
///
/// # Errors
/// [`Error::NotFound`] for one that is not there; else when the table does not answer.
pub(crate) async fn read(target: &Target, id: &SourceId) -> Result<Source, Error> {
    let source = target.sources.latest(id).await.map_err(|error| target.failed(error))?;
    source.ok_or_else(|| {
        Error::NotFound(format!("there is no source {id} here; `leadctl source list` shows those there are"))
    })
}

/// What is kept of a change.
///
/// # Errors
/// When it cannot be found out who acts, or a source cannot be put into JSON.
pub(super) async fn noted(
    target: &Target,
    action: &str,
    before: Option<&Source>,
    after: Option<&Source>,
) -> Result<Change, Error> {
    Ok(Change {
        at: Timestamp::now(),
        by: target.caller().await?,
        action: action.to_owned(),
        revision: before.map_or(0, |before| before.revision.saturating_add(1)),
        members: differences(before, after)?,
    })
}

/// The members that differ, as operators see them.
fn differences(before: Option<&Source>, after: Option<&Source>) -> io::Result<Vec<MemberChange>> {
    let (mut before, mut after) = (members(before)?, members(after)?);
    let names: BTreeSet<String> = before.keys().chain(after.keys()).cloned().collect();
    let changes = names.into_iter().map(|member| {
        let before = before.remove(&member).unwrap_or_default();
        let after = after.remove(&member).unwrap_or_default();
        MemberChange { member, before, after }
    });
    Ok(changes.filter(|change| change.before != change.after).collect())
}

fn members(source: Option<&Source>) -> io::Result<Map<String, Value>> {
    let Some(source) = source else { return Ok(Map::new()) };
    let Value::Object(mut members) = serde_json::to_value(SourceView::of(source))? else { return Ok(Map::new()) };
    members.remove("revision");
    Ok(members)
}

/// Somebody else was faster: says who, and what changed since the revision that was read.
pub(super) async fn conflict(target: &Target, id: &SourceId, read: u32) -> Error {
    let told = match target.sources.history(id, MOST_TOLD).await {
        Ok(changes) => {
            let since = changes.iter().filter(|change| change.revision > read);
            since.map(told).collect::<Vec<_>>().join("; ")
        }
        Err(_) => String::new(),
    };
    let told = if told.is_empty() { "what exactly is not recorded".to_owned() } else { told };
    Error::Conflict(format!(
        "somebody else has changed the source {id} since it was read, and nothing of yours was written: {told}. Look at \
         it (`leadctl source show {id}`), and try again if it still holds"
    ))
}

fn told(change: &Change) -> String {
    let members: Vec<_> = change.members.iter().map(described).collect();
    format!("{} by {} at {}: {}", change.action, change.by, change.at, members.join(", "))
}

/// A member's change in a line: `approved no -> yes`.
pub(super) fn described(change: &MemberChange) -> String {
    format!("{} {} -> {}", change.member, shown(&change.before), shown(&change.after))
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(values) if values.is_empty() => "none".to_owned(),
        Value::Array(values) => values.iter().map(shown).collect::<Vec<_>>().join(" "),
        // A key.
        Value::Object(members) => {
            let member = |name: &str| members.get(name).map(shown).unwrap_or_default();
            match member("expiresAt").as_str() {
                "none" => format!("{}...", member("prefix")),
                end => format!("{}... (until {end})", member("prefix")),
            }
        }
        Value::Number(number) => number.to_string(),
    }
}

/// Shows a changed source: to programs whole, to people what changed.
///
/// # Errors
/// When the output cannot be written.
pub(super) fn show(output: &mut Output, source: &Source, changes: &[MemberChange]) -> Result<(), Error> {
    output.show(&SourceView::of(source), |out, source| {
        if changes.is_empty() {
            return writeln!(out, "Source {BOLD}{}{BOLD:#} was so already; nothing was written.", source.id);
        }
        writeln!(out, "Source {BOLD}{}{BOLD:#} is changed:\n", source.id)?;
        changes.iter().try_for_each(|change| writeln!(out, "  {}", described(change)))
    })
}

/// What was done to a source, for people.
pub(super) fn history(out: &mut dyn Write, changes: &[Change]) -> io::Result<()> {
    for change in changes {
        writeln!(out, "{BOLD}{}{BOLD:#}  {}  by {}", change.at, change.action, change.by)?;
        change.members.iter().try_for_each(|change| writeln!(out, "  {}", described(change)))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use leadping::source::{SourceKey, random};

    use super::*;

    fn source() -> Source {
        let key = SourceKey::generate().unwrap();
        let now = "2026-06-15T12:00:00Z".parse().unwrap();
        let id = "source_1".parse().unwrap();
        Source { keys: vec![key.stored(now)], ..Source::new(id, "One", random().unwrap(), now) }
    }

    #[test]
    fn differences_are_told_by_member_and_without_secrets() {
        let before = source();
        let mut after = before.clone();
        after.approved = true;
        after.revision = 7;
        after.allowed_products = vec!["Auto".into()];
        after.keys[0].expires_at = Some("2026-06-22T12:00:00Z".parse().unwrap());
        let told: Vec<_> = differences(Some(&before), Some(&after)).unwrap().iter().map(described).collect();
        let prefix = &before.keys[0].prefix;
        assert_eq!(
            told,
            [
                "allowedProducts none -> Auto".to_owned(),
                "approved no -> yes".to_owned(),
                format!("keys {prefix}... -> {prefix}... (until 2026-06-22T12:00:00.000Z)"),
            ]
        );
        assert!(differences(Some(&before), Some(&before.clone())).unwrap().is_empty());

        let made = serde_json::to_string(&differences(None, Some(&after)).unwrap()).unwrap();
        assert!(made.contains("\"name\"") && !made.contains(&after.salt) && !made.contains(&after.keys[0].sha256));
    }
}
