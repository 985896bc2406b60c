//! `POST /leads/all/my`: the leads of a business, listed and searched.

use std::collections::BTreeMap;

use super::cursor::Binding;
use super::options::{Filter, Options, Served, unsupported};
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
use crate::lead::{ProcessingStatus, name};
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
    Id(Option<LeadId>),
    Phone(Option<PhoneNumber>),
    Email(Option<Email>),
    LastName(String),
    ExternalId(String),
    Source(Option<SourceId>),
    Status(ProcessingStatus),
    State(State),
    Product(String),
}

impl Sought {
    /// What a filter looks for. An id or number that cannot be read finds nothing.
    fn of_filter(filter: &Filter) -> Result<Self, Problem> {
        let value = filter.value.trim();
        let field = Field::ALL.into_iter().find(|field| field.name() == filter.field).ok_or(Problem::Internal)?;
        Ok(match field {
            Field::Id => Self::Id(LeadId::parse(value).ok()),
            Field::Phone => {
                let number = PhoneNumber::parse(value).map(|parsed| parsed.number).ok();
                Self::Phone(Some(number.ok_or_else(|| filter.invalid("Send one U.S. phone number of ten digits."))?))
            }
            Field::Email => {
                let invalid = || filter.invalid("Send one e-mail address, such as name@example.com.");
                Self::Email(Some(Email::parse(value).ok_or_else(invalid)?))
            }
            Field::ExternalId => Self::ExternalId(value.to_owned()),
            Field::SourceId => Self::Source(SourceId::parse(value).ok()),
            Field::ProcessingStatus => {
                let statuses = [ProcessingStatus::Enriching, ProcessingStatus::Ready];
                let status = statuses.into_iter().find(|status| status.as_str() == value);
                Self::Status(status.ok_or_else(|| filter.invalid("Send Enriching or Ready."))?)
            }
            Field::State => {
                let state = State::parse(value);
                Self::State(state.ok_or_else(|| filter.invalid("Send a U.S. state, by USPS code or name."))?)
            }
            Field::Product => Self::Product(value.to_lowercase()),
        })
    }

    /// Reads a search by what it looks like. Only the fields that are asked for are searched.
    fn of_search(search: &str, fields: &[String]) -> Option<Self> {
        let is_asked = |field: &str| fields.is_empty() || fields.iter().any(|asked| asked == field);
        let digits = search.chars().filter(|c| c.is_numeric()).count();
        let is_number = digits >= MIN_DIGITS && !search.chars().any(char::is_alphabetic);
        // An address first: `5125550123@example.com` is a number with a remark, too.
        let email = Email::parse(search);
        let number = PhoneNumber::parse(search).map(|parsed| parsed.number).ok();
        let id = search.to_ascii_lowercase();
        let (field, sought) = if id.starts_with("lead_") {
            ("id", Self::Id(LeadId::parse(&id).ok()))
        } else if email.is_some() || (number.is_none() && search.contains('@')) {
            ("email", Self::Email(email))
        } else if number.is_some() || is_number {
            ("phone", Self::Phone(number))
        } else {
            ("lastName", Self::LastName(name::key(search)))
        };
        is_asked(field).then_some(sought)
    }

    /// Whether a lead is what is looked for.
    fn is(&self, kept: &Kept) -> bool {
        let lead = &kept.lead;
        let address = lead.contact.street_address.as_ref();
        match self {
            Self::Id(id) => id.as_ref() == Some(&lead.id),
            Self::Phone(number) => number.is_some() && number.as_ref() == lead.phone_number(),
            Self::Email(email) => {
                email.is_some()
                    && email.as_ref().map(Email::canonical) == lead.contact.email.as_ref().map(Email::canonical)
            }
            Self::LastName(prefix) => {
                name::key(lead.contact.last_name.as_deref().unwrap_or_default()).starts_with(prefix.as_str())
            }
            Self::ExternalId(id) => lead.metadata.external_id.as_ref() == Some(id),
            Self::Source(source) => source.as_ref() == Some(&lead.source_id),
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
            match Sought::of_search(search, &options.search_fields) {
                Some(found) => sought.push(found),
                None => return Ok(None),
            }
        }
        let is_impossible = sought.iter().any(|it| match it {
            Sought::Id(id) => id.is_none(),
            Sought::Phone(number) => number.is_none(),
            Sought::Email(email) => email.is_none(),
            Sought::Source(source) => source.is_none(),
            Sought::LastName(prefix) => prefix.is_empty(),
            _ => false,
        });
        if is_impossible || options.range.is_empty() || options.only_archived {
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
            Some(Sought::Phone(Some(number))) => List::Phone(business, number),
            Some(Sought::Email(Some(email))) => List::Email(business, email),
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
            Sought::Source(source) => source.as_ref(),
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
        if let Some((_, Sought::Id(Some(id)))) = question.list() {
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
