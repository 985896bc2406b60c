//! The HTTP client for all that we call, and what every answer of TrustedForm and the look-up providers is bounded by.

use std::path::Path;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, NoProxy, Proxy, Response};

use crate::client::tls::{self, TlsError};
use crate::settings::{self, SettingsError};

/// No answer that we ask for is longer.
const MAX_ANSWER: usize = 64 * 1024;

/// A function is frozen between requests, and its connections with it: an old one is more likely dead than alive.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);

/// How long a connection to TrustedForm or a look-up provider may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// How long connections that are opened ahead may take (architecture, Time).
pub(crate) const CONNECT_AHEAD_TIMEOUT: Duration = Duration::from_secs(1);

/// The client cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No TLS.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The library refuses its configuration.
    #[error("the HTTP client cannot be built: {0}")]
    Refused(#[from] reqwest::Error),
    /// A variable that it needs is missing.
    #[error(transparent)]
    Settings(#[from] SettingsError),
}

/// The client for TrustedForm and the look-up providers. It trusts Mozilla's roots and, where given, those of a PEM
/// bundle, and follows no redirect: a lead's data goes where the settings say and nowhere else.
///
/// # Errors
/// [`ClientError`] when the bundle cannot be read or holds no certificates.
pub fn client(bundle: Option<&Path>) -> Result<Client, ClientError> {
    client_within(CONNECT_TIMEOUT, bundle)
}

/// The same, with a time limit of its own for making a connection. `HTTPS_PROXY` is heeded, with the exceptions of
/// `NO_PROXY`; `HTTP_PROXY` is not.
///
/// # Errors
/// [`ClientError`] when the bundle cannot be read or holds no certificates.
pub fn client_within(connect: Duration, bundle: Option<&Path>) -> Result<Client, ClientError> {
    let mut client = Client::builder()
        .tls_backend_preconfigured(tls::config(bundle)?)
        .redirect(Policy::none())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .connect_timeout(connect)
        .no_proxy();
    // Not the library's own way with these variables: what is called in the clear is on this machine, where a proxy finds
    // nothing.
    if let Some(proxy) = settings::optional("HTTPS_PROXY").or_else(|| settings::optional("https_proxy")) {
        client = client.proxy(Proxy::https(proxy)?.no_proxy(NoProxy::from_env()));
    }
    Ok(client.build()?)
}

/// Opens a connection to a base URL ahead of the first call that needs it, and leaves it in the client's pool. It waits a
/// second at most, and nobody minds when it fails: whoever calls then says so.
pub async fn connect(client: &Client, base: &str) {
    // What the answer is does not matter, and a HEAD has no body to be read before the connection is free.
    let _ = client.head(base).timeout(CONNECT_AHEAD_TIMEOUT).send().await;
}

/// The body of an answer; nothing when it breaks off or is longer than any that we expect.
pub async fn body(mut response: Response) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return None;
        }
        body.extend_from_slice(&chunk);
    }
    Some(body)
}
