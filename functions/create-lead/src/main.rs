//! The binary of `POST /leads`.

use std::sync::Arc;

use lambda_http::Error;
use leadping::intake::Intake;
use leadping::telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let intake = Intake::from_env().await?;
    // In a task of its own: what wakes the future of `main` itself pays a turn of the event loop each time.
    tokio::spawn(lambda_runtime::run(create_lead::service(Arc::new(intake)))).await?
}
