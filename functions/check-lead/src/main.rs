//! The binary of the dry runs and of `/sources/me`.

use std::sync::Arc;

use lambda_http::Error;
use leadping::check::Window;
use leadping::telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let window = Window::from_env().await?;
    // Run in a spawned task: each wake-up of `main`'s own future would cost an extra turn of the event loop.
    tokio::spawn(lambda_runtime::run(check_lead::service(Arc::new(window)))).await?
}
