//! The history of a source: who changed what and when, because approving a source is a compliance decision
//! (architecture, "The tables").

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::time::Timestamp;

/// A change of a source. It is kept forever, next to the source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// When the change was made.
    pub at: Timestamp,
    /// Who made the change: the ARN of an AWS caller, or `local`.
    pub by: String,
    /// The command: `create`, `approve`, `key rotate`.
    pub action: String,
    /// The source's revision after the change; 0 for a new source.
    pub revision: u32,
    /// The members that changed.
    pub members: Vec<MemberChange>,
}

impl Change {
    /// The command as it is typed: `source approve`, `key rotate`.
    pub fn command(&self) -> String {
        if self.action.starts_with("key ") { self.action.clone() } else { format!("source {}", self.action) }
    }
}

/// A member of a source before and after a change. Keys appear by their prefix. Digests and the salt never appear.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MemberChange {
    /// The name of the member, as operators see it.
    pub member: String,
    /// The old value; `null` when the source was created.
    pub before: Value,
    /// The new value; `null` when the source was deleted.
    pub after: Value,
}
