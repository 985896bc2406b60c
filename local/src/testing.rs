//! Clients for the tests of this crate.

use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use axum::body::{Body, Bytes, to_bytes};
use axum::http::Request;
use axum::http::response::Parts;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::TokioExecutor;

use crate::sqs::Sqs;

/// Sends a request on a new connection and reads the whole answer.
pub(crate) async fn send(request: Request<Body>) -> Result<(Parts, Bytes), Error> {
    let answer = Client::builder(TokioExecutor::new()).build_http().request(request).await?;
    let (parts, body) = answer.into_parts();
    Ok((parts, to_bytes(Body::new(body), usize::MAX).await.unwrap()))
}

/// An SDK client for the embedded SQS.
pub(crate) fn sqs_client(engine: &Sqs) -> aws_sdk_sqs::Client {
    aws_sdk_sqs::Client::from_conf(
        aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(leadping::client::aws::over(leadping::client::web::client(None).unwrap()))
            .region(Region::from_static("us-east-1"))
            .credentials_provider(Credentials::new("local", "local", None, None, "local"))
            .endpoint_url(engine.url())
            .build(),
    )
}
