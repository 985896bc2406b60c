//! `POST and GET /leads/intake`: a lead in the flat payload.

use std::sync::Arc;

use lambda_http::request::LambdaRequest;
use lambda_http::{Error, LambdaEvent, Service};
use leadping::http;
use leadping::intake::Intake;
use leadping::payload::Entrance;
use serde::Serialize;

/// The Lambda service, for the Lambda runtime and the local gateway.
pub fn service(
    intake: Arc<Intake>,
) -> impl Service<LambdaEvent<LambdaRequest>, Response = impl Serialize + Send + 'static, Error = Error, Future: Send>
+ Clone
+ Send
+ Sync {
    const ENTRANCE: Entrance = Entrance::Flat;
    http::service(ENTRANCE.path(), move |request| Arc::clone(&intake).answer(ENTRANCE, request))
}
