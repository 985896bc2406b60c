//! What to do about a service that did not do what it was asked.

/// What to do about a service that did not do what it was asked.
#[derive(Debug)]
pub(super) struct Remedies {
    /// No connection.
    pub(super) out_of_reach: String,
    /// A connection, and no answer.
    pub(super) late: String,
    /// An answer, and it was a refusal.
    pub(super) refused: String,
}

impl Remedies {
    /// One for everything.
    pub(super) fn only(remedy: String) -> Self {
        Self { out_of_reach: remedy.clone(), late: remedy.clone(), refused: remedy }
    }
}
