//! SQS on this machine: an embedded engine that speaks its protocol and keeps the queues in memory.
//!
//! It differs from AWS in two ways: `maxReceiveCount` of a redrive policy must be a JSON number, and there is no
//! `StartMessageMoveTask`.

use std::sync::Arc;

use anyhow::Context;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use rustack_sqs_core::config::SqsConfig;
use rustack_sqs_core::handler::RustackSqsHandler;
use rustack_sqs_core::provider::RustackSqs;
use rustack_sqs_http::service::{SqsHttpConfig, SqsHttpService};

use crate::server;
use crate::task::Task;

/// A running engine.
#[derive(Debug)]
pub struct Sqs {
    url: String,
    server: Task,
}

impl Sqs {
    /// Starts the engine without queues on `port` of 127.0.0.1, or on any free port for 0.
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn start(port: u16) -> anyhow::Result<Self> {
        let listener = server::listen(port).await.context("SQS's port")?;
        let address = listener.local_addr()?;
        // Clients call the URLs of queues, which contain host and port.
        let config = SqsConfig { host: address.ip().to_string(), port: address.port(), ..SqsConfig::default() };
        let handler = RustackSqsHandler::new(Arc::new(RustackSqs::new(config)));
        let service = SqsHttpService::new(Arc::new(handler), SqsHttpConfig::default());
        Ok(Self {
            url: server::url_of(&listener)?,
            server: Task::spawn(async move |stopping| {
                server::serve(listener, stopping, |stream, _| {
                    Builder::new(TokioExecutor::new())
                        .http1_only()
                        .serve_connection(TokioIo::new(stream), service.clone())
                        .into_owned()
                })
                .await;
            }),
        })
    }

    /// Its base URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Answers open requests, including long polls, and stops.
    pub async fn stop(self) {
        self.server.stop().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[tokio::test]
    async fn a_message_is_received_at_the_url_of_its_queue() {
        let engine = Sqs::start(0).await.unwrap();
        let sqs = testing::sqs_client(&engine);
        let created = sqs.create_queue().queue_name("leads").send().await.unwrap();
        let queue = created.queue_url().unwrap();
        assert!(queue.starts_with(engine.url()), "{queue}");

        sqs.send_message().queue_url(queue).message_body("hello").send().await.unwrap();
        let received = sqs.receive_message().queue_url(queue).wait_time_seconds(20).send().await.unwrap();
        assert_eq!(received.messages()[0].body(), Some("hello"));
        engine.stop().await;
    }
}
