//! `POST /leads/all/my`: the leads of a business, listed and searched.

use std::collections::BTreeMap;

use super::cursor::Binding;
use super::options::{Filter, Options, Served, invalid, unsupported};
use super::page::{Page, Part};
use super::range::Range;
use super::reader::Reader;
use super::row::LeadRow;
use super::{Reading, unavailable};
use crate::http::{Problem, UserRoute};
use crate::id::{LeadId, SourceId};
use crate::lead::email::Email;
use crate::lead::phone_number::PhoneNumber;
use crate::lead::state::State;
use crate::lead::{ProcessingStatus, name, text};
use crate::payload::fields::MAX_TEXT;
use crate::store::{Kept, List, Span, StoredLead};

/// What leads are filtered by.
#[derive(Clone, Copy)]
enum Field {
    Id,
    Phone,
    Email,
    ExternalId,
    SourceId,
    ProcessingStatus,
    State,
    Product,
}

impl Field {
    const ALL: [Self; 8] = [
        Self::Id,
        Self::Phone,
        Self::Email,
        Self::ExternalId,
        Self::SourceId,
        Self::ProcessingStatus,
        Self::State,
        Self::Product,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Phone => "phone",
            Self::Email => "email",
            Self::ExternalId => "externalId",
            Self::SourceId => "sourceId",
            Self::ProcessingStatus => "processingStatus",
            Self::State => "state",
            Self::Product => "product",
        }
    }

    /// The names of all fields.
    #[expect(clippy::indexing_slicing, reason = "it runs only in the compiler")]
    const NAMES: [&str; Self::ALL.len()] = {
        let mut names = [""; Self::ALL.len()];
        let mut at = 0;
        while at < names.len() {
            names[at] = Self::ALL[at].name();
            at += 1;
        }
        names
    };
}

/// What the list serves.
pub(super) const SERVED: Served = Served {
    filters: &Field::NAMES,
    range: Some("createdAt"),
    order: Some("createdAt"),
    search: &["id", "email", "phone", "lastName"],
};

/// The fewest digits that are searched as a phone number.
const MIN_DIGITS: usize = 7;

/// What a search or a filter looks for.
#[derive(Clone, Debug)]
enum Sought {
    Id(LeadId),
    Phone(PhoneNumber),
    Email(Email),
    LastName(String),
    ExternalId(String),
    Source(SourceId),
    Status(ProcessingStatus),
    State(State),
    Product(String),
}

impl Sought {
    /// What a filter looks for. A value that no lead can have is refused.
    fn of_filter(filter: &Filter) -> Result<Self, Problem> {
        const ID: &str = "Send one id: 1 to 64 letters, digits, hyphens and underscores.";
        let value = filter.value.as_str();
        let field = Field::ALL.into_iter().find(|field| field.name() == filter.field).ok_or(Problem::Internal)?;
        let (sought, expected) = match field {
            Field::Id => (LeadId::parse(value).ok().map(Self::Id), ID),
            Field::SourceId => (SourceId::parse(value).ok().map(Self::Source), ID),
            Field::Phone => (phone_number(value).map(Self::Phone), "Send one U.S. phone number of ten digits."),
            Field::Email => {
                (Email::parse(value).map(Self::Email), "Send one e-mail address, such as name@example.com.")
            }
            Field::ExternalId => (posted(value).map(Self::ExternalId), POSTED),
            Field::ProcessingStatus => {
                let mut statuses = [ProcessingStatus::Enriching, ProcessingStatus::Ready].into_iter();
                (statuses.find(|status| status.as_str() == value).map(Self::Status), "Send Enriching or Ready.")
            }
            Field::State => (State::parse(value).map(Self::State), "Send a U.S. state, by USPS code or name."),
            Field::Product => (posted(value).map(|product| Self::Product(product.to_lowercase())), POSTED),
        };
        sought.ok_or_else(|| filter.invalid(expected))
    }

    /// Reads a search by what it looks like, or as the first field that it can be, if fields are asked for. `None` if no
    /// lead can be found by it. A search that can be none of the fields is refused.
    fn of_search(search: &str, fields: &[String]) -> Result<Option<Self>, Problem> {
        let id = search.to_ascii_lowercase();
        let (is_id, email, number) = (id.starts_with("lead_"), Email::parse(search), phone_number(search));
        let looks_like = if is_id {
            "id"
        // An address first: `5125550123@example.com` is a number with a remark, too.
        } else if email.is_some() || (number.is_none() && search.contains('@')) {
            "email"
        } else if number.is_some() || has_digits_only(search) {
            "phone"
        } else {
            "lastName"
        };
        let read = |field: &str| match field {
            "id" => LeadId::parse(&id).ok().filter(|_| is_id).map(Self::Id),
            "email" => email.clone().map(Self::Email),
            "phone" => number.clone().map(Self::Phone),
            _ => Some(name::key(search)).filter(|prefix| !prefix.is_empty()).map(Self::LastName),
        };
        if fields.is_empty() {
            return Ok(read(looks_like));
        }
        let asked = || SERVED.search.iter().copied().filter(|field| fields.iter().any(|asked| asked == field));
        match asked().find_map(read) {
            None if asked().all(|field| field != "lastName") => {
                let detail = format!(
                    "Send a whole value of {}, or leave searchFields out.",
                    asked().collect::<Vec<_>>().join(" or ")
                );
                Err(invalid("/search".to_owned(), detail))
            }
            found => Ok(found),
        }
    }

    /// Whether a lead is what is looked for.
    fn is(&self, kept: &Kept) -> bool {
        let lead = &kept.lead;
        let address = lead.contact.street_address.as_ref();
        match self {
            Self::Id(id) => *id == lead.id,
            Self::Phone(number) => Some(number) == lead.phone_number(),
            Self::Email(email) => Some(email.canonical()) == lead.contact.email.as_ref().map(Email::canonical),
            Self::LastName(prefix) => {
                name::key(lead.contact.last_name.as_deref().unwrap_or_default()).starts_with(prefix.as_str())
            }
            Self::ExternalId(id) => lead.metadata.external_id.as_ref() == Some(id),
            Self::Source(source) => *source == lead.source_id,
            Self::Status(status) => lead.processing_status == *status,
            Self::State(state) => {
                address.and_then(|address| address.state.as_deref()).and_then(State::parse) == Some(*state)
            }
            Self::Product(product) => {
                lead.metadata.product.as_ref().map(|product| product.to_lowercase()).as_ref() == Some(product)
            }
        }
    }
}

/// Whether a text that is no phone number looks like a part of one.
fn has_digits_only(text: &str) -> bool {
    text.chars().filter(|c| c.is_numeric()).count() >= MIN_DIGITS && !text.chars().any(char::is_alphabetic)
}

fn phone_number(text: &str) -> Option<PhoneNumber> {
    PhoneNumber::parse(text).map(|parsed| parsed.number).ok()
}

/// What the value of [`posted`] must be.
const POSTED: &str = "Send 1 to 1,024 characters that can be seen, without control characters.";

/// A text as the intake stores it.
fn posted(text: &str) -> Option<String> {
    text::clean(text, MAX_TEXT).ok().filter(|text| !text::is_blank(text))
}

/// What is asked for: one of these finds the leads by an index, and all of them are checked.
struct Question {
    sought: Vec<Sought>,
    range: Range,
    ascending: Option<bool>,
}

impl Question {
    /// `None` if nothing can be found.
    fn of(options: &Options) -> Result<Option<Self>, Problem> {
        let mut sought = options.filters.iter().map(Sought::of_filter).collect::<Result<Vec<_>, _>>()?;
        let has_source = sought.iter().any(|it| matches!(it, Sought::Source(_)));
        let external_id = options.filters.iter().find(|filter| filter.field == "externalId");
        if let Some(filter) = external_id
            && !has_source
        {
            let detail = "Filter by sourceId, too: each source has its own external ids.";
            return Err(unsupported(format!("/filters/{}/field", filter.index), detail));
        }
        if let Some(search) = &options.search {
            match Sought::of_search(search, &options.search_fields)? {
                Some(found) => sought.push(found),
                None => return Ok(None),
            }
        }
        if options.range.is_empty() || options.only_archived {
            return Ok(None);
        }
        let question = Self { sought, range: options.range, ascending: options.ascending };
        if options.ascending.is_some() && matches!(question.list(), Some((_, Sought::LastName(_)))) {
            let detail = "Leads that are found by their last name are in the order of their names. Leave orderBy out.";
            return Err(unsupported("/orderBy".to_owned(), detail));
        }
        Ok(Some(question))
    }

    /// What the leads are found by: what fits the fewest leads.
    fn list(&self) -> Option<(usize, &Sought)> {
        let rank = |sought: &Sought| match sought {
            Sought::Id(_) => 0,
            Sought::ExternalId(_) => 1,
            Sought::Phone(_) => 2,
            Sought::Email(_) => 3,
            Sought::LastName(_) => 4,
            _ => usize::MAX,
        };
        let indexed = self.sought.iter().enumerate().filter(|(_, sought)| rank(sought) < usize::MAX);
        indexed.min_by_key(|(_, sought)| rank(sought))
    }

    fn part<'a>(&'a self, reader: &'a Reader) -> Part<'a> {
        let business = &reader.business;
        let (mut span, mut ascending) = (self.range.span(), self.ascending.unwrap_or(false));
        let mut is_ranged = true;
        let found_by = self.list();
        // The external id's index has the source in its key, so that filter is not applied to what is read.
        let mut applied = usize::from(found_by.is_some());
        let list = match found_by.map(|(_, sought)| sought) {
            Some(Sought::ExternalId(external_id)) => match self.source() {
                Some(source) => {
                    applied += 1;
                    List::ExternalId(source, external_id)
                }
                None => List::Business(business),
            },
            Some(Sought::Phone(number)) => List::Phone(business, number),
            Some(Sought::Email(email)) => List::Email(business, email),
            Some(Sought::LastName(prefix)) => {
                // Every name with the prefix comes before the prefix with the last character of Unicode.
                span = Span { from: prefix.clone(), to: format!("{prefix}{}", char::MAX) };
                (ascending, is_ranged) = (true, self.range == Range::default());
                List::Name(business)
            }
            _ => List::Business(business),
        };
        Part { list, span, ascending, is_filtered: self.sought.len() > applied || !is_ranged }
    }

    fn source(&self) -> Option<&SourceId> {
        self.sought.iter().find_map(|sought| match sought {
            Sought::Source(source) => Some(source),
            _ => None,
        })
    }

    fn fits(&self, reader: &Reader, kept: &Kept) -> bool {
        // A test lead is in no list, and the key of an external id has no business.
        kept.business_id == reader.business
            && !kept.lead.test
            && self.range.contains(kept.lead.created_at)
            && self.sought.iter().all(|sought| sought.is(kept))
    }
}

impl Reading {
    /// The leads of a business, newest first unless they are asked for otherwise.
    pub(super) async fn list_leads(&self, reader: &Reader, options: &Options) -> Result<Page<LeadRow>, Problem> {
        let Some(question) = Question::of(options)? else { return Page::whole(Vec::new(), options) };
        let binding = Binding::of(reader, UserRoute::Leads, "", options);
        if let Some((_, Sought::Id(id))) = question.list() {
            let found = self.leads.get_many(std::slice::from_ref(id)).await.map_err(unavailable)?;
            let found = found.into_iter().filter_map(kept).filter(|kept| question.fits(reader, kept)).collect();
            return Page::whole(self.rows(reader, found).await?, options);
        }
        // The index of external ids has no business in its key.
        if let (Some((_, Sought::ExternalId(_))), Some(source)) = (question.list(), question.source())
            && self.own_source(reader, source, false).await?.is_none()
        {
            return Page::whole(Vec::new(), options);
        }
        let read = |ids: Vec<LeadId>| async move {
            let found = self.leads.get_many(&ids).await?;
            Ok(found.into_iter().filter_map(kept).map(|kept| (kept.lead.id.clone(), kept)).collect())
        };
        let part = question.part(reader);
        let mut page = self.page(&part, options, &binding, read, |kept| question.fits(reader, kept)).await?;
        let found = std::mem::take(&mut page.items);
        let rows = self.rows(reader, found).await?;
        Ok(page.with(rows))
    }

    async fn rows(&self, reader: &Reader, found: Vec<Kept>) -> Result<Vec<LeadRow>, Problem> {
        let ids = found.iter().map(|kept| &kept.lead.source_id);
        let names = self.source_names(reader, ids).await?;
        Ok(found.into_iter().map(|kept| LeadRow::of(kept, &names)).collect())
    }

    /// The names of these sources, as far as they are the business's.
    async fn source_names<'a>(
        &self,
        reader: &Reader,
        ids: impl Iterator<Item = &'a SourceId>,
    ) -> Result<BTreeMap<SourceId, String>, Problem> {
        let ids: std::collections::BTreeSet<_> = ids.collect();
        let sources = self.sources.get_many(ids).await.map_err(unavailable)?;
        let own = sources.into_iter().filter(|source| source.business_id.as_ref() == Some(&reader.business));
        Ok(own.map(|source| (source.id, source.name)).collect())
    }
}

fn kept(stored: StoredLead) -> Option<Kept> {
    match stored {
        StoredLead::Kept(kept) => Some(*kept),
        StoredLead::Erased(_) => None,
    }
}
