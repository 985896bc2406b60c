//! The AWS clients: one HTTP client, one set of time limits.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::SharedCredentialsProvider;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use lambda_http::http;
use url::Url;

use crate::client::web::{self, ClientError};
use crate::settings;

/// The SDK's defaults of one moment, so that its next release changes none.
pub fn behavior() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

/// How long a connection may take to be made (architecture, Time).
pub const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);

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

/// Where the services are, each where it is not at AWS's own address.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "each is what it is called after")]
pub struct Endpoints {
    pub dynamodb: Option<String>,
    pub sqs: Option<String>,
    pub secrets_manager: Option<String>,
}

impl Clients {
    /// Clients of the region, the credentials and the endpoints that the SDK's own variables name. A function has nothing
    /// else: the SDK's search for credentials elsewhere is not linked (`docs/performance.md`).
    ///
    /// # Errors
    /// [`ClientError`] when no region is named, or the bundle of `AWS_CA_BUNDLE` cannot be read or is refused.
    pub fn from_env() -> Result<Self, ClientError> {
        let endpoint = |service: &str| {
            settings::optional(&format!("AWS_ENDPOINT_URL_{service}"))
                .or_else(|| settings::optional("AWS_ENDPOINT_URL"))
        };
        let endpoints = Endpoints {
            dynamodb: endpoint("DYNAMODB"),
            sqs: endpoint("SQS"),
            secrets_manager: endpoint("SECRETS_MANAGER"),
        };
        let credentials = SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new());
        Ok(Self::new(http(CONNECT_TIMEOUT)?, settings::required("AWS_REGION")?, credentials, endpoints))
    }

    /// Clients with one HTTP client, one set of time limits (architecture, Time) and of retries.
    pub fn new(
        http: reqwest::Client,
        region: String,
        credentials: SharedCredentialsProvider,
        endpoints: Endpoints,
    ) -> Self {
        let limits = TimeoutConfig::builder()
            .operation_attempt_timeout(Duration::from_secs(1))
            .operation_timeout(Duration::from_millis(2_500));
        let config = SdkConfig::builder()
            .behavior_version(behavior())
            .http_client(over(http.clone()))
            .region(Region::new(region))
            .credentials_provider(credentials)
            .timeout_config(limits.build())
            // It gives a stream that stands still longer than an attempt has.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .retry_config(RetryConfig::standard().with_max_attempts(3))
            .build();
        let mut dynamodb = aws_sdk_dynamodb::config::Builder::from(&config);
        dynamodb.set_endpoint_url(endpoints.dynamodb);
        let mut sqs = aws_sdk_sqs::config::Builder::from(&config);
        sqs.set_endpoint_url(endpoints.sqs);
        let mut secrets = aws_sdk_secretsmanager::config::Builder::from(&config);
        secrets.set_endpoint_url(endpoints.secrets_manager);
        Self {
            dynamodb: aws_sdk_dynamodb::Client::from_conf(dynamodb.build()),
            sqs: aws_sdk_sqs::Client::from_conf(sqs.build()),
            secrets: aws_sdk_secretsmanager::Client::from_conf(secrets.build()),
            http,
        }
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

/// The SDK's HTTP client, over one that exists already. The SDK's own parses every root each time that it is built, which
/// is twice for each service at a start (`docs/performance.md`).
pub fn over(http: reqwest::Client) -> SharedHttpClient {
    let connector = SharedHttpConnector::new(Over { http, addresses: Mutex::default() });
    http_client_fn(move |_, _| connector.clone())
}

#[derive(Debug)]
struct Over {
    http: reqwest::Client,
    /// What has been called, parsed: each service has one address, and is asked by the body.
    addresses: Mutex<HashMap<http::Uri, Url>>,
}

impl Over {
    /// A request of the SDK as one of `reqwest`, whose own conversion parses the address each time.
    fn rebuilt(&self, request: HttpRequest) -> Result<reqwest::Request, BoxError> {
        let (parts, body) = request.try_into_http1x()?.into_parts();
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        let address = match addresses.entry(parts.uri) {
            Entry::Occupied(known) => known.get().clone(),
            Entry::Vacant(new) => {
                let parsed = Url::parse(&new.key().to_string())?;
                new.insert(parsed).clone()
            }
        };
        drop(addresses);
        let mut rebuilt = reqwest::Request::new(parts.method, address);
        *rebuilt.headers_mut() = parts.headers;
        *rebuilt.body_mut() = Some(reqwest::Body::wrap(body));
        Ok(rebuilt)
    }
}

impl HttpConnector for Over {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let http = self.http.clone();
        let request = self.rebuilt(request).map_err(ConnectorError::user);
        HttpConnectorFuture::new(async move {
            let answer = http.execute(request?).await.map_err(broken)?;
            let answer = http::Response::from(answer).map(SdkBody::from_body_1_x);
            HttpResponse::try_from(answer).map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// A call without an answer may be tried again, whatever kept it from one: the SDK's rules of retry decide how often.
fn broken(error: reqwest::Error) -> ConnectorError {
    if error.is_timeout() { ConnectorError::timeout(error.into()) } else { ConnectorError::io(error.into()) }
}
