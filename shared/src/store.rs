//! The two tables (architecture, The tables).
//!
//! Each item carries its content as one JSON text, `document`, and beside it only what a key, an index or a condition
//! reads. So what is answered is what is stored, to the byte, and a price keeps every digit.

mod batch;
mod erasure;
mod item;
mod lead_item;
mod leads;
mod progress;
mod queries;
pub mod schema;
mod sources;
mod transaction;
mod unknown;

pub use erasure::Erasure;
pub use lead_item::{Due, Kept, NewLead, Progress, StoredLead, Tombstone};
pub use leads::{Leads, Put, Record};
pub use progress::{Again, Lease, LookupOutcome};
pub use queries::{InboxPlace, InvalidPlace, Listed};
pub use sources::Sources;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{Config, retry::RetryConfig};
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use crate::client::web;

/// Makes a connection to a table ahead of the first call that needs it, by a read that every role of a function allows and
/// that finds nothing. It is tried once, and nobody minds when it fails: whoever reads then says so.
async fn connect(client: &Client, table: &str) {
    let nothing = client.get_item().table_name(table).set_key(Some(item::key("NOTHING".to_owned(), "NOTHING")));
    let once = Config::builder().retry_config(RetryConfig::disabled());
    let _ = tokio::time::timeout(web::CONNECT_AHEAD_TIMEOUT, nothing.customize().config_override(once).send()).await;
}

/// A table did not do what it was asked. What it holds of an item, if anything, is never shown.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// DynamoDB did not answer, or refused; its code and request id.
    #[error("DynamoDB: {code} (request {request_id})")]
    Unavailable {
        /// DynamoDB's error code, or what became of the call.
        code: String,
        /// DynamoDB's request id, for its support.
        request_id: String,
    },
    /// Nobody listens where DynamoDB should be.
    #[error("DynamoDB is out of reach")]
    OutOfReach,
    /// An item is not in a form that this release can read.
    #[error("an item cannot be read: {0}")]
    Unreadable(&'static str),
    /// What should be written cannot be put into JSON.
    #[error("an item cannot be written")]
    Unwritable,
}

impl<E, R> From<SdkError<E, R>> for StoreError
where
    E: ProvideErrorMetadata,
{
    fn from(error: SdkError<E, R>) -> Self {
        let code = match &error {
            SdkError::DispatchFailure(_) => return Self::OutOfReach,
            SdkError::ServiceError(service) => service.err().code().unwrap_or("unknown error"),
            SdkError::TimeoutError(_) => "timed out",
            SdkError::ResponseError(_) => "unreadable answer",
            _ => "request not built",
        };
        let request_id = error.meta().extra("aws_request_id").unwrap_or("none").to_owned();
        Self::Unavailable { code: code.to_owned(), request_id }
    }
}
