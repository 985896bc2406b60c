//! The binary of the inbox page.

use std::sync::Arc;

use lambda_runtime::Error;
use leadping::telemetry;
use show_app::Page;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let page = Page::from_env().await?;
    // Run in a spawned task: each wake-up of `main`'s own future would cost an extra turn of the event loop.
    tokio::spawn(lambda_runtime::run(show_app::service(Arc::new(page)))).await?
}
