//! The AWS clients: one HTTP client, one set of time limits.

use std::io;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use data_encoding::BASE64_MIME;

use crate::settings;

/// The clients that leads go through.
#[derive(Clone, Debug)]
pub struct Clients {
    /// Of the two tables.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// Of the queue.
    pub sqs: aws_sdk_sqs::Client,
    /// Of our own credentials with the services outside.
    pub secrets: aws_sdk_secretsmanager::Client,
}

impl Clients {
    /// Clients of the region, credentials and endpoints that the SDK's own variables name.
    ///
    /// # Errors
    /// When the bundle of `AWS_CA_BUNDLE` cannot be read or is refused.
    pub async fn from_env() -> io::Result<Self> {
        let config = loader()?.load().await;
        Ok(Self {
            dynamodb: aws_sdk_dynamodb::Client::new(&config),
            sqs: aws_sdk_sqs::Client::new(&config),
            secrets: aws_sdk_secretsmanager::Client::new(&config),
        })
    }
}

/// What every client has in common: TLS, time limits (architecture, Time) and retries. Region, credentials and
/// endpoints are read from the SDK's own variables when it is loaded.
///
/// `AWS_CA_BUNDLE` names a PEM file of roots to trust besides Mozilla's.
///
/// # Errors
/// When the bundle cannot be read or is refused.
pub fn loader() -> io::Result<ConfigLoader> {
    let mut roots = mozilla_roots();
    if let Some(bundle) = settings::optional("AWS_CA_BUNDLE") {
        roots.extend(std::fs::read(bundle)?);
    }
    let trust = TrustStore::empty().with_pem_certificate(roots);
    let tls = TlsContext::builder().with_trust_store(trust).build().map_err(io::Error::other)?;
    let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(tls).build_https();
    let limits = TimeoutConfig::builder()
        .connect_timeout(Duration::from_millis(500))
        .operation_attempt_timeout(Duration::from_secs(1))
        .operation_timeout(Duration::from_millis(2_500))
        .build();
    Ok(aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(http)
        .timeout_config(limits)
        .retry_config(RetryConfig::standard().with_max_attempts(3)))
}

fn mozilla_roots() -> Vec<u8> {
    let mut pem = String::new();
    for root in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
        pem.push_str("-----BEGIN CERTIFICATE-----\n");
        pem.push_str(&BASE64_MIME.encode(root));
        pem.push_str("\n-----END CERTIFICATE-----\n");
    }
    pem.into_bytes()
}
