//! Logs and metrics: JSON lines in Lambda, the steps of a lead's way, and what alarms and the dashboard stand on.
//!
//! No line holds personal data or a secret (contract, section 8). Libraries speak from `warn` on, because what they
//! say below that may quote a request.

pub mod metric;
pub mod step;

use std::io;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// What is logged unless `RUST_LOG` says otherwise.
pub const DEFAULT_FILTER: &str = "warn,leadping=info";

/// Starts logging in a Lambda function: one JSON object a line, metrics in CloudWatch's embedded format.
pub fn init() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_writer(io::stdout)
        .with_filter(filter);
    tracing_subscriber::registry().with(lines).with(metric::Embedded::from_env()).init();
}
