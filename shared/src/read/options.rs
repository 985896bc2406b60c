//! What a list is asked for: its body and its query string. Everything that is not served is refused by name, so that no
//! filter is silently ignored (contract, section 12).

use std::borrow::Cow;
use std::collections::HashSet;

use lambda_http::Request;
use serde_json::{Map, Value};

use super::parameters::Parameters;
use super::range::Range;
use crate::http::Problem;
use crate::http::problem::{QueryFault, Spot};
use crate::lead::captured_at;
use crate::payload::{self, Malformed, Position};

/// The longest body, in bytes.
const MAX_BODY: usize = 256 * 1024;
/// The longest search, in characters.
const MAX_SEARCH: usize = 200;
/// The longest value of a filter, in characters.
const MAX_VALUE: usize = 1_024;
const MAX_PAGE: u32 = 100;
const DEFAULT_PAGE: usize = 25;
/// The most filters in a request.
const MAX_FILTERS: usize = 20;

/// What a list serves.
#[derive(Clone, Copy, Debug)]
pub struct Served {
    /// The fields of `filters`.
    pub filters: &'static [&'static str],
    /// The field of `rangeFilters`, whose values are times.
    pub range: Option<&'static str>,
    /// The field of `orderBy`.
    pub order: Option<&'static str>,
    /// The fields of `searchFields`. Without any, there is no search.
    pub search: &'static [&'static str],
}

/// What a list is asked for.
#[derive(Debug)]
pub(super) struct Options {
    pub(super) page_size: usize,
    pub(super) token: Option<String>,
    pub(super) include_count: bool,
    /// Whether the list is asked for from its end to its beginning; `None` for its own order.
    pub(super) ascending: Option<bool>,
    pub(super) filters: Vec<Filter>,
    pub(super) range: Range,
    pub(super) search: Option<String>,
    pub(super) search_fields: Vec<String>,
    /// Only archived items are asked for, of which there are none.
    pub(super) only_archived: bool,
    /// What decides the list's content, as text.
    pub(super) identity: String,
}

/// A member that must have exactly this value.
#[derive(Debug)]
pub(super) struct Filter {
    pub(super) field: &'static str,
    /// Not empty, and without spaces around it.
    pub(super) value: String,
    /// Its place in the body.
    pub(super) index: usize,
}

impl Filter {
    /// The refusal of a value that the field of no item can have.
    pub(super) fn invalid(&self, detail: impl Into<Cow<'static, str>>) -> Problem {
        invalid(format!("/filters/{}/value", self.index), detail)
    }
}

impl Options {
    /// Reads the body and the query string of a list.
    pub(super) fn read(request: &Request, served: &Served, parameters: &[&str]) -> Result<Self, Problem> {
        let only_archived = match Parameters::read(request, parameters)?.get(ARCHIVE_FILTER) {
            None | Some("active" | "all") => false,
            Some("archived") => true,
            Some(_) => {
                let at = Spot::Parameter(ARCHIVE_FILTER.to_owned());
                return Err(Problem::Query(QueryFault::invalid(at, "Send active, archived or all.")));
            }
        };
        let mut body = body(request)?;
        let identity = identity(&body, only_archived);
        let mut take = |name: &str| body.remove(name).filter(|value| !value.is_null());
        let options = Self {
            page_size: page_size(take("pageSize"))?,
            token: token(take("continuationToken"))?,
            include_count: flag("/includeCount", take("includeCount"))?,
            ascending: order(take("orderBy"), served)?,
            filters: filters(take("filters"), served)?,
            range: range(take("rangeFilters"), served)?,
            search: search(take("search"), served)?,
            search_fields: search_fields(take("searchFields"), served)?,
            only_archived,
            identity,
        };
        match body.into_iter().next() {
            None => Ok(options),
            Some((name, _)) => Err(unsupported(
                format!("/{}", escaped(&name)),
                "Supported are continuationToken, filters, includeCount, orderBy, pageSize, rangeFilters, search and searchFields.",
            )),
        }
    }
}

/// The parameter of the query string that selects archived items.
pub(super) const ARCHIVE_FILTER: &str = "archiveFilter";

/// A time, or a day, which begins at midnight UTC.
pub(super) fn time(text: &str) -> Option<jiff::Timestamp> {
    let text = text.trim();
    let parse = |text: &str| match text.len() {
        10 => format!("{text}T00:00:00Z").parse().ok(),
        _ => captured_at::parse(text),
    };
    // The time library ends within the last days of the year 9999, which some systems send for "no end".
    let last = || ["9999-12-30", "9999-12-31"].into_iter().find_map(|day| text.strip_prefix(day));
    let clamped = || last().and_then(|rest| parse(&format!("9999-12-29{rest}"))).map(|_| jiff::Timestamp::MAX);
    parse(text).or_else(clamped)
}

pub(super) fn invalid(pointer: String, detail: impl Into<Cow<'static, str>>) -> Problem {
    Problem::Query(QueryFault::invalid(Spot::Pointer(pointer), detail))
}

pub(super) fn unsupported(pointer: String, detail: impl Into<Cow<'static, str>>) -> Problem {
    Problem::Query(QueryFault::unsupported(Spot::Pointer(pointer), detail))
}

/// The members of the body. No body, or a blank one, is the same as `{}`.
fn body(request: &Request) -> Result<Map<String, Value>, Problem> {
    let body: &[u8] = request.body().as_ref();
    if body.len() > MAX_BODY {
        return Err(Problem::TooLarge);
    }
    if body.trim_ascii().is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(members)) => match payload::Value::parse(body).ok().and_then(|sent| repeated(&sent)) {
            None => Ok(members),
            Some(pointer) => Err(invalid(pointer, "Send this member once.")),
        },
        Ok(_) => Err(invalid(String::new(), "Send one JSON object, or no body.")),
        Err(error) => {
            let position = Position { line: error.line().max(1), column: error.column().max(1) };
            Err(Problem::Malformed(Malformed::NotJson(position)))
        }
    }
}

/// The pointer to a member that is given more than once. Of those, `serde_json` would keep the last and ignore the others.
fn repeated(sent: &payload::Value) -> Option<String> {
    match sent {
        payload::Value::Object(members) => {
            let mut names = HashSet::new();
            members.iter().find_map(|(name, value)| {
                let within = if names.insert(name) { repeated(value) } else { Some(String::new()) };
                within.map(|within| format!("/{}{within}", escaped(name)))
            })
        }
        payload::Value::List(items) => {
            let mut items = items.iter().enumerate();
            items.find_map(|(index, item)| repeated(item).map(|within| format!("/{index}{within}")))
        }
        _ => None,
    }
}

/// Without the members that do not change what the list contains.
fn identity(body: &Map<String, Value>, only_archived: bool) -> String {
    let decides = |name: &str| !["continuationToken", "includeCount"].contains(&name);
    let kept: Map<String, Value> = body
        .iter()
        .filter(|(name, value)| decides(name) && !value.is_null())
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    format!("{only_archived} {}", Value::Object(kept))
}

fn page_size(given: Option<Value>) -> Result<usize, Problem> {
    let Some(given) = given else { return Ok(DEFAULT_PAGE) };
    // JSON has one kind of number, so 25.0 is 25.
    let size = (1..=MAX_PAGE).find(|size| given.as_f64() == Some(f64::from(*size)));
    let size = size.and_then(|size| size.try_into().ok());
    size.ok_or_else(|| invalid("/pageSize".to_owned(), "Send a whole number from 1 to 100."))
}

/// The longest token, in bytes. Ours are shorter.
const MAX_TOKEN: usize = 2_048;

fn token(given: Option<Value>) -> Result<Option<String>, Problem> {
    match given {
        None => Ok(None),
        Some(Value::String(token)) if token.len() <= MAX_TOKEN => Ok(Some(token)),
        Some(_) => Err(Problem::InvalidCursor),
    }
}

fn flag(at: &str, given: Option<Value>) -> Result<bool, Problem> {
    match given {
        None => Ok(false),
        Some(Value::Bool(flag)) => Ok(flag),
        Some(_) => Err(invalid(at.to_owned(), "Send true or false.")),
    }
}

fn order(given: Option<Value>, served: &Served) -> Result<Option<bool>, Problem> {
    let given = list("/orderBy", given)?;
    let Some(first) = given.first() else { return Ok(None) };
    if given.len() > 1 {
        return Err(unsupported("/orderBy/1".to_owned(), "Order by one field only."));
    }
    let members = members("/orderBy/0", first, &["field", "direction"])?;
    let field = text("/orderBy/0/field", members.get("field"))?;
    if served.order != Some(field) {
        let detail = match served.order {
            Some(field) => format!("You can order by {field}."),
            None => "This list has one order. Leave orderBy out.".to_owned(),
        };
        return Err(unsupported("/orderBy/0/field".to_owned(), detail));
    }
    match members.get("direction").filter(|direction| !direction.is_null()).map(Value::as_str) {
        None | Some(Some("asc")) => Ok(Some(true)),
        Some(Some("desc")) => Ok(Some(false)),
        Some(_) => Err(invalid("/orderBy/0/direction".to_owned(), "Send asc or desc.")),
    }
}

fn filters(given: Option<Value>, served: &Served) -> Result<Vec<Filter>, Problem> {
    let given = list("/filters", given)?;
    if given.len() > MAX_FILTERS {
        return Err(invalid("/filters".to_owned(), "Send at most 20 filters."));
    }
    let mut filters = Vec::with_capacity(given.len());
    for (index, filter) in given.iter().enumerate() {
        let at = format!("/filters/{index}");
        let members = members(&at, filter, &["field", "value"])?;
        let field = text(&format!("{at}/field"), members.get("field"))?;
        let Some(field) = served.filters.iter().find(|served| **served == field) else {
            let detail = match served.filters {
                [] => "This list has no filters.".to_owned(),
                fields => format!("You can filter by {}.", fields.join(", ")),
            };
            return Err(unsupported(format!("{at}/field"), detail));
        };
        let at = format!("{at}/value");
        let value = match members.get("value") {
            Some(Value::Bool(flag)) => flag.to_string(),
            Some(Value::Number(number)) => number.to_string(),
            other => text(&at, other)?.to_owned(),
        };
        let value = value.trim();
        if value.is_empty() || value.chars().count() > MAX_VALUE {
            return Err(invalid(at, "Send 1 to 1,024 characters."));
        }
        filters.push(Filter { field, value: value.to_owned(), index });
    }
    Ok(filters)
}

fn range(given: Option<Value>, served: &Served) -> Result<Range, Problem> {
    const BOUNDS: [&str; 4] = ["greaterThan", "greaterThanOrEqual", "lessThan", "lessThanOrEqual"];
    let given = list("/rangeFilters", given)?;
    let mut range = Range::default();
    for (index, filter) in given.iter().enumerate() {
        let at = format!("/rangeFilters/{index}");
        let [gt, gte, lt, lte] = BOUNDS;
        let members = members(&at, filter, &["field", gt, gte, lt, lte])?;
        let field = text(&format!("{at}/field"), members.get("field"))?;
        if served.range != Some(field) {
            let detail = match served.range {
                Some(field) => format!("You can give a range of {field}."),
                None => "This list has no ranges.".to_owned(),
            };
            return Err(unsupported(format!("{at}/field"), detail));
        }
        let bound = |name: &str| {
            let given = members.get(name).filter(|value| !value.is_null());
            let read = |value: &Value| {
                let time = value.as_str().and_then(time);
                time.ok_or_else(|| {
                    invalid(format!("{at}/{name}"), "Send a time as RFC 3339, such as 2026-06-15T12:00:00Z, or a day.")
                })
            };
            given.map(read).transpose()
        };
        let (gt, gte, lt, lte) = (bound(gt)?, bound(gte)?, bound(lt)?, bound(lte)?);
        if [gt, gte, lt, lte].iter().all(Option::is_none) {
            return Err(invalid(
                at,
                "Send at least one of greaterThan, greaterThanOrEqual, lessThan, lessThanOrEqual.",
            ));
        }
        // What is listed has whole milliseconds, and a bound may lie between two.
        let up = |at: jiff::Timestamp| at.as_millisecond() + i64::from(at.subsec_nanosecond() % 1_000_000 != 0);
        let from = [gt.map(|at| at.as_millisecond() + 1), gte.map(up)].into_iter().flatten().max();
        let to = [lt.map(|at| up(at) - 1), lte.map(jiff::Timestamp::as_millisecond)].into_iter().flatten().min();
        range.from = range.from.max(from.unwrap_or(range.from));
        range.to = range.to.min(to.unwrap_or(range.to));
    }
    Ok(range)
}

fn search(given: Option<Value>, served: &Served) -> Result<Option<String>, Problem> {
    let Some(given) = given else { return Ok(None) };
    if served.search.is_empty() {
        return Err(unsupported("/search".to_owned(), "This list has no search."));
    }
    let search = text("/search", Some(&given))?.trim();
    match search.chars().count() {
        0 => Ok(None),
        1..=MAX_SEARCH => Ok(Some(search.to_owned())),
        _ => Err(invalid("/search".to_owned(), "Send at most 200 characters.")),
    }
}

fn search_fields(given: Option<Value>, served: &Served) -> Result<Vec<String>, Problem> {
    let mut fields = Vec::new();
    for (index, field) in list("/searchFields", given)?.iter().enumerate() {
        let at = format!("/searchFields/{index}");
        let field = text(&at, Some(field))?;
        if !served.search.contains(&field) {
            let detail = match served.search {
                [] => "This list has no search.".to_owned(),
                fields => format!("You can search {}.", fields.join(", ")),
            };
            return Err(unsupported(at, detail));
        }
        fields.push(field.to_owned());
    }
    Ok(fields)
}

fn list(at: &str, given: Option<Value>) -> Result<Vec<Value>, Problem> {
    match given {
        None => Ok(Vec::new()),
        Some(Value::Array(items)) => Ok(items),
        Some(_) => Err(invalid(at.to_owned(), "Send a list.")),
    }
}

fn members<'a>(at: &str, given: &'a Value, supported: &[&str]) -> Result<&'a Map<String, Value>, Problem> {
    let members = given.as_object().ok_or_else(|| invalid(at.to_owned(), "Send an object."))?;
    match members.keys().find(|name| !supported.contains(&name.as_str())) {
        None => Ok(members),
        Some(name) => {
            Err(unsupported(format!("{at}/{}", escaped(name)), format!("Supported are {}.", supported.join(", "))))
        }
    }
}

fn text<'a>(at: &str, given: Option<&'a Value>) -> Result<&'a str, Problem> {
    given.and_then(Value::as_str).ok_or_else(|| invalid(at.to_owned(), "Send a text."))
}

/// A name in a JSON pointer, shortened.
fn escaped(name: &str) -> String {
    name.chars().take(64).collect::<String>().replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::time::Timestamp;

    #[test]
    fn a_bound_between_two_milliseconds_includes_what_it_says() {
        let served = Served { filters: &[], range: Some("createdAt"), order: None, search: &[] };
        // The listed times around a bound, in milliseconds after 12:00.
        let noon = "2026-06-15T12:00:00Z".parse::<Timestamp>().unwrap().milliseconds();
        for (name, at, from, to) in [
            ("greaterThan", ".0015", Some(2), None),
            ("greaterThan", ".001", Some(2), None),
            ("greaterThanOrEqual", ".0015", Some(2), None),
            ("greaterThanOrEqual", ".001", Some(1), None),
            ("lessThan", ".0015000", None, Some(1)),
            ("lessThan", ".001", None, Some(0)),
            ("lessThanOrEqual", ".0019999", None, Some(1)),
            ("lessThanOrEqual", ".001", None, Some(1)),
        ] {
            let given = json!([{"field": "createdAt", name: format!("2026-06-15T12:00:00{at}Z")}]);
            let read = range(Some(given), &served).unwrap();
            assert!(from.is_none_or(|from| read.from == noon + from), "{name} {at}: {read:?}");
            assert!(to.is_none_or(|to| read.to == noon + to), "{name} {at}: {read:?}");
        }
    }
}
