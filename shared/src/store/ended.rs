//! What ended in one try of the worker.

use crate::event::EventType;
use crate::lead::consent::Consent;
use crate::lead::lookup::Lookup;
use crate::telemetry::LookupEnd;
use crate::time::Timestamp;

/// How a lookup ended.
#[derive(Clone, Debug)]
pub enum LookupOutcome {
    /// The provider gave this result.
    Succeeded(Lookup),
    /// There is no result, and no retry will follow.
    Failed,
    /// The lead has no number, or there is no provider.
    NotNeeded,
}

/// What ended in one try. One transaction records it.
#[derive(Clone, Copy, Debug)]
pub enum Ended<'a> {
    /// The lookup, which makes the lead `Ready`.
    Lookup(&'a LookupOutcome),
    /// The consent, with the end of the lease under which TrustedForm was asked.
    Consent(&'a Consent, Timestamp),
    /// Both of them, in one visit.
    Both(&'a LookupOutcome, &'a Consent, Timestamp),
}

impl LookupOutcome {
    /// What the log calls it; `None` if there was no lookup.
    pub(crate) fn end(&self) -> Option<LookupEnd> {
        match self {
            Self::Succeeded(_) => Some(LookupEnd::Succeeded),
            Self::Failed => Some(LookupEnd::Failed),
            Self::NotNeeded => None,
        }
    }

    /// The event that says so.
    pub(super) fn event_type(&self) -> Option<EventType> {
        match self {
            Self::Succeeded(_) => Some(EventType::PhoneLookupSucceeded),
            Self::Failed => Some(EventType::PhoneLookupFailed),
            Self::NotNeeded => None,
        }
    }
}

impl<'a> Ended<'a> {
    /// `None` if neither has ended.
    pub fn of(lookup: Option<&'a LookupOutcome>, consent: Option<(&'a Consent, Timestamp)>) -> Option<Self> {
        match (lookup, consent) {
            (Some(lookup), Some((consent, mine))) => Some(Self::Both(lookup, consent, mine)),
            (Some(lookup), None) => Some(Self::Lookup(lookup)),
            (None, Some((consent, mine))) => Some(Self::Consent(consent, mine)),
            (None, None) => None,
        }
    }

    /// The lookup, if it has ended.
    pub fn lookup(self) -> Option<&'a LookupOutcome> {
        match self {
            Self::Lookup(lookup) | Self::Both(lookup, ..) => Some(lookup),
            Self::Consent(..) => None,
        }
    }

    /// The consent and its lease, if it is settled.
    pub fn consent(self) -> Option<(&'a Consent, Timestamp)> {
        match self {
            Self::Consent(consent, mine) | Self::Both(_, consent, mine) => Some((consent, mine)),
            Self::Lookup(_) => None,
        }
    }
}
