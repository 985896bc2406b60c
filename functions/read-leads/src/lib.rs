//! What a business's users and systems read with their tokens: leads, the inbox, timelines, sources and reports.

use std::sync::Arc;

use lambda_http::request::LambdaRequest;
use lambda_http::{Error, LambdaEvent, Service};
use leadping::http;
use leadping::read::Reading;
use serde::Serialize;

/// The Lambda service, for the Lambda runtime and the local gateway.
pub fn service(
    reading: Arc<Reading>,
) -> impl Service<LambdaEvent<LambdaRequest>, Response = impl Serialize + Send + 'static, Error = Error, Future: Send>
+ Clone
+ Send
+ Sync {
    http::routed(move |found, request| Arc::clone(&reading).answer(found, request))
}
