//! The lists that users page through. Each is one index, and no list reads more than it returns places.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Select};
use futures_util::future::try_join;

use super::StoreError;
use super::batch;
use super::item::{self, Item};
use super::lead_item::{LEAD, erased_scope, external_id_scope, index_key, lead_id, pk};
use super::leads::{CONVERSATION, Leads, conversation};
use super::schema::{self, Index};
use super::update::applied;
use crate::conversation::Conversation;
use crate::id::{BusinessId, LeadId, SourceId};
use crate::lead::email::Email;
use crate::lead::phone_number::PhoneNumber;
use crate::source::Mode;

/// A list of leads, or of conversations.
#[derive(Clone, Copy, Debug)]
pub enum List<'a> {
    /// The leads of a business, by when they were accepted.
    Business(&'a BusinessId),
    /// The erased leads of a business, by when they were accepted.
    Erased(&'a BusinessId),
    /// The leads of a business with this phone number, by when they were accepted.
    Phone(&'a BusinessId, &'a PhoneNumber),
    /// The leads of a business with this email address, by when they were accepted.
    Email(&'a BusinessId, &'a Email),
    /// The leads of a source with this external id, by when they were accepted.
    ExternalId(&'a SourceId, &'a str),
    /// The leads of a business, by the key of the last name.
    Name(&'a BusinessId),
    /// The conversations of a business, by when they last moved to the top of the inbox.
    Inbox(&'a BusinessId),
}

/// The part of a list between two texts of what it is sorted by. Both are included.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what it is called")]
pub struct Span {
    pub from: String,
    pub to: String,
}

impl Span {
    /// The part of a list that is sorted by time: all of it.
    pub fn of_all_times() -> Self {
        // Times begin with a digit.
        Self { from: "0".to_owned(), to: ":".to_owned() }
    }
}

/// A place in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The text that the list is sorted by.
    pub sort: String,
    /// The lead of the entry.
    pub lead_id: LeadId,
}

/// Some places of a list.
#[derive(Debug)]
pub struct Places {
    /// The places, in the order of the list.
    pub found: Vec<Place>,
    /// Where the list continues; `None` at its end.
    pub next: Option<Place>,
}

/// Counts what a query finds; `None` if that is more than `max`. Reads as little as the index has of each entry.
pub(super) async fn count(query: QueryFluentBuilder, max: u64) -> Result<Option<u64>, StoreError> {
    let query = query.select(Select::Count);
    let mut start = None;
    let mut count = 0;
    loop {
        let page = query.clone().set_exclusive_start_key(start).send().await?;
        count += u64::try_from(page.count()).unwrap_or_default();
        start = page.last_evaluated_key;
        if count > max {
            return Ok(None);
        }
        if start.is_none() {
            return Ok(Some(count));
        }
    }
}

impl List<'_> {
    fn index(self) -> Index {
        match self {
            Self::Business(_) | Self::Erased(_) => schema::BUSINESS,
            Self::Phone(..) => schema::PHONE,
            Self::Email(..) => schema::EMAIL,
            Self::ExternalId(..) => schema::EXTERNAL_ID,
            Self::Name(_) => schema::NAME,
            Self::Inbox(_) => schema::INBOX,
        }
    }

    fn partition(self) -> AttributeValue {
        item::text(match self {
            Self::Business(business) | Self::Name(business) | Self::Inbox(business) => business.to_string(),
            Self::Erased(business) => erased_scope(business),
            Self::Phone(business, number) => index_key(business.as_str(), number.as_str()),
            Self::Email(business, email) => index_key(business.as_str(), &email.canonical()),
            Self::ExternalId(source, external_id) => index_key(&external_id_scope(source, Mode::Live), external_id),
        })
    }

    fn sort_key(self) -> &'static str {
        match self {
            Self::Inbox(_) => CONVERSATION,
            _ => LEAD,
        }
    }

    fn place(self, entry: &Item) -> Result<Place, StoreError> {
        Ok(Place { sort: item::string(entry, self.index().sort)?.to_owned(), lead_id: lead_id(entry)? })
    }

    fn start(self, place: &Place) -> Item {
        let index = self.index();
        let mut start = item::key(pk(&place.lead_id), self.sort_key());
        start.insert(index.partition.to_owned(), self.partition());
        start.insert(index.sort.to_owned(), item::text(&place.sort));
        start
    }
}

impl Leads {
    /// Lists up to `max` places of a list, from its beginning or after a place. Makes one call. Eventually consistent.
    pub async fn places(
        &self,
        list: List<'_>,
        span: &Span,
        ascending: bool,
        after: Option<&Place>,
        max: usize,
    ) -> Result<Places, StoreError> {
        let found = self
            .in_list(list, span)
            .scan_index_forward(ascending)
            .set_exclusive_start_key(after.map(|place| list.start(place)))
            .limit(i32::try_from(max).unwrap_or(i32::MAX))
            .send()
            .await?;
        let entries = found.items().iter().filter(|entry| item::is(entry, list.sort_key()));
        Ok(Places {
            found: item::readable(entries.map(|entry| list.place(entry))),
            next: found.last_evaluated_key().map(|entry| list.place(entry)).transpose()?,
        })
    }

    /// Counts the leads of a business that were accepted within a span, also those that were erased since. Reads keys only.
    pub async fn count_accepted(&self, business: &BusinessId, span: &Span) -> Result<u64, StoreError> {
        let [live, erased] =
            [List::Business(business), List::Erased(business)].map(|list| self.count_list(list, span, u64::MAX));
        let (live, erased) = try_join(live, erased).await?;
        Ok(live.unwrap_or_default() + erased.unwrap_or_default())
    }

    /// Counts a part of a list; `None` if it has more than `max` entries. Reads keys only.
    pub async fn count_list(&self, list: List<'_>, span: &Span, max: u64) -> Result<Option<u64>, StoreError> {
        count(self.in_list(list, span), max).await
    }

    fn in_list(&self, list: List<'_>, span: &Span) -> QueryFluentBuilder {
        let index = list.index();
        self.client
            .query()
            .table_name(&self.table)
            .index_name(index.name)
            .key_condition_expression("#partition = :partition AND #sort BETWEEN :from AND :to")
            .expression_attribute_names("#partition", index.partition)
            .expression_attribute_names("#sort", index.sort)
            .expression_attribute_values(":partition", list.partition())
            .expression_attribute_values(":from", item::text(&span.from))
            .expression_attribute_values(":to", item::text(&span.to))
    }

    /// Reads conversations by their leads, in the order of `ids`. Those that do not exist or have left the inbox are
    /// left out. The read is consistent, so it never returns the data of a lead that was just erased.
    pub async fn conversations(&self, ids: &[LeadId]) -> Result<Vec<Conversation>, StoreError> {
        let keys = ids.iter().map(|id| item::key(pk(id), CONVERSATION));
        let found = batch::get(&self.client, &self.table, keys, true).await?;
        let found = found.iter().filter(|found| found.contains_key(schema::INBOX.partition));
        let mut found: HashMap<LeadId, Conversation> =
            item::readable(found.map(|found| Ok((lead_id(found)?, conversation(found)?)))).into_iter().collect();
        Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
    }

    /// Marks a conversation of a business as read, if `event_version` is its last event's.
    ///
    /// Returns `false` and writes nothing when another event has happened, or the conversation is not the business's.
    ///
    /// # Errors
    /// [`StoreError`]; a retry is safe.
    pub async fn mark_read(&self, id: &LeadId, business: &BusinessId, event_version: u64) -> Result<bool, StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item::key(pk(id), CONVERSATION)))
            .condition_expression("businessId = :business AND eventVersion = :version")
            .update_expression("SET isUnread = :unread")
            .expression_attribute_values(":business", item::text(business))
            .expression_attribute_values(":version", item::number(event_version))
            .expression_attribute_values(":unread", AttributeValue::Bool(false));
        applied(update.send().await.map(drop))
    }
}
