//! Where a list continues: a token that only the request that made it can use.

use data_encoding::BASE64URL_NOPAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::options::Options;
use super::reader::Reader;
use crate::http::{Problem, UserRoute};

/// Raised when the places of a list change their form.
const VERSION: u8 = 1;

/// A token before it is encoded. It holds nothing that its caller has not seen, and a forged place can only lead to
/// another place in the caller's own business: the key of the index never comes from it.
#[derive(Serialize, Deserialize)]
struct Token<P> {
    v: u8,
    /// The digest of the request.
    r: String,
    /// Where the next page begins.
    p: P,
}

/// A sort key of an index in a token. DynamoDB refuses a place with any other text.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct SortKey(pub(super) String);

/// DynamoDB's limit on a sort key, in bytes.
const MAX_SORT_KEY: usize = 1_024;

impl TryFrom<String> for SortKey {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if (1..=MAX_SORT_KEY).contains(&text.len()) { Ok(Self(text)) } else { Err("not a sort key") }
    }
}

/// A request, as its tokens remember it.
pub(super) struct Binding(String);

impl Binding {
    /// Binds tokens to the business, the route, its parameter and everything that decides what the list contains.
    pub(super) fn of(reader: &Reader, route: UserRoute, parameter: &str, options: &Options) -> Self {
        let mut digest = Sha256::new();
        for part in [reader.business.as_str(), route.path(), parameter, &options.identity] {
            digest.update(u64::try_from(part.len()).unwrap_or_default().to_be_bytes());
            digest.update(part);
        }
        Self(BASE64URL_NOPAD.encode(digest.finalize().get(..12).unwrap_or_default()))
    }

    /// The token of a place.
    pub(super) fn token(&self, place: impl Serialize) -> Result<String, Problem> {
        let token = Token { v: VERSION, r: self.0.clone(), p: place };
        let json = serde_json::to_vec(&token).map_err(|_| Problem::Internal)?;
        Ok(BASE64URL_NOPAD.encode(&json))
    }

    /// The place of a token.
    pub(super) fn place<P: DeserializeOwned>(&self, token: &str) -> Result<P, Problem> {
        let decoded = BASE64URL_NOPAD.decode(token.as_bytes()).map_err(|_| Problem::InvalidCursor)?;
        let token: Token<P> = serde_json::from_slice(&decoded).map_err(|_| Problem::InvalidCursor)?;
        if token.v == VERSION && token.r == self.0 { Ok(token.p) } else { Err(Problem::InvalidCursor) }
    }
}
