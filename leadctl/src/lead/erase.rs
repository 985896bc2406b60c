//! `leadctl lead erase`: a person's right to be forgotten (contract, section 5).

use leadping::id::LeadId;
use leadping::store::Erasure;
use leadping::time::Timestamp;
use serde_json::json;

use super::none;
use crate::error::Error;
use crate::output::Output;
use crate::target::Target;

/// Erases a lead's personal data.
///
/// # Errors
/// [`Error::NotFound`] for a lead that is not there, [`Error::Conflict`] for one that is written all the while; else when
/// the table does not answer.
pub(super) async fn run(id: &LeadId, target: &Target, output: &mut Output) -> Result<(), Error> {
    target.confirm(&format!("erase the person's data of the lead {id} for good"))?;
    let before = match target.leads.erase(id, Timestamp::now()).await.map_err(|error| target.failed(error))? {
        Erasure::Erased => false,
        Erasure::ErasedBefore => true,
        Erasure::NotFound => return Err(none(id)),
        Erasure::Busy => {
            return Err(Error::Conflict(format!(
                "the lead {id} is being written by others all the while, and nothing was erased: try again"
            )));
        }
    };
    output.show(&json!({"id": id, "erased": true, "before": before}), |out, _| match before {
        false => writeln!(out, "The person's data of {id} is erased; that the lead came is kept."),
        true => writeln!(out, "The person's data of {id} was erased before; nothing was written."),
    })
}
