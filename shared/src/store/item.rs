//! Items, to and from the model.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{StoreError, schema};

/// An item, as DynamoDB takes and gives it.
pub(super) type Item = HashMap<String, AttributeValue>;

/// The version of the form that items are written in.
const WRITTEN: u8 = 1;

/// The versions that this release reads. Two releases run side by side, so a new version gets in here one release before
/// it is written (architecture, Stored data). What only adds members, items or event types needs no new version: readers
/// ignore what they do not know.
const SUPPORTED: RangeInclusive<u8> = 1..=1;

pub(super) fn text(text: impl ToString) -> AttributeValue {
    AttributeValue::S(text.to_string())
}

pub(super) fn number(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// The key of an item.
pub(super) fn key(pk: String, sk: impl ToString) -> Item {
    HashMap::from([(schema::PK.to_owned(), text(pk)), (schema::SK.to_owned(), text(sk))])
}

/// A new item with its key, its version and its document.
pub(super) fn new(pk: String, sk: impl ToString, document: String) -> Item {
    let mut item = key(pk, sk);
    item.insert(schema::SCHEMA_VERSION.to_owned(), number(WRITTEN));
    item.insert(schema::DOCUMENT.to_owned(), text(document));
    item
}

/// Whether an item is of a version that this release reads.
pub(super) fn supported(item: &Item) -> Result<(), StoreError> {
    match integer(item, schema::SCHEMA_VERSION)? {
        Some(version) if SUPPORTED.contains(&version) => Ok(()),
        _ => Err(StoreError::Unreadable("unknown schema version")),
    }
}

pub(super) fn json(content: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(content).map_err(|_| StoreError::Unwritable)
}

/// The model in an item's document.
pub(super) fn document<T: DeserializeOwned>(item: &Item) -> Result<T, StoreError> {
    supported(item)?;
    // serde_json's own error quotes the document.
    serde_json::from_str(string(item, schema::DOCUMENT)?).map_err(|_| StoreError::Unreadable("document"))
}

/// A text attribute that must be there.
pub(super) fn string<'a>(item: &'a Item, name: &'static str) -> Result<&'a str, StoreError> {
    optional(item, name).ok_or(StoreError::Unreadable(name))
}

/// A text attribute, where there is one.
pub(super) fn optional<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

/// A whole number, where there is one.
pub(super) fn integer<T: std::str::FromStr>(item: &Item, name: &'static str) -> Result<Option<T>, StoreError> {
    let Some(value) = item.get(name) else { return Ok(None) };
    let number = value.as_n().ok().and_then(|number| number.parse().ok());
    number.map(Some).ok_or(StoreError::Unreadable(name))
}

/// Whether an index entry belongs to an item of this sort key. What else a later release puts into an index is its own.
pub(super) fn is(entry: &Item, sk: &str) -> bool {
    optional(entry, schema::SK) == Some(sk)
}

/// What can be read of a list. An entry that cannot be read is logged and left out, so that it never hides the others.
pub(super) fn readable<T>(entries: impl IntoIterator<Item = Result<T, StoreError>>) -> Vec<T> {
    let readable = |entry: Result<T, StoreError>| {
        entry.inspect_err(|error| tracing::error!(%error, "an entry of a list is left out")).ok()
    };
    entries.into_iter().filter_map(readable).collect()
}

/// Any text attribute that parses to a type of the model.
pub(super) fn parsed<T: std::str::FromStr>(item: &Item, name: &'static str) -> Result<T, StoreError> {
    string(item, name)?.parse().map_err(|_| StoreError::Unreadable(name))
}

/// A text attribute that parses to a type of the model, where there is one.
pub(super) fn optional_parsed<T: std::str::FromStr>(item: &Item, name: &'static str) -> Result<Option<T>, StoreError> {
    optional(item, name).map(|text| text.parse().map_err(|_| StoreError::Unreadable(name))).transpose()
}
