//! What went wrong, in words that say what to do next. `output` prints it.

use std::io;

/// Why a command did not do what it was asked. The text holds no personal data: it ends up in logs.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A rule, or this machine, does not allow it.
    #[error("{0}")]
    Refused(String),
    /// The command line is wrong, or does not say where to act.
    #[error("{0}")]
    Usage(String),
    /// The command line cannot be read: what the parser says about it, on several lines.
    #[error("{0}")]
    CommandLine(String),
    /// It does not exist.
    #[error("{0}")]
    NotFound(String),
    /// It exists already, or another operator was faster.
    #[error("{0}")]
    Conflict(String),
    /// AWS, or the local stack, did not answer or refused.
    #[error("{what}. {remedy}.")]
    Aws {
        /// What happened.
        what: String,
        /// What to do about it.
        remedy: String,
    },
    /// Ctrl-C.
    #[error("{0}")]
    Interrupted(String),
}

impl Error {
    /// The exit code, and the name that programs read. `--help` lists the codes.
    pub(crate) fn code(&self) -> (u8, &'static str) {
        match self {
            Self::Refused(_) => (1, "refused"),
            Self::Usage(_) | Self::CommandLine(_) => (2, "usage"),
            Self::NotFound(_) => (3, "not_found"),
            Self::Conflict(_) => (4, "conflict"),
            Self::Aws { .. } => (5, "aws"),
            Self::Interrupted(_) => (130, "interrupted"),
        }
    }
}

/// Why a file was not read or written, in the words of the operating system. A library's own errors can quote what they
/// read, so only their kind is told.
pub(crate) fn reason(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(code) => error.to_string().trim_end_matches(&format!(" (os error {code})")).to_owned(),
        None => error.kind().to_string(),
    }
}

impl From<getrandom::Error> for Error {
    fn from(_: getrandom::Error) -> Self {
        Self::Refused("this machine gives no randomness to make a key of; nothing was written".to_owned())
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Refused(format!("the output cannot be written: {}", reason(&error)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_s_error_is_told_as_people_know_it_and_quotes_nothing() {
        let missing = std::fs::File::open("/nonexistent/leads.csv").unwrap_err();
        assert_eq!(reason(&missing), "No such file or directory");
        let quoting = io::Error::from(serde_json::from_str::<u8>("\"jordan@example.com\"").unwrap_err());
        assert!(!reason(&quoting).contains("jordan"), "{}", reason(&quoting));
    }
}
