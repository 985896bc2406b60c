//! `GET /leads/{id}` and `POST /events/leads/{leadId}`: one lead, with its conversation and timeline.

use serde::Serialize;
use serde_with::skip_serializing_none;

use super::cursor::Binding;
use super::inbox::ConversationRow;
use super::options::{Filter, Options, Served};
use super::page::Page;
use super::reader::Reader;
use super::row::{SourceName, Tag};
use super::{Reading, to_json, unavailable};
use crate::event::{Event, EventType};
use crate::http::problem::Missing;
use crate::http::{Problem, UserRoute};
use crate::id::{BusinessId, LeadId};
use crate::lead::view::LeadView;
use crate::store::Record;
use crate::time::Timestamp;

/// What a timeline serves.
pub(super) const SERVED_EVENTS: Served =
    Served { filters: &["eventType"], range: None, order: Some("createdAt"), search: &[] };

/// A lead as users see it. The lookup is in its phone and not in the vendor's `phoneIdentity`: its SDK fails to import the
/// model of a lookup.
#[skip_serializing_none]
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LeadDetail<'a> {
    #[serde(flatten)]
    lead: LeadView<'a>,
    business_id: &'a BusinessId,
    source: SourceName,
    tags: Vec<Tag>,
    /// When its last event happened.
    modified_at: Timestamp,
    is_archived: bool,
    conversation: Option<ConversationRow>,
    /// The timeline, oldest first.
    events: &'a [Event],
}

/// The type that a filter names.
fn event_type(filter: &Filter) -> Result<&'static EventType, Problem> {
    let types = || EventType::ALL.iter().map(|(event_type, _)| event_type);
    types().find(|event_type| event_type.as_str() == filter.value).ok_or_else(|| {
        let names: Vec<&str> = types().map(EventType::as_str).collect();
        filter.invalid(format!("Send one of {}.", names.join(", ")))
    })
}

impl Reading {
    /// One lead of the reader's business, consistently, as JSON.
    pub(super) async fn lead(&self, reader: &Reader, id: &str) -> Result<String, Problem> {
        let mut record = self.own_record(reader, id).await?;
        let conversation = record.conversation.take().map(ConversationRow::from);
        let stored = &record.lead;
        let source = self.own_source(reader, &stored.lead().source_id, false).await?;
        let is_approved = source.as_ref().map(|source| source.approved);
        let mut view = stored.view();
        if is_approved == Some(false) {
            view.eligibility.source_is_not_approved();
        }
        let answer = to_json(&LeadDetail {
            lead: view,
            business_id: stored.business_id(),
            source: SourceName { id: stored.lead().source_id.clone(), name: source.map(|source| source.name) },
            tags: Tag::all(&stored.lead().tag_ids, &stored.lead().tag_names),
            modified_at: record.timeline.last().map_or(stored.lead().created_at, |event| event.created_at),
            is_archived: false,
            conversation,
            events: &record.timeline,
        })?;
        reader.has_read(&record);
        Ok(answer)
    }

    /// The timeline of a lead, oldest first unless it is asked for otherwise.
    pub(super) async fn events(&self, reader: &Reader, lead: &str, options: &Options) -> Result<Page<Event>, Problem> {
        let wanted = options.filters.iter().map(event_type).collect::<Result<Vec<_>, _>>()?;
        let mut record = self.own_record(reader, lead).await?;
        let mut timeline = std::mem::take(&mut record.timeline);
        let binding = Binding::of(reader, UserRoute::LeadEvents, lead, options);
        timeline.retain(|event| wanted.iter().all(|wanted| event.event_type == **wanted));
        if options.ascending == Some(false) {
            timeline.reverse();
        }
        let total = options.include_count.then(|| u64::try_from(timeline.len()).unwrap_or(u64::MAX));
        if let Some(token) = &options.token {
            let last: u64 = binding.place(token)?;
            let at = timeline.iter().position(|event| event.sequence == last).ok_or(Problem::InvalidCursor)?;
            timeline.drain(..=at);
        }
        let has_more = timeline.len() > options.page_size;
        timeline.truncate(options.page_size);
        let last = timeline.last().filter(|_| has_more).map(|event| event.sequence);
        if !timeline.is_empty() {
            reader.has_read(&record);
        }
        Ok(Page {
            items: timeline,
            page_size: options.page_size,
            total_count: total,
            continuation_token: last.map(|last| binding.token(last)).transpose()?,
        })
    }

    /// Everything about a lead of the reader's business. Another business's lead, an unknown one and an id of another
    /// form cannot be told apart.
    pub(super) async fn own_record(&self, reader: &Reader, id: &str) -> Result<Record, Problem> {
        let missing = || Problem::NotFound(Missing::UserLead);
        let id = LeadId::parse(id).map_err(|_| missing())?;
        self.record_of(reader, &id).await?.ok_or_else(missing)
    }

    /// The same; `None` if the business has no such lead.
    pub(super) async fn record_of(&self, reader: &Reader, id: &LeadId) -> Result<Option<Record>, Problem> {
        let record = self.leads.record(id).await.map_err(unavailable)?;
        Ok(record.filter(|record| *record.lead.business_id() == reader.business))
    }
}
