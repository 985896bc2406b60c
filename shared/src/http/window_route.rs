//! The routes of the partner's window, each once (contract, section 9).

use lambda_http::http::Method;

/// A method and a path of the partner's window. No path has more than one parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowRoute {
    /// The dry run of `POST /leads`.
    ValidateLeads,
    /// The dry run of `POST /leads/intake`.
    ValidateIntake,
    /// What the source is and may do.
    Source,
    /// The status of one lead.
    Lead,
    /// The status of leads by their external id.
    Leads,
    /// The status of the lead of an `Idempotency-Key`.
    Submission,
    /// What the source must send.
    Spec,
}

impl WindowRoute {
    /// Every route of the window.
    pub const ALL: [Self; 7] = [
        Self::ValidateLeads,
        Self::ValidateIntake,
        Self::Source,
        Self::Lead,
        Self::Leads,
        Self::Submission,
        Self::Spec,
    ];

    /// The method that it is served with.
    pub const fn method(self) -> Method {
        if self.is_dry_run() { Method::POST } else { Method::GET }
    }

    /// The path, whose parameter is in braces.
    pub const fn path(self) -> &'static str {
        match self {
            Self::ValidateLeads => "/leads/validate",
            Self::ValidateIntake => "/leads/intake/validate",
            Self::Source => "/sources/me",
            Self::Lead => "/sources/me/leads/{leadId}",
            Self::Leads => "/sources/me/leads",
            Self::Submission => "/sources/me/submissions",
            Self::Spec => "/sources/me/spec",
        }
    }

    /// The path that a problem names: without what the caller chose.
    pub const fn instance(self) -> &'static str {
        match self {
            Self::Lead => Self::Leads.path(),
            other => other.path(),
        }
    }

    /// Whether this is the path of a dry run.
    pub fn is_path_of_dry_run(path: &str) -> bool {
        Self::ALL.iter().any(|route| route.is_dry_run() && route.path() == path)
    }

    /// Whether this is a dry run.
    pub const fn is_dry_run(self) -> bool {
        matches!(self, Self::ValidateLeads | Self::ValidateIntake)
    }
}
