//! `POST /leads/validate` and `POST /leads/intake/validate`: the intake's own path up to the put.

use std::borrow::Cow;

use lambda_http::Request;
use percent_encoding::percent_decode_str;
use serde::Serialize;

use super::Window;
use crate::http::{Problem, to_json};
use crate::id::{AccountId, LeadId, SourceId};
use crate::intake::Post;
use crate::intake::decide::Decision;
use crate::lead::number::flag;
use crate::lead::{Contact, Customer, Lead, Metadata};
use crate::payload::Entrance;
use crate::source::Sender;
use crate::telemetry::PostEnd;
use crate::time::Timestamp;
use crate::validation::Validated;

/// The parameter of the query that skips TrustedForm. It is not a part of the payload.
const TRUSTED_FORM: &str = "trustedForm";

/// What is said of a check that a dry run leaves out.
const NOT_CHECKED: &str = "not checked";

/// What the intake would do.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome<'a> {
    dry_run: bool,
    would_answer: u16,
    /// The lead that a repeat would be answered with.
    replay_of: Option<&'a LeadId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trusted_form: Option<&'static str>,
    /// A dry run must not reveal who is a customer.
    duplicates: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    lead: Option<Draft<'a>>,
}

/// A lead that does not exist: without id, time and status.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Draft<'a> {
    source_id: &'a SourceId,
    account_id: &'a AccountId,
    metadata: &'a Metadata,
    contact: &'a Contact,
    customer: &'a Customer,
    tag_ids: &'a [String],
    tag_names: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    test: Option<bool>,
}

impl Window {
    /// Answers as the intake would, and writes nothing.
    pub(super) async fn dry_run(
        &self,
        entrance: Entrance,
        request: &Request,
        sender: &Sender,
        now: Timestamp,
    ) -> Result<(String, PostEnd), Problem> {
        let post = Post::of(entrance, request);
        let (query, skips) = payload_query(post.query);
        let post = Post { query: &query, ..post };
        let verify = async |lead: Box<Validated>| match skips {
            true => Ok(*lead),
            false => self.decider.trusted_form.verify(lead, sender.mode).await.map(|verified| verified.into_inner()),
        };
        let decision = self.decider.decide(&post, sender, now, verify).await?;
        let (held, lead) = match decision {
            Decision::Replay(stored) => (Some(stored), None),
            Decision::Pass(known, validated) => {
                let (lead, _) = known.lead(validated)?;
                // The put would find the lead.
                let held = self.decider.held(&known.identity).await?;
                if held.is_some() {
                    (held, None)
                } else {
                    self.decider.has_place(sender, now).await?;
                    (None, Some(lead))
                }
            }
        };
        let end = if held.is_some() { PostEnd::Replayed } else { PostEnd::Accepted };
        let outcome = Outcome {
            dry_run: true,
            would_answer: 201,
            replay_of: held.as_ref().map(|stored| &stored.lead().id),
            trusted_form: skips.then_some(NOT_CHECKED),
            duplicates: NOT_CHECKED,
            lead: lead.as_ref().map(Draft::of),
        };
        Ok((to_json(&outcome)?, end))
    }
}

impl<'a> Draft<'a> {
    fn of(lead: &'a Lead) -> Self {
        // Without `..`, so that a member which the answer gains is not forgotten here.
        let Lead {
            id: _,
            created_at: _,
            source_id,
            account_id,
            metadata,
            contact,
            customer,
            tag_ids,
            tag_names,
            processing_status: _,
            test,
            duplicate: _,
        } = lead;
        let test = test.then_some(true);
        Self { source_id, account_id, metadata, contact, customer, tag_ids, tag_names, test }
    }
}

/// The query as the intake would get it, without the option of a dry run, and whether the option skips TrustedForm.
pub fn payload_query(query: &str) -> (Cow<'_, str>, bool) {
    let value = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (name == TRUSTED_FORM).then(|| percent_decode_str(value).decode_utf8_lossy().into_owned())
    };
    let values: Vec<_> = query.split('&').filter_map(value).collect();
    if values.is_empty() {
        return (query.into(), false);
    }
    let others: Vec<_> = query.split('&').filter(|pair| value(pair).is_none()).collect();
    (others.join("&").into(), values.iter().all(|value| flag(value) == Some(false)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_explicit_false_skips_trusted_form() {
        for (query, rest, skips) in [
            ("", "", false),
            ("trustedForm=false", "", true),
            ("trustedForm=0", "", true),
            ("a=1&trustedForm=FALSE&b=2", "a=1&b=2", true),
            ("trustedForm=fals", "", false),
            ("trustedForm", "", false),
            ("trustedForm=true", "", false),
            ("trustedForm=false&trustedForm=true", "", false),
            ("trustedform=false", "trustedform=false", false),
            ("trustedFormUrl=x&&", "trustedFormUrl=x&&", false),
        ] {
            let (found, skipped) = payload_query(query);
            assert_eq!((found.as_ref(), skipped), (rest, skips), "{query}");
        }
    }
}
