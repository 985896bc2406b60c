//! Real TLS in front of a server on loopback, with a certificate authority that is created for each run.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use local::server;
use local::task::Task;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

/// A TLS port in front of a plain one.
#[derive(Debug)]
pub(crate) struct Tls {
    /// The base URL.
    pub(crate) url: String,
    _task: Task,
}

impl Tls {
    /// Opens a TLS port that forwards to `upstream`, and writes the authority's certificate to `bundle`.
    pub(crate) async fn in_front_of(upstream: SocketAddr, bundle: &Path) -> anyhow::Result<Self> {
        let mut authority = CertificateParams::new(Vec::new())?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority_key = KeyPair::generate()?;
        let authority_certificate = authority.self_signed(&authority_key)?;
        std::fs::write(bundle, authority_certificate.pem())?;
        let key = KeyPair::generate()?;
        let issuer = Issuer::new(authority, authority_key);
        let mut certificate = CertificateParams::new(vec!["127.0.0.1".to_owned()])?;
        // With the issuer's name it would look self-signed.
        certificate.distinguished_name.push(DnType::CommonName, "TrustedForm");
        let certificate = certificate.signed_by(&key, &issuer)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.into()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = server::listen(0).await?;
        let url = format!("https://{}", listener.local_addr()?);
        let task = Task::spawn(async move |mut stopping| {
            loop {
                let accepted = tokio::select! {
                    () = stopping.requested() => return,
                    accepted = listener.accept() => accepted,
                };
                let Ok((stream, _)) = accepted else { continue };
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let _ = stream.set_nodelay(true);
                    let mut inside = acceptor.accept(stream).await?;
                    let mut plain = TcpStream::connect(upstream).await?;
                    let _ = plain.set_nodelay(true);
                    copy_bidirectional(&mut inside, &mut plain).await
                });
            }
        });
        Ok(Self { url, _task: task })
    }
}
