//! Sources and businesses that exist, and the nearest id to one that does not. A mistyped id is an error, never an empty
//! result.

use std::collections::BTreeSet;

use leadping::id::{BusinessId, LeadId, SourceId};
use leadping::source::Source;
use leadping::store::AllSources;
use serde_json::Value;

use crate::error::Error;
use crate::target::Target;

/// A source as it is now.
///
/// # Errors
/// [`Error::NotFound`] for one that does not exist, with the nearest id; else when the table does not answer.
pub(crate) async fn source(target: &Target, id: &SourceId) -> Result<Source, Error> {
    if let Some(source) = target.sources.latest(id).await.map_err(|error| target.store_error(error))? {
        return Ok(source);
    }
    not_a_key(id.as_str())?;
    let AllSources { sources, .. } = all_sources(target).await?;
    let hint = did_you_mean(id.as_str(), sources.iter().map(|source| source.id.as_str()));
    Err(Error::NotFound(format!("there is no source {id} here{hint}; `leadctl source list` shows the sources")))
}

/// All sources, by id.
///
/// # Errors
/// When the table does not answer.
pub(crate) async fn all_sources(target: &Target) -> Result<AllSources, Error> {
    let mut all = target.sources.list().await.map_err(|error| target.store_error(error))?;
    all.sources.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(all)
}

/// The ids of all sources, also of those that cannot be read.
///
/// # Errors
/// When the table does not answer.
pub(crate) async fn all_ids(target: &Target) -> Result<Vec<SourceId>, Error> {
    let AllSources { sources, unreadable } = all_sources(target).await?;
    Ok(sources.into_iter().map(|source| source.id).chain(unreadable).collect())
}

/// The sources that are attached to a business, or once were: their changes tell. There is no other record of a business.
/// A source that cannot be read is among them, because it may be attached.
///
/// # Errors
/// [`Error::NotFound`] for a business that no source was ever attached to, with the nearest id; else when the table does
/// not answer.
pub(crate) async fn sources_of(target: &Target, business: &BusinessId) -> Result<Vec<SourceId>, Error> {
    let mut attached = Vec::new();
    let mut known = BTreeSet::new();
    let AllSources { sources, unreadable } = all_sources(target).await?;
    let readable = sources.into_iter().map(|source| (source.id, source.business_id));
    for (id, now) in readable.chain(unreadable.iter().map(|id| (id.clone(), None))) {
        let mut businesses: BTreeSet<String> = now.iter().map(ToString::to_string).collect();
        if !businesses.contains(business.as_str()) {
            let changes = target.sources.history(&id, usize::MAX).await;
            for change in changes.map_err(|error| target.store_error(error))?.into_iter().flat_map(|it| it.members) {
                if change.member == "businessId" {
                    businesses
                        .extend([change.before, change.after].iter().filter_map(Value::as_str).map(str::to_owned));
                }
            }
        }
        if businesses.contains(business.as_str()) && !unreadable.contains(&id) {
            attached.push(id);
        }
        known.extend(businesses);
    }
    if !attached.is_empty() || known.contains(business.as_str()) {
        attached.extend(unreadable);
    }
    if attached.is_empty() {
        not_a_key(business.as_str())?;
        let hint = did_you_mean(business.as_str(), known.iter().map(String::as_str));
        return Err(Error::NotFound(format!(
            "no source was ever attached to a business {business}{hint}; `leadctl source list` shows the businesses"
        )));
    }
    Ok(attached)
}

/// There is no lead of this id.
pub(crate) fn no_lead(id: &LeadId) -> Error {
    match not_a_key(id.as_str()) {
        Err(error) => error,
        Ok(()) => {
            Error::NotFound(format!("there is no lead {id} here; compare it with the id in the answer to its post"))
        }
    }
}

/// A key in the place of an id must not end up in a log or a token.
///
/// # Errors
/// [`Error::NotFound`], without it.
pub(crate) fn not_a_key(id: &str) -> Result<(), Error> {
    if id.starts_with("lp_") {
        return Err(Error::NotFound("that is a key, not an id; `leadctl source list` shows the sources' ids, and the answer to a post its lead's"
                .to_owned(),
        ));
    }
    Ok(())
}

/// Names the nearest id, where one is near enough to be what was meant: two thirds of its characters agree.
fn did_you_mean<'a>(typed: &str, known: impl Iterator<Item = &'a str>) -> String {
    let typed = typed.to_lowercase();
    let likeness = |id: &'a str| (strsim::normalized_damerau_levenshtein(&typed, &id.to_lowercase()), id);
    let nearest = known.map(likeness).max_by(|(one, _), (other, _)| one.total_cmp(other));
    nearest.filter(|(like, _)| *like >= 2.0 / 3.0).map(|(_, id)| format!(" (did you mean {id}?)")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_id_is_named_when_it_is_near() {
        let known = ["business_1", "business_22", "acme", "source_123", "source_texas", "source_product"];
        for (typed, hint) in [
            ("busines_1", " (did you mean business_1?)"),
            ("buisness_22", " (did you mean business_22?)"),
            ("BUSINESS_1", " (did you mean business_1?)"),
            ("business_3", " (did you mean business_1?)"),
            ("source_tx", " (did you mean source_texas?)"),
            ("acne", " (did you mean acme?)"),
            ("nope", ""),
            ("x", ""),
        ] {
            assert_eq!(did_you_mean(typed, known.into_iter()), hint, "{typed}");
        }
        assert_eq!(did_you_mean("a", std::iter::empty()), "");
    }
}
