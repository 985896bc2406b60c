//! The certificate check: asks TrustedForm whether the lead's consent was recorded (contract, section 4,
//! "TrustedForm").

use std::time::{Duration, Instant};

use reqwest::{Response, StatusCode};
use serde_json::Value;

use super::TrustedForm;
use crate::client::web;
use crate::settings::Secret;
use crate::source::Mode;
use crate::telemetry::metric;
use crate::validation::Validated;

/// The timeout of a check, including its retry.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

/// A lead that may be stored: it follows every rule, and TrustedForm accepted its certificate if it has one.
///
/// Only [`TrustedForm::verify`] creates one.
#[derive(Debug)]
pub struct Verified(Validated);

impl Verified {
    /// Unwraps the checked content of the lead.
    pub fn into_inner(self) -> Validated {
        self.0
    }
}

/// Why a certificate is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// TrustedForm does not know the certificate.
    #[error("the certificate is rejected")]
    Rejected,
    /// TrustedForm says that the certificate is too old or deleted.
    #[error("the certificate has expired")]
    Expired,
    /// TrustedForm gave no verdict: it is down, or it refuses our credentials.
    #[error("TrustedForm is unavailable")]
    Unavailable,
}

impl TrustedForm {
    /// Checks the lead's certificate, if it has one. For a test key, some ids have a fixed result. We never call the URL
    /// that the partner sent: the request goes to our own base URL and uses only the certificate's id.
    ///
    /// # Errors
    /// [`Refusal`] when TrustedForm does not accept the certificate, or does not answer within two seconds.
    pub async fn verify(&self, lead: Box<Validated>, mode: Mode) -> Result<Verified, Refusal> {
        if let Some(certificate) = &lead.certificate {
            if mode == Mode::Test
                && let Some(verdict) = fixed(certificate.id())
            {
                return verdict.map(|()| Verified(*lead));
            }
            let asked = Instant::now();
            let verdict =
                tokio::time::timeout(CHECK_TIMEOUT, self.validate(certificate.id())).await.unwrap_or_else(|_| {
                    tracing::warn!("TrustedForm did not answer in time");
                    Err(Refusal::Unavailable)
                });
            metric::trusted_form_latency(asked.elapsed());
            if verdict == Err(Refusal::Unavailable) {
                metric::unavailable("trusted_form");
            }
            verdict?;
        }
        Ok(Verified(*lead))
    }

    async fn validate(&self, id: &str) -> Result<(), Refusal> {
        let key = self.key.secret().await;
        let mut answer = self.ask(id, &key).await?;
        if matches!(answer.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
            && let Some(key) = self.key.replacement_for(&key).await
        {
            answer = self.ask(id, &key).await?;
        }
        let status = answer.status();
        let body = web::body(answer).await;
        let said = body.as_deref().and_then(|body| serde_json::from_slice(body).ok()).unwrap_or_default();
        let verdict = verdict(status, &said);
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::PAYMENT_REQUIRED | StatusCode::FORBIDDEN => {
                metric::credential_refused("trusted_form");
                tracing::error!(status = status.as_u16(), "TrustedForm refuses our account");
            }
            _ if verdict == Err(Refusal::Unavailable) => {
                tracing::warn!(status = status.as_u16(), "TrustedForm gave no verdict");
            }
            _ => {}
        }
        verdict
    }

    async fn ask(&self, id: &str, key: &Secret) -> Result<Response, Refusal> {
        let url = format!("{}/{id}/validate", self.base.as_str().trim_end_matches('/'));
        let call = || self.client.get(&url).basic_auth("API", Some(key.reveal())).send();
        // The pooled connection may have died while the function was frozen. And when connecting timed out after one
        // second, a second try still fits into the check's timeout.
        let answer = match call().await {
            Err(error) if error.is_connect() || !error.is_timeout() => call().await,
            answer => answer,
        };
        answer.map_err(|error| {
            tracing::warn!(error = %error.without_url(), "TrustedForm is out of reach");
            Refusal::Unavailable
        })
    }
}

/// The result of a certificate that only tests have (contract, section 9).
fn fixed(id: &str) -> Option<Result<(), Refusal>> {
    let of = |(beginning, verdict): (&str, _)| id.starts_with(beginning).then_some(verdict);
    FIXED.into_iter().find_map(of)
}

/// How the id of a certificate begins that a test key may use without a real one, and its result.
pub const FIXED: [(&str, Result<(), Refusal>); 4] = [
    ("test-accepted", Ok(())),
    ("test-rejected", Err(Refusal::Rejected)),
    ("test-expired", Err(Refusal::Expired)),
    ("test-unavailable", Err(Refusal::Unavailable)),
];

/// Interprets an answer, by its status first. An undocumented answer is no verdict. An outcome without a reason is one.
fn verdict(status: StatusCode, said: &Value) -> Result<(), Refusal> {
    let said = |member| said.get(member).and_then(Value::as_str).unwrap_or_default();
    match (status.as_u16(), said("outcome")) {
        (200, "success") => Ok(()),
        (200, "failure") | (400 | 404 | 405 | 406 | 422, _) => {
            let reason = said("reason").to_ascii_lowercase();
            let by_age = ["days old", "expired", "too old"].iter().any(|sign| reason.contains(sign));
            Err(if by_age { Refusal::Expired } else { Refusal::Rejected })
        }
        (410, _) => Err(Refusal::Expired),
        _ => Err(Refusal::Unavailable),
    }
}

#[cfg(test)]
mod tests {
    use std::iter;
    use std::net::TcpListener;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_times_out_is_tried_once_more() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        // The listener never completes a TLS handshake.
        let base = format!("https://{}", listener.local_addr().unwrap()).parse().unwrap();
        let key = Secret::new("key");
        let trusted_form = TrustedForm::new(web::client(None).unwrap(), base, key.clone().into());
        assert_eq!(trusted_form.ask("example", &key).await.unwrap_err(), Refusal::Unavailable);
        assert_eq!(iter::from_fn(|| listener.accept().ok()).count(), 2);
    }

    #[test]
    fn the_status_decides_before_the_body() {
        use Refusal::{Expired, Rejected, Unavailable};
        let cases = [
            (200, r#"{"outcome":"success","reason":"This is a valid Web certificate id"}"#, Ok(())),
            (200, r#"{"outcome":"failure","reason":"This is an invalid certificate id"}"#, Err(Rejected)),
            (200, r#"{"outcome":"failure","reason":"Certificate is more than 90 days old"}"#, Err(Expired)),
            (200, r#"{"outcome":"maybe"}"#, Err(Unavailable)),
            (200, "{}", Err(Unavailable)),
            (201, r#"{"outcome":"success"}"#, Err(Unavailable)),
            (204, r#"{"outcome":"success"}"#, Err(Unavailable)),
            (302, r#"{"outcome":"success"}"#, Err(Unavailable)),
            (400, r#"{"outcome":"success"}"#, Err(Rejected)),
            (401, r#"{"outcome":"failure"}"#, Err(Unavailable)),
            (402, "{}", Err(Unavailable)),
            (403, r#"{"outcome":"failure"}"#, Err(Unavailable)),
            (404, "{}", Err(Rejected)),
            (405, "{}", Err(Rejected)),
            (406, "{}", Err(Rejected)),
            (408, "{}", Err(Unavailable)),
            (410, "{}", Err(Expired)),
            (418, r#"{"outcome":"failure"}"#, Err(Unavailable)),
            (422, r#"{"outcome":"failure"}"#, Err(Rejected)),
            (429, "{}", Err(Unavailable)),
            (500, r#"{"outcome":"success"}"#, Err(Unavailable)),
            (503, r#"{"outcome":"failure"}"#, Err(Unavailable)),
            (200, r#"{"outcome":"success","reason":null}"#, Ok(())),
            (200, r#"{"outcome":"success","reason":["valid"]}"#, Ok(())),
            (200, r#"{"outcome":"failure","reason":null}"#, Err(Rejected)),
            (200, r#"{"outcome":["success"]}"#, Err(Unavailable)),
            (200, r#"["success"]"#, Err(Unavailable)),
            (200, "success", Err(Unavailable)),
            (404, r#"{"reason":"Certificate is more than 90 days old"}"#, Err(Expired)),
            (422, r#"{"outcome":null,"reason":"Certificate is more than 90 days old"}"#, Err(Expired)),
        ];
        for (status, body, verdict) in cases {
            let said = serde_json::from_str(body).unwrap_or_default();
            assert_eq!(super::verdict(StatusCode::from_u16(status).unwrap(), &said), verdict, "{status} {body}");
        }
    }
}
