//! `GET /sources/me`: what a source is and may do.

use serde::Serialize;

use crate::id::SourceId;
use crate::lead::state::State;
use crate::source::limits::{Caps, Duplicates};
use crate::source::{Mode, Sender, StoredKey};
use crate::time::Timestamp;

/// A source as its partner sees it, also when it may not send: that is when a partner needs it. The account and the
/// business are not in it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Standing<'a> {
    id: &'a SourceId,
    name: &'a str,
    enabled: bool,
    approved: bool,
    attached: bool,
    allowed_states: &'a [State],
    allowed_products: &'a [String],
    requires_trusted_form: bool,
    limits: Option<&'a Caps>,
    duplicates: Option<&'a Duplicates>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<Key<'a>>,
}

/// The key of the request.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Key<'a> {
    prefix: &'a str,
    test: bool,
    expires_at: Option<Timestamp>,
}

impl<'a> Standing<'a> {
    pub(super) fn of(sender: &'a Sender, now: Timestamp) -> Self {
        let source = &sender.source;
        let key = |(mode, stored): (Mode, &'a StoredKey)| Key {
            prefix: stored.shown(),
            test: mode == Mode::Test,
            expires_at: stored.expires_at,
        };
        Self {
            id: &source.id,
            name: &source.name,
            enabled: source.enabled,
            approved: source.approved,
            attached: source.account_id.is_some() && source.business_id.is_some(),
            allowed_states: &source.allowed_states,
            allowed_products: &source.allowed_products,
            requires_trusted_form: source.requires_trusted_form,
            limits: source.limits.as_ref(),
            duplicates: source.duplicates.as_ref(),
            key: source.accepts(&sender.key, now).map(key),
        }
    }
}
