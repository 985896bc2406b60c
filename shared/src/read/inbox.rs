//! `POST /conversations/my`, `POST /conversations/lead/{leadId}` and `POST /conversations/{id}/mark-read`.

use lambda_http::Request;
use serde::Serialize;
use serde_with::skip_serializing_none;

use super::cursor::Binding;
use super::options::{Filter, Options, Served};
use super::page::{Page, Part};
use super::parameters::Parameters;
use super::range::Range;
use super::reader::Reader;
use super::{Reading, unavailable};
use crate::conversation::Conversation;
use crate::http::problem::{Missing, QueryFault, Spot};
use crate::http::{Problem, UserRoute};
use crate::id::{BusinessId, ConversationId, LeadId, SourceId};
use crate::lead::email::Email;
use crate::lead::phone_number::PhoneNumber;
use crate::lead::redact::redacted;
use crate::store::{List, StoredLead};
use crate::time::Timestamp;

/// What the inbox serves.
pub(super) const SERVED: Served =
    Served { filters: &["isUnread"], range: Some("lastEventAt"), order: Some("lastEventAt"), search: &[] };

/// What the list of a lead's conversations serves: there is one.
pub(super) const SERVED_OF_LEAD: Served = Served { filters: &[], range: None, order: None, search: &[] };

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

/// What the inbox is asked for. The index that finds a conversation may be older than the conversation, so each is checked.
struct Wanted<'a> {
    business: &'a BusinessId,
    is_unread: Option<bool>,
    range: Range,
}

impl Wanted<'_> {
    fn fits(&self, found: &Conversation) -> bool {
        found.business_id == *self.business
            && self.is_unread.is_none_or(|wanted| found.is_unread == wanted)
            && self.range.contains(found.last_event_at)
    }
}

/// Orders conversations that were read after the index, some of which may have moved since.
fn put_in_order(found: &mut [Conversation], ascending: bool) {
    found.sort_by(|one, other| match ascending {
        true => one.last_event_at.cmp(&other.last_event_at),
        false => other.last_event_at.cmp(&one.last_event_at),
    });
}

impl Reading {
    /// The conversations of a business, those with news first unless they are asked for otherwise.
    pub(super) async fn inbox(&self, reader: &Reader, options: &Options) -> Result<Page<ConversationRow>, Problem> {
        let flag = |filter: &Filter| filter.value.parse::<bool>().map_err(|_| filter.invalid("Send true or false."));
        let flags = options.filters.iter().map(flag).collect::<Result<Vec<bool>, _>>()?;
        let is_unread = flags.first().copied();
        let contradict = flags.iter().any(|flag| Some(*flag) != is_unread);
        if contradict || options.range.is_empty() || options.only_archived {
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
        let wanted = Wanted { business: &reader.business, is_unread, range: options.range };
        let binding = Binding::of(reader, UserRoute::Inbox, "", options);
        let mut page = self.page(&part, options, &binding, read, |found| wanted.fits(found)).await?;
        let mut found = std::mem::take(&mut page.items);
        put_in_order(&mut found, part.ascending);
        Ok(page.with(found.into_iter().map(ConversationRow::from).collect()))
    }

    /// The conversation of a lead; none before the worker has opened it.
    pub(super) async fn conversations_of(
        &self,
        reader: &Reader,
        lead: &str,
        options: &Options,
    ) -> Result<Page<ConversationRow>, Problem> {
        let mut record = self.own_record(reader, lead).await?;
        let found = record.conversation.take();
        let page = Page::whole(found.into_iter().map(ConversationRow::from).collect(), options)?;
        if !page.items.is_empty() {
            reader.has_read(&record);
        }
        Ok(page)
    }

    /// Marks a conversation as read, if nothing has happened since the event that the user has seen. Says whether it did.
    /// The conversation of an erased lead or of a test lead is in no inbox, so there is none to mark.
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
        let record = self.record_of(reader, &lead).await?.ok_or_else(missing)?;
        let is_in_inbox = matches!(&record.lead, StoredLead::Kept(kept) if !kept.lead.test);
        record.conversation.filter(|_| is_in_inbox).map(|_| false).ok_or_else(missing)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn conversation(business: &str, is_unread: bool, at: &str) -> Conversation {
        serde_json::from_value(json!({
            "id": "conversation_a", "leadId": "lead_a", "accountId": "account_1", "businessId": business,
            "sourceId": "source_1", "status": "open", "isUnread": is_unread, "lastSnippet": "",
            "lastEventAt": at, "eventVersion": 1, "createdAt": "2026-06-15T12:00:00.000Z",
        }))
        .unwrap()
    }

    /// The index may have an earlier time, business or mark.
    #[test]
    fn a_conversation_that_has_changed_since_it_was_found_is_checked() {
        let business = BusinessId::parse("business_1").unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap().milliseconds();
        let range = Range { from: at("2026-06-15T12:00:00.000Z"), to: at("2026-06-15T12:59:59.999Z") };
        for (of, is_unread, last_event_at, wanted, expected) in [
            ("business_1", true, "2026-06-15T12:00:00.000Z", None, true),
            ("business_1", true, "2026-06-15T12:59:59.999Z", Some(true), true),
            ("business_1", true, "2026-06-15T13:00:00.000Z", None, false),
            ("business_1", true, "2026-06-15T11:59:59.999Z", None, false),
            ("business_1", false, "2026-06-15T12:30:00.000Z", Some(true), false),
            ("business_1", false, "2026-06-15T12:30:00.000Z", Some(false), true),
            ("business_2", true, "2026-06-15T12:30:00.000Z", None, false),
        ] {
            let asked = Wanted { business: &business, is_unread: wanted, range };
            assert_eq!(asked.fits(&conversation(of, is_unread, last_event_at)), expected, "{of} {last_event_at}");
        }
    }

    #[test]
    fn a_page_is_in_the_order_of_what_it_shows() {
        let times = |ascending| {
            let mut found = ["13", "11", "12"]
                .map(|hour| conversation("business_1", true, &format!("2026-06-15T{hour}:00:00.000Z")));
            put_in_order(&mut found, ascending);
            found.map(|found| found.last_event_at.to_string()[11..13].to_owned())
        };
        assert_eq!(
            (times(true), times(false)),
            (["11", "12", "13"].map(str::to_owned), ["13", "12", "11"].map(str::to_owned))
        );
    }
}
