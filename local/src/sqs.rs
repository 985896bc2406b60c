//! SQS on this machine: an embedded engine, in memory, that speaks SQS's protocol.
//!
//! Two things to know of it: the `maxReceiveCount` of a redrive policy has to be a JSON number, and there is no
//! `StartMessageMoveTask`.

use std::sync::Arc;

use anyhow::Context;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use rustack_sqs_core::{config::SqsConfig, handler::RustackSqsHandler, provider::RustackSqs};
use rustack_sqs_http::service::{SqsHttpConfig, SqsHttpService};

use crate::{server, task::Task};

/// A running engine.
#[derive(Debug)]
pub struct Sqs {
    url: String,
    server: Task,
}

impl Sqs {
    /// Starts the engine, without any queue, on `port` of 127.0.0.1, on any free one for 0.
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn start(port: u16) -> anyhow::Result<Self> {
        let listener = server::listen(port).await.context("SQS's port")?;
        let address = listener.local_addr()?;
        // The queues' URLs are made from host and port, and clients call what they say.
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

    /// Answers what is under way, long polls too, and ends.
    pub async fn stop(self) {
        self.server.stop().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[tokio::test]
    async fn what_is_sent_is_received_through_the_queues_own_url() {
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
