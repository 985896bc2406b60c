//! Matching a certificate with the lead's person and retaining it (contract, section 11): TrustedForm's certificate API,
//! version 4.0.

use std::time::Duration;

use reqwest::{Response, StatusCode};
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::TrustedForm;
use crate::client::web;
use crate::id::LeadId;
use crate::lead::certificate::Certificate;
use crate::lead::consent::ConsentReason;
use crate::lead::email::Email;
use crate::lead::phone_number::PhoneNumber;
use crate::settings::Secret;
use crate::time::Timestamp;

/// The timeout of one call, including a second try with a new key.
const RETAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// The version of the API. Its answers differ between versions.
const API_VERSION: &str = "4.0";

/// The person to compare with what the visitor typed.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "each is what it is called")]
pub struct Person<'a> {
    pub email: Option<&'a Email>,
    pub number: Option<&'a PhoneNumber>,
}

/// What to ask for.
#[derive(Clone, Copy, Debug)]
pub enum Request<'a> {
    /// Compare, and keep the certificate. TrustedForm charges for it.
    MatchAndRetain {
        /// The reference by which the certificate is found at TrustedForm.
        lead: &'a LeadId,
        /// The name of the source.
        source: &'a str,
    },
    /// Compare again, with the other way to write the number.
    MatchAgain,
}

/// What TrustedForm says of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Matched {
    /// Whether the visitor typed this e-mail address; `None` if TrustedForm cannot tell.
    pub email: Option<bool>,
    /// Whether the visitor typed this phone number; `None` if TrustedForm cannot tell.
    pub phone: Option<bool>,
    /// Whether our account had retained the certificate before.
    pub previously_retained: Option<bool>,
    /// How long the certificate is kept.
    pub retained_until: Option<Timestamp>,
}

/// Why there is no answer. The text is safe to log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RetainFault {
    /// A retry can help.
    #[error("TrustedForm cannot answer now: {0}")]
    Passing(String),
    /// TrustedForm refuses our credentials or our account. An operator has to fix it, and then a retry helps.
    #[error("TrustedForm refuses our account: status {0}")]
    Refused(u16),
    /// A retry cannot help.
    #[error("TrustedForm will not answer: status {status}")]
    Lasting {
        /// The status of the answer.
        status: u16,
        /// Why TrustedForm cannot tell.
        reason: ConsentReason,
    },
}

#[derive(Serialize)]
struct Body<'a> {
    match_lead: MatchLead<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retain: Option<Retain<'a>>,
}

#[skip_serializing_none]
#[derive(Serialize)]
struct MatchLead<'a> {
    email: Option<&'a str>,
    phone: Option<String>,
}

#[derive(Serialize)]
struct Retain<'a> {
    reference: &'a str,
    vendor: &'a str,
}

/// An answer. Whatever it leaves out, or says in another form, is not said.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer {
    outcome: serde_json::Value,
    match_lead: MatchAnswer,
    retain: RetainAnswer,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct MatchAnswer {
    result: Option<MatchResult>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct MatchResult {
    email_match: Option<bool>,
    phone_match: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RetainAnswer {
    results: RetainResults,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RetainResults {
    expires_at: Option<String>,
    previously_retained: Option<bool>,
}

impl TrustedForm {
    /// Compares a certificate with a person, within five seconds. We never call the URL that the partner sent: the
    /// request goes to our own base URL and uses only the certificate's id.
    ///
    /// # Errors
    /// A [`RetainFault`], which says whether a retry can help.
    pub async fn retain(
        &self,
        certificate: &Certificate,
        person: Person<'_>,
        request: Request<'_>,
    ) -> Result<Matched, RetainFault> {
        let answered = async {
            let key = self.key.secret().await;
            let answer = self.post(certificate, person, request, &key).await?;
            match answer.status() {
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => match self.key.replacement_for(&key).await {
                    Some(key) => read(self.post(certificate, person, request, &key).await?).await,
                    None => read(answer).await,
                },
                _ => read(answer).await,
            }
        };
        let answered = tokio::time::timeout(RETAIN_TIMEOUT, answered).await;
        answered.unwrap_or_else(|_| Err(RetainFault::Passing("timed out".to_owned())))
    }

    async fn post(
        &self,
        certificate: &Certificate,
        person: Person<'_>,
        request: Request<'_>,
        key: &Secret,
    ) -> Result<Response, RetainFault> {
        let Some(body) = body(person, request) else { return Err(RetainFault::Passing("not written".to_owned())) };
        let post = self
            .client
            .post(format!("{}/{}", self.base.as_str().trim_end_matches('/'), certificate.id()))
            .basic_auth("API", Some(key.reveal()))
            .header("api-version", API_VERSION)
            .header("content-type", "application/json")
            .body(body);
        // The client's own error shows the URL.
        post.send().await.map_err(|error| {
            RetainFault::Passing(if error.is_timeout() { "timed out" } else { "out of reach" }.to_owned())
        })
    }
}

fn body(person: Person<'_>, request: Request<'_>) -> Option<String> {
    let national = person.number.and_then(|number| number.as_str().strip_prefix("+1"));
    let (prefix, retain) = match request {
        Request::MatchAndRetain { lead, source } => ("", Some(Retain { reference: lead.as_str(), vendor: source })),
        // Some forms keep the country code that the visitor typed.
        Request::MatchAgain => ("1", None),
    };
    let match_lead = MatchLead {
        email: person.email.map(Email::as_str),
        phone: national.map(|national| format!("{prefix}{national}")),
    };
    serde_json::to_string(&Body { match_lead, retain }).ok()
}

/// Interprets an answer, by its status first.
async fn read(answer: Response) -> Result<Matched, RetainFault> {
    let status = answer.status().as_u16();
    let reason = match status {
        200 => {
            let body = web::body(answer).await;
            // serde_json's error would quote the answer.
            let said = body.and_then(|body| serde_json::from_slice::<Answer>(&body).ok());
            return said.and_then(matched).ok_or_else(|| RetainFault::Passing("unreadable answer".to_owned()));
        }
        401..=403 => return Err(RetainFault::Refused(status)),
        400 => ConsentReason::CertificateRefused,
        404 => ConsentReason::CertificateNotFound,
        405 | 406 => ConsentReason::CertificateNotClaimable,
        410 => ConsentReason::CertificateExpired,
        422 => ConsentReason::CertificateUsedTooOften,
        _ => return Err(RetainFault::Passing(format!("status {status}"))),
    };
    Err(RetainFault::Lasting { status, reason })
}

/// What a 200 says; `None` if it says nothing about the match.
fn matched(said: Answer) -> Option<Matched> {
    let result = said.match_lead.result.filter(|_| said.outcome != "error")?;
    let RetainResults { expires_at, previously_retained } = said.retain.results;
    Some(Matched {
        email: result.email_match,
        phone: result.phone_match,
        previously_retained,
        retained_until: expires_at.and_then(|text| text.parse().ok()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lookup::loopback::{client, reply, serve};

    fn certificate() -> Certificate {
        Certificate::parse("https://cert.trustedform.com/0a1b2c").unwrap()
    }

    async fn ask(replied: &str, request: Request<'_>) -> (Result<Matched, RetainFault>, String) {
        let (base, asked) = serve(replied.to_owned());
        let trusted_form = TrustedForm::new(client(), base, Secret::new("hush-hush").into());
        let number = PhoneNumber::parse("512-555-0123").unwrap().number;
        let email: Email = serde_json::from_str(r#""jordan@example.com""#).unwrap();
        let person = Person { email: Some(&email), number: Some(&number) };
        let answer = trusted_form.retain(&certificate(), person, request).await;
        (answer, asked.join().unwrap())
    }

    #[tokio::test]
    async fn the_request_has_the_form_of_the_vendor() {
        let lead: LeadId = "lead_a".parse().unwrap();
        let retain = Request::MatchAndRetain { lead: &lead, source: "Acme forms" };
        for (request, body) in [
            (
                retain,
                r#"{"match_lead":{"email":"jordan@example.com","phone":"5125550123"},"retain":{"reference":"lead_a","vendor":"Acme forms"}}"#,
            ),
            (Request::MatchAgain, r#"{"match_lead":{"email":"jordan@example.com","phone":"15125550123"}}"#),
        ] {
            let (_, asked) = ask(&reply("200 OK", "", "{}"), request).await;
            let asked = asked.replace("\r\n", "\n");
            assert!(asked.starts_with("POST /0a1b2c HTTP/1.1\n"), "{asked}");
            // API:hush-hush
            for part in ["api-version: 4.0\n", "authorization: Basic QVBJOmh1c2gtaHVzaA==\n", body] {
                assert!(asked.contains(part), "{part}: {asked}");
            }
        }
        let unknown = Person { email: None, number: None };
        assert_eq!(body(unknown, Request::MatchAgain).unwrap(), r#"{"match_lead":{}}"#);
    }

    #[tokio::test]
    async fn the_status_and_then_the_body_decide() {
        use ConsentReason::{
            CertificateExpired, CertificateNotClaimable, CertificateNotFound, CertificateRefused,
            CertificateUsedTooOften,
        };
        let passing = |text: &str| Err(RetainFault::Passing(text.to_owned()));
        let lasting = |status, reason| Err(RetainFault::Lasting { status, reason });
        let of = |email, phone| Matched { email, phone, previously_retained: None, retained_until: None };
        let full = r#"{"outcome":"success","match_lead":{"result":{"email_match":false,"phone_match":true,"success":true}},
            "retain":{"results":{"expires_at":"2031-06-15T12:00:00Z","previously_retained":true,"masked_cert_url":"https://x"}}}"#;
        let cases = [
            (
                "200 OK",
                full,
                Ok(Matched {
                    email: Some(false),
                    phone: Some(true),
                    previously_retained: Some(true),
                    retained_until: Some("2031-06-15T12:00:00Z".parse().unwrap()),
                }),
            ),
            (
                "200 OK",
                r#"{"outcome":"failure","match_lead":{"result":{"email_match":null,"phone_match":false}}}"#,
                Ok(of(None, Some(false))),
            ),
            ("200 OK", r#"{"match_lead":{"result":{}}}"#, Ok(of(None, None))),
            (
                "200 OK",
                r#"{"match_lead":{"result":{}},"retain":{"results":{"expires_at":"soon"}}}"#,
                Ok(of(None, None)),
            ),
            ("200 OK", r#"{"outcome":"success","match_lead":{"result":null}}"#, passing("unreadable answer")),
            ("200 OK", r#"{"outcome":"success"}"#, passing("unreadable answer")),
            (
                "200 OK",
                r#"{"outcome":"error","match_lead":{"result":{"phone_match":true}}}"#,
                passing("unreadable answer"),
            ),
            ("200 OK", "<html>", passing("unreadable answer")),
            ("204 No Content", "", passing("status 204")),
            ("302 Found", "", passing("status 302")),
            ("400 Bad Request", "{}", lasting(400, CertificateRefused)),
            ("401 Unauthorized", "{}", Err(RetainFault::Refused(401))),
            ("402 Payment Required", "{}", Err(RetainFault::Refused(402))),
            ("403 Forbidden", "{}", Err(RetainFault::Refused(403))),
            ("404 Not Found", "{}", lasting(404, CertificateNotFound)),
            ("405 Method Not Allowed", "{}", lasting(405, CertificateNotClaimable)),
            ("406 Not Acceptable", "{}", lasting(406, CertificateNotClaimable)),
            ("410 Gone", "{}", lasting(410, CertificateExpired)),
            ("418 Teapot", "{}", passing("status 418")),
            ("422 Unprocessable Content", "{}", lasting(422, CertificateUsedTooOften)),
            ("429 Too Many Requests", "{}", passing("status 429")),
            ("503 Service Unavailable", "{}", passing("status 503")),
        ];
        for (status, body, expected) in cases {
            let (answer, _) = ask(&reply(status, "Location: /elsewhere\r\n", body), Request::MatchAgain).await;
            assert_eq!(answer, expected, "{status} {body}");
        }
        assert_eq!(ask("", Request::MatchAgain).await.0, passing("out of reach"));
    }
}
