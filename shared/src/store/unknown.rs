//! Keeps members that this release does not know when it changes an item.
//!
//! Two releases run side by side during a deployment, and an operator's `leadctl` may be older than both. A change must
//! not drop what a newer release wrote, so unknown members are copied from the stored item (architecture, "Stored
//! data").

use serde::Serialize;
use serde_json::{Map, Value};

use super::item::{self, Item};
use super::{StoreError, schema};

/// Returns `changed` plus everything in `stored` that the model `read` from it does not have: members of the document
/// at any depth, and attributes.
///
/// # Errors
/// [`StoreError`] when a document is not JSON.
pub(super) fn carried_over<T: Serialize>(stored: Item, read: &T, mut changed: Item) -> Result<Item, StoreError> {
    if let Some(document) = item::optional(&stored, schema::DOCUMENT) {
        let unreadable = |_| StoreError::Unreadable(schema::DOCUMENT);
        let stored: Value = serde_json::from_str(document).map_err(unreadable)?;
        let known = serde_json::to_value(read).map_err(unreadable)?;
        let mut document: Value =
            serde_json::from_str(item::string(&changed, schema::DOCUMENT)?).map_err(unreadable)?;
        carry(&stored, &known, &mut document);
        changed.insert(schema::DOCUMENT.to_owned(), item::text(item::json(&document)?));
    }
    for (name, value) in stored {
        changed.entry(name).or_insert(value);
    }
    Ok(changed)
}

/// Adds to `changed` the members of `stored` that are not in `known`, which is `stored` as this release reads it.
fn carry(stored: &Value, known: &Value, changed: &mut Value) {
    match (stored, known, changed) {
        (Value::Object(stored), Value::Object(known), Value::Object(changed)) => {
            for (name, stored) in stored {
                match (known.get(name), changed.get_mut(name)) {
                    (None, None) => drop(changed.insert(name.clone(), stored.clone())),
                    (Some(known), Some(changed)) => carry(stored, known, changed),
                    _ => {}
                }
            }
        }
        // Entries may have moved, so find each one by what it is, not by its position.
        (Value::Array(stored), Value::Array(known), Value::Array(changed)) => {
            for changed in changed.iter_mut().filter(|changed| changed.is_object()) {
                let same = known.iter().position(|known| is_same_entry(known, changed));
                if let Some((stored, known)) = same.and_then(|at| stored.get(at).zip(known.get(at))) {
                    carry(stored, known, changed);
                }
            }
        }
        _ => {}
    }
}

/// Whether two entries of a list are the same one. Keys are the same if their digests are; other entries must be equal.
fn is_same_entry(known: &Value, changed: &Value) -> bool {
    let name = |entry: &Value| entry.as_object().and_then(|entry: &Map<_, _>| entry.get("sha256").cloned());
    name(known).map_or(known == changed, |known| name(changed) == Some(known))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn unknown_members_stay_and_removed_ones_go() {
        let cases = [
            // stored, as this release reads it, changed, written
            (json!({"a": 1, "new": 2}), json!({"a": 1}), json!({"a": 3}), json!({"a": 3, "new": 2})),
            (json!({"a": 1, "b": 2}), json!({"a": 1, "b": 2}), json!({"a": 1}), json!({"a": 1})),
            (
                json!({"rules": {"a": 1, "new": {"deep": true}}}),
                json!({"rules": {"a": 1}}),
                json!({"rules": {"a": 2}}),
                json!({"rules": {"a": 2, "new": {"deep": true}}}),
            ),
            (
                json!({"keys": [{"sha256": "1", "new": 1}, {"sha256": "2", "new": 2}]}),
                json!({"keys": [{"sha256": "1"}, {"sha256": "2"}]}),
                json!({"keys": [{"sha256": "2", "expiresAt": "now"}, {"sha256": "3"}]}),
                json!({"keys": [{"sha256": "2", "expiresAt": "now", "new": 2}, {"sha256": "3"}]}),
            ),
            (json!({"list": ["TX"]}), json!({"list": ["TX"]}), json!({"list": ["CA"]}), json!({"list": ["CA"]})),
        ];
        for (stored, known, changed, written) in cases {
            let mut result = changed;
            carry(&stored, &known, &mut result);
            assert_eq!(result, written);
        }
    }
}
