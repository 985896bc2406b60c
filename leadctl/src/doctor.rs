//! `leadctl doctor`: checks a stack's health from outside; each problem comes with what to do next.

mod data;
mod deployment;
mod finding;
mod outside;

use std::collections::HashSet;
use std::io;

use futures_util::future::{FutureExt, LocalBoxFuture};
use futures_util::stream::{FuturesOrdered, StreamExt};

use crate::error::Error;
use crate::output::escape::Shown;
use crate::output::{Output, Page, style};
use crate::target::Target;
use finding::{Finding, within};

pub(crate) const EXAMPLES: &str = "\
All checks run at once, each for five seconds at most. Nothing is changed; the
API is asked once without credentials, and TrustedForm for a certificate that
does not exist. Exit code 1 when there is a problem.

Examples:
  leadctl --local doctor
  leadctl --stack leadping-production doctor
  leadctl --stack leadping-production doctor --output json \\
      | jq '.[] | select(.healthy | not)'";

/// Checks everything, changing nothing.
///
/// # Errors
/// [`Error::Refused`], after the findings, when there is a problem; else when the output cannot be written.
pub(crate) async fn run(target: &Target, output: &mut Output) -> Result<(), Error> {
    let mut checks: FuturesOrdered<LocalBoxFuture<'_, Vec<Finding>>> = FuturesOrdered::new();
    checks.push_back(within(target, "sources", data::sources(target)).boxed_local());
    checks.push_back(within(target, "silence", data::silence(target)).boxed_local());
    checks.push_back(within(target, "leads", data::leads(target)).boxed_local());
    checks.push_back(within(target, "ledger", data::ledger(target)).boxed_local());
    checks.push_back(within(target, "sweep", data::sweep(target)).boxed_local());
    checks.push_back(within(target, "queue", data::queue(target)).boxed_local());
    checks.push_back(within(target, "dead letters", data::dead_letters(target)).boxed_local());
    checks.push_back(within(target, "API", outside::api(target)).boxed_local());
    checks.push_back(within(target, "TrustedForm", outside::trusted_form(target)).boxed_local());
    for (parameter, arn) in &target.secrets {
        checks.push_back(within(target, "secret", outside::secret(target, parameter, arn)).boxed_local());
    }
    if let Some((name, status)) = &target.stack {
        checks.push_back(std::future::ready(vec![deployment::stack(name, status)]).boxed_local());
        checks.push_back(deployment::resources(target, name).boxed_local());
    }

    let (mut findings, mut told) = (Vec::new(), HashSet::new());
    while let Some(found) = checks.next().await {
        for finding in found {
            output.say(|page| write(page, &finding, &mut told))?;
            findings.push(finding);
        }
    }
    // People have read them already.
    output.show(&findings, |_, _| Ok(()))?;
    match findings.iter().filter(|finding| !finding.is_healthy()).count() {
        0 => Ok(()),
        1 => Err(Error::Refused(format!("1 of {} checks found a problem", findings.len()))),
        problems => Err(Error::Refused(format!("{problems} of {} checks found a problem", findings.len()))),
    }
}

/// Writes a finding, and what to do about it unless that was said before.
fn write(page: &mut Page<'_>, finding: &Finding, told: &mut HashSet<String>) -> io::Result<()> {
    let (color, state) = match finding.state {
        finding::State::Ok => (style::GREEN, "ok"),
        finding::State::Skipped => (style::DIM, "skipped"),
        finding::State::Problem => (style::RED, "problem"),
    };
    page.styled(color, format_args!("{state:<9}"))?;
    writeln!(page, "{:<14}{}", finding.check, Shown(&finding.found))?;
    match &finding.remedy {
        Some(remedy) if told.insert(remedy.clone()) => writeln!(page, "{:23}{}.", "", Shown(remedy)),
        _ => Ok(()),
    }
}
