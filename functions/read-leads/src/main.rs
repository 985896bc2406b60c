//! The binary of the API of users.

use std::sync::Arc;

use lambda_http::Error;
use leadping::read::Reading;
use leadping::telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let reading = Reading::from_env().await?;
    // Run in a spawned task: each wake-up of `main`'s own future would cost an extra turn of the event loop.
    tokio::spawn(lambda_runtime::run(read_leads::service(Arc::new(reading)))).await?
}
