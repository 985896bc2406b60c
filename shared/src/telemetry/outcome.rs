//! The values of the field `outcome` in metrics and steps. Alarms and the dashboard filter by them.

use lambda_http::http::StatusCode;

/// How a post ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostEnd {
    /// A new lead was stored.
    Accepted,
    /// The lead was accepted before.
    Replayed,
    /// The partner has to change something.
    Refused,
    /// We could not answer, and the partner has to retry.
    Unavailable,
}

impl PostEnd {
    /// The end of a post that is answered with a problem of this status.
    pub fn of(status: StatusCode) -> Self {
        if status.is_server_error() { Self::Unavailable } else { Self::Refused }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Replayed => "replayed",
            Self::Refused => "refused",
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
