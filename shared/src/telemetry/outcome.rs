//! The values of the field `outcome` in metrics and steps. Alarms and the dashboard filter by them.

/// How a post ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostEnd {
    /// A new lead was stored.
    Accepted,
    /// The lead was accepted before.
    Replayed,
    /// The partner has to change something.
    Refused,
    /// A limit that the business has set refuses the lead: a cap, or that a person is sent once.
    Limited,
    /// We could not answer, and the partner has to retry.
    Unavailable,
}

impl PostEnd {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Replayed => "replayed",
            Self::Refused => "refused",
            Self::Limited => "limited",
            Self::Unavailable => "unavailable",
        }
    }
}

/// How one try of a lookup ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookupEnd {
    /// The provider gave a result.
    Succeeded,
    /// There is no result, and no retry will follow.
    Failed,
    /// A retry will follow.
    Postponed,
}

impl LookupEnd {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Postponed => "postponed",
        }
    }
}
