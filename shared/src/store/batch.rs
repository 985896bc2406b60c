//! Reading several items in one call.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::KeysAndAttributes;

use super::StoreError;
use super::item::Item;

/// DynamoDB's limit on the items in one call.
pub(super) const MAX_BATCH: usize = 100;

/// The waits before reading the keys that DynamoDB left unprocessed, as it does when it throttles. Retrying at once
/// would slow down the table that the intake writes to.
const PAUSES: [Duration; 5] = [
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
];

/// Reads the items with these keys, in any order. Items that do not exist are left out. `consistent` reads see every
/// completed write and cost twice as much.
///
/// # Errors
/// [`StoreError`]; [`StoreError::Throttled`] when keys are still unprocessed after the last wait.
pub(super) async fn get(
    client: &Client,
    table: &str,
    keys: impl IntoIterator<Item = Item>,
    consistent: bool,
) -> Result<Vec<Item>, StoreError> {
    let keys: Vec<Item> = keys.into_iter().collect();
    let mut found = Vec::with_capacity(keys.len());
    for keys in keys.chunks(MAX_BATCH) {
        let mut wanted = keys.to_vec();
        let mut pauses = PAUSES.into_iter();
        loop {
            let asked = KeysAndAttributes::builder().set_keys(Some(wanted)).consistent_read(consistent).build();
            let asked = asked.map_err(|_| StoreError::Unwritable)?;
            let answer = client.batch_get_item().request_items(table, asked).send().await?;
            found.extend(answer.responses.unwrap_or_default().remove(table).unwrap_or_default());
            let left = answer.unprocessed_keys.unwrap_or_default().remove(table);
            wanted = left.map(|left| left.keys).unwrap_or_default();
            if wanted.is_empty() {
                break;
            }
            let pause = pauses.next().ok_or(StoreError::Throttled)?;
            tokio::time::sleep(pause).await;
        }
    }
    Ok(found)
}
