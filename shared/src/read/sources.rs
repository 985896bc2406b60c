//! `POST /sources/all/my` and `GET /sources/{id}`: the sources of a business, never their keys.

use serde::Serialize;

use super::cursor::{Binding, SortKey};
use super::options::{Options, Served};
use super::page::{MAX_COUNT, Page};
use super::reader::Reader;
use super::{Reading, unavailable};
use crate::http::problem::Missing;
use crate::http::{Problem, UserRoute};
use crate::id::{BusinessId, SourceId};
use crate::lead::state::State;
use crate::source::Source;
use crate::source::limits::{Caps, Duplicates};
use crate::time::Timestamp;

/// What the list serves.
pub(super) const SERVED: Served = Served { filters: &[], range: None, order: Some("name"), search: &[] };

/// A source as users see it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SourceView {
    id: SourceId,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    business_id: Option<BusinessId>,
    enabled: bool,
    /// Whether the source has an account and a business: without both it may not send leads.
    attached: bool,
    compliance_approved: bool,
    requires_trusted_form: bool,
    retain_certificates: bool,
    allowed_states: Vec<State>,
    allowed_products: Vec<String>,
    /// How many leads the source may send.
    #[serde(skip_serializing_if = "Option::is_none")]
    limits: Option<Caps>,
    /// What happens when a person comes again.
    #[serde(skip_serializing_if = "Option::is_none")]
    duplicates: Option<Duplicates>,
    default_tag_ids: Vec<String>,
    created_at: Timestamp,
}

impl From<Source> for SourceView {
    fn from(source: Source) -> Self {
        // Keys and the salt never leave.
        Self {
            attached: source.account_id.is_some() && source.business_id.is_some(),
            id: source.id,
            name: source.name,
            business_id: source.business_id,
            enabled: source.enabled,
            compliance_approved: source.approved,
            requires_trusted_form: source.requires_trusted_form,
            retain_certificates: source.retain_certificates,
            allowed_states: source.allowed_states,
            allowed_products: source.allowed_products,
            limits: source.limits,
            duplicates: source.duplicates,
            default_tag_ids: source.default_tag_ids,
            created_at: source.created_at,
        }
    }
}

impl Reading {
    /// The sources of a business, by name.
    pub(super) async fn list_sources(&self, reader: &Reader, options: &Options) -> Result<Page<SourceView>, Problem> {
        let binding = Binding::of(reader, UserRoute::Sources, "", options);
        let after: Option<(SortKey, SourceId)> =
            options.token.as_ref().map(|token| binding.place(token)).transpose()?;
        let after = after.map(|(SortKey(name), id)| (name, id));
        let ascending = options.ascending.unwrap_or(true);
        let found = self.sources.of_business(&reader.business, ascending, after.as_ref(), options.page_size).await;
        let (sources, next) = found.map_err(unavailable)?;
        let total_count = if options.include_count {
            self.sources.count(&reader.business, MAX_COUNT).await.map_err(unavailable)?
        } else {
            None
        };
        Ok(Page {
            items: sources.into_iter().map(SourceView::from).collect(),
            page_size: options.page_size,
            total_count,
            continuation_token: next.map(|place| binding.token(place)).transpose()?,
        })
    }

    /// The source as users see it, with every completed change.
    pub(super) async fn source(&self, reader: &Reader, id: &str) -> Result<SourceView, Problem> {
        self.named_source(reader, id).await.map(SourceView::from)
    }

    /// A source of the reader's business by the id in a path. Another business's source, an unknown one and an id of
    /// another form cannot be told apart.
    pub(super) async fn named_source(&self, reader: &Reader, id: &str) -> Result<Source, Problem> {
        let missing = || Problem::NotFound(Missing::UserSource);
        let id = SourceId::parse(id).map_err(|_| missing())?;
        self.own_source(reader, &id, true).await?.ok_or_else(missing)
    }

    /// A source of the reader's business; `None` if the business has no such source.
    pub(super) async fn own_source(
        &self,
        reader: &Reader,
        id: &SourceId,
        consistent: bool,
    ) -> Result<Option<Source>, Problem> {
        let found = if consistent { self.sources.latest(id).await } else { self.sources.get(id).await };
        Ok(found.map_err(unavailable)?.filter(|source| source.business_id.as_ref() == Some(&reader.business)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_source_says_what_happens_when_a_person_comes_again() {
        let now = "2026-06-15T12:00:00Z".parse().unwrap();
        let source = Source::new("source_1".parse().unwrap(), "One", "salt".into(), now);
        let rule = json!({"by": ["phone"], "days": 30, "scope": "business", "action": "flag"});
        for (duplicates, expected) in [(None, None), (serde_json::from_value(rule.clone()).unwrap(), Some(&rule))] {
            let view = SourceView::from(Source { duplicates, ..source.clone() });
            assert_eq!(serde_json::to_value(view).unwrap().get("duplicates"), expected);
        }
    }
}
