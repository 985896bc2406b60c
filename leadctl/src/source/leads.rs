//! Whether a source ever had a lead.

use leadping::source::Source;
use leadping::time::Timestamp;

use crate::days::Days;
use crate::error::Error;
use crate::target::Target;

/// The first day on which a source had a lead, by the index of days, from the source's creation until now: four small queries a day, so that the intake need not
/// write that a source has leads.
pub(super) async fn first_day(target: &Target, source: &Source) -> Result<Option<String>, Error> {
    for day in Days::between(source.created_at, Timestamp::now()) {
        if target.leads.any(&source.id, &day).await.map_err(|error| target.store_error(error))? {
            return Ok(Some(day));
        }
    }
    Ok(None)
}
