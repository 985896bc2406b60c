//! The least that a function of an HTTP API can do: `lambda_http` answers `{}`.

use lambda_http::{Error, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda_http::run(service_fn(async |_| Ok::<_, Error>("{}"))).await
}
