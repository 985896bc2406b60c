//! Metrics, as events with the target [`TARGET`]; in Lambda they become lines of CloudWatch's embedded metric format.
//!
//! A dimension's every value is billed as a metric of its own, so there are few: which source a lead came from is a
//! property, to be searched and not to be graphed.

use std::io::{self, Write};
use std::time::Duration;

use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber, info};
use tracing_subscriber::layer::{Context, Layer};

use crate::settings;
use crate::time::Timestamp;

/// The target of every metric.
pub const TARGET: &str = "metric";

/// The namespace in CloudWatch, where no setting names another.
const NAMESPACE: &str = "Leadping";

/// A post was answered: `accepted`, `replayed`, `refused` or `unavailable`, with the codes of a refusal.
pub fn lead(outcome: &str, source: &str, codes: &str) {
    info!(target: TARGET, name = "Leads", unit = "Count", value = 1_u64, Outcome = outcome, source, codes);
}

/// TrustedForm answered, or did not, after so long.
pub fn trusted_form_latency(elapsed: Duration) {
    info!(target: TARGET, name = "TrustedFormLatency", unit = "Milliseconds", value = milliseconds(elapsed));
}

/// A look-up ended after so long: `succeeded`, `failed` or `postponed`.
pub fn lookup(outcome: &str, elapsed: Duration) {
    info!(target: TARGET, name = "LookupLatency", unit = "Milliseconds", value = milliseconds(elapsed));
    info!(target: TARGET, name = "Lookups", unit = "Count", value = 1_u64, Outcome = outcome);
}

/// A sweep found so many unfinished leads due, the oldest accepted so long ago. Each sweep says so, also of none: its silence is
/// the alarm that the sweep itself has stopped.
pub fn due(leads: usize, oldest: Duration) {
    info!(target: TARGET, name = "DueLeads", unit = "Count", value = u64::try_from(leads).unwrap_or(u64::MAX));
    info!(target: TARGET, name = "OldestDueSeconds", unit = "Seconds", value = oldest.as_secs());
}

/// A service outside refuses our credential: for an operator to mend, and no outage.
pub fn credential_refused(service: &str) {
    info!(target: TARGET, name = "CredentialsRefused", unit = "Count", value = 1_u64, Service = service);
}

/// A service that we stand on did not do its work.
pub fn unavailable(service: &str) {
    info!(target: TARGET, name = "ServiceUnavailable", unit = "Count", value = 1_u64, Service = service);
}

fn milliseconds(elapsed: Duration) -> u64 {
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}

/// Writes metrics to the log in the form that CloudWatch reads them from.
#[derive(Debug)]
pub struct Embedded {
    namespace: String,
}

impl Embedded {
    /// `METRICS_NAMESPACE`, by default `Leadping`: the stacks of one account keep their metrics apart by it.
    pub fn from_env() -> Self {
        Self { namespace: settings::optional("METRICS_NAMESPACE").unwrap_or_else(|| NAMESPACE.to_owned()) }
    }
}

impl<S: Subscriber> Layer<S> for Embedded {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == TARGET {
            let mut fields = Fields::default();
            event.record(&mut fields);
            // Whole, and then written: formatted into the output it would be written word by word.
            let mut line = serde_json::to_vec(&fields.embed(&self.namespace, Timestamp::now())).unwrap_or_default();
            line.push(b'\n');
            // A log that cannot be written is no reason to refuse a lead.
            let _ = io::stdout().lock().write_all(&line);
        }
    }
}

#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    /// Fields that begin with a capital are dimensions, the others properties.
    fn embed(mut self, namespace: &str, now: Timestamp) -> Value {
        let (name, unit, value) = (self.take("name"), self.take("unit"), self.take("value"));
        let is_dimension = |name: &&String| name.starts_with(|c: char| c.is_ascii_uppercase());
        let dimensions: Vec<_> = self.0.keys().filter(is_dimension).cloned().collect();
        let metric = json!({
            "Namespace": namespace,
            "Dimensions": [dimensions],
            "Metrics": [{"Name": name, "Unit": unit}],
        });
        self.0.insert("_aws".to_owned(), json!({"Timestamp": now.milliseconds(), "CloudWatchMetrics": [metric]}));
        self.0.insert(name.as_str().unwrap_or_default().to_owned(), value);
        Value::Object(self.0)
    }

    fn take(&mut self, name: &str) -> Value {
        self.0.remove(name).unwrap_or_default()
    }
}

impl Visit for Fields {
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}").into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_cloudwatch_s_embedded_format() {
        let fields = [("name", json!("Leads")), ("unit", json!("Count")), ("value", json!(1))];
        let more = [("Outcome", json!("refused")), ("source", json!("source_1")), ("codes", json!("email.invalid"))];
        let fields = Fields(fields.into_iter().chain(more).map(|(name, value)| (name.to_owned(), value)).collect());
        assert_eq!(
            fields.embed(NAMESPACE, "1970-01-01T00:00:01Z".parse().unwrap()),
            json!({
                "_aws": {
                    "Timestamp": 1000,
                    "CloudWatchMetrics": [{
                        "Namespace": "Leadping",
                        "Dimensions": [["Outcome"]],
                        "Metrics": [{"Name": "Leads", "Unit": "Count"}],
                    }],
                },
                "Leads": 1,
                "Outcome": "refused",
                "source": "source_1",
                "codes": "email.invalid",
            })
        );
    }
}
