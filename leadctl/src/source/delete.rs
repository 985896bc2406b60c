//! `leadctl source delete`: only for a source that never had a lead.

use leadping::source::Source;
use leadping::time::Timestamp;
use serde_json::json;

use super::change;
use super::update::Which;
use crate::days::Days;
use crate::error::Error;
use crate::output::Output;
use crate::target::Target;

/// Deletes a source that is disabled and never had a lead. What was done to it is kept.
///
/// # Errors
/// [`Error::Refused`] when it is enabled or had leads, [`Error::NotFound`] when it is not there, [`Error::Conflict`] when
/// somebody else has changed it since; else when a table does not answer.
pub(crate) async fn run(which: Which, target: &Target, output: &mut Output) -> Result<(), Error> {
    let id = &which.id;
    let source = change::read(target, id).await?;
    if let Some(expected) = which.revision
        && expected != source.revision
    {
        return Err(change::conflict(target, id, expected).await);
    }
    if source.enabled {
        return Err(Error::Refused(format!(
            "the source {id} may send leads while it is deleted: disable it first (`leadctl source disable {id}`)"
        )));
    }
    if let Some(day) = first_day_with_leads(target, &source).await? {
        return Err(Error::Refused(format!(
            "the source {id} had leads, the first on {day}: their records refer to it, so it stays; disabled it takes \
             no more"
        )));
    }
    target.confirm(&format!("delete the source {id}"))?;
    let note = change::noted(target, "delete", Some(&source), None).await?;
    let written = target.sources.change(id, Some(&source), None, &note).await;
    if !written.map_err(|error| target.failed(error))? {
        return Err(change::conflict(target, id, source.revision).await);
    }
    output.show(&json!({"id": id, "deleted": true}), |out, _| {
        writeln!(out, "Source {id} is deleted; `leadctl source history {id}` still tells what was done to it.")
    })
}

/// By the index of days, from the source's birth until now: four small queries a day, and no write to remember leads by
/// on the way in.
async fn first_day_with_leads(target: &Target, source: &Source) -> Result<Option<String>, Error> {
    for day in Days::between(source.created_at, Timestamp::now()) {
        if target.leads.any(&source.id, &day).await.map_err(|error| target.failed(error))? {
            return Ok(Some(day));
        }
    }
    Ok(None)
}
