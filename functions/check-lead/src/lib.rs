//! `POST /leads/validate`, `POST /leads/intake/validate` and `GET /sources/me`, with what is under it: what a partner may
//! ask without creating a lead.

use std::sync::Arc;

use lambda_http::request::LambdaRequest;
use lambda_http::{Error, LambdaEvent, Service};
use leadping::check::Window;
use leadping::http::{self, Route};
use serde::Serialize;

/// The Lambda service, for the Lambda runtime and the local gateway.
pub fn service(
    window: Arc<Window>,
) -> impl Service<LambdaEvent<LambdaRequest>, Response = impl Serialize + Send + 'static, Error = Error, Future: Send>
+ Clone
+ Send
+ Sync {
    let own = |route| match route {
        Route::Window(route) => Some(route),
        _ => None,
    };
    http::routed(own, move |route, parameter, request| Arc::clone(&window).answer(route, parameter, request))
}
