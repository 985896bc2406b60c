//! What a person sees: where everything is, what to try, and then one line for each step of each lead.

use std::fmt::{self, Write as _};
use std::io::{self, Write};
use std::path::Path;

use anstyle::{AnsiColor, Style};
use leadping::payload::Entrance;
use leadping::telemetry::step;
use leadping::time::Timestamp;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

use crate::demo;
use crate::stack::Addresses;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();

/// Says what is running, and how to send a first lead.
///
/// # Errors
/// When the terminal is gone.
pub fn welcome(addresses: &Addresses, kept_in: &str, environment: &Path) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    let what = if addresses.gateway.is_some() { "Leadping's lead intake is" } else { "What the functions call is" };
    writeln!(out, "\n{BOLD}{what} running.{BOLD:#}  Ctrl-C stops it.\n")?;
    let rows = [
        ("API", addresses.gateway.as_deref().unwrap_or("none: its functions run elsewhere")),
        ("DynamoDB", addresses.dynamodb.as_str()),
        ("SQS", addresses.sqs.as_str()),
        ("TrustedForm", addresses.trusted_form.as_str()),
        ("phone look-up", addresses.phone_lookup.as_str()),
        ("leads are kept", kept_in),
    ];
    for (what, place) in rows {
        writeln!(out, "  {what:<16}{place}")?;
    }
    writeln!(out, "\n{BOLD}Demo sources{BOLD:#}, all with the key {}:\n", demo::SOURCE_KEY)?;
    for (id, about) in demo::ALL {
        writeln!(out, "  {id:<20}{DIM}{about}{DIM:#}")?;
    }
    if addresses.gateway.is_none() {
        writeln!(out, "\n{BOLD}Run the functions{BOLD:#}, each as its own process under a Lambda Runtime API:\n")?;
        writeln!(out, "  cargo lambda watch --env-file {}", environment.display())?;
    }
    let api = addresses.gateway.as_deref().unwrap_or(CARGO_LAMBDA);
    writeln!(out, "\n{BOLD}Send a lead{BOLD:#}, structured or flat:\n")?;
    writeln!(out, "{}\n", curl(api, Entrance::Structured, STRUCTURED))?;
    writeln!(out, "{}\n", curl(api, Entrance::Flat, FLAT))?;
    writeln!(out, "{BOLD}Look at one{BOLD:#} with the id from its answer:\n")?;
    writeln!(out, "  cargo run --bin leadctl -- --local lead show lead_...\n")
}

/// Where `cargo lambda watch` listens.
const CARGO_LAMBDA: &str = "http://localhost:9000";

/// A lead as short as it can be, in both forms.
const STRUCTURED: &str = r#"{"metadata":{"externalId":"first-lead","trustedFormUrl":"https://cert.trustedform.com/example"},"contact":{"firstName":"Jordan","phone":{"number":"+15555550123"}},"customer":{}}"#;
const FLAT: &str = r#"{"externalId":"second-lead","firstName":"Jordan","phone":"(555) 555-0123","trustedFormUrl":"https://cert.trustedform.com/example"}"#;

fn curl(api: &str, entrance: Entrance, body: &str) -> String {
    format!(
        "  curl -i {api}{} -H 'Content-Type: application/json' \\\n    -H 'X-Leadping-Source-Id: {}' -H 'X-Leadping-Source-Key: {}' \\\n    -d '{body}'",
        entrance.path(),
        demo::SOURCE_ID,
        demo::SOURCE_KEY,
    )
}

/// Writes events as lines for people.
#[derive(Debug)]
pub struct Lines;

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let metadata = event.metadata();
        let style = match (metadata.target(), fields.step.as_str()) {
            (step::TARGET, "refused") => BAD,
            (step::TARGET, "ready") => GOOD,
            _ if *metadata.level() <= Level::WARN => BAD,
            _ => Style::new(),
        };
        let what = if metadata.target() == step::TARGET { &fields.step } else { &fields.message };
        let now = Timestamp::now().to_string();
        let time = now.get(11..19).unwrap_or_default();
        // A terminal that has gone away is no reason to stop taking leads.
        let _ = writeln!(
            anstream::stdout().lock(),
            "{DIM}{time}{DIM:#}  {:<37}  {style}{what:<12}{style:#} {}",
            fields.lead,
            fields.rest
        );
    }
}

/// An event's fields, sorted by what a line does with them.
#[derive(Default)]
struct Fields {
    step: String,
    lead: String,
    message: String,
    rest: String,
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = match field.name() {
            "step" => &mut self.step,
            "lead_id" => &mut self.lead,
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
        let _ = write!(text, "{value:?}");
    }
}
