//! `leadctl post`: sends a payload to the API, as a partner does.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use leadping::client::web;
use leadping::id::SourceId;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::error::Error;
use crate::input;
use crate::output::escape::Shown;
use crate::output::{Output, Page};
use crate::target::Target;

/// Longer than the API takes in the worst case.
const TIMEOUT: Duration = Duration::from_secs(15);

const EXAMPLES: &str = "\
The payload is sent for real: an accepted lead reaches the business. `leadctl
source check` only says what the answer would be. Set LEADPING_KEY rather than
--key, which stays in the shell's history.

Examples:
  export LEADPING_KEY=lp_source_key
  leadctl --local post lead.json --source source_123
  leadctl --local post flat.json --source source_123 --flat
  echo 'email=jordan@example.com' \\
      | leadctl --local post - --source source_exempt --form";

/// What to post.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The file that holds the payload; - for standard input
    #[arg(value_name = "FILE")]
    payload: PathBuf,

    /// The source that sends it
    #[arg(long, value_name = "SOURCE")]
    source: SourceId,

    /// The source's key
    #[arg(long, value_name = "KEY", env = "LEADPING_KEY", hide_env_values = true)]
    key: Key,

    /// To /leads/intake, as flat JSON
    #[arg(long)]
    flat: bool,

    /// To /leads/intake, as a form
    #[arg(long, conflicts_with = "flat")]
    form: bool,

    /// Sent as the Idempotency-Key header
    #[arg(long, value_name = "TEXT")]
    idempotency_key: Option<String>,
}

/// A key, which no output shows.
#[derive(Clone)]
struct Key(String);

impl FromStr for Key {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

/// The answer.
#[derive(Serialize)]
struct Answer {
    status: u16,
    headers: BTreeMap<String, String>,
    /// The body, where it is JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Box<RawValue>>,
    #[serde(skip)]
    text: String,
}

/// Posts the payload, and shows the answer.
///
/// # Errors
/// After the answer, [`Error::Refused`] for a 4xx and [`Error::Aws`] for a 5xx; [`Error::Usage`] where no API is known;
/// [`Error::Aws`] when it is out of reach.
pub(crate) async fn run(arguments: &Arguments, target: &Target, output: &mut Output) -> Result<(), Error> {
    let Some(gateway) = &target.gateway else {
        return Err(Error::Usage(match target.is_backends_only() {
            true => format!("{} runs no API: start it without --backends-only", target.name),
            false => "the API's address is not known: give --local or --stack NAME".to_owned(),
        }));
    };
    let body = input::read(&arguments.payload)?;
    let path = if arguments.flat || arguments.form { "/leads/intake" } else { "/leads" };
    target.confirm(&format!("post a lead of the source {}", arguments.source))?;
    let client = web::client(None).map_err(|error| Error::Refused(error.to_string()))?;
    let kind = if arguments.form { "application/x-www-form-urlencoded" } else { "application/json" };
    let mut post = client
        .post(format!("{gateway}{path}"))
        .header("content-type", kind)
        .header("x-leadping-source-id", arguments.source.as_str())
        .header("x-leadping-source-key", &arguments.key.0)
        .timeout(TIMEOUT)
        .body(body);
    if let Some(key) = &arguments.idempotency_key {
        post = post.header("idempotency-key", key);
    }
    let answer = post.send().await.map_err(|error| match error.is_builder() {
        true => Error::Usage("the key or the idempotency key has characters that no header can have".to_owned()),
        false if error.is_timeout() => target.late(format!("{gateway} did not answer in time")),
        false => target.out_of_reach(format!("{gateway} is out of reach")),
    })?;
    let status = answer.status().as_u16();
    let header = |(name, value): (&reqwest::header::HeaderName, &reqwest::header::HeaderValue)| {
        (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let headers = answer.headers().iter().map(header).collect();
    let text = web::body(answer).await.map(|body| String::from_utf8_lossy(&body).into_owned()).unwrap_or_default();
    let body = RawValue::from_string(text.clone()).ok();
    output.show(&Answer { status, headers, body, text }, write)?;
    match status {
        200..=299 => Ok(()),
        400..=499 => Err(Error::Refused(format!("the API answered {status}"))),
        _ => Err(Error::Aws {
            what: format!("the API answered {status}"),
            remedy: "`leadctl doctor` looks for the reason".to_owned(),
        }),
    }
}

fn write(page: &mut Page<'_>, answer: &Answer) -> io::Result<()> {
    page.bold(answer.status)?;
    writeln!(page)?;
    for (name, value) in &answer.headers {
        writeln!(page, "{name}: {}", Shown(value))?;
    }
    writeln!(page, "\n{}", answer.text)
}
