//! Converts items to and from the model.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{StoreError, schema};
use crate::time::Timestamp;

/// An item in DynamoDB's own form.
pub(super) type Item = HashMap<String, AttributeValue>;

/// The schema version that this release writes.
pub(super) const WRITTEN: u8 = 1;

/// The schema versions that this release reads. Two releases run side by side during a deployment, so add a new version
/// here one release before writing it (architecture, "Stored data"). New members, items and event types need no new
/// version, because readers ignore what they do not know.
const SUPPORTED: RangeInclusive<u8> = 1..=1;

pub(super) fn text(text: impl ToString) -> AttributeValue {
    AttributeValue::S(text.to_string())
}

pub(super) fn number(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

pub(super) fn key(pk: String, sk: impl ToString) -> Item {
    HashMap::from([(schema::PK.to_owned(), text(pk)), (schema::SK.to_owned(), text(sk))])
}

/// A new item: key, schema version and document.
pub(super) fn new(pk: String, sk: impl ToString, document: String) -> Item {
    let mut item = key(pk, sk);
    item.insert(schema::SCHEMA_VERSION.to_owned(), number(WRITTEN));
    item.insert(schema::DOCUMENT.to_owned(), text(document));
    item
}

/// The item of a test lead, which DynamoDB deletes; unchanged without an end (contract, section 9).
pub(super) fn expiring(mut item: Item, expires_at: Option<Timestamp>) -> Item {
    if let Some(end) = expires_at {
        item.insert(schema::EXPIRES_AT.to_owned(), number(end.seconds()));
    }
    item
}

/// Checks that this release can read the item's schema version.
pub(super) fn supported(item: &Item) -> Result<(), StoreError> {
    match integer(item, schema::SCHEMA_VERSION)? {
        Some(version) if SUPPORTED.contains(&version) => Ok(()),
        _ => Err(StoreError::Unreadable("unknown schema version")),
    }
}

pub(super) fn json(content: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(content).map_err(|_| StoreError::Unwritable)
}

/// Parses an item's document.
pub(super) fn document<T: DeserializeOwned>(item: &Item) -> Result<T, StoreError> {
    supported(item)?;
    // serde_json's error would quote the document.
    serde_json::from_str(string(item, schema::DOCUMENT)?).map_err(|_| StoreError::Unreadable("document"))
}

/// A required text attribute.
pub(super) fn string<'a>(item: &'a Item, name: &'static str) -> Result<&'a str, StoreError> {
    optional(item, name).ok_or(StoreError::Unreadable(name))
}

/// An optional text attribute.
pub(super) fn optional<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

/// An optional number attribute.
pub(super) fn integer<T: std::str::FromStr>(item: &Item, name: &'static str) -> Result<Option<T>, StoreError> {
    let Some(value) = item.get(name) else { return Ok(None) };
    let number = value.as_n().ok().and_then(|number| number.parse().ok());
    number.map(Some).ok_or(StoreError::Unreadable(name))
}

/// Whether an index entry belongs to an item with this sort key. A later release may add other items to an index.
pub(super) fn is(entry: &Item, sk: &str) -> bool {
    optional(entry, schema::SK) == Some(sk)
}

/// The readable entries of a list. Others are logged and left out, so that one unreadable entry does not hide the rest.
pub(super) fn readable<T>(entries: impl IntoIterator<Item = Result<T, StoreError>>) -> Vec<T> {
    let readable = |entry: Result<T, StoreError>| {
        entry.inspect_err(|error| tracing::error!(%error, "an unreadable entry was left out of a list")).ok()
    };
    entries.into_iter().filter_map(readable).collect()
}

/// Parses a required text attribute.
pub(super) fn parsed<T: std::str::FromStr>(item: &Item, name: &'static str) -> Result<T, StoreError> {
    string(item, name)?.parse().map_err(|_| StoreError::Unreadable(name))
}

/// Parses an optional text attribute.
pub(super) fn optional_parsed<T: std::str::FromStr>(item: &Item, name: &'static str) -> Result<Option<T>, StoreError> {
    optional(item, name).map(|text| text.parse().map_err(|_| StoreError::Unreadable(name))).transpose()
}
