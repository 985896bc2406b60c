//! `leadctl event tail`: what the local stack's bus receives.

use std::io;
use std::time::Duration;

use clap::Args;
use leadping::bus::Envelope;
use leadping::client::web;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::input::whole;
use crate::output::{Output, Page, Tone};
use crate::target::Target;

/// The time between two looks at the bus.
const INTERVAL: Duration = Duration::from_millis(500);

/// How long the bus may take to answer.
const TIMEOUT: Duration = Duration::from_secs(5);

const EXAMPLES: &str = "\
Only the local stack shows its bus. On AWS, attach a rule to the bus: see
docs/events.md.

Examples:
  leadctl --local event tail
  leadctl --local event tail --last 100 --no-follow --output json \\
      | jq .detail.type";

/// What to show.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Begin with the last N events
    #[arg(long, value_name = "N", default_value_t = 10, allow_negative_numbers = true, value_parser = whole(0..=u32::MAX))]
    last: u32,

    /// End after these instead of waiting for more
    #[arg(long)]
    no_follow: bool,
}

/// An entry of the bus, as subscribers receive it.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    source: String,
    #[serde(rename = "detail-type")]
    detail_type: String,
    time: String,
    detail: Envelope,
}

/// Shows events until Ctrl-C.
///
/// # Errors
/// [`Error::Usage`] unless the target is a local stack; [`Error::Aws`] when its bus does not answer.
pub(super) async fn run(arguments: &Arguments, target: &Target, output: &mut Output) -> Result<(), Error> {
    let Some(url) = &target.bus_url else {
        return Err(Error::Usage("only a local stack shows what its bus receives: give --local".to_owned()));
    };
    let client = web::client(None).map_err(|error| Error::Refused(error.to_string()))?;
    let mut shown = None;
    loop {
        let entries = read(&client, url, target).await?;
        let last = usize::try_from(arguments.last).unwrap_or(usize::MAX);
        let first = shown.unwrap_or(entries.len().saturating_sub(last)).min(entries.len());
        for entry in entries.iter().skip(first) {
            output.show(entry, write)?;
        }
        shown = Some(entries.len());
        if arguments.no_follow {
            return Ok(());
        }
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            // Ctrl-C is how to end it, so it is no error.
            _ = tokio::signal::ctrl_c() => return Ok(()),
        }
    }
}

async fn read(client: &reqwest::Client, url: &str, target: &Target) -> Result<Vec<Entry>, Error> {
    let answer = client.get(format!("{url}/published")).timeout(TIMEOUT).send().await;
    let answer = answer.map_err(|_| target.out_of_reach(format!("the bus at {url} is out of reach")))?;
    let body = answer.bytes().await.map_err(|_| target.out_of_reach(format!("the bus at {url} is out of reach")))?;
    serde_json::from_slice(&body)
        .map_err(|_| Error::Refused(format!("the bus at {url} answers with something else than events")))
}

fn write(page: &mut Page<'_>, entry: &Entry) -> io::Result<()> {
    let Envelope { timestamp, sequence, lead_id, eligibility, .. } = &entry.detail;
    let time = page.screen().time(*timestamp);
    page.toned(Tone::Faint, &time)?;
    write!(page, "  {lead_id}  {sequence}  {}", entry.detail_type)?;
    if let Some(eligibility) = eligibility {
        for (channel, verdict) in [("sms", &eligibility.sms), ("call", &eligibility.call)] {
            let reasons: Vec<_> = verdict.reasons().iter().map(|reason| reason.as_str()).collect();
            let reasons = if reasons.is_empty() { "yes".to_owned() } else { format!("no ({})", reasons.join(", ")) };
            write!(page, "  {channel}: {reasons}")?;
        }
    }
    writeln!(page)
}
