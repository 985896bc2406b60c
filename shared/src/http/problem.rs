//! Problems, as RFC 9457 and section 6 of the contract have them.

use lambda_http::http::StatusCode;
use serde::Serialize;

use super::route::Route;
use crate::failure::{Code, Failure};
use crate::payload::{Malformed, Position, Unreadable};
use crate::source::Barred;
use crate::source::limits::{Caps, Counts, Usage, Zone};
use crate::time::Timestamp;

/// Why a request is not answered with a lead. Nothing inner is in it: causes are logged where they are met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The body is not one JSON object.
    Malformed(Malformed),
    /// The `Idempotency-Key` header is no key.
    InvalidIdempotencyKey,
    /// The payload, or the source's rules, do not allow the lead.
    Validation(Vec<Failure>),
    /// The credentials are missing or wrong: which of the two, and in what, is not said.
    Unauthorized,
    /// The source may not send.
    Forbidden(Barred),
    /// The query does not say what is looked for.
    InvalidQuery,
    /// The source has nothing like this.
    NotFound(Missing),
    /// The body is too long.
    TooLarge,
    /// The body is in no form that this endpoint reads.
    UnsupportedMediaType,
    /// The `Idempotency-Key` belongs to another submission.
    IdempotencyKeyReused,
    /// The person's data is in an earlier lead, and the source refuses such leads.
    Duplicate,
    /// A cap of the source is reached.
    QuotaExceeded(Usage),
    /// Our own mistake.
    Internal,
    /// TrustedForm has not said whether the certificate is good.
    TrustedFormUnavailable,
    /// The tables have not answered.
    StorageUnavailable,
}

/// What a source does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// A lead of this id.
    Lead,
    /// An accepted lead under this `Idempotency-Key`.
    Submission,
}

/// The fixed part of a problem.
struct Kind {
    status: StatusCode,
    slug: &'static str,
    title: &'static str,
    code: &'static str,
    detail: &'static str,
}

/// A problem's body.
#[derive(Serialize)]
struct Body<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    code: &'a str,
    detail: &'a str,
    instance: &'a str,
    #[serde(rename = "requestId")]
    request_id: &'a str,
    #[serde(rename = "dryRun", skip_serializing_if = "Option::is_none")]
    dry_run: Option<bool>,
    #[serde(rename = "violated-policies", skip_serializing_if = "Vec::is_empty")]
    violated_policies: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Error<'a>>,
}

#[derive(Serialize)]
struct Error<'a> {
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<&'a str>,
    detail: &'a str,
}

impl Problem {
    /// The one place where status, code and with them retries are decided.
    const fn kind(&self) -> Kind {
        let (status, slug, title, code, detail) = match self {
            Self::Malformed(_) => (
                StatusCode::BAD_REQUEST,
                "malformed",
                "The payload cannot be read",
                Code::PayloadMalformed.as_str(),
                Code::PayloadMalformed.detail(),
            ),
            Self::InvalidIdempotencyKey => (
                StatusCode::BAD_REQUEST,
                "malformed",
                "The Idempotency-Key cannot be read",
                Code::IdempotencyKeyInvalid.as_str(),
                Code::IdempotencyKeyInvalid.detail(),
            ),
            Self::Validation(_) => (StatusCode::BAD_REQUEST, "validation", "Lead validation failed", "validation", ""),
            Self::Unauthorized => (
                StatusCode::UNAUTHORIZED,
                "unauthorized",
                "Source credentials are missing or wrong",
                "credentials.invalid",
                "Send the source's id in X-Leadping-Source-Id and one of its keys in X-Leadping-Source-Key.",
            ),
            Self::Forbidden(Barred::Disabled) => (
                StatusCode::FORBIDDEN,
                "forbidden",
                "The source may not send leads",
                "source.disabled",
                "This source is disabled; ask Leadping to enable it.",
            ),
            Self::Forbidden(Barred::NotAttached) => (
                StatusCode::FORBIDDEN,
                "forbidden",
                "The source may not send leads",
                "source.not_attached",
                "This source is not attached to an account and a business; ask Leadping to attach it.",
            ),
            Self::InvalidQuery => (
                StatusCode::BAD_REQUEST,
                "query",
                "The query cannot be answered",
                "query.invalid",
                "Send externalId once, with 1 to 1,024 characters.",
            ),
            Self::NotFound(Missing::Lead) => (
                StatusCode::NOT_FOUND,
                "not-found",
                "The lead is not found",
                "lead.not_found",
                "This source has no lead of this id. A test key finds test leads only, any other key live leads only.",
            ),
            Self::NotFound(Missing::Submission) => (
                StatusCode::NOT_FOUND,
                "not-found",
                "The submission is not found",
                "submission.not_found",
                "No lead has been accepted under this Idempotency-Key so far. If your post is still in flight, it may yet be.",
            ),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "too-large",
                "The payload is too large",
                "payload.too_large",
                "Send at most 256 KiB.",
            ),
            Self::UnsupportedMediaType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported-media-type",
                "The payload's media type is not supported",
                "payload.media_type",
                "Send application/json without a Content-Encoding; /leads/intake also reads application/x-www-form-urlencoded.",
            ),
            Self::IdempotencyKeyReused => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "idempotency-key-reused",
                "The Idempotency-Key belongs to another lead",
                "idempotency_key.reused",
                "A lead with other content was accepted under this Idempotency-Key; send each lead with a key of its own.",
            ),
            Self::Duplicate => (
                StatusCode::CONFLICT,
                "conflict",
                "The person is in an earlier lead",
                "lead.duplicate",
                "This source takes each person once in a time. Nothing was stored, and sending the lead again does not help.",
            ),
            Self::QuotaExceeded(_) => (
                StatusCode::TOO_MANY_REQUESTS,
                "quota-exceeded",
                "A limit of this source is reached",
                "quota.exceeded",
                "The source takes no more leads for now, and nothing was stored. Send the same bytes again after Retry-After.",
            ),
            Self::Internal => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "Something went wrong here",
                "internal.error",
                "Send the same bytes again, with a growing delay; report the request id if it does not pass.",
            ),
            Self::TrustedFormUnavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                "TrustedForm is unavailable",
                "trusted_form.unavailable",
                "The certificate could not be checked and nothing was stored; send the same bytes again, with a growing delay.",
            ),
            Self::StorageUnavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                "Storage is unavailable",
                "storage.unavailable",
                "Send the same bytes again, with a growing delay: the same submission never makes a second lead.",
            ),
        };
        Kind { status, slug, title, code, detail }
    }

    /// One problem of each kind, for whoever describes them all. Which failures a validation lists is only an example.
    pub fn each() -> Vec<Self> {
        vec![
            Self::Malformed(Malformed::NotJson(Position { line: 1, column: 28 })),
            Self::InvalidIdempotencyKey,
            Self::Validation(vec![
                Failure::at(Code::EmailInvalid, "/email"),
                Failure::at(Code::TrustedFormRequired, "/trustedFormUrl"),
            ]),
            Self::Unauthorized,
            Self::Forbidden(Barred::Disabled),
            Self::Forbidden(Barred::NotAttached),
            Self::TooLarge,
            Self::UnsupportedMediaType,
            Self::IdempotencyKeyReused,
            Self::Duplicate,
            Self::QuotaExceeded(example_usage()),
            Self::Internal,
            Self::TrustedFormUnavailable,
            Self::StorageUnavailable,
        ]
    }

    /// One problem of each kind that only `/sources/me` and what is under it answer.
    pub fn each_of_window() -> Vec<Self> {
        vec![Self::InvalidQuery, Self::NotFound(Missing::Lead), Self::NotFound(Missing::Submission)]
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        self.kind().status
    }

    /// The problem's own code.
    pub fn code(&self) -> &'static str {
        self.kind().code
    }

    /// What was expected.
    pub fn detail(&self) -> &'static str {
        self.kind().detail
    }

    /// The codes of all failures, for the log.
    pub fn failure_codes(&self) -> Vec<&'static str> {
        match self {
            Self::Validation(failures) => failures.iter().map(|failure| failure.code.as_str()).collect(),
            other => vec![other.code()],
        }
    }

    /// The body of the answer. `instance` is the path that was called: the problem of a dry run says that it is one.
    pub fn to_json(&self, instance: &str, request_id: &str) -> String {
        let kind = self.kind();
        let failures = match self {
            Self::Validation(failures) => failures.clone(),
            Self::Malformed(_) => vec![Failure::at(Code::PayloadMalformed, "")],
            Self::InvalidIdempotencyKey => vec![Failure::general(Code::IdempotencyKeyInvalid)],
            _ => Vec::new(),
        };
        let found = match (self, failures.len()) {
            (Self::Validation(_), 1) => "1 problem was found.".to_owned(),
            (Self::Validation(_), many) => format!("{many} problems were found."),
            (Self::Malformed(malformed), _) => malformed.to_string(),
            _ => kind.detail.to_owned(),
        };
        let is_malformed = matches!(self, Self::Malformed(_));
        let violated_policies = match self {
            Self::QuotaExceeded(usage) => usage.used_up().collect(),
            _ => Vec::new(),
        };
        let body = Body {
            r#type: format!("https://leadping.ai/docs/errors/{}", kind.slug),
            title: kind.title,
            status: kind.status.as_u16(),
            code: kind.code,
            detail: &found,
            instance,
            request_id,
            dry_run: Route::is_dry_run(instance).then_some(true),
            violated_policies,
            errors: failures
                .iter()
                .map(|failure| Error {
                    code: failure.code.as_str(),
                    pointer: failure.pointer.as_deref(),
                    detail: if is_malformed { &found } else { failure.detail },
                })
                .collect(),
        };
        // Texts and numbers always serialise.
        serde_json::to_string(&body).unwrap_or_default()
    }
}

/// A cap that is reached, as an example.
fn example_usage() -> Usage {
    let caps = Caps { day: Some(500), hour: None, time_zone: Zone::default() };
    let now = Timestamp::from(jiff::Timestamp::UNIX_EPOCH);
    caps.usage(&caps.windows(now), Some(Counts { day: 500, hour: 1 }), now)
}

impl From<Unreadable> for Problem {
    fn from(unreadable: Unreadable) -> Self {
        match unreadable {
            Unreadable::Malformed(malformed) => Self::Malformed(malformed),
            Unreadable::Unrecognized(detail) => {
                Self::Validation(vec![Failure::at(Code::PayloadUnrecognized, "").saying(detail)])
            }
        }
    }
}

impl From<Barred> for Problem {
    fn from(barred: Barred) -> Self {
        Self::Forbidden(barred)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_why_and_where() {
        let failures = vec![Failure::at(Code::EmailInvalid, "/email"), Failure::general(Code::SourceNotApproved)];
        let body = Problem::Validation(failures).to_json("/leads/intake", "r-1");
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(
            body,
            serde_json::json!({
                "type": "https://leadping.ai/docs/errors/validation",
                "title": "Lead validation failed",
                "status": 400,
                "code": "validation",
                "detail": "2 problems were found.",
                "instance": "/leads/intake",
                "requestId": "r-1",
                "errors": [
                    {"code": "email.invalid", "pointer": "/email", "detail": Code::EmailInvalid.detail()},
                    {"code": "source.not_approved", "detail": Code::SourceNotApproved.detail()},
                ],
            })
        );
    }

    #[test]
    fn what_is_malformed_says_where() {
        let body = Problem::Malformed(Malformed::NotJson(Position { line: 3, column: 28 })).to_json("/leads", "r-1");
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        let detail = "This is not valid JSON at line 3, column 28. Send one JSON object in UTF-8.";
        assert_eq!(body["detail"], detail);
        assert_eq!(body["errors"], serde_json::json!([{"code": "payload.malformed", "pointer": "", "detail": detail}]));
    }

    #[test]
    fn a_dry_run_answers_the_same_problem_and_says_so() {
        for problem in Problem::each() {
            let real = problem.to_json("/leads", "r");
            let dry = problem.to_json("/leads/validate", "r");
            let cut = dry.replace("/leads/validate", "/leads").replace(r#","dryRun":true"#, "");
            assert!(dry.contains(r#","requestId":"r","dryRun":true"#) && cut == real, "{dry}");
        }
    }

    #[test]
    fn a_reached_cap_names_itself() {
        let body = Problem::QuotaExceeded(example_usage()).to_json("/leads", "r");
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body["violated-policies"], serde_json::json!(["day"]));
        assert!(!Problem::Duplicate.to_json("/leads", "r").contains("violated"));
    }

    #[test]
    fn only_a_400_lists_errors() {
        let cases = [
            (Problem::Malformed(Malformed::Empty), 400, true),
            (Problem::InvalidIdempotencyKey, 400, true),
            (Problem::Unauthorized, 401, false),
            (Problem::Forbidden(Barred::Disabled), 403, false),
            (Problem::TooLarge, 413, false),
            (Problem::UnsupportedMediaType, 415, false),
            (Problem::IdempotencyKeyReused, 422, false),
            (Problem::Duplicate, 409, false),
            (Problem::QuotaExceeded(example_usage()), 429, false),
            (Problem::Internal, 500, false),
            (Problem::TrustedFormUnavailable, 503, false),
            (Problem::StorageUnavailable, 503, false),
        ];
        for (problem, status, lists) in cases {
            let body: serde_json::Value = serde_json::from_str(&problem.to_json("/leads", "r")).unwrap();
            assert_eq!((problem.status().as_u16(), &body["status"]), (status, &status.into()));
            assert_eq!(body.get("errors").is_some(), lists, "{problem:?}");
        }
    }
}
