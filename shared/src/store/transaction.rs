//! Transactions: writes that happen together or not at all.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem, Update};

use super::StoreError;
use super::item::Item;

/// The waits before retrying a transaction that conflicts with another one. The SDK does not retry it, and giving up
/// would lose the result of a lookup that we paid for.
const CONFLICT_PAUSES: [Duration; 3] =
    [Duration::from_millis(50), Duration::from_millis(200), Duration::from_millis(800)];

/// A conditional put. `values` are those that the condition names.
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

/// A put that succeeds only if no item has the key.
pub(super) fn once(table: &str, item: Item) -> Result<TransactWriteItem, StoreError> {
    put(table, item, "attribute_not_exists(pk)", None)
}

/// A conditional update. `values` are those that the condition and the expression name.
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

/// A conditional deletion. `values` are those that the condition names.
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

/// Performs all `writes`. Returns `false` and writes nothing when a condition is not met.
///
/// # Errors
/// [`StoreError`] also when other writers kept changing one of the items.
pub(super) async fn commit(client: &Client, writes: Vec<TransactWriteItem>) -> Result<bool, StoreError> {
    let write = || client.transact_write_items().set_transact_items(Some(writes.clone())).send();
    let mut pauses = CONFLICT_PAUSES.into_iter();
    loop {
        let Err(error) = write().await else { return Ok(true) };
        if was_canceled_by(&error, "ConditionalCheckFailed") {
            return Ok(false);
        }
        match pauses.next() {
            Some(pause) if was_canceled_by(&error, "TransactionConflict") => tokio::time::sleep(pause).await,
            _ => return Err(error.into()),
        }
    }
}

/// Whether a transaction was canceled for this reason, among others.
fn was_canceled_by(error: &SdkError<TransactWriteItemsError>, reason: &str) -> bool {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
            canceled.cancellation_reasons().iter().any(|given| given.code() == Some(reason))
        }
        _ => false,
    }
}
