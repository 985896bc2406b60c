//! The HTTP client for every outbound call, and the limit on the answers of TrustedForm and the lookup providers.

use std::path::Path;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, NoProxy, Proxy, Response};

use crate::client::tls::{self, TlsError};
use crate::settings::{self, SettingsError};

/// In bytes. No answer that we expect is longer.
const MAX_ANSWER: usize = 64 * 1024;

/// A function and its connections are frozen between requests, so an old connection is probably dead.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);

/// The timeout for connecting to TrustedForm or a lookup provider.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// The timeout for opening connections at start-up (architecture, "Time").
pub(crate) const CONNECT_AHEAD_TIMEOUT: Duration = Duration::from_secs(1);

/// The client cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// TLS cannot be configured.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The library rejects the configuration.
    #[error("the HTTP client cannot be built: {0}")]
    Refused(#[from] reqwest::Error),
    /// An environment variable is missing.
    #[error(transparent)]
    Settings(#[from] SettingsError),
}

/// The client for TrustedForm and the lookup providers. It trusts Mozilla's roots and those of the PEM bundle, if
/// given. It follows no redirects, so a lead's data only goes where the settings say.
///
/// # Errors
/// [`ClientError`] when the bundle cannot be read or contains no certificates.
pub fn client(bundle: Option<&Path>) -> Result<Client, ClientError> {
    client_within(CONNECT_TIMEOUT, bundle)
}

/// The same with another connection timeout. It uses `HTTPS_PROXY`, except for the hosts in `NO_PROXY`, and ignores
/// `HTTP_PROXY`.
///
/// # Errors
/// [`ClientError`] when the bundle cannot be read or contains no certificates.
pub fn client_within(connect: Duration, bundle: Option<&Path>) -> Result<Client, ClientError> {
    let mut client = Client::builder()
        .tls_backend_preconfigured(tls::config(bundle)?)
        .redirect(Policy::none())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .connect_timeout(connect)
        .no_proxy();
    // The library would use HTTP_PROXY too. Only services on this machine are called without TLS, and a proxy cannot
    // reach them.
    if let Some(proxy) = settings::optional("HTTPS_PROXY").or_else(|| settings::optional("https_proxy")) {
        client = client.proxy(Proxy::https(proxy)?.no_proxy(NoProxy::from_env()));
    }
    Ok(client.build()?)
}

/// Opens a connection before the first call needs it, and leaves it in the client's pool. Gives up after one second.
/// Failures are ignored: the first real call will report them.
pub async fn connect(client: &Client, base: &str) {
    // The answer does not matter, and a HEAD has no body to read before the connection returns to the pool.
    let _ = client.head(base).timeout(CONNECT_AHEAD_TIMEOUT).send().await;
}

/// The body of an answer; `None` when the connection breaks or the body is longer than 64 KiB.
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
