//! The steps of a lead. Each is one log line with the target [`TARGET`] and a field `step`.

use tracing::{info, warn};

use super::LookupEnd;
use crate::id::LeadId;

/// The target of every step.
pub const TARGET: &str = "leadping::step";

/// A new lead was stored.
pub fn accepted(lead: &LeadId) {
    info!(target: TARGET, step = "accepted", lead_id = lead.as_str());
}

/// A repeat was answered with the stored lead.
pub fn replayed(lead: &LeadId) {
    info!(target: TARGET, step = "replayed", lead_id = lead.as_str());
}

/// A post was refused.
pub fn refused(status: u16, codes: &str) {
    info!(target: TARGET, step = "refused", status, codes);
}

/// Credentials were refused. `source` is the claimed one or `unknown`; `ended_key` is what is shown of the key, if it is
/// one of the source that has ended.
pub fn login_failed(source: &str, ended_key: &str) {
    info!(target: TARGET, step = "login failed", source, ended_key);
}

/// A lead was announced to the worker, by the intake or again by the sweep.
pub fn announced(lead: &LeadId) {
    info!(target: TARGET, step = "announced", lead_id = lead.as_str());
}

/// A lead's conversation was opened.
pub fn conversation(lead: &LeadId) {
    info!(target: TARGET, step = "conversation", lead_id = lead.as_str());
}

/// One try of a lookup ended.
pub fn lookup(lead: &LeadId, provider: &str, end: LookupEnd) {
    let outcome = end.as_str();
    if end == LookupEnd::Succeeded {
        info!(target: TARGET, step = "lookup", lead_id = lead.as_str(), provider, outcome);
    } else {
        warn!(target: TARGET, step = "lookup", lead_id = lead.as_str(), provider, outcome);
    }
}

/// The consent of a lead is settled.
pub fn consent(lead: &LeadId, outcome: &str) {
    info!(target: TARGET, step = "consent", lead_id = lead.as_str(), outcome);
}

/// Subscribers were told events of a lead, as far as this sequence.
pub fn published(lead: &LeadId, sequence: u64) {
    info!(target: TARGET, step = "published", lead_id = lead.as_str(), sequence);
}

/// A lead is finished.
pub fn ready(lead: &LeadId) {
    info!(target: TARGET, step = "ready", lead_id = lead.as_str());
}
