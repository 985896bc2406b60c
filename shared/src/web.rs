//! The HTTP client for TrustedForm and the look-up providers, and what every answer of theirs is bounded by.

use std::path::Path;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Response};

/// No answer that we ask for is longer.
const LONGEST_ANSWER: usize = 64 * 1024;

/// A function is frozen between requests, and its connections with it: an old one is more likely dead than alive.
const IDLE: Duration = Duration::from_secs(20);

/// The client cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The bundle of additional roots cannot be read.
    #[error("the CA bundle cannot be read: {0}")]
    Bundle(#[from] std::io::Error),
    /// The TLS set-up was refused.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] reqwest::Error),
}

/// Builds a client that trusts Mozilla's roots and, where given, those of a PEM bundle. It follows no redirect: a
/// lead's data goes where the settings say and nowhere else.
///
/// # Errors
/// [`ClientError`] when the bundle cannot be read or holds no certificates.
pub fn client(bundle: Option<&Path>) -> Result<Client, ClientError> {
    // Another part of the process may have been first; it installed the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut roots = Vec::with_capacity(webpki_root_certs::TLS_SERVER_ROOT_CERTS.len());
    for root in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
        roots.push(Certificate::from_der(root)?);
    }
    if let Some(bundle) = bundle {
        roots.extend(Certificate::from_pem_bundle(&std::fs::read(bundle)?)?);
    }
    Ok(Client::builder()
        .tls_backend_rustls()
        .tls_certs_only(roots)
        .redirect(Policy::none())
        .pool_idle_timeout(IDLE)
        .connect_timeout(Duration::from_secs(1))
        .build()?)
}

/// The body of an answer; nothing when it breaks off or is longer than any that we expect.
pub async fn body(mut response: Response) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        if body.len() + chunk.len() > LONGEST_ANSWER {
            return None;
        }
        body.extend_from_slice(&chunk);
    }
    Some(body)
}
