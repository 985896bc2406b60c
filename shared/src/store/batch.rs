//! Reading several items in one call.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::KeysAndAttributes;

use super::StoreError;
use super::item::Item;

/// How many items DynamoDB reads in one call.
pub(super) const MAX_BATCH: usize = 100;

/// The waits before keys are asked for again that DynamoDB left out of its answer, as it does when it throttles. A caller
/// that asked again at once would slow down the table that the intake writes to.
const PAUSES: [Duration; 5] = [
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
];

/// Reads the items of a table that have these keys, in any order. One that does not exist is left out. `consistent` reads
/// see every write that has been answered, and cost twice.
///
/// # Errors
/// [`StoreError`] when the table does not answer, or still leaves keys out after the last wait.
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
            let Some(pause) = pauses.next() else {
                return Err(StoreError::Unavailable {
                    code: "keys stay unprocessed".to_owned(),
                    request_id: "none".to_owned(),
                });
            };
            tokio::time::sleep(pause).await;
        }
    }
    Ok(found)
}
