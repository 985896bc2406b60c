//! What a check found.

use std::future::Future;
use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::error::Error;
use crate::target::Target;

/// How long a check may take.
pub(super) const CHECK_TIMEOUT: Duration = Duration::from_secs(5);

/// What was checked, and what was found.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    pub(super) check: &'static str,
    #[serde(rename = "healthy", serialize_with = "healthy")]
    pub(super) state: State,
    pub(super) found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) remedy: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Ok,
    /// It cannot be checked from here; nothing is known to be wrong.
    Skipped,
    Problem,
}

impl Finding {
    pub(super) fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, state: State::Ok, found: found.into(), remedy: None }
    }

    pub(super) fn skipped(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, state: State::Skipped, found: found.into(), remedy: None }
    }

    pub(super) fn problem(check: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, state: State::Problem, found: found.into(), remedy: Some(remedy.into()) }
    }

    /// A service did not do what it was asked.
    pub(super) fn failed(check: &'static str, error: Error) -> Self {
        match error {
            Error::Aws { what, remedy } => Self::problem(check, what, remedy),
            error => Self { check, state: State::Problem, found: error.to_string(), remedy: None },
        }
    }

    pub(super) fn is_healthy(&self) -> bool {
        self.state != State::Problem
    }
}

/// A check's findings, or that it had no answer in time.
pub(super) async fn within(
    target: &Target,
    check: &'static str,
    run: impl Future<Output = Vec<Finding>>,
) -> Vec<Finding> {
    tokio::time::timeout(CHECK_TIMEOUT, run).await.unwrap_or_else(|_| {
        let late = target.late(format!("no answer within {} s", CHECK_TIMEOUT.as_secs()));
        vec![Finding::failed(check, late)]
    })
}

fn healthy<S: Serializer>(state: &State, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bool(*state != State::Problem)
}
