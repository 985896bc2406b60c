//! Writes that happen together or not at all.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem};

use super::StoreError;
use super::item::Item;

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

/// Writes all of it. Gives back `false`, and writes nothing, when a condition does not hold, or another transaction is
/// writing one of the items just now.
///
/// # Errors
/// [`StoreError`] when the table does not answer.
pub(super) async fn commit(client: &Client, writes: Vec<TransactWriteItem>) -> Result<bool, StoreError> {
    match client.transact_write_items().set_transact_items(Some(writes)).send().await {
        Ok(_) => Ok(true),
        Err(SdkError::ServiceError(error)) if was_overtaken(error.err()) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn was_overtaken(error: &TransactWriteItemsError) -> bool {
    match error {
        TransactWriteItemsError::TransactionCanceledException(cancelled) => cancelled
            .cancellation_reasons()
            .iter()
            .any(|reason| matches!(reason.code(), Some("ConditionalCheckFailed" | "TransactionConflict"))),
        _ => false,
    }
}
