//! The rules of payload and source, all checked, all failures at once (contract, section 4).
//!
//! In comes a [`Submission`], out comes a [`Validated`] lead or every [`Failure`]; nothing here waits for anybody.

mod rules;

use std::net::IpAddr;

use crate::failure::Failure;
use crate::lead::certificate::Certificate;
use crate::lead::{Contact, Customer, Metadata};
use crate::payload::Submission;
use crate::source::{Source, SourceKey};
use crate::time::Timestamp;

/// At most so many failures are reported.
const MAX_FAILURES: usize = 100;

/// A lead that keeps every rule but the one that only TrustedForm can judge.
#[derive(Debug)]
pub struct Validated {
    pub(crate) metadata: Metadata,
    pub(crate) contact: Contact,
    pub(crate) customer: Customer,
    pub(crate) tag_ids: Vec<String>,
    pub(crate) tag_names: Vec<String>,
    pub(crate) certificate: Option<Certificate>,
}

/// What a submission is judged by, besides itself.
#[derive(Debug)]
pub struct Caller<'a> {
    /// The source, whose credentials have matched.
    pub source: &'a Source,
    /// The key it presented, which belongs nowhere in a payload.
    pub key: &'a SourceKey,
    /// What the request itself tells of the visitor; the flat intake records it.
    pub visitor: Visitor,
    /// When the request came.
    pub now: Timestamp,
}

/// What a request tells of whoever made it.
#[derive(Clone, Default)]
pub struct Visitor {
    /// The client's address, by the gateway.
    pub ip_address: Option<IpAddr>,
    /// The `User-Agent` header, cleaned.
    pub user_agent: Option<String>,
}

impl std::fmt::Debug for Visitor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Visitor(redacted)")
    }
}

/// What the rules say.
#[derive(Debug)]
pub enum Verdict {
    /// All of them hold.
    Valid(Box<Validated>),
    /// The payload's own hold, the source's do not: a repeat of a lead that was accepted before is still answered.
    RefusedBySource(Vec<Failure>),
    /// The payload's own do not hold.
    Refused(Vec<Failure>),
}

/// Checks a submission by every rule.
pub fn check(submission: &Submission, caller: &Caller<'_>) -> Verdict {
    let (validated, own, by_source) = rules::apply(submission, caller);
    let own_rules_hold = own.is_empty();
    let mut failures = own;
    failures.extend(by_source);
    if failures.is_empty() {
        return Verdict::Valid(Box::new(validated));
    }
    failures.sort_by_key(|failure| failure.code);
    failures.truncate(MAX_FAILURES);
    if own_rules_hold { Verdict::RefusedBySource(failures) } else { Verdict::Refused(failures) }
}
