//! Metrics are events with the target [`TARGET`]. In Lambda they become lines in CloudWatch's embedded metric format.
//!
//! CloudWatch bills each value of a dimension as a metric of its own, so there are few dimensions. The source of a lead
//! is a property: you can search for it but not graph it.

use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber, info};
use tracing_subscriber::layer::{Context, Layer};

use super::{LookupEnd, PostEnd};
use crate::settings;
use crate::source::Mode;
use crate::time::Timestamp;

/// The target of every metric.
pub const TARGET: &str = "metric";

/// The default namespace in CloudWatch.
const NAMESPACE: &str = "Leadping";

/// A post was answered, with the codes of a refusal. Posts with a test key have a metric of their own, so that they set
/// off no alarm.
pub fn lead(mode: Mode, end: PostEnd, source: &str, codes: &str) {
    let name = match mode {
        Mode::Live => "Leads",
        Mode::Test => "TestLeads",
    };
    info!(target: TARGET, name, unit = "Count", value = 1_u64, Outcome = end.as_str(), source, codes);
}

/// A dry run was answered, with the codes of a refusal.
pub fn dry_run(end: PostEnd, source: &str, codes: &str) {
    info!(target: TARGET, name = "DryRuns", unit = "Count", value = 1_u64, Outcome = end.as_str(), source, codes);
}

/// Credentials were refused. `source` is the claimed one, if it exists.
pub fn failed_login(source: &str) {
    info!(target: TARGET, name = "FailedLogins", unit = "Count", value = 1_u64, source);
}

/// How long TrustedForm took, whether it answered or not.
pub fn trusted_form_latency(elapsed: Duration) {
    info!(target: TARGET, name = "TrustedFormLatency", unit = "Milliseconds", value = milliseconds(elapsed));
}

/// One try of a lookup ended, after this time.
pub fn lookup(end: LookupEnd, elapsed: Duration) {
    info!(target: TARGET, name = "LookupLatency", unit = "Milliseconds", value = milliseconds(elapsed));
    info!(target: TARGET, name = "Lookups", unit = "Count", value = 1_u64, Outcome = end.as_str());
}

/// One try to retain a certificate ended, after this time: `verified`, `mismatched`, `unverified` or `postponed`.
pub fn retain(outcome: &str, elapsed: Duration) {
    info!(target: TARGET, name = "RetainLatency", unit = "Milliseconds", value = milliseconds(elapsed));
    info!(target: TARGET, name = "Retains", unit = "Count", value = 1_u64, Outcome = outcome);
}

/// A message could not be handled. SQS delivers it again.
pub fn failed_message() {
    info!(target: TARGET, name = "FailedMessages", unit = "Count", value = 1_u64);
}

/// What a sweep found due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// How many leads are not `Ready`.
    pub leads: u64,
    /// How many leads have events that subscribers were not told.
    pub events: u64,
    /// How long the oldest of both has been waiting.
    pub oldest: Duration,
    /// How long the oldest of the second has been waiting.
    pub oldest_events: Duration,
    /// How many certificates must be retained.
    pub retains: u64,
    /// How long ago the oldest lead of these was accepted.
    pub oldest_retain: Duration,
}

/// Reports what a sweep found due. Every sweep that read all shards reports this, even when nothing is due: an alarm
/// fires when the metric is missing, because then no sweep runs.
pub fn backlog(found: Backlog) {
    let Backlog { leads, events, oldest, oldest_events, retains, oldest_retain } = found;
    info!(target: TARGET, name = "DueLeads", unit = "Count", value = leads);
    info!(target: TARGET, name = "DueEvents", unit = "Count", value = events);
    info!(target: TARGET, name = "OldestDueSeconds", unit = "Seconds", value = oldest.as_secs());
    info!(target: TARGET, name = "OldestEventSeconds", unit = "Seconds", value = oldest_events.as_secs());
    info!(target: TARGET, name = "DueRetains", unit = "Count", value = retains);
    info!(target: TARGET, name = "OldestRetainSeconds", unit = "Seconds", value = oldest_retain.as_secs());
}

/// An external service refuses our credentials. This needs operator action; it is not an outage.
pub fn credential_refused(service: &str) {
    info!(target: TARGET, name = "CredentialsRefused", unit = "Count", value = 1_u64, Service = service);
}

/// A service that we depend on did not answer, or failed.
pub fn unavailable(service: &str) {
    info!(target: TARGET, name = "ServiceUnavailable", unit = "Count", value = 1_u64, Service = service);
}

fn milliseconds(elapsed: Duration) -> u64 {
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}

/// Writes metrics to the log in the format that CloudWatch extracts them from.
#[derive(Debug)]
pub struct Embedded {
    namespace: String,
}

impl Embedded {
    /// Reads `METRICS_NAMESPACE`, by default `Leadping`. It separates the metrics of several stacks in one account.
    pub fn from_env() -> Self {
        Self { namespace: settings::optional("METRICS_NAMESPACE").unwrap_or_else(|| NAMESPACE.to_owned()) }
    }
}

impl<S: Subscriber> Layer<S> for Embedded {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == TARGET {
            let mut line = MetricLine { namespace: &self.namespace, now: Timestamp::now(), fields: Vec::new() };
            event.record(&mut line);
            // Formatted first and then written at once. Formatting into stdout would write each token by itself.
            let mut line = serde_json::to_vec(&line).unwrap_or_default();
            line.push(b'\n');
            // A failing log must not refuse a lead.
            let _ = io::stdout().lock().write_all(&line);
        }
    }
}

/// A metric as CloudWatch reads it. Fields that begin with a capital letter are dimensions; the others are properties.
struct MetricLine<'a> {
    namespace: &'a str,
    now: Timestamp,
    fields: Vec<(&'static str, Value)>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata<'a> {
    timestamp: i64,
    cloud_watch_metrics: [Directive<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive<'a> {
    namespace: &'a str,
    dimensions: [Vec<&'static str>; 1],
    metrics: [Definition<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Definition<'a> {
    name: &'a str,
    unit: &'a str,
}

impl MetricLine<'_> {
    fn get(&self, name: &str) -> &Value {
        self.fields.iter().find(|field| field.0 == name).map_or(&Value::Null, |(_, value)| value)
    }
}

impl Serialize for MetricLine<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let definition = Definition {
            name: self.get("name").as_str().unwrap_or_default(),
            unit: self.get("unit").as_str().unwrap_or_default(),
        };
        let named = self.fields.iter().filter(|(name, _)| !["name", "unit", "value"].contains(name));
        let dimensions = named.clone().map(|(name, _)| *name).filter(|name| name.starts_with(char::is_uppercase));
        let mut line = serializer.serialize_map(None)?;
        line.serialize_entry(definition.name, self.get("value"))?;
        for (name, value) in named {
            line.serialize_entry(name, value)?;
        }
        let directive =
            Directive { namespace: self.namespace, dimensions: [dimensions.collect()], metrics: [definition] };
        let metadata = Metadata { timestamp: self.now.milliseconds(), cloud_watch_metrics: [directive] };
        line.serialize_entry("_aws", &metadata)?;
        line.end()
    }
}

impl Visit for MetricLine<'_> {
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.fields.push((field.name(), value.into()));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.fields.push((field.name(), value.into()));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.fields.push((field.name(), format!("{value:?}").into()));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn is_the_embedded_format_of_cloudwatch() {
        let fields = [("name", json!("Leads")), ("unit", json!("Count")), ("value", json!(1))];
        let more = [("Outcome", json!("refused")), ("source", json!("source_1")), ("codes", json!("email.invalid"))];
        let now = "1970-01-01T00:00:01Z".parse().unwrap();
        let line = MetricLine { namespace: NAMESPACE, now, fields: fields.into_iter().chain(more).collect() };
        assert_eq!(
            serde_json::to_value(line).unwrap(),
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
