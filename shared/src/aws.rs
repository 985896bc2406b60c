//! The AWS clients: one HTTP client, one set of time limits.

use std::path::PathBuf;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use lambda_http::http;

use crate::settings;
use crate::web::{self, ClientError};

/// How long a connection may take to be made (architecture, Time).
pub const CONNECT: Duration = Duration::from_millis(500);

/// The clients that leads go through.
#[derive(Clone, Debug)]
pub struct Clients {
    /// Of the two tables.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// Of the queue.
    pub sqs: aws_sdk_sqs::Client,
    /// Of our own credentials with the services outside.
    pub secrets: aws_sdk_secretsmanager::Client,
    /// What these call through.
    pub http: reqwest::Client,
}

impl Clients {
    /// Clients of the region, credentials and endpoints that the SDK's own variables name.
    ///
    /// # Errors
    /// When the bundle of `AWS_CA_BUNDLE` cannot be read or is refused.
    pub async fn from_env() -> Result<Self, ClientError> {
        let http = http(CONNECT)?;
        let config = loader(http.clone()).load().await;
        Ok(Self {
            dynamodb: aws_sdk_dynamodb::Client::new(&config),
            sqs: aws_sdk_sqs::Client::new(&config),
            secrets: aws_sdk_secretsmanager::Client::new(&config),
            http,
        })
    }
}

/// The HTTP client of all AWS clients, with the time that a connection may take. `AWS_CA_BUNDLE` names a PEM file of roots
/// to trust besides Mozilla's.
///
/// # Errors
/// When the bundle cannot be read or is refused.
pub fn http(connect: Duration) -> Result<reqwest::Client, ClientError> {
    let bundle = settings::optional("AWS_CA_BUNDLE").map(PathBuf::from);
    web::client_within(connect, bundle.as_deref())
}

/// What every AWS client has in common: the HTTP client, time limits (architecture, Time) and retries. Region,
/// credentials and endpoints are read from the SDK's own variables when it is loaded.
pub fn loader(http: reqwest::Client) -> ConfigLoader {
    let limits = TimeoutConfig::builder()
        .operation_attempt_timeout(Duration::from_secs(1))
        .operation_timeout(Duration::from_millis(2_500))
        .build();
    aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(over(http))
        .timeout_config(limits)
        .retry_config(RetryConfig::standard().with_max_attempts(3))
}

/// The SDK's HTTP client, over one that exists already. The SDK's own parses every root each time that it is built, which
/// is twice for each service at a start (`docs/performance.md`).
pub fn over(http: reqwest::Client) -> SharedHttpClient {
    let connector = SharedHttpConnector::new(Over(http));
    http_client_fn(move |_, _| connector.clone())
}

#[derive(Debug)]
struct Over(reqwest::Client);

impl HttpConnector for Over {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let http = self.0.clone();
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
            let request = request.map(reqwest::Body::wrap).try_into();
            let request = request.map_err(|error: reqwest::Error| ConnectorError::user(error.into()))?;
            let answer = http.execute(request).await.map_err(broken)?;
            let answer = http::Response::from(answer).map(SdkBody::from_body_1_x);
            HttpResponse::try_from(answer).map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// A call without an answer may be tried again, whatever kept it from one: the SDK's rules of retry decide how often.
fn broken(error: reqwest::Error) -> ConnectorError {
    if error.is_timeout() { ConnectorError::timeout(error.into()) } else { ConnectorError::io(error.into()) }
}
