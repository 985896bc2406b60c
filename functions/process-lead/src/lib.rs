//! The queue's worker: conversation, events and phone look-up; and the minute's sweep of what is unfinished.

use std::sync::Arc;

use lambda_runtime::{Error, LambdaEvent, Service, service_fn};
use leadping::process::{Worker, WorkerEvent};
use serde::Serialize;

/// The function, as the Lambda runtime runs it and the local event source calls it.
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
