//! `leadctl doctor`: a stack, looked at from outside; each finding with its remedy.

use std::io::{self, Write};
use std::time::Duration;

use aws_sdk_sqs::error::ProvideErrorMetadata;
use leadping::client::web;
use leadping::id::LeadId;
use leadping::time::Timestamp;
use serde::Serialize;

use crate::error::Error;
use crate::output::{self, Output};
use crate::queue;
use crate::target::Target;

/// The sweep comes each minute. A lead that has been due for longer than this was not swept.
const SWEEP_LATE: Duration = Duration::from_secs(3 * 60);

/// AWS refuses signatures that are five minutes off.
const CLOCK_OFF: Duration = Duration::from_secs(60);

/// What was looked at, and what was found.
#[derive(Serialize)]
struct Finding {
    check: &'static str,
    healthy: bool,
    found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

/// Looks at everything, changing nothing.
///
/// # Errors
/// [`Error::Refused`], after the findings, when something is not well; else when the output cannot be written.
pub(crate) async fn run(target: &Target, output: &mut Output) -> Result<(), Error> {
    let (api, clock) = api(target).await;
    let mut findings = vec![sources(target).await, leads(target).await, sweep(target).await, queue(target).await];
    findings.extend([dead_letters(target).await, api, clock].into_iter().flatten());
    findings.extend(secrets(target).await);
    output.show(&findings, |out, findings| write(out, findings))?;
    match findings.iter().filter(|finding| !finding.healthy).count() {
        0 => Ok(()),
        unwell => Err(Error::Refused(format!("{unwell} of {} checks found something", findings.len()))),
    }
}

fn healthy(check: &'static str, found: impl Into<String>) -> Finding {
    Finding { check, healthy: true, found: found.into(), remedy: None }
}

fn unwell(check: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Finding {
    Finding { check, healthy: false, found: found.into(), remedy: Some(remedy.into()) }
}

/// The error's own text says what to do.
fn failed(check: &'static str, error: &Error) -> Finding {
    Finding { check, healthy: false, found: error.to_string(), remedy: None }
}

/// The table of sources, and whether each source that may send has a key to send with.
async fn sources(target: &Target) -> Finding {
    let check = "sources";
    let sources = match target.sources.list().await {
        Ok(sources) => sources,
        Err(error) => return failed(check, &target.failed(error)),
    };
    let now = Timestamp::now();
    let keyless: Vec<_> = sources
        .iter()
        .filter(|source| source.attachment().is_ok() && !source.keys.iter().any(|key| key.is_live(now)))
        .map(|source| source.id.as_str())
        .collect();
    match keyless.as_slice() {
        [] => healthy(check, format!("{} sources; each that may send has a key that works", sources.len())),
        keyless => unwell(
            check,
            format!("no key that works: {}", keyless.join(", ")),
            "`leadctl key create ID` makes a new one; `leadctl source disable ID` says that it is meant",
        ),
    }
}

async fn leads(target: &Target) -> Finding {
    let check = "leads";
    // Nothing more than an answer is wanted.
    let nobody = LeadId::from_digest(&[0; 32]);
    match target.leads.get(&nobody).await {
        Ok(_) => healthy(check, "the table answers"),
        Err(error) => failed(check, &target.failed(error)),
    }
}

/// Due leads are announced each minute, and moved on with that: one that stays due was not seen.
async fn sweep(target: &Target) -> Finding {
    let check = "sweep";
    let unfinished = match target.leads.unfinished().await {
        Ok(unfinished) => unfinished,
        Err(error) => return failed(check, &target.failed(error)),
    };
    let now = Timestamp::now();
    let late = unfinished.iter().filter(|due| now.since(due.due_at) > SWEEP_LATE).count();
    match late {
        0 => healthy(check, format!("{} leads unfinished, none left lying", unfinished.len())),
        late => unwell(
            check,
            format!("{late} leads have been due for more than {} minutes", SWEEP_LATE.as_secs() / 60),
            "look at the schedule and at the worker's log; `leadctl unfinished announce` does the sweep's work by hand",
        ),
    }
}

async fn queue(target: &Target) -> Finding {
    let check = "queue";
    let counts = match target.queue_url() {
        Ok(url) => queue::counts(target, url).await,
        Err(error) => Err(error),
    };
    match counts {
        Ok([waiting, 0, _]) if waiting > 0 => unwell(
            check,
            format!("{waiting} messages wait, and none is being worked on"),
            "ask again in a moment; if it stays so, look at the worker's event source and its log",
        ),
        Ok([waiting, in_flight, _]) => healthy(check, format!("{waiting} messages wait, {in_flight} are worked on")),
        Err(error) => failed(check, &error),
    }
}

async fn dead_letters(target: &Target) -> Option<Finding> {
    let check = "dead letters";
    let counts = match target.dead_letter_queue_url() {
        Ok(url) => queue::counts(target, url).await,
        Err(error) => Err(error),
    };
    Some(match counts {
        Ok([0, 0, _]) => healthy(check, "none"),
        Ok([waiting, held, _]) => unwell(
            check,
            format!("{} dead letters", waiting + held),
            "`leadctl dlq peek` shows them; mend what made them fail, then `leadctl dlq redrive --all`",
        ),
        Err(error) => failed(check, &error),
    })
}

/// The API, by a post without credentials: it comes as far as the function, and no farther. Its answer tells the time,
/// too.
async fn api(target: &Target) -> (Option<Finding>, Option<Finding>) {
    let check = "API";
    let Some(gateway) = &target.gateway else { return (None, None) };
    let client = match web::client(None) {
        Ok(client) => client,
        Err(error) => return (Some(unwell(check, error.to_string(), "look at this machine's TLS set-up")), None),
    };
    let remedy = "look at the API's access log and at the function's log";
    // Its text would name the address, which is no secret, and nothing else of use.
    let Ok(answer) = client.post(format!("{gateway}/leads")).timeout(Duration::from_secs(10)).send().await else {
        return (Some(unwell(check, format!("{gateway} is out of reach"), remedy)), None);
    };
    let date = answer.headers().get("date").and_then(|date| date.to_str().ok()).and_then(clock);
    let status = answer.status().as_u16();
    let api = match status {
        401 => healthy(check, format!("{gateway} answers")),
        status => unwell(check, format!("{gateway} answers {status} to a post without credentials, not 401"), remedy),
    };
    (Some(api), date)
}

/// This machine's clock, beside the time of an HTTP answer.
fn clock(date: &str) -> Option<Finding> {
    let theirs: Timestamp = jiff::fmt::rfc2822::parse(date).ok()?.timestamp().into();
    let ours = Timestamp::now();
    let off = ours.since(theirs).max(theirs.since(ours));
    Some(if off > CLOCK_OFF {
        unwell("clock", format!("{} s off", off.as_secs()), "set this machine's clock: AWS refuses what it signs")
    } else {
        healthy("clock", "right")
    })
}

/// Whether the secrets that the stack names are there. Their values are not read.
async fn secrets(target: &Target) -> Vec<Finding> {
    let client = target.secrets_manager();
    let mut findings = Vec::new();
    for (parameter, arn) in &target.secrets {
        findings.push(match client.describe_secret().secret_id(arn).send().await {
            Ok(secret) if secret.deleted_date.is_none() => healthy("secret", format!("{parameter} is there")),
            Ok(_) => unwell(
                "secret",
                format!("{parameter} is to be deleted"),
                "restore it with `aws secretsmanager restore-secret`",
            ),
            Err(error) => unwell(
                "secret",
                format!("{parameter}: {}", error.code().unwrap_or("no answer")),
                "make it, or correct its ARN in samconfig.toml; you need secretsmanager:DescribeSecret to look",
            ),
        });
    }
    findings
}

fn write(out: &mut dyn Write, findings: &[Finding]) -> io::Result<()> {
    let rows = findings.iter().map(|finding| {
        [finding.check.to_owned(), if finding.healthy { "well" } else { "NOT WELL" }.to_owned(), finding.found.clone()]
    });
    output::table(out, ["CHECK", "", "FOUND"], rows)?;
    for finding in findings {
        if let Some(remedy) = &finding.remedy {
            writeln!(out, "\n{}: {remedy}.", finding.check)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_compared_with_an_answer_s_date() {
        assert!(!clock("Mon, 15 Jun 2020 12:00:00 GMT").unwrap().healthy);
        assert!(clock("yesterday").is_none());
    }
}
