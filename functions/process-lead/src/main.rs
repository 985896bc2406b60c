//! The binary of the queue's worker.

use std::sync::Arc;

use lambda_runtime::Error;
use leadping::process::Worker;
use leadping::telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let worker = Worker::from_env().await?;
    // Run in a spawned task: each wake-up of `main`'s own future would cost an extra turn of the event loop.
    tokio::spawn(lambda_runtime::run(process_lead::service(Arc::new(worker)))).await?
}
