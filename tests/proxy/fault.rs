//! Ways to break a call. The answers are like those of the real services.

use std::fmt;
use std::time::Duration;

use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::Response;
use local::server;
use serde_json::{Value, json};

use super::Service;

/// When a call breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// Before the service gets it, so nothing is done.
    Before,
    /// After the service has done it, so only the answer is lost.
    After,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Before => "before",
            Self::After => "after",
        })
    }
}

/// How a call breaks.
#[derive(Clone, Debug)]
pub enum Fault {
    /// It takes longer, by this duration.
    Slow(Duration),
    /// The connection ends without an answer.
    Cut,
    /// There are too many calls.
    Throttled,
    /// There are too many calls, and the answer has a `Retry-After` of this many seconds.
    ThrottledFor(u64),
    /// Another transaction is writing the item.
    Conflict,
    /// The service has an internal error.
    Broken,
    /// The service sends this answer.
    Lie(StatusCode, &'static str),
}

impl Fault {
    /// The name in tables.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Slow(_) => "slow",
            Self::Cut => "cut",
            Self::Throttled | Self::ThrottledFor(_) => "throttled",
            Self::Conflict => "conflict",
            Self::Broken => "5xx",
            Self::Lie(..) => "lie",
        }
    }

    /// The answer to send instead of the service's, or `None` if the call only takes longer.
    pub(super) async fn answer(self, service: Service, body: &[u8]) -> Option<Response> {
        match self {
            Self::Slow(time) => {
                tokio::time::sleep(time).await;
                None
            }
            Self::Cut => Some(super::cut()),
            Self::Throttled => Some(match service {
                Service::DynamoDb => {
                    dynamodb(StatusCode::BAD_REQUEST, "ProvisionedThroughputExceededException", json!({}))
                }
                Service::Sqs => of_aws(StatusCode::BAD_REQUEST, "com.amazonaws.sqs#RequestThrottled", json!({})),
                Service::Bus => of_aws(StatusCode::BAD_REQUEST, "ThrottlingException", json!({})),
                Service::TrustedForm | Service::PhoneLookup => server::json(StatusCode::TOO_MANY_REQUESTS, &json!({})),
            }),
            Self::ThrottledFor(seconds) => {
                let mut answer = server::json(StatusCode::TOO_MANY_REQUESTS, &json!({}));
                answer.headers_mut().insert(RETRY_AFTER, seconds.into());
                Some(answer)
            }
            Self::Conflict => Some(conflict(body)),
            Self::Broken => Some(match service {
                Service::DynamoDb => dynamodb(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", json!({})),
                Service::Sqs => {
                    of_aws(StatusCode::INTERNAL_SERVER_ERROR, "com.amazon.coral.service#InternalFailure", json!({}))
                }
                Service::Bus => of_aws(StatusCode::INTERNAL_SERVER_ERROR, "InternalException", json!({})),
                Service::TrustedForm | Service::PhoneLookup => {
                    server::json(StatusCode::SERVICE_UNAVAILABLE, &json!({"message": "Service Unavailable"}))
                }
            }),
            Self::Lie(status, body) => {
                let mut answer = Response::new(body.into());
                *answer.status_mut() = status;
                Some(answer)
            }
        }
    }
}

/// DynamoDB cancels a transaction with a reason for each item. A single write has its own error.
fn conflict(body: &[u8]) -> Response {
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    match request.get("TransactItems").and_then(Value::as_array) {
        Some(items) => {
            let mut reasons = vec![json!({"Code": "None"}); items.len().saturating_sub(1)];
            reasons.push(json!({"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}));
            let reasons = json!({"CancellationReasons": reasons});
            dynamodb(StatusCode::BAD_REQUEST, "TransactionCanceledException", reasons)
        }
        None => dynamodb(StatusCode::BAD_REQUEST, "TransactionConflictException", json!({})),
    }
}

fn dynamodb(status: StatusCode, name: &str, more: Value) -> Response {
    of_aws(status, &format!("com.amazonaws.dynamodb.v20120810#{name}"), more)
}

fn of_aws(status: StatusCode, kind: &str, mut body: Value) -> Response {
    body["__type"] = kind.into();
    body["message"] = "broken on purpose".into();
    server::json(status, &body)
}
