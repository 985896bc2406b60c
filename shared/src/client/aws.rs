//! The AWS clients: one HTTP client, one set of timeouts.

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

/// Pins the SDK's defaults, so that upgrading the SDK does not change them.
pub fn behavior() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

/// The timeout for opening a connection (architecture, "Time").
pub const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);

/// The AWS clients of a function.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each is what it is called")]
pub struct Clients {
    pub dynamodb: aws_sdk_dynamodb::Client,
    pub sqs: aws_sdk_sqs::Client,
    pub secrets: aws_sdk_secretsmanager::Client,
    /// The HTTP client that the others use.
    pub http: reqwest::Client,
    config: SdkConfig,
    eventbridge: Option<String>,
}

/// Overrides of the services' endpoints. Without one, a client calls AWS.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "each is what it is called")]
pub struct Endpoints {
    pub dynamodb: Option<String>,
    pub sqs: Option<String>,
    pub eventbridge: Option<String>,
    pub secrets_manager: Option<String>,
}

impl Clients {
    /// Builds clients from the SDK's own environment variables: region, credentials and endpoints. Functions need no
    /// other source of credentials, so the SDK's credential chain is not linked (`docs/performance.md`).
    ///
    /// # Errors
    /// [`ClientError`] when `AWS_REGION` is not set, or `AWS_CA_BUNDLE` cannot be read.
    pub fn from_env() -> Result<Self, ClientError> {
        let endpoint = |service: &str| {
            settings::optional(&format!("AWS_ENDPOINT_URL_{service}"))
                .or_else(|| settings::optional("AWS_ENDPOINT_URL"))
        };
        let endpoints = Endpoints {
            dynamodb: endpoint("DYNAMODB"),
            sqs: endpoint("SQS"),
            eventbridge: endpoint("EVENTBRIDGE"),
            secrets_manager: endpoint("SECRETS_MANAGER"),
        };
        let credentials = SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new());
        Ok(Self::new(http(CONNECT_TIMEOUT)?, settings::required("AWS_REGION")?, credentials, endpoints))
    }

    /// Builds clients that share one HTTP client, the same timeouts (architecture, "Time") and the same retries.
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
            // Its grace period is longer than our attempt timeout, so it would never trigger.
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
            config,
            eventbridge: endpoints.eventbridge,
        }
    }

    /// A client of EventBridge. Only the worker needs one, and to build it takes time at the start of a function.
    pub fn eventbridge(&self) -> aws_sdk_eventbridge::Client {
        let mut events = aws_sdk_eventbridge::config::Builder::from(&self.config);
        events.set_endpoint_url(self.eventbridge.clone());
        aws_sdk_eventbridge::Client::from_conf(events.build())
    }
}

/// The HTTP client that all AWS clients share; `connect` is its connection timeout. `AWS_CA_BUNDLE` names a PEM file of
/// roots to trust in addition to Mozilla's.
///
/// # Errors
/// [`ClientError`] when the bundle cannot be read.
pub fn http(connect: Duration) -> Result<reqwest::Client, ClientError> {
    let bundle = settings::optional("AWS_CA_BUNDLE").map(PathBuf::from);
    web::client_within(connect, bundle.as_deref())
}

/// Lets the SDK use an existing HTTP client. The SDK's own parses all root certificates each time one is built, which
/// happens twice per service at start-up (`docs/performance.md`).
pub fn over(http: reqwest::Client) -> SharedHttpClient {
    let connector = SharedHttpConnector::new(ReqwestConnector { http, addresses: Mutex::default() });
    http_client_fn(move |_, _| connector.clone())
}

#[derive(Debug)]
struct ReqwestConnector {
    http: reqwest::Client,
    /// Cache of parsed endpoint URLs: each service has one URL, and requests differ in the body.
    addresses: Mutex<HashMap<http::Uri, Url>>,
}

impl ReqwestConnector {
    /// Converts a request of the SDK to one of `reqwest`, whose own conversion would parse the URL each time.
    fn convert(&self, request: HttpRequest) -> Result<reqwest::Request, BoxError> {
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
        let mut converted = reqwest::Request::new(parts.method, address);
        *converted.headers_mut() = parts.headers;
        *converted.body_mut() = Some(reqwest::Body::wrap(body));
        Ok(converted)
    }
}

impl HttpConnector for ReqwestConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let http = self.http.clone();
        let request = self.convert(request).map_err(ConnectorError::user);
        HttpConnectorFuture::new(async move {
            let answer = http.execute(request?).await.map_err(connector_error)?;
            let answer = http::Response::from(answer).map(SdkBody::from_body_1_x);
            HttpResponse::try_from(answer).map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// Reports every call without an answer as one that may be retried. The SDK's retry rules decide how often.
fn connector_error(error: reqwest::Error) -> ConnectorError {
    if error.is_timeout() { ConnectorError::timeout(error.into()) } else { ConnectorError::io(error.into()) }
}
