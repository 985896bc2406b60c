//! The page's style, and the policy that allows it and nothing else.

use data_encoding::BASE64;
use sha2::{Digest, Sha256};

/// The style. It has no address of anything.
pub(super) const CSS: &str = include_str!("style.css");

/// The page's Content-Security-Policy.
pub(super) fn policy() -> String {
    let hash = BASE64.encode(&Sha256::digest(CSS));
    format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'")
}
