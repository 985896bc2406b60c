//! `leadctl source delete`: only for a source that never had a lead.

use serde_json::json;

use super::change::{self, Which};
use super::leads;
use crate::error::Error;
use crate::known;
use crate::output::Output;
use crate::target::Target;

/// Deletes a source that is disabled and never had a lead. Its history is kept.
///
/// # Errors
/// [`Error::Refused`] when it is enabled or had leads, [`Error::NotFound`] when it does not exist,
/// [`Error::Conflict`] when another operator has changed it since; else when a table does not answer.
pub(super) async fn run(which: Which, target: &Target, output: &mut Output) -> Result<(), Error> {
    let id = &which.id;
    let source = known::source(target, id).await?;
    if let Some(expected) = which.revision
        && expected != source.revision
    {
        return Err(change::conflict(target, id, expected).await);
    }
    if source.enabled {
        return Err(Error::Refused(format!(
            "the source {id} is enabled and could send leads meanwhile: disable it first (`leadctl source disable {id}`)"
        )));
    }
    if let Some(day) = leads::first_day(target, &source).await? {
        return Err(Error::Refused(format!(
            "the source {id} had leads, the first on {day}: their records refer to it, so it stays; while it is disabled \
             it accepts no more"
        )));
    }
    target.confirm(&format!("delete the source {id}"))?;
    let note = change::noted(target, "delete", Some(&source), None).await?;
    let written = target.sources.change(id, Some(&source), None, &note, &target.ledger).await;
    let Some(head) = written.map_err(|error| target.store_error(error))? else {
        return Err(change::conflict(target, id, source.revision).await);
    };
    output.acted(head);
    output.show(&json!({"id": id, "deleted": true}), |page, _| {
        writeln!(page, "Source {id} is deleted; `leadctl source history {id}` still shows its changes.")
    })
}
