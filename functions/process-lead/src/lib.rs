//! The worker: handles the queue's messages (conversation, events, phone lookup) and runs the sweep every minute.

use std::sync::Arc;

use lambda_runtime::{Error, LambdaEvent, Service, service_fn};
use leadping::process::{Worker, WorkerEvent};
use serde::Serialize;

/// The Lambda service, for the Lambda runtime and the local event source.
pub fn service(
    worker: Arc<Worker>,
) -> impl Service<LambdaEvent<WorkerEvent>, Response = impl Serialize + Send + 'static, Error = Error, Future: Send>
+ Clone
+ Send
+ Sync {
    service_fn(move |event: LambdaEvent<WorkerEvent>| {
        let worker = Arc::clone(&worker);
        async move { Ok(worker.handle(event.payload, event.context.deadline()).await) }
    })
}
