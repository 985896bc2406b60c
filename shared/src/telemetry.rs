//! Logs: JSON lines in Lambda, and the steps of a lead's way, by which people and alarms follow it.
//!
//! No line holds personal data or a secret (contract, section 8). Libraries speak from `warn` on, because what they
//! say below that may quote a request.

use std::io;

use tracing_subscriber::EnvFilter;

/// What is logged unless `RUST_LOG` says otherwise.
pub const DEFAULT_FILTER: &str = "warn,leadping=info";

/// Starts logging in a Lambda function: one JSON object a line.
pub fn init() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_env_filter(filter)
        .with_writer(io::stdout)
        .init();
}

/// The steps of a lead. Each is one line with the target [`TARGET`](step::TARGET) and a field `step`.
pub mod step {
    use tracing::{info, warn};

    use crate::id::LeadId;

    /// The target of every step.
    pub const TARGET: &str = "leadping::step";

    /// A lead was written.
    pub fn accepted(lead: &LeadId) {
        info!(target: TARGET, step = "accepted", lead = %lead);
    }

    /// A repeat was answered with the lead that was there.
    pub fn replayed(lead: &LeadId) {
        info!(target: TARGET, step = "replayed", lead = %lead);
    }

    /// A post was refused.
    pub fn refused(status: u16, codes: &[&str]) {
        info!(target: TARGET, step = "refused", status, codes = codes.join(" "));
    }

    /// A lead was announced to the worker; again, when the sweep did it.
    pub fn announced(lead: &LeadId) {
        info!(target: TARGET, step = "announced", lead = %lead);
    }

    /// A lead has its conversation.
    pub fn conversation(lead: &LeadId) {
        info!(target: TARGET, step = "conversation", lead = %lead);
    }

    /// A look-up has ended: `succeeded`, `failed`, or `postponed` after a passing fault.
    pub fn lookup(lead: &LeadId, provider: &str, outcome: &str) {
        if outcome == "succeeded" {
            info!(target: TARGET, step = "look-up", lead = %lead, provider, outcome);
        } else {
            warn!(target: TARGET, step = "look-up", lead = %lead, provider, outcome);
        }
    }

    /// Nothing is left to do for a lead.
    pub fn ready(lead: &LeadId) {
        info!(target: TARGET, step = "ready", lead = %lead);
    }
}
