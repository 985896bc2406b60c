//! What went wrong, told so that the reader knows what to do next.

use std::io::{self, Write};
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use serde_json::json;

use crate::output::Format;

const RED: Style = AnsiColor::Red.on_default().bold();

/// Why a command did not do what it was asked. The text holds no personal data: it ends up in logs.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A rule, or this machine, does not allow it.
    #[error("{0}")]
    Refused(String),
    /// The command line is wrong, or does not say where to act.
    #[error("{0}")]
    Usage(String),
    /// There is nothing of that name.
    #[error("{0}")]
    NotFound(String),
    /// It is there already, or somebody else was faster.
    #[error("{0}")]
    Conflict(String),
    /// AWS, or the local stack, did not answer or refused.
    #[error("{0}")]
    Aws(String),
}

impl Error {
    /// The exit code, and the name that programs read. `--help` lists the codes.
    fn code(&self) -> (u8, &'static str) {
        match self {
            Self::Refused(_) => (1, "refused"),
            Self::Usage(_) => (2, "usage"),
            Self::NotFound(_) => (3, "not_found"),
            Self::Conflict(_) => (4, "conflict"),
            Self::Aws(_) => (5, "aws"),
        }
    }

    /// Says on standard error what went wrong, and gives back the code to exit with.
    pub(crate) fn report(&self, format: Format) -> ExitCode {
        let (exit, code) = self.code();
        let mut stderr = anstream::stderr().lock();
        // Nobody is left to tell when standard error is gone.
        let _ = match format {
            Format::Table => writeln!(stderr, "{RED}error:{RED:#} {self}"),
            Format::Json => writeln!(stderr, "{}", json!({"error": {"code": code, "message": self.to_string()}})),
        };
        ExitCode::from(exit)
    }
}

impl From<getrandom::Error> for Error {
    fn from(_: getrandom::Error) -> Self {
        Self::Refused("this machine has no randomness to make a key of; nothing was written".to_owned())
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Refused(format!("the output cannot be written: {}", error.kind()))
    }
}
