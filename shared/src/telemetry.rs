//! Logs and metrics: JSON lines in Lambda, the steps of a lead's way, and what alarms and the dashboard stand on.
//!
//! No line holds personal data or a secret (contract, section 8). Libraries speak from `warn` on, because what they
//! say below that may quote a request.

pub mod metric;
pub mod step;

use std::io;

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::settings;

/// What is logged: what `RUST_LOG` says, or else this product from `info` and all others from `warn` on.
pub fn filter() -> Targets {
    let said = settings::optional("RUST_LOG").and_then(|said| said.parse().ok());
    said.unwrap_or_else(|| Targets::new().with_default(Level::WARN).with_target("leadping", Level::INFO))
}

/// Starts logging in a Lambda function: one JSON object a line, metrics in CloudWatch's embedded format.
pub fn init() {
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_writer(io::stdout)
        .with_filter(filter());
    // Unless every layer says what it is not interested in, each span of each library is made, and dropped unseen: a
    // twentieth of the work for a lead.
    let metrics = metric::Embedded::from_env().with_filter(Targets::new().with_target(metric::TARGET, Level::INFO));
    tracing_subscriber::registry().with(lines).with(metrics).init();
}
