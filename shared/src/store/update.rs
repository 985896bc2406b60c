//! Conditional updates.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;

use super::StoreError;

/// Whether an update was applied; `false` if another writer changed the item first.
pub(super) fn applied<R>(updated: Result<(), SdkError<UpdateItemError, R>>) -> Result<bool, StoreError> {
    use UpdateItemError::{ConditionalCheckFailedException, TransactionConflictException};
    match updated {
        Ok(()) => Ok(true),
        Err(SdkError::ServiceError(error))
            if matches!(error.err(), ConditionalCheckFailedException(_) | TransactionConflictException(_)) =>
        {
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}
