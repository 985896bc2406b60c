//! Who asks: the user or system of a token that API Gateway has checked.

use std::collections::HashMap;

use data_encoding::HEXLOWER;
use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt};
use sha2::{Digest, Sha256};

use crate::http::{Problem, UserRoute};
use crate::id::{BusinessId, RequestId};
use crate::settings::Secret;
use crate::store::{Record, StoredLead};

/// A user or a system of one business.
#[derive(Debug)]
pub(super) struct Reader {
    /// The tenant: the reader sees what belongs to this business, and nothing else.
    pub(super) business: BusinessId,
    /// The token's subject, as the log may have it.
    pub(super) subject: String,
}

impl Reader {
    /// The reader of a request. `claim` names the claim that holds the business.
    ///
    /// A claim with several values arrives as `[a b]`, which is no id. Every other value that is not a text arrives as its
    /// JSON, so `null`, `true` and `false` are no ids here.
    pub(super) fn of(request: &Request, claim: &str, digest_key: &Secret) -> Result<Self, Problem> {
        let claims = claims(request);
        let value = |name: &str| claims.as_ref().and_then(|claims| claims.get(name)).map(String::as_str);
        let business = value(claim).filter(|business| !["null", "true", "false"].contains(business));
        let business = business.and_then(|business| BusinessId::parse(business).ok());
        Ok(Self {
            business: business.ok_or(Problem::NoBusiness)?,
            subject: shown(value("sub").unwrap_or_default(), digest_key),
        })
    }
}

impl Reader {
    /// Logs that an answer has the data of a lead's person. That of an erased lead has none.
    pub(super) fn has_read(&self, record: &Record) {
        if let StoredLead::Kept(kept) = &record.lead {
            tracing::info!(subject = self.subject, lead_id = kept.lead.id.as_str(), "a person's data was read");
        }
    }

    /// Logs that the answer of a list has rows with persons' data.
    pub(super) fn has_read_rows(&self, route: UserRoute, rows: usize) {
        if rows > 0 {
            tracing::info!(subject = self.subject, route = route.path(), rows, "a list was read");
        }
    }
}

fn claims(request: &Request) -> Option<HashMap<String, String>> {
    match request.request_context_ref()? {
        RequestContext::ApiGatewayV2(context) => Some(context.authorizer.clone()?.jwt?.claims),
        _ => None,
    }
}

/// The subject for the log. One that holds an `@` may be an email address, so the log has a keyed digest of it.
fn shown(subject: &str, key: &Secret) -> String {
    if subject.contains('@') {
        let digest = Sha256::new().chain_update(key.reveal()).chain_update([0]).chain_update(subject).finalize();
        return format!("sha256:{}", HEXLOWER.encode(digest.get(..8).unwrap_or_default()));
    }
    RequestId::of(subject).as_str().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_not_in_the_log() {
        let key = |key: &str| Secret::new(key);
        assert_eq!(shown("user_01J", &key("a")), "user_01J");
        assert_eq!(shown("auth0|5f7c8ec7\n", &key("a")), "auth0|5f7c8ec7");
        let digest = shown("jordan@example.com", &key("a"));
        assert!(digest.starts_with("sha256:") && digest.len() == 23 && !digest.contains("jordan"), "{digest}");
        assert_eq!(digest, shown("jordan@example.com", &key("a")));
        assert_ne!(digest, shown("jordan@example.com", &key("b")));
    }
}
