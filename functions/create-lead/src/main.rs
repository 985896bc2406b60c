//! The binary of `POST /leads`.

use std::sync::Arc;

use lambda_http::Error;
use leadping::intake::Intake;
use leadping::telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let intake = Intake::from_env().await?;
    // Run in a spawned task: each wake-up of `main`'s own future would cost an extra turn of the event loop.
    tokio::spawn(lambda_runtime::run(create_lead::service(Arc::new(intake)))).await?
}
