//! `leadctl lead erase`: a person's right to be forgotten (contract, section 5).

use leadping::id::LeadId;
use leadping::store::Erasure;
use leadping::time::Timestamp;
use serde_json::json;

use crate::error::Error;
use crate::known;
use crate::output::Output;
use crate::target::Target;

/// Erases a lead's personal data.
///
/// # Errors
/// [`Error::NotFound`] for a lead that does not exist, [`Error::Conflict`] for one that is updated again and again; else
/// when the table does not answer.
pub(super) async fn run(id: &LeadId, target: &Target, output: &mut Output) -> Result<(), Error> {
    target.confirm(&format!("erase the person's data of the lead {id} for good"))?;
    let erasure = target.leads.erase(&target.limits, id, Timestamp::now()).await;
    let erasure = erasure.map_err(|error| target.store_error(error))?;
    let before = match erasure {
        Erasure::Erased => false,
        Erasure::ErasedBefore => true,
        Erasure::NotFound => return Err(known::no_lead(id)),
        Erasure::Busy => {
            return Err(Error::Conflict(format!(
                "the lead {id} is being updated concurrently; nothing was erased, try again"
            )));
        }
    };
    output.show(&json!({"id": id, "erased": true, "before": before}), |page, _| {
        if before {
            writeln!(page, "The person's data of {id} was erased before; nothing was written.")
        } else {
            writeln!(page, "The person's data of {id} is erased; id, source, account and times are kept.")
        }
    })
}
