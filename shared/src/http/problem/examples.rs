//! Problems to describe in the reference.

use super::{Missing, Problem, QueryFault, Spot};
use crate::failure::{Code, Failure};
use crate::payload::{Malformed, Position};
use crate::source::Barred;
use crate::source::limits::{Caps, Counts, Usage, Zone};
use crate::time::Timestamp;

impl Problem {
    /// One problem of each kind, for the pages that describe them all. Which failures a validation lists is only an example.
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
            Self::QuotaExceeded(usage(500)),
            Self::Internal,
            Self::TrustedFormUnavailable,
            Self::StorageUnavailable,
        ]
    }

    /// One problem of each kind that only `/sources/me` and what is under it answer.
    pub fn each_of_window() -> Vec<Self> {
        vec![Self::InvalidQuery, Self::NotFound(Missing::Lead), Self::NotFound(Missing::Submission)]
    }

    /// One problem of each kind that only the API of users answers.
    pub fn each_of_reading() -> Vec<Self> {
        let field = || Spot::Pointer("/filters/0/field".to_owned());
        vec![
            Self::NoBusiness,
            Self::Query(QueryFault::unsupported(field(), "You can filter by isUnread.")),
            Self::Query(QueryFault::invalid(Spot::Pointer("/pageSize".to_owned()), "Send a number from 1 to 100.")),
            Self::InvalidCursor,
            Self::NotFound(Missing::UserLead),
            Self::NotFound(Missing::UserSource),
            Self::NotFound(Missing::Conversation),
            Self::ReadUnavailable,
        ]
    }
}

/// A cap that is reached, as an example.
pub(super) fn usage(day: u32) -> Usage {
    let caps = Caps { day: Some(day), hour: None, time_zone: Zone::default() };
    let now = Timestamp::from(jiff::Timestamp::UNIX_EPOCH);
    caps.usage(&caps.windows(now), Some(Counts { day, hour: 1 }), now)
}
