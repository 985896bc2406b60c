//! The binary of the queue's worker.

use std::sync::Arc;

use lambda_runtime::Error;
use leadping::process::Worker;
use leadping::telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let worker = Worker::from_env().await?;
    // In a task of its own: what wakes the future of `main` itself pays a turn of the event loop each time.
    tokio::spawn(lambda_runtime::run(process_lead::service(Arc::new(worker)))).await?
}
