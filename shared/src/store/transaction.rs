//! Writes that happen together or not at all.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem, Update};

use super::StoreError;
use super::item::Item;

/// How long a transaction waits that has met another one, each time it does. The SDK does not try it again, and what a
/// look-up has said, and cost, would be lost with it.
const CONFLICT_PAUSES: [Duration; 3] =
    [Duration::from_millis(50), Duration::from_millis(200), Duration::from_millis(800)];

/// A put on a condition, with the values that the condition names.
pub(super) fn put(
    table: &str,
    item: Item,
    condition: &str,
    values: Option<Item>,
) -> Result<TransactWriteItem, StoreError> {
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(item))
        .condition_expression(condition)
        .set_expression_attribute_values(values)
        .build()
        .map_err(|_| StoreError::Unwritable)?;
    Ok(TransactWriteItem::builder().put(put).build())
}

/// A put that only succeeds where nothing is.
pub(super) fn once(table: &str, item: Item) -> Result<TransactWriteItem, StoreError> {
    put(table, item, "attribute_not_exists(pk)", None)
}

/// An update on a condition, with the values that both name.
pub(super) fn update(
    table: &str,
    key: Item,
    condition: impl Into<String>,
    expression: impl Into<String>,
    values: Item,
) -> Result<TransactWriteItem, StoreError> {
    let update = Update::builder()
        .table_name(table)
        .set_key(Some(key))
        .condition_expression(condition)
        .update_expression(expression)
        .set_expression_attribute_values(Some(values))
        .build()
        .map_err(|_| StoreError::Unwritable)?;
    Ok(TransactWriteItem::builder().update(update).build())
}

/// A deletion on a condition, with the values that the condition names.
pub(super) fn delete(table: &str, key: Item, condition: &str, values: Item) -> Result<TransactWriteItem, StoreError> {
    let delete = Delete::builder()
        .table_name(table)
        .set_key(Some(key))
        .condition_expression(condition)
        .set_expression_attribute_values(Some(values))
        .build()
        .map_err(|_| StoreError::Unwritable)?;
    Ok(TransactWriteItem::builder().delete(delete).build())
}

/// Writes all of it. Returns `false`, and writes nothing, when a condition does not hold.
///
/// # Errors
/// [`StoreError`] when the table does not answer, or others keep writing one of the items.
pub(super) async fn commit(client: &Client, writes: Vec<TransactWriteItem>) -> Result<bool, StoreError> {
    let write = || client.transact_write_items().set_transact_items(Some(writes.clone())).send();
    let mut pauses = CONFLICT_PAUSES.into_iter();
    loop {
        let Err(error) = write().await else { return Ok(true) };
        if was_cancelled_by(&error, "ConditionalCheckFailed") {
            return Ok(false);
        }
        match pauses.next() {
            Some(pause) if was_cancelled_by(&error, "TransactionConflict") => tokio::time::sleep(pause).await,
            _ => return Err(error.into()),
        }
    }
}

/// Whether a transaction was cancelled, and nothing of it written, for this reason among others.
fn was_cancelled_by(error: &SdkError<TransactWriteItemsError>, reason: &str) -> bool {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            cancelled.cancellation_reasons().iter().any(|given| given.code() == Some(reason))
        }
        _ => false,
    }
}
