//! Pages of a list: places of an index, the items at these places, and where the list continues.

use serde::{Deserialize, Serialize};

use super::cursor::{Binding, SortKey};
use super::options::Options;
use super::{Reading, unavailable};
use crate::http::Problem;
use crate::id::LeadId;
use crate::store::{List, Place, Span, StoreError};

/// The most items that one request reads.
const MAX_READ: usize = 500;
/// The most items that are read at once.
const MAX_CHUNK: usize = 100;
/// How far lists are counted.
pub(super) const MAX_COUNT: u64 = 10_000;

/// A page of a list. Only a page without a token is the last one.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    pub(super) page_size: usize,
    /// `None` if it was not asked for, or is not known.
    pub(super) total_count: Option<u64>,
    pub(super) continuation_token: Option<String>,
}

/// A place as a token holds it.
#[derive(Serialize, Deserialize)]
struct TokenPlace {
    s: SortKey,
    l: LeadId,
}

/// The part of a list that is asked for.
pub(super) struct Part<'a> {
    pub(super) list: List<'a>,
    pub(super) span: Span,
    pub(super) ascending: bool,
    /// Whether some of what is read may not be in the answer.
    pub(super) is_filtered: bool,
}

impl<T> Page<T> {
    /// A list that is one page, and so has no tokens.
    pub(super) fn whole(items: Vec<T>, options: &Options) -> Result<Self, Problem> {
        if options.token.is_some() {
            return Err(Problem::InvalidCursor);
        }
        let total_count = options.include_count.then(|| u64::try_from(items.len()).unwrap_or(u64::MAX));
        Ok(Self { items, page_size: options.page_size, total_count, continuation_token: None })
    }

    /// The same page with other items.
    pub(super) fn with<U>(self, items: Vec<U>) -> Page<U> {
        let Self { items: _, page_size, total_count, continuation_token } = self;
        Page { items, page_size, total_count, continuation_token }
    }
}

impl Reading {
    /// Reads a page of a list. `read` returns the items of leads, and `keep` says which of them the answer has.
    pub(super) async fn page<T, F>(
        &self,
        part: &Part<'_>,
        options: &Options,
        binding: &Binding,
        read: impl Fn(Vec<LeadId>) -> F,
        keep: impl Fn(&T) -> bool,
    ) -> Result<Page<T>, Problem>
    where
        F: Future<Output = Result<Vec<(LeadId, T)>, StoreError>>,
    {
        let mut after = self.start(part, options, binding)?;
        let mut items = Vec::new();
        let mut read_so_far = 0;
        let continuation = loop {
            let wanted = if part.is_filtered { MAX_CHUNK } else { options.page_size - items.len() };
            let max = wanted.min(MAX_CHUNK).min(MAX_READ - read_so_far);
            let places = self.leads.places(part.list, &part.span, part.ascending, after.as_ref(), max).await;
            let places = places.map_err(unavailable)?;
            let ids: Vec<LeadId> = places.found.iter().map(|place| place.lead_id.clone()).collect();
            read_so_far += ids.len().max(1);
            let found = read(ids).await.map_err(unavailable)?;
            let mut found = found.into_iter().peekable();
            let mut full_at = None;
            for place in &places.found {
                let Some((_, item)) = found.next_if(|(id, _)| *id == place.lead_id) else { continue };
                if keep(&item) {
                    items.push(item);
                    if items.len() == options.page_size {
                        full_at = Some(place);
                        break;
                    }
                }
            }
            let is_last_place = full_at.is_none_or(|place| places.found.last() == Some(place));
            match (full_at, places.next) {
                (_, None) if is_last_place => break None,
                (Some(place), _) => break Some(place.clone()),
                (None, next) if read_so_far >= MAX_READ => break next,
                (None, next) => after = next,
            }
        };
        let continuation =
            continuation.map(|Place { sort, lead_id }| binding.token(TokenPlace { s: SortKey(sort), l: lead_id }));
        let total_count = if options.include_count && !part.is_filtered {
            self.leads.count_list(part.list, &part.span, MAX_COUNT).await.map_err(unavailable)?
        } else {
            None
        };
        Ok(Page { items, page_size: options.page_size, total_count, continuation_token: continuation.transpose()? })
    }

    /// The place that the token names, if there is one.
    fn start(&self, part: &Part<'_>, options: &Options, binding: &Binding) -> Result<Option<Place>, Problem> {
        let Some(token) = &options.token else { return Ok(None) };
        let TokenPlace { s: SortKey(s), l } = binding.place(token)?;
        // DynamoDB refuses a place outside of the part.
        if (part.span.from.as_str()..=part.span.to.as_str()).contains(&s.as_str()) {
            Ok(Some(Place { sort: s, lead_id: l }))
        } else {
            Err(Problem::InvalidCursor)
        }
    }
}
