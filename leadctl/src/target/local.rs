//! The stack that runs on this machine, by its `running.json`.

use std::io;
use std::path::Path;

use serde::Deserialize;

use crate::error::{Error, reason};

/// The part of a local stack's `running.json` that is needed here.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Running {
    /// None where the functions run elsewhere.
    pub(super) gateway: Option<String>,
    pub(super) issuer: Option<String>,
    pub(super) dynamodb: String,
    pub(super) sqs: String,
    pub(super) queue_url: String,
    pub(super) dead_letter_queue_url: String,
    pub(super) sources_table: String,
    pub(super) leads_table: String,
    pub(super) limits_table: String,
    pub(super) ledger_table: String,
    pub(super) region: String,
    pub(super) trusted_form: String,
    pub(super) bus: String,
    pub(super) event_bus_name: String,
}

impl Running {
    /// Reads the addresses of the stack.
    ///
    /// # Errors
    /// [`Error::Aws`] when none is running; [`Error::Usage`] when the file is not readable, or another release's.
    pub(super) fn read(path: &Path) -> Result<Self, Error> {
        let shown = path.display();
        let text = std::fs::read_to_string(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Error::Aws {
                what: format!("no local stack runs here: there is no {shown}"),
                remedy: "Start one with `cargo run` in another terminal, or name the directory of its data with --data"
                    .to_owned(),
            },
            _ => Error::Usage(format!("{shown} cannot be read: {}", reason(&error))),
        })?;
        serde_json::from_str(&text).map_err(|_| {
            Error::Usage(format!(
                "{shown} is not what a local stack of this release writes. Start it again with `cargo run` in another \
                 terminal"
            ))
        })
    }
}
