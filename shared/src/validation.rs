//! Checks a submission against all rules of the payload and the source, and reports all failures at once (contract,
//! section 4).
//!
//! It turns a [`Submission`] into a [`Validated`] lead or a list of every [`Failure`], and makes no calls.

mod rules;

use std::net::IpAddr;

use crate::failure::Failure;
use crate::lead::certificate::Certificate;
use crate::lead::redact::redacted;
use crate::lead::{Contact, Customer, Metadata};
use crate::payload::Submission;
use crate::source::Sender;
use crate::time::Timestamp;

/// The maximum number of failures in a report.
const MAX_FAILURES: usize = 100;

/// A lead that follows every rule; TrustedForm has not checked its certificate yet.
#[derive(Debug)]
pub struct Validated {
    pub(crate) metadata: Metadata,
    pub(crate) contact: Contact,
    pub(crate) customer: Customer,
    pub(crate) tag_ids: Vec<String>,
    pub(crate) tag_names: Vec<String>,
    pub(crate) certificate: Option<Certificate>,
}

/// The context that the rules need besides the submission.
#[derive(Debug)]
pub struct Caller<'a> {
    /// The authenticated source. A payload must not contain its key.
    pub sender: &'a Sender,
    /// What the request says about the visitor. The flat intake stores it.
    pub visitor: &'a Visitor,
    /// When the request arrived.
    pub now: Timestamp,
}

/// What a request says about the visitor who made it.
#[derive(Clone, Default)]
pub struct Visitor {
    /// The client's address as the gateway reports it.
    pub ip_address: Option<IpAddr>,
    /// The `User-Agent` header, cleaned.
    pub user_agent: Option<String>,
}

redacted!(Visitor);

/// The result of checking the rules.
#[derive(Debug)]
pub enum Verdict {
    /// The submission follows every rule.
    Valid(Box<Validated>),
    /// Only rules of the source are broken. A repeat of an accepted lead still gets the lead as its answer.
    RefusedBySource(Vec<Failure>),
    /// Rules of the payload are broken, and perhaps rules of the source too.
    Refused(Vec<Failure>),
}

/// Checks a submission against every rule.
pub fn check(submission: &Submission, caller: &Caller<'_>) -> Verdict {
    let (validated, mut failures, by_source) = rules::apply(submission, caller);
    let payload_is_valid = failures.is_empty();
    failures.extend(by_source);
    if failures.is_empty() {
        return Verdict::Valid(Box::new(validated));
    }
    failures.sort_by_key(|failure| failure.code);
    failures.truncate(MAX_FAILURES);
    if payload_is_valid { Verdict::RefusedBySource(failures) } else { Verdict::Refused(failures) }
}
