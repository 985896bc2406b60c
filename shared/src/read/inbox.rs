//! `POST /conversations/my`, `POST /conversations/lead/{leadId}` and `POST /conversations/{id}/mark-read`.

use lambda_http::Request;
use serde::Serialize;
use serde_with::skip_serializing_none;

use super::cursor::Binding;
use super::options::{Options, Parameters, Served};
use super::page::{Page, Part};
use super::reader::Reader;
use super::{Reading, unavailable};
use crate::conversation::Conversation;
use crate::http::problem::{Missing, QueryFault, Spot};
use crate::http::{Problem, UserRoute};
use crate::id::{ConversationId, LeadId, SourceId};
use crate::lead::email::Email;
use crate::lead::phone_number::PhoneNumber;
use crate::lead::redact::redacted;
use crate::store::List;
use crate::time::Timestamp;

/// What the inbox serves.
pub(super) const SERVED: Served = Served {
    filters: &["isUnread"],
    range: Some("lastEventAt"),
    order: Some("lastEventAt"),
    search: &[],
    counts: true,
};

/// What the list of a lead's conversations serves: there is one.
pub(super) const SERVED_OF_LEAD: Served = Served { filters: &[], range: None, order: None, search: &[], counts: true };

/// The parameter that says up to which event a user has read.
const EVENT_VERSION: &str = "eventVersion";

/// A conversation as users see it.
#[skip_serializing_none]
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ConversationRow {
    id: ConversationId,
    lead_id: LeadId,
    source_id: SourceId,
    first_name: Option<String>,
    last_name: Option<String>,
    email: Option<Email>,
    lead_phone_number: Option<PhoneNumber>,
    status: String,
    is_unread: bool,
    is_archived: bool,
    last_snippet: String,
    last_event_at: Timestamp,
    event_version: u64,
    created_at: Timestamp,
}

redacted!(ConversationRow);

impl From<Conversation> for ConversationRow {
    fn from(conversation: Conversation) -> Self {
        // Without `..`, so that a member which a conversation gains is not forgotten here.
        let Conversation {
            id,
            lead_id,
            account_id: _,
            business_id: _,
            source_id,
            first_name,
            last_name,
            email,
            lead_phone_number,
            status,
            is_unread,
            last_snippet,
            last_event_at,
            event_version,
            created_at,
        } = conversation;
        Self {
            id,
            lead_id,
            source_id,
            first_name,
            last_name,
            email,
            lead_phone_number,
            status,
            is_unread,
            is_archived: false,
            last_snippet,
            last_event_at,
            event_version,
            created_at,
        }
    }
}

impl Reading {
    /// The conversations of a business, those with news first unless they are asked for otherwise.
    pub(super) async fn inbox(&self, reader: &Reader, options: &Options) -> Result<Page<ConversationRow>, Problem> {
        let mut is_unread = None;
        for filter in &options.filters {
            let wanted = match filter.value.as_str() {
                "true" => true,
                "false" => false,
                _ => return Err(filter.invalid("Send true or false.")),
            };
            if is_unread.is_some_and(|before| before != wanted) {
                return Page::whole(Vec::new(), options);
            }
            is_unread = Some(wanted);
        }
        if options.range.is_empty() || options.only_archived {
            return Page::whole(Vec::new(), options);
        }
        let part = Part {
            list: List::Inbox(&reader.business),
            span: options.range.span(),
            ascending: options.ascending.unwrap_or(false),
            is_filtered: is_unread.is_some(),
        };
        let read = |ids: Vec<LeadId>| async move {
            let found = self.leads.conversations(&ids).await?;
            Ok(found.into_iter().map(|conversation| (conversation.lead_id.clone(), conversation)).collect())
        };
        let keep = |conversation: &Conversation| {
            conversation.business_id == reader.business
                && is_unread.is_none_or(|wanted| conversation.is_unread == wanted)
        };
        let binding = Binding::of(reader, UserRoute::Inbox, "", options);
        let mut page = self.page(&part, options, &binding, read, keep).await?;
        let rows = std::mem::take(&mut page.items).into_iter().map(ConversationRow::from).collect();
        Ok(page.with(rows))
    }

    /// The conversation of a lead; none before the worker has opened it.
    pub(super) async fn conversations_of(
        &self,
        reader: &Reader,
        lead: &str,
        options: &Options,
    ) -> Result<Page<ConversationRow>, Problem> {
        let record = self.own_record(reader, lead).await?;
        Page::whole(record.conversation.into_iter().map(ConversationRow::from).collect(), options)
    }

    /// Marks a conversation as read, if nothing has happened since the event that the user has seen. Says whether it did.
    pub(super) async fn mark_read(&self, reader: &Reader, id: &str, request: &Request) -> Result<bool, Problem> {
        let parameters = Parameters::read(request, &[EVENT_VERSION])?;
        let version = parameters.get(EVENT_VERSION).and_then(|version| version.parse::<i64>().ok());
        let version = version.and_then(|version| version.try_into().ok()).ok_or_else(|| {
            let at = Spot::Parameter(EVENT_VERSION.to_owned());
            Problem::Query(QueryFault::invalid(at, "Send the eventVersion of the conversation that the user has seen."))
        })?;
        let missing = || Problem::NotFound(Missing::Conversation);
        let lead = ConversationId::parse(id).ok().and_then(|id| id.lead()).ok_or_else(missing)?;
        if self.leads.mark_read(&lead, &reader.business, version).await.map_err(unavailable)? {
            return Ok(true);
        }
        // Something has happened since, or the conversation is not the business's.
        let record = self.record_of(reader, &lead).await?;
        record.and_then(|record| record.conversation).map(|_| false).ok_or_else(missing)
    }
}
