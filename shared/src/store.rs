//! The tables (architecture, "The tables").
//!
//! Each item stores its content as one JSON text, `document`. Other attributes exist only for keys, indexes and
//! conditions. So the answer is the stored text, byte for byte, and a price keeps every digit.

mod attempts;
mod batch;
mod due;
mod ended;
mod erasure;
mod guards;
mod item;
mod lead_item;
mod leads;
mod ledger;
mod limits;
mod lists;
mod outbox;
mod outbox_item;
mod progress;
mod queries;
pub mod schema;
mod sources;
mod transaction;
mod unknown;
mod update;

pub use attempts::Attempts;
pub use due::{Due, Work};
pub use ended::{Ended, LookupOutcome};
pub use erasure::{ERASE, Erasure};
pub use guards::{Earlier, Guard, Guarded, Replaced};
pub use lead_item::{Kept, NewLead, Progress, StoredLead, Tombstone};
pub use leads::{Leads, Put, Record};
pub use ledger::Ledger;
pub use limits::{CapPlace, Limits, Refusals};
pub use lists::{List, Place, Places, Span};
pub use outbox::Written;
pub use outbox_item::{Lease, Outbox, Retain};
pub use progress::Again;
pub use queries::{Listed, Silence};
pub use sources::{AllSources, SourceRecord, Sources};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Config;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use tokio::time::error::Elapsed;

use crate::client::web;
use crate::telemetry::metric;

/// Warms the connection to a table with a read of a key that does not exist, which every function's role allows.
/// Failures are ignored: the first real call will report them.
async fn connect(client: &Client, table: &str) {
    let read = client.get_item().table_name(table).set_key(Some(item::key("NOTHING".to_owned(), "NOTHING")));
    let once = Config::builder().retry_config(RetryConfig::disabled());
    let _ = tokio::time::timeout(web::CONNECT_AHEAD_TIMEOUT, read.customize().config_override(once).send()).await;
}

/// A call to a table failed. The error never contains anything of an item.
///
/// `Unreadable` and `Unwritable` will not pass without a fix. All others may pass, so try again later.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// DynamoDB refused the call, or its answer cannot be read.
    #[error("DynamoDB: {code} (request {request_id})")]
    Unavailable {
        /// DynamoDB's error code, or why there is none.
        code: String,
        /// DynamoDB's request id, for AWS support.
        request_id: String,
    },
    /// DynamoDB throttles: it left a part of what was asked undone after several tries.
    #[error("DynamoDB left keys unprocessed")]
    Throttled,
    /// Other writers were faster each time.
    #[error("too many others write at the same time")]
    Contended,
    /// DynamoDB did not answer in time. It may have done what was asked.
    #[error("DynamoDB did not answer in time")]
    TimedOut,
    /// The connection to DynamoDB failed.
    #[error("DynamoDB is out of reach")]
    OutOfReach,
    /// This release cannot read an item.
    #[error("an item cannot be read: {0}")]
    Unreadable(&'static str),
    /// The content cannot be serialized, so nothing was written.
    #[error("an item cannot be written")]
    Unwritable,
}

impl StoreError {
    /// Reports to the metrics and the log that a request cannot be answered. Returns whether the error may pass.
    pub(crate) fn report(&self) -> bool {
        match self {
            Self::Unavailable { .. } | Self::Throttled | Self::Contended | Self::TimedOut | Self::OutOfReach => {
                self.report_unavailable("storage is unavailable");
                true
            }
            Self::Unreadable(_) | Self::Unwritable => {
                tracing::error!(error = %self, "storage contains an item that this release cannot read");
                false
            }
        }
    }

    /// Reports to the metrics and the log that the storage failed, and what follows from it.
    pub(crate) fn report_unavailable(&self, consequence: &str) {
        metric::unavailable("storage");
        tracing::error!(error = %self, "{consequence}");
    }
}

impl From<Elapsed> for StoreError {
    fn from(_: Elapsed) -> Self {
        Self::TimedOut
    }
}

impl<E, R> From<SdkError<E, R>> for StoreError
where
    E: ProvideErrorMetadata,
{
    fn from(error: SdkError<E, R>) -> Self {
        let code = match &error {
            SdkError::DispatchFailure(_) => return Self::OutOfReach,
            SdkError::TimeoutError(_) => return Self::TimedOut,
            SdkError::ServiceError(service) => service.err().code().unwrap_or("unknown error"),
            SdkError::ResponseError(_) => "unreadable answer",
            _ => "request not built",
        };
        let request_id = error.meta().extra("aws_request_id").unwrap_or("none").to_owned();
        Self::Unavailable { code: code.to_owned(), request_id }
    }
}
