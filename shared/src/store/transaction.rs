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

/// How a transaction ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Everything is written.
    Done,
    /// Nothing is written: the conditions of the writes at these places are not met.
    Refused(Vec<usize>),
}

/// Performs all `writes`. Returns `false` and writes nothing when a condition is not met.
///
/// # Errors
/// [`StoreError`] also when other writers kept changing one of the items.
pub(super) async fn commit(client: &Client, writes: Vec<TransactWriteItem>) -> Result<bool, StoreError> {
    Ok(attempt(client, writes).await? == Outcome::Done)
}

/// Performs all `writes`, or says which conditions are not met.
///
/// # Errors
/// As [`commit`] has them.
pub(super) async fn attempt(client: &Client, writes: Vec<TransactWriteItem>) -> Result<Outcome, StoreError> {
    let write = || client.transact_write_items().set_transact_items(Some(writes.clone())).send();
    let mut pauses = CONFLICT_PAUSES.into_iter();
    loop {
        let Err(error) = write().await else { return Ok(Outcome::Done) };
        let refused = canceled_by(&error, "ConditionalCheckFailed");
        if !refused.is_empty() {
            return Ok(Outcome::Refused(refused));
        }
        match pauses.next() {
            Some(pause) if !canceled_by(&error, "TransactionConflict").is_empty() => tokio::time::sleep(pause).await,
            _ => return Err(error.into()),
        }
    }
}

/// The places of the writes that canceled a transaction for this reason.
fn canceled_by(error: &SdkError<TransactWriteItemsError>, reason: &str) -> Vec<usize> {
    let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) = error.as_service_error() else {
        return Vec::new();
    };
    let reasons = canceled.cancellation_reasons().iter().enumerate();
    reasons.filter(|(_, given)| given.code() == Some(reason)).map(|(place, _)| place).collect()
}
