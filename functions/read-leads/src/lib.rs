//! What a business's users and systems read with their tokens: leads, the inbox, timelines, sources and reports.

use std::sync::Arc;

use lambda_http::request::LambdaRequest;
use lambda_http::{Error, LambdaEvent, Service};
use leadping::http::{self, Route};
use leadping::read::Reading;
use serde::Serialize;

/// The Lambda service, for the Lambda runtime and the local gateway.
pub fn service(
    reading: Arc<Reading>,
) -> impl Service<LambdaEvent<LambdaRequest>, Response = impl Serialize + Send + 'static, Error = Error, Future: Send>
+ Clone
+ Send
+ Sync {
    let own = |route| match route {
        Route::User(route) => Some(route),
        _ => None,
    };
    http::routed(own, move |route, parameter, request| Arc::clone(&reading).answer(route, parameter, request))
}
