//! TLS for every connection: rustls on ring, and the trusted roots.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file of additional roots cannot be read, or is not PEM.
    #[error("the CA bundle cannot be read: {0}")]
    Bundle(#[from] rustls::pki_types::pem::Error),
    /// The library rejects one of the certificates.
    #[error("TLS cannot be set up: {0}")]
    Refused(#[from] rustls::Error),
}

/// Trusts Mozilla's roots and, where given, those of a PEM bundle.
///
/// The roots are compiled into the binary, already parsed. Reading the system's roots would take longer than the rest
/// of a start-up (`docs/performance.md`).
///
/// # Errors
/// [`TlsError`] when the bundle cannot be read or contains something other than certificates.
pub fn config(bundle: Option<&Path>) -> Result<ClientConfig, TlsError> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(bundle) = bundle {
        for certificate in CertificateDer::pem_file_iter(bundle)? {
            roots.add(certificate?)?;
        }
    }
    Ok(ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}
