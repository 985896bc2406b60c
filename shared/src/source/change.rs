//! What was done to a source, by whom and when: approving one is an act of compliance (architecture, The tables).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::time::Timestamp;

/// A change of a source, kept beside it for good.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// When it was made.
    pub at: Timestamp,
    /// Who made it: the ARN of an AWS caller, or `local`.
    pub by: String,
    /// What was done, as the command is called: `create`, `approve`, `key rotate`.
    pub action: String,
    /// The source's revision since: 0 for a new one.
    pub revision: u32,
    /// The members that became others.
    pub members: Vec<MemberChange>,
}

/// A member of a source before a change and after it. Keys stand in it by their beginnings; never their digests, nor
/// the salt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MemberChange {
    /// The member's name, as operators see it.
    pub member: String,
    /// What it held; `null` when there was no source.
    pub before: Value,
    /// What it holds since; `null` when there is no source any more.
    pub after: Value,
}
