//! Changes of sources: written over what was read, or not at all, and kept for good.

use std::collections::BTreeSet;
use std::io;

use clap::Args;
use leadping::id::SourceId;
use leadping::source::Source;
use leadping::source::change::{Change, MemberChange};
use leadping::time::Timestamp;
use serde_json::{Map, Value};

use super::limits;
use super::view::SourceView;
use crate::error::Error;
use crate::input::whole;
use crate::known;
use crate::output::escape::Shown;
use crate::output::{Output, Page};
use crate::target::Target;

/// How many changes of others are told when they were faster.
const MAX_TOLD: usize = 10;

/// Which source, and which of its revisions.
#[derive(Clone, Debug, Args)]
pub(crate) struct Which {
    /// The source's id
    pub(crate) id: SourceId,

    /// Only if it is still at this revision, as `source show` gave it
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole(0..=u32::MAX))]
    pub(crate) revision: Option<u32>,
}

/// Changes a source: reads it, lets `make` change it, and writes it over what was read. The history calls it `action`.
/// `sentence` is what an operator of production has to confirm, as `approve the source source_123`. `expected` is the
/// revision that the operator looked at, where one was given.
///
/// Returns the source as it is now.
///
/// # Errors
/// [`Error::NotFound`] for a source that does not exist, [`Error::Conflict`] when another operator has changed it since,
/// with what changed, and whatever `make` refuses; else when the table does not answer.
pub(crate) async fn apply(
    target: &Target,
    output: &mut Output,
    id: &SourceId,
    action: &str,
    sentence: &str,
    expected: Option<u32>,
    make: impl FnOnce(&mut Source) -> Result<(), Error>,
) -> Result<(Source, Vec<MemberChange>), Error> {
    let before = known::source(target, id).await?;
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
    target.confirm(sentence)?;
    confirm_revealing(target, Some(&before), &after)?;
    change.at = Timestamp::now();
    let written = target.sources.change(id, Some(&before), Some(&after), &change, &target.ledger).await;
    let Some(head) = written.map_err(|error| target.store_error(error))? else {
        return Err(conflict(target, id, before.revision).await);
    };
    output.acted(head);
    after.revision = change.revision;
    Ok((after, change.members))
}

/// Changes one thing about a source, under the command's name, which is a verb, and shows what changed.
///
/// # Errors
/// As [`apply`] does.
pub(super) async fn switch(
    which: Which,
    action: &str,
    target: &Target,
    output: &mut Output,
    make: impl FnOnce(&mut Source),
) -> Result<(), Error> {
    let sentence = format!("{action} the source {}", which.id);
    let made = apply(target, output, &which.id, action, &sentence, which.revision, |source| {
        make(source);
        Ok(())
    });
    let (source, changes) = made.await?;
    show(output, &source, &changes)
}

/// Asks whether partners may learn about each other, if a change lets them.
///
/// # Errors
/// [`Error::Refused`] unless the operator confirms.
pub(super) fn confirm_revealing(target: &Target, before: Option<&Source>, after: &Source) -> Result<(), Error> {
    limits::reveals(before, after).map_or(Ok(()), |what| target.confirm_always(&what))
}

/// The record of a change.
///
/// # Errors
/// When STS does not say who the caller is, or a source cannot be put into JSON.
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

/// Another operator was faster: says who, and what changed since the revision that was read.
pub(super) async fn conflict(target: &Target, id: &SourceId, read: u32) -> Error {
    let told = match target.sources.history(id, MAX_TOLD).await {
        Ok(changes) => {
            let since = changes.iter().filter(|change| change.revision > read);
            since.map(told).collect::<Vec<_>>().join("; ")
        }
        Err(_) => String::new(),
    };
    let told = if told.is_empty() { "what exactly is not recorded".to_owned() } else { told };
    Error::Conflict(format!(
        "another operator has changed the source {id} since it was read, and nothing of yours was written: {told}. Look \
         at it (`leadctl source show {id}`), and try again if your change still applies"
    ))
}

fn told(change: &Change) -> String {
    let members: Vec<_> = lines(&change.members).collect();
    format!("{} by {} at {}: {}", Shown(&change.action), Shown(&change.by), change.at, members.join(", "))
}

/// The members' changes, each in a line. An empty list of a new source is no change to people.
fn lines(members: &[MemberChange]) -> impl Iterator<Item = String> {
    members.iter().filter(|change| shown(&change.before) != shown(&change.after)).map(described)
}

/// A member's change in a line: `approved no -> yes`. Of the keys, those that changed.
fn described(change: &MemberChange) -> String {
    let MemberChange { member, before, after } = change;
    let line = match (member.as_str(), before, after) {
        ("keys", Value::Array(before), Value::Array(after)) => keys(before, after),
        ("keys", Value::Null, Value::Array(after)) => keys(&[], after),
        _ => format!("{member} {} -> {}", shown(before), shown(after)),
    };
    Shown(&line).to_string()
}

fn keys(before: &[Value], after: &[Value]) -> String {
    let same = |one: &Value, other: &Value| {
        ["prefix", "test", "createdAt"].iter().all(|name| one.get(name) == other.get(name))
    };
    let name = |key: &Value| {
        let sort = if key.get("test") == Some(&Value::Bool(true)) { "test key" } else { "key" };
        format!("{sort} {}...", key.get("prefix").map(shown).unwrap_or_default())
    };
    let end = |key: &Value| match key.get("expiresAt") {
        None | Some(Value::Null) => "never".to_owned(),
        Some(end) => shown(end),
    };
    let changed = after.iter().filter_map(|key| match before.iter().find(|old| same(old, key)) {
        Some(old) if old == key => None,
        Some(old) => Some(format!("{} expires {} -> {}", name(key), end(old), end(key))),
        None => Some(format!("{} added", name(key))),
    });
    let removed = before.iter().filter(|old| !after.iter().any(|key| same(old, key)));
    changed.chain(removed.map(|old| format!("{} removed", name(old)))).collect::<Vec<_>>().join(", ")
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(values) if values.is_empty() => "none".to_owned(),
        Value::Array(values) => values.iter().map(shown).collect::<Vec<_>>().join(" "),
        Value::Object(members) => {
            let each = members.iter().map(|(name, value)| format!("{name} {}", shown(value)));
            each.collect::<Vec<_>>().join(", ")
        }
        Value::Number(number) => number.to_string(),
    }
}

/// Shows a changed source: to programs whole, to people what changed.
///
/// # Errors
/// When the output cannot be written.
pub(super) fn show(output: &mut Output, source: &Source, changes: &[MemberChange]) -> Result<(), Error> {
    output.show(&SourceView::of(source), |page, source| {
        write!(page, "Source ")?;
        page.bold(source.id)?;
        if changes.is_empty() {
            return writeln!(page, " already has these settings; nothing was written.");
        }
        writeln!(page, " is changed:\n")?;
        lines(changes).try_for_each(|line| writeln!(page, "  {line}"))
    })
}

/// Writes what was done to a source.
pub(super) fn history(page: &mut Page<'_>, changes: &[Change]) -> io::Result<()> {
    for change in changes {
        page.bold(change.at)?;
        writeln!(page, "  {}  by {}", Shown(&change.action), Shown(&change.by))?;
        lines(&change.members).try_for_each(|line| writeln!(page, "  {line}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use leadping::source::{Mode, SourceKey, random};

    use super::*;

    fn source() -> Source {
        let key = SourceKey::generate(Mode::Live).unwrap();
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
        after.keys.push(SourceKey::presented("lp_source_key").stored(after.created_at));
        let told: Vec<_> = differences(Some(&before), Some(&after)).unwrap().iter().map(described).collect();
        let prefix = before.keys[0].shown();
        assert_eq!(
            told,
            [
                "allowedProducts none -> Auto".to_owned(),
                "approved no -> yes".to_owned(),
                format!("key {prefix}... expires never -> 2026-06-22T12:00:00.000Z, key source_k... added"),
            ]
        );
        assert!(differences(Some(&before), Some(&before.clone())).unwrap().is_empty());

        let made = serde_json::to_string(&differences(None, Some(&after)).unwrap()).unwrap();
        assert!(made.contains("\"name\"") && !made.contains(&after.salt) && !made.contains(&after.keys[0].sha256));
    }
}
