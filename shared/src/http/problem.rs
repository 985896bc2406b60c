//! Problems, as RFC 9457 and section 6 of the contract have them.

mod examples;
mod query;

use lambda_http::http::StatusCode;
use serde::Serialize;

use super::window_route::WindowRoute;
use crate::failure::{Code, Failure};
use crate::payload::{Malformed, Unreadable};
use crate::source::Barred;
use crate::source::limits::Usage;
use crate::telemetry::PostEnd;

pub(crate) use query::{QueryFault, Spot};

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
    /// The source, or the user's business, has nothing like this.
    NotFound(Missing),
    /// The user belongs to no business.
    NoBusiness,
    /// A list is asked for in a way that is wrong, or that we do not serve.
    Query(QueryFault),
    /// The token of a page does not belong to this request.
    InvalidCursor,
    /// The tables have not answered a user.
    ReadUnavailable,
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
    /// A mistake of our own, which the log describes.
    Internal,
    /// TrustedForm has not said whether the certificate is good.
    TrustedFormUnavailable,
    /// The tables have not answered.
    StorageUnavailable,
}

/// What a source or a business does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// A source has no lead of this id.
    Lead,
    /// A source has no accepted lead under this `Idempotency-Key`.
    Submission,
    /// A business has no lead of this id.
    UserLead,
    /// A business has no source of this id.
    UserSource,
    /// A business has no conversation of this id.
    Conversation,
}

/// The codes of the problems that end a post as [`PostEnd::Limited`].
pub(crate) const LIMIT_CODES: [&str; 2] = [DUPLICATE, QUOTA_EXCEEDED];
const DUPLICATE: &str = "lead.duplicate";
const QUOTA_EXCEEDED: &str = "quota.exceeded";

/// The fixed part of a problem.
struct Kind {
    status: StatusCode,
    slug: &'static str,
    title: &'static str,
    code: &'static str,
    detail: &'static str,
}

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
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<&'a str>,
    detail: &'a str,
}

impl Problem {
    /// The one place where status, code and with them retries are decided.
    fn kind(&self) -> Kind {
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
            Self::NotFound(Missing::UserLead) => (
                StatusCode::NOT_FOUND,
                "not-found",
                "The lead is not found",
                "lead.not_found",
                "Your business has no lead of this id.",
            ),
            Self::NotFound(Missing::UserSource) => (
                StatusCode::NOT_FOUND,
                "not-found",
                "The source is not found",
                "source.not_found",
                "Your business has no source of this id.",
            ),
            Self::NotFound(Missing::Conversation) => (
                StatusCode::NOT_FOUND,
                "not-found",
                "The conversation is not found",
                "conversation.not_found",
                "Your business has no conversation of this id.",
            ),
            Self::NoBusiness => (
                StatusCode::FORBIDDEN,
                "forbidden",
                "The user belongs to no business",
                "business.none",
                "The token names no business, or more than one. Choose a business when you sign in, and use its token.",
            ),
            Self::Query(fault) if fault.is_unsupported => (
                StatusCode::BAD_REQUEST,
                "query",
                "The query is not supported",
                "query.unsupported",
                "The error says where, and what is supported.",
            ),
            Self::Query(_) => (
                StatusCode::BAD_REQUEST,
                "query",
                "The query cannot be answered",
                "query.invalid",
                "The error says where, and what is expected.",
            ),
            Self::InvalidCursor => (
                StatusCode::BAD_REQUEST,
                "query",
                "The continuation token cannot be used",
                "cursor.invalid",
                "Send the continuationToken of a page with the same request that made it, or ask for the first page again.",
            ),
            Self::ReadUnavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                "Storage is unavailable",
                "storage.unavailable",
                "Send the request again, with a growing delay.",
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
                "The lead is a duplicate",
                DUPLICATE,
                "The person has come before. Nothing was stored, and sending the lead again does not help.",
            ),
            Self::QuotaExceeded(usage) => (
                StatusCode::TOO_MANY_REQUESTS,
                "quota-exceeded",
                "A limit of this source is reached",
                QUOTA_EXCEEDED,
                if usage.is_paused() {
                    "The source is paused, and nothing was stored. Ask Leadping when it may send again."
                } else {
                    "The source takes no more leads for now, and nothing was stored. Send the same bytes again after Retry-After."
                },
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

    /// How a post ends that is answered with this problem.
    pub(crate) fn end(&self) -> PostEnd {
        match self {
            Self::Duplicate | Self::QuotaExceeded(_) => PostEnd::Limited,
            _ if self.status().is_server_error() => PostEnd::Unavailable,
            _ => PostEnd::Refused,
        }
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
        let fault = match self {
            Self::Query(fault) => Some(fault),
            _ => None,
        };
        let body = Body {
            r#type: format!("https://leadping.ai/docs/errors/{}", kind.slug),
            title: kind.title,
            status: kind.status.as_u16(),
            code: kind.code,
            detail: &found,
            instance,
            request_id,
            dry_run: WindowRoute::is_path_of_dry_run(instance).then_some(true),
            violated_policies,
            errors: failures
                .iter()
                .map(|failure| Error {
                    code: failure.code.as_str(),
                    pointer: failure.pointer.as_deref(),
                    parameter: None,
                    detail: if is_malformed { &found } else { failure.detail },
                })
                .chain(fault.map(|fault| Error {
                    code: kind.code,
                    pointer: fault.at.pointer(),
                    parameter: fault.at.parameter(),
                    detail: &fault.detail,
                }))
                .collect(),
        };
        // Texts and numbers always serialize.
        serde_json::to_string(&body).unwrap_or_default()
    }
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
mod tests;
