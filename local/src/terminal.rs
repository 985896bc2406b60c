//! What a person sees: the addresses, what to try, and then one line for each step of each lead.

use std::fmt::{self, Write as _};
use std::io::{self, Write};
use std::path::PathBuf;

use anstyle::{AnsiColor, Style};
use leadping::payload::Entrance;
use leadping::telemetry::step;
use leadping::time::Timestamp;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use crate::demo;
use crate::gateway::docs;
use crate::running::{Addresses, Claim};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();

/// Where `leadctl --local` looks for a running stack.
pub const DATA: &str = ".leadping";

/// Prints what is running, and how to send a first lead. `kept` is where the leads are kept, and `old` are files of earlier
/// versions that are not read.
///
/// # Errors
/// When the terminal is gone.
pub fn welcome(addresses: &Addresses, kept: &str, old: &[PathBuf], claim: &Claim) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    let what = if addresses.gateway.is_some() { "Leadping's lead intake is" } else { "The services for functions are" };
    writeln!(out, "\n{BOLD}{what} running.{BOLD:#} Press Ctrl-C to stop.\n")?;
    let reference = addresses.gateway.as_deref().map(|api| format!("{api}{}", docs::PATH));
    let page = addresses.gateway.as_deref().map(|api| format!("{api}{}", show_app::PAGE));
    let rows = [
        ("inbox page", page.as_deref().unwrap_or("none")),
        ("API", addresses.gateway.as_deref().unwrap_or("none, the functions run elsewhere")),
        ("its reference", reference.as_deref().unwrap_or("docs/reference.html")),
        ("DynamoDB", addresses.dynamodb.as_str()),
        ("SQS", addresses.sqs.as_str()),
        ("EventBridge", addresses.bus.as_str()),
        ("TrustedForm", addresses.trusted_form.as_str()),
        ("phone lookup", addresses.phone_lookup.as_str()),
        ("leads are kept", kept),
    ];
    for (what, place) in rows {
        writeln!(out, "  {what:<16}{place}")?;
    }
    for file in old {
        writeln!(out, "\n{} is from an earlier version, which stored leads in another form.", file.display())?;
        writeln!(out, "It is not read: this stack started with empty tables. Delete it when you no longer need it.")?;
    }
    writeln!(out, "\n{BOLD}Demo sources{BOLD:#}, all with the key {}:\n", demo::SOURCE_KEY)?;
    for (id, about) in demo::ALL {
        writeln!(out, "  {id:<20}{DIM}{about}{DIM:#}")?;
    }
    writeln!(out, "\n  {} also has the test key {}.", demo::SOURCE_ID, demo::TEST_KEY)?;
    if addresses.gateway.is_none() {
        writeln!(out, "\n{BOLD}Run the functions{BOLD:#}, each in a process of its own under a Lambda Runtime API:\n")?;
        writeln!(out, "  cargo lambda watch --env-file {}", claim.environment().display())?;
    }
    let api = addresses.gateway.as_deref().unwrap_or(CARGO_LAMBDA);
    writeln!(out, "\n{BOLD}Send a lead{BOLD:#}, structured or flat:\n")?;
    writeln!(out, "{}\n", curl(api, Entrance::Structured, STRUCTURED))?;
    writeln!(out, "{}\n", curl(api, Entrance::Flat, FLAT))?;
    writeln!(out, "{BOLD}Make it fail{BOLD:#} (all of these: cargo run -- --help):\n")?;
    for (change, outcome) in FAILURES {
        writeln!(out, "  {change:<44}{DIM}{outcome}{DIM:#}")?;
    }
    writeln!(out, "\n{BOLD}Look at a lead{BOLD:#} by the id in its answer:\n")?;
    writeln!(out, "  cargo run --bin leadctl -- {} lead show lead_...\n", leadctl_option(claim))?;
    if claim.is_temporary() {
        let directory = claim.directory().display();
        writeln!(
            out,
            "  Another running stack is the one that --local finds. This one is found by --data {directory}\n"
        )?;
    }
    Ok(())
}

/// The option with which `leadctl` finds this stack.
fn leadctl_option(claim: &Claim) -> String {
    match claim.directory() {
        directory if directory.as_os_str() == DATA => "--local".to_owned(),
        directory => format!("--data {}", directory.display()),
    }
}

/// Where `cargo lambda watch` listens.
const CARGO_LAMBDA: &str = "http://localhost:9000";

/// The shortest lead, in both forms.
const STRUCTURED: &str = r#"{"metadata":{"externalId":"first-lead","trustedFormUrl":"https://cert.trustedform.com/example"},"contact":{"firstName":"Jordan","phone":{"number":"+15555550123"}},"customer":{}}"#;
const FLAT: &str = r#"{"externalId":"second-lead","firstName":"Jordan","phone":"(555) 555-0123","trustedFormUrl":"https://cert.trustedform.com/example"}"#;

/// Changes to a lead with their results, which are some of [`crate::stand_ins`].
const FAILURES: [(&str, &str); 4] = [
    ("https://cert.trustedform.com/expired-1", "400, the certificate is too old"),
    ("https://cert.trustedform.com/down-1", "503, TrustedForm is down"),
    ("phone (555) 555-0106", "accepted, the lookup is down and retried"),
    ("phone (555) 555-0107", "accepted, the lookup refuses our credentials"),
];

fn curl(api: &str, entrance: Entrance, body: &str) -> String {
    format!(
        "  curl -i {api}{} -H 'Content-Type: application/json' \\\n    -H 'X-Leadping-Source-Id: {}' -H 'X-Leadping-Source-Key: {}' \\\n    -d '{body}'",
        entrance.path(),
        demo::SOURCE_ID,
        demo::SOURCE_KEY,
    )
}

/// Passes each event to a function as a colored line for people.
#[derive(Debug)]
pub struct Lines<W>(pub W);

/// Prints a line, without colors unless this is a terminal. Leads are accepted even when the terminal is gone.
pub fn print(line: &str) {
    let _ = writeln!(anstream::stdout().lock(), "{line}");
}

impl<S, W> Layer<S> for Lines<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: Fn(&str) + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(outer) = span.extensions().get::<Fields>() {
                fields.inherit_ids(outer);
            }
        }
        let now = Timestamp::now().to_string();
        (self.0)(&fields.line(now.get(11..19).unwrap_or_default(), event));
    }
}

/// The fields of an event or a span, by their part of a line.
#[derive(Default)]
struct Fields {
    step: String,
    lead: String,
    source: String,
    request: String,
    message: String,
    rest: String,
}

impl Fields {
    /// Inherits ids from the outer span, except the id that a refused lead would have had.
    fn inherit_ids(&mut self, outer: &Self) {
        let lead = if self.step == "refused" { "" } else { &outer.lead };
        let pairs = [(&mut self.lead, lead), (&mut self.source, &outer.source), (&mut self.request, &outer.request)];
        for (own, outer) in pairs {
            if own.is_empty() {
                outer.clone_into(own);
            }
        }
    }

    /// The time, the most specific id, what happened, and the other fields.
    fn line(&self, time: &str, event: &Event<'_>) -> String {
        let metadata = event.metadata();
        let is_step = metadata.target() == step::TARGET;
        let style = match self.step.as_str() {
            "refused" => BAD,
            "ready" => GOOD,
            _ if *metadata.level() <= Level::WARN => BAD,
            _ => Style::new(),
        };
        let what = if is_step { &self.step } else { &self.message };
        let origin = match *metadata.level() {
            _ if is_step => String::new(),
            Level::INFO => String::new(),
            Level::WARN | Level::ERROR => format!("{} ", metadata.level()),
            Level::DEBUG | Level::TRACE => format!("{} {}: ", metadata.level(), metadata.target()),
        };
        let id = [&self.lead, &self.source, &self.request].into_iter().find(|id| !id.is_empty());
        let id = id.map_or("", String::as_str);
        let rest = self.rest.trim_end();
        let width = if rest.is_empty() { 0 } else { 12 };
        let space = if rest.is_empty() { "" } else { " " };
        format!("{DIM}{time}{DIM:#}  {id:<37}  {origin}{style}{what:<width$}{style:#}{space}{rest}")
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = match field.name() {
            "step" => &mut self.step,
            "lead_id" => &mut self.lead,
            "source_id" => &mut self.source,
            "request_id" | "message_id" => &mut self.request,
            "message" => &mut self.message,
            "status" | "codes" | "provider" | "outcome" => {
                let _ = write!(self.rest, "{value:?} ");
                return;
            }
            name => {
                let _ = write!(self.rest, "{name}={value:?} ");
                return;
            }
        };
        text.clear();
        let _ = write!(text, "{value:?}");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing::field;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    /// The lines, without time and colors.
    fn lines(log: impl FnOnce()) -> Vec<String> {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let layer = {
            let lines = Arc::clone(&lines);
            Lines(move |line: &str| lines.lock().unwrap().push(anstream::adapter::strip_str(line).to_string()))
        };
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), log);
        let lines = std::mem::take(&mut *lines.lock().unwrap());
        lines.into_iter().map(|line| line["00:00:00  ".len()..].to_owned()).collect()
    }

    fn line(id: &str, rest: &str) -> String {
        format!("{id:<37}  {rest}")
    }

    #[test]
    fn a_line_has_the_most_specific_known_id() {
        let lines = lines(|| {
            tracing::info_span!("request", request_id = "r1", source_id = field::Empty, lead_id = field::Empty)
                .in_scope(|| {
                    let span = tracing::Span::current();
                    tracing::warn!(target: step::TARGET, step = "refused", status = 401, codes = "credentials.invalid");
                    span.record("source_id", "source_123");
                    tracing::info_span!("inner").in_scope(|| tracing::info!("the outer span's id counts"));
                    span.record("lead_id", "lead_1");
                    tracing::error!(error = "no", "the lead of the span");
                    tracing::warn!(target: step::TARGET, step = "refused", status = 400, codes = "validation");
                    tracing::info!(lead_id = "lead_2", "the lead of the event");
                });
            tracing::info_span!("message", message_id = "m1").in_scope(|| tracing::error!("the message failed"));
            tracing::info!("no id");
        });
        let expected = [
            line("r1", "refused      401 credentials.invalid"),
            line("source_123", "the outer span's id counts"),
            line("lead_1", "ERROR the lead of the span error=no"),
            line("source_123", "refused      400 validation"),
            line("lead_2", "the lead of the event"),
            line("m1", "ERROR the message failed"),
            line("", "no id"),
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn below_info_a_line_has_its_level_and_module() {
        let lines = lines(|| {
            tracing::debug!(target: "leadping::intake::take", attempt = 2, "asking");
            tracing::trace!(target: "hyper::client", "");
        });
        let expected =
            [line("", "DEBUG leadping::intake::take: asking       attempt=2"), line("", "TRACE hyper::client: ")];
        assert_eq!(lines, expected);
    }
}
