//! What is called over HTTPS: the API, TrustedForm, and Secrets Manager.

use std::time::Duration;

use aws_sdk_secretsmanager::error::ProvideErrorMetadata;
use leadping::client::web;
use leadping::time::Timestamp;

use super::finding::Finding;
use crate::error::Error;
use crate::target::Target;
use crate::trusted_form;

/// By this the functions can tell our request from a partner's.
const USER_AGENT: &str = concat!("leadctl-doctor/", env!("CARGO_PKG_VERSION"));

/// How long an answer may take: less than a check, which then says what was slow.
const ANSWER_TIMEOUT: Duration = Duration::from_millis(4_500);

/// AWS refuses signatures that are five minutes off.
const MAX_CLOCK_OFF: Duration = Duration::from_secs(60);

/// No certificate has this id.
const NO_CERTIFICATE: &str = "invalid-leadctl-doctor";

/// The API, by a post without credentials: it reaches the function, and goes no further. Its answer also tells the time.
pub(super) async fn api(target: &Target) -> Vec<Finding> {
    let check = "API";
    let Some(gateway) = &target.gateway else {
        return vec![Finding::skipped(check, "no address is known")];
    };
    let client = match web::client(None) {
        Ok(client) => client,
        Err(error) => return vec![Finding::problem(check, error.to_string(), "Check this machine's TLS setup")],
    };
    let remedy = "See the API's access log and the function's log (docs/operating.md#follow-one-request)";
    let asked = client.post(format!("{gateway}/leads")).header("user-agent", USER_AGENT).timeout(ANSWER_TIMEOUT).send();
    let answer = match asked.await {
        Ok(answer) => answer,
        Err(error) => return vec![unanswered(target, check, gateway, &error, remedy)],
    };
    let date = answer.headers().get("date").and_then(|date| date.to_str().ok()).and_then(clock);
    let api = match answer.status().as_u16() {
        401 => Finding::ok(check, format!("{gateway} answers")),
        status => Finding::problem(
            check,
            format!("{gateway} answers {status} to a post without credentials, not 401"),
            remedy,
        ),
    };
    [api].into_iter().chain(date).collect()
}

/// This machine's clock, compared with the time of an HTTP answer.
fn clock(date: &str) -> Option<Finding> {
    let theirs: Timestamp = jiff::fmt::rfc2822::parse(date).ok()?.timestamp().into();
    let ours = Timestamp::now();
    let off = ours.since(theirs).max(theirs.since(ours));
    Some(if off > MAX_CLOCK_OFF {
        let off = format!("{} s off", off.as_secs());
        Finding::problem("clock", off, "Set this machine's clock: AWS refuses what it signs")
    } else {
        Finding::ok("clock", "right")
    })
}

/// TrustedForm, asked for a certificate that does not exist: a refusal of it proves that our key is valid.
pub(super) async fn trusted_form(target: &Target) -> Vec<Finding> {
    let check = "TrustedForm";
    let key = match trusted_form::key(target).await {
        Ok(key) => key.secret().await,
        Err(Error::Aws { .. }) => {
            let skipped = "not asked: you may not read its key (secretsmanager:GetSecretValue)";
            return vec![Finding::skipped(check, skipped)];
        }
        Err(error) => return vec![Finding::skipped(check, error.to_string())],
    };
    let client = match trusted_form::http() {
        Ok(client) => client,
        Err(error) => return vec![Finding::failed(check, error)],
    };
    let base = trusted_form::base(target);
    let asked = client.get(format!("{base}/{NO_CERTIFICATE}/validate")).basic_auth("API", Some(key.reveal()));
    let answer = match asked.header("user-agent", USER_AGENT).timeout(ANSWER_TIMEOUT).send().await {
        Ok(answer) => answer,
        Err(error) => {
            let remedy = "Check this machine's network and TrustedForm's status page \
                          (docs/operating.md#trustedformunavailable)";
            return vec![unanswered(target, check, &base, &error, remedy)];
        }
    };
    vec![verdict(check, &base, answer.status().as_u16())]
}

/// On the local stack one remedy serves for everything that does not answer. The error's own text would name the address,
/// and nothing else of use.
fn unanswered(target: &Target, check: &'static str, url: &str, error: &reqwest::Error, remedy: &str) -> Finding {
    let (what, local): (_, fn(&Target, String) -> Error) = match error.is_timeout() {
        true => (format!("{url} does not answer in time"), Target::late),
        false => (format!("{url} is out of reach"), Target::out_of_reach),
    };
    if target.is_local() && url.starts_with("http://127.0.0.1:") {
        return Finding::failed(check, local(target, what));
    }
    Finding::problem(check, what, remedy)
}

/// What an answer about a certificate that does not exist says of our account, as the intake reads it (contract, section 4).
fn verdict(check: &'static str, base: &str, status: u16) -> Finding {
    let anchor = "docs/operating.md#trustedformkeyrefused";
    match status {
        200 | 400 | 404 | 405 | 406 | 410 | 422 => Finding::ok(check, format!("{base} answers, and accepts our key")),
        401 | 403 => Finding::problem(
            check,
            format!("refuses our key ({status}): no lead that needs a certificate is accepted"),
            format!("Put a valid key into the secret ({anchor})"),
        ),
        402 => Finding::problem(
            check,
            "refuses our account (402), which is out of funds: no lead that needs a certificate is accepted",
            format!("Pay TrustedForm ({anchor})"),
        ),
        status => Finding::problem(
            check,
            format!("{base} answers {status}: leads that need a certificate get 503"),
            "See TrustedForm's status page (docs/operating.md#trustedformunavailable)",
        ),
    }
}

/// Whether a secret that the stack names exists. Its value is not read.
pub(super) async fn secret(target: &Target, parameter: &str, arn: &str) -> Vec<Finding> {
    let check = "secret";
    vec![match target.secrets_manager().describe_secret().secret_id(arn).send().await {
        Ok(secret) if secret.deleted_date.is_none() => Finding::ok(check, format!("{parameter} exists")),
        Ok(_) => Finding::problem(
            check,
            format!("{parameter} is scheduled for deletion"),
            "Restore it with `aws secretsmanager restore-secret`",
        ),
        Err(error) if error.code() == Some("ResourceNotFoundException") => Finding::problem(
            check,
            format!("{parameter} does not exist"),
            "Create it, or correct its ARN in samconfig.toml (docs/operating.md#keys)",
        ),
        Err(error) if error.code().is_some_and(|code| code.starts_with("AccessDenied")) => {
            Finding::skipped(check, format!("{parameter}: you may not look (secretsmanager:DescribeSecret)"))
        }
        Err(error) => Finding::failed(check, target.aws_error("Secrets Manager", &error)),
    }]
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    #[test]
    fn a_clock_is_compared_with_an_answer_s_date() {
        assert_eq!(clock("Mon, 15 Jun 2020 12:00:00 GMT").unwrap().state, State::Problem);
        assert!(clock("yesterday").is_none());
    }

    #[test]
    fn only_a_verdict_on_the_certificate_says_that_the_key_is_valid() {
        for status in [200, 400, 404, 405, 406, 410, 422] {
            assert_eq!(verdict("TrustedForm", "u", status).state, State::Ok, "{status}");
        }
        for (status, says) in [
            (401, "refuses our key"),
            (402, "out of funds"),
            (403, "refuses our key"),
            (429, "429"),
            (500, "503"),
            (302, "302"),
        ] {
            let finding = verdict("TrustedForm", "u", status);
            assert!(finding.state == State::Problem && finding.remedy.is_some(), "{status}");
            assert!(finding.found.contains(says), "{status}: {}", finding.found);
        }
    }
}
