//! Items, to and from the model.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{StoreError, schema};

/// An item, as DynamoDB takes and gives it.
pub(super) type Item = HashMap<String, AttributeValue>;

/// The form that items are written in. A release reads this one and the one before: a gradual deployment runs both.
const SCHEMA_VERSION: u8 = 1;

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
    item.insert("schemaVersion".to_owned(), number(SCHEMA_VERSION));
    item.insert("document".to_owned(), text(document));
    item
}

pub(super) fn json(content: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(content).map_err(|_| StoreError::Unwritable)
}

/// The model in an item's document.
pub(super) fn document<T: DeserializeOwned>(item: &Item) -> Result<T, StoreError> {
    let version = item.get("schemaVersion").and_then(|version| version.as_n().ok());
    if version.and_then(|version| version.parse().ok()) != Some(SCHEMA_VERSION) {
        return Err(StoreError::Unreadable("unknown schema version"));
    }
    // serde_json's own error quotes the document.
    serde_json::from_str(string(item, "document")?).map_err(|_| StoreError::Unreadable("document"))
}

/// A text attribute that must be there.
pub(super) fn string<'a>(item: &'a Item, name: &'static str) -> Result<&'a str, StoreError> {
    optional(item, name).ok_or(StoreError::Unreadable(name))
}

/// A text attribute, where there is one.
pub(super) fn optional<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

/// Any text attribute that parses to a type of the model.
pub(super) fn parsed<T: std::str::FromStr>(item: &Item, name: &'static str) -> Result<T, StoreError> {
    string(item, name)?.parse().map_err(|_| StoreError::Unreadable(name))
}
