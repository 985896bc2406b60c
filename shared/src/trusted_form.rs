//! TrustedForm: the intake asks whether a certificate is valid, and the worker whether it is about this person.

pub mod retain;
mod validate;

pub use validate::{FIXED, Refusal, Verified};

use reqwest::Client;
use url::Url;

use crate::client::credential::Credential;

/// The client of TrustedForm.
#[derive(Debug)]
pub struct TrustedForm {
    client: Client,
    base: Url,
    key: Credential,
}

impl TrustedForm {
    /// Creates a client of the service at `base`, with the account's API key.
    pub fn new(client: Client, base: Url, key: Credential) -> Self {
        Self { client, base, key }
    }
}
