//! Retaining a lead's certificate: what is asked, and what an answer means (contract, section 11).

use std::time::Duration;

use tokio::time::Instant;

use super::steps::wait;
use super::worker::Worker;
use crate::lead::certificate::Certificate;
use crate::lead::consent::{Consent, ConsentReason, ConsentStatus};
use crate::store::{Kept, Retain};
use crate::telemetry::metric;
use crate::time::Timestamp;
use crate::trusted_form::retain::{Matched, Person, Request, RetainFault};

/// How long after a first answer that did not match the second call is made. By then the certificate covers the end of
/// the visit.
const SECOND_CALL_AFTER: Duration = Duration::from_secs(20 * 60);

/// The lease of a lead's certificate.
pub(super) struct RetainClaim {
    pub(super) certificate: Certificate,
    /// How far earlier tries have come.
    pub(super) work: Retain,
}

/// How one try ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum RetainEnd {
    /// The consent is settled.
    Settled(Consent),
    /// A retry follows.
    Again {
        /// Not before this time.
        until: Timestamp,
        /// What TrustedForm said first, if it is new.
        first: Option<Consent>,
    },
}

impl Worker {
    /// Asks TrustedForm once about a lead's certificate. The caller holds the lease.
    pub(super) async fn ask_trusted_form(&self, kept: &Kept, claim: &RetainClaim) -> RetainEnd {
        let person = Person { email: kept.lead.contact.email.as_ref(), number: kept.lead.phone_number() };
        let source = kept.retained_for.as_deref().unwrap_or_default();
        let request = match claim.work.first {
            None => Request::MatchAndRetain { lead: &kept.lead.id, source },
            Some(_) => Request::MatchAgain,
        };
        let asked = Instant::now();
        let answer = self.trusted_form.retain(&claim.certificate, person, request).await;
        let now = Timestamp::now();
        if let Err(fault) = &answer {
            if let RetainFault::Refused(_) = fault {
                metric::credential_refused("trusted_form_retain");
                tracing::error!(error = %fault, "TrustedForm refuses our account");
            } else {
                tracing::warn!(error = %fault, "the certificate is not retained");
            }
        }
        let end = end(&claim.work, answer, person.number.is_some(), now, self.retain.ends_after, |since| {
            wait(since, now, self.retain.shortest_wait)
        });
        let outcome = match &end {
            RetainEnd::Settled(consent) => consent.status.as_str(),
            RetainEnd::Again { .. } => "postponed",
        };
        metric::retain(outcome, asked.elapsed());
        end
    }
}

/// What follows from an answer. The phone number decides, or the e-mail address of a lead without one.
fn end(
    work: &Retain,
    answer: Result<Matched, RetainFault>,
    has_number: bool,
    now: Timestamp,
    ends_after: Duration,
    wait: impl FnOnce(Timestamp) -> Duration,
) -> RetainEnd {
    let known = work.first.clone().unwrap_or_else(|| Consent::new(ConsentStatus::Pending));
    let matched = match answer {
        Ok(matched) => matched,
        Err(RetainFault::Lasting { reason, .. }) => {
            let consent =
                Consent { status: ConsentStatus::Unverified, reason: Some(reason), checked_at: Some(now), ..known };
            return RetainEnd::Settled(consent);
        }
        Err(RetainFault::Passing(_) | RetainFault::Refused(_)) if now.since(work.since) < ends_after => {
            return RetainEnd::Again { until: now.after(wait(work.since)), first: None };
        }
        Err(RetainFault::Passing(_) | RetainFault::Refused(_)) => {
            let reason = Some(ConsentReason::TrustedFormUnavailable);
            return RetainEnd::Settled(Consent { status: ConsentStatus::Unverified, reason, ..known });
        }
    };
    let said = Consent {
        status: ConsentStatus::Pending,
        // A value that matched once has matched.
        email_match: known.email_match.filter(|matched| *matched).or(matched.email),
        phone_match: matched.phone.or(known.phone_match),
        // An earlier call may have retained it for this lead.
        certificate_reused: known.certificate_reused.or(matched.previously_retained.filter(|_| !work.called)),
        retained_until: known.retained_until.or(matched.retained_until),
        checked_at: Some(now),
        reason: None,
    };
    let status = match if has_number { said.phone_match } else { said.email_match } {
        Some(true) => ConsentStatus::Verified,
        Some(false) if work.first.is_none() => {
            return RetainEnd::Again { until: now.after(SECOND_CALL_AFTER), first: Some(said) };
        }
        Some(false) => ConsentStatus::Mismatched,
        None => {
            let reason = Some(ConsentReason::MatchNotPossible);
            return RetainEnd::Settled(Consent { status: ConsentStatus::Unverified, reason, ..said });
        }
    };
    RetainEnd::Settled(Consent { status, ..said })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn matched(email: Option<bool>, phone: Option<bool>) -> Matched {
        Matched { email, phone, previously_retained: Some(false), retained_until: Some(at("2031-06-15T12:00:00Z")) }
    }

    fn work(called: bool, first: Option<Consent>) -> Retain {
        Retain { since: at("2026-06-15T12:00:00Z"), until: at("2026-06-15T12:01:00Z"), called, first }
    }

    fn after(work: &Retain, answer: Result<Matched, RetainFault>, has_number: bool, hours: u32) -> RetainEnd {
        let now = work.since.after(HOUR * hours);
        end(work, answer, has_number, now, HOUR * 60, |_| HOUR)
    }

    fn settled(end: &RetainEnd) -> (&'static str, Option<bool>, Option<bool>) {
        match end {
            RetainEnd::Settled(consent) => (consent.status.as_str(), consent.email_match, consent.phone_match),
            RetainEnd::Again { first: Some(consent), .. } => ("asked again", consent.email_match, consent.phone_match),
            RetainEnd::Again { first: None, .. } => ("postponed", None, None),
        }
    }

    #[test]
    fn the_phone_decides_or_the_email_of_a_lead_without_one() {
        let (yes, no) = (Some(true), Some(false));
        let first = || {
            let said = Consent { email_match: yes, phone_match: no, ..Consent::new(ConsentStatus::Pending) };
            Some(Consent { certificate_reused: no, ..said })
        };
        // Whether the lead has a number, what was known, what TrustedForm says of e-mail and phone; the end.
        let cases = [
            (true, None, (yes, yes), ("verified", yes, yes)),
            (true, None, (no, yes), ("verified", no, yes)),
            (true, None, (None, yes), ("verified", None, yes)),
            (true, None, (yes, no), ("asked again", yes, no)),
            (true, None, (yes, None), ("unverified", yes, None)),
            (true, first(), (no, yes), ("verified", yes, yes)),
            (true, first(), (None, no), ("mismatched", yes, no)),
            (true, first(), (None, None), ("mismatched", yes, no)),
            (false, None, (yes, None), ("verified", yes, None)),
            (false, None, (no, None), ("asked again", no, None)),
            (false, None, (None, None), ("unverified", None, None)),
        ];
        for (has_number, known, (email, phone), expected) in cases {
            let work = work(known.is_some(), known);
            let end = after(&work, Ok(matched(email, phone)), has_number, 1);
            assert_eq!(settled(&end), expected, "{has_number} {work:?} {email:?} {phone:?}");
        }
    }

    #[test]
    fn faults_are_tried_again_for_sixty_hours() {
        let passing = || Err(RetainFault::Passing("status 503".to_owned()));
        let refused = || Err(RetainFault::Refused(402));
        let lasting = Err(RetainFault::Lasting { status: 410, reason: ConsentReason::CertificateExpired });
        let reason = |end: RetainEnd| match end {
            RetainEnd::Settled(consent) => consent.reason,
            RetainEnd::Again { .. } => None,
        };
        for fault in [passing(), refused()] {
            assert_eq!(settled(&after(&work(true, None), fault.clone(), true, 59)).0, "postponed");
            let ended = after(&work(true, None), fault, true, 60);
            assert_eq!(settled(&ended).0, "unverified");
            assert_eq!(reason(ended), Some(ConsentReason::TrustedFormUnavailable));
        }
        let ended = after(&work(true, None), lasting, true, 1);
        assert_eq!((settled(&ended).0, reason(ended)), ("unverified", Some(ConsentReason::CertificateExpired)));
    }

    #[test]
    fn a_certificate_counts_as_reused_only_if_no_earlier_call_may_have_retained_it() {
        for (called, previously, reused) in [
            (false, Some(true), Some(true)),
            (false, Some(false), Some(false)),
            (true, Some(true), None),
            (false, None, None),
        ] {
            let answer = Matched { previously_retained: previously, ..matched(None, Some(true)) };
            let RetainEnd::Settled(consent) = after(&work(called, None), Ok(answer), true, 1) else { panic!() };
            assert_eq!(consent.certificate_reused, reused, "{called} {previously:?}");
            assert_eq!(consent.retained_until, Some(at("2031-06-15T12:00:00Z")));
        }
    }
}
