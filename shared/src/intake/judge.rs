//! The order of the checks, in one place and without any call: attachment, `Idempotency-Key`, payload, rules.

use super::request::{self, Post};
use crate::failure::{Code, Failure};
use crate::http::Problem;
use crate::identity::Identity;
use crate::payload::{Member, Submission};
use crate::source::{Attachment, Sender};
use crate::time::Timestamp;
use crate::trusted_form::Refusal;
use crate::validation::{self, Caller, Verdict};

/// What a post comes to before anything outside is asked.
#[derive(Debug)]
pub struct Judged {
    /// The account and business that the lead is for.
    pub attachment: Attachment,
    /// Which lead it is.
    pub identity: Identity,
    /// The payload, read into members.
    pub submission: Submission,
    /// What the rules say of it.
    pub verdict: Verdict,
}

/// Takes a post, whose credentials have matched, through every check that needs no call.
///
/// # Errors
/// The [`Problem`] of the first step that cannot be passed. Rules that are broken are no error: a lead that we hold is
/// replayed all the same, and the verdict says whether that may be.
pub fn judge(post: &Post<'_>, sender: &Sender, now: Timestamp) -> Result<Judged, Problem> {
    let attachment = sender.source.attachment()?;
    let idempotency_key = request::idempotency_key(post.headers)?;
    let submission = request::submission(post)?;
    let identity = Identity::of(sender, &submission, idempotency_key.as_ref()).map_err(|error| {
        tracing::error!(%error, "no randomness");
        Problem::Internal
    })?;
    let caller = Caller { sender, visitor: &post.visitor, now };
    let verdict = validation::check(&submission, &caller);
    Ok(Judged { attachment, identity, submission, verdict })
}

/// What a partner is told of a certificate that is not accepted.
pub fn refused_certificate(refusal: Refusal, submission: &Submission) -> Problem {
    let code = match refusal {
        Refusal::Rejected => Code::TrustedFormRejected,
        Refusal::Expired => Code::TrustedFormExpired,
        Refusal::Unavailable => return Problem::TrustedFormUnavailable,
    };
    Problem::Validation(vec![Failure::at(code, submission.pointer(Member::TrustedFormUrl))])
}
