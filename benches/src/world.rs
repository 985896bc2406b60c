//! The services that the functions call: engines and stand-ins, with TLS in front of TrustedForm.

use std::path::PathBuf;

use anyhow::Context;
use axum::body::Bytes;
use lambda_runtime::LambdaEvent;
use leadping::payload::Entrance;
use local::demo;
use local::event::HttpEvent;
use local::stack::{Options, Stack};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::tls::Tls;

/// An address without a listener: the discard port.
const NO_BACKEND: &str = "http://127.0.0.1:9";

/// The number of leads that users read: more than a list shows.
const READ: usize = 12;

/// The lead of the samples of events.
const SAMPLE_LEAD: &str = "lead_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// A deadline that no event of a benchmark reaches, in milliseconds.
const YEAR_2100: u64 = 4_102_444_800_000;

/// Running backends.
#[derive(Debug)]
pub(crate) struct World {
    /// A stack without a worker, so that messages stay in the queue.
    pub(crate) stack: Stack,
    tls: Tls,
    bundle: PathBuf,
    scratch: TempDir,
    serial: u64,
    /// A lead that is ready, after [`World::fill`].
    ready: String,
}

impl World {
    /// Starts the backends.
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let stack = Stack::start(&Options { port: 0, worker: false, ..Options::default() }).await?;
        let scratch = tempfile::tempdir()?;
        let bundle = scratch.path().join("authority.pem");
        let address = stack.trusted_form().url().trim_start_matches("http://").parse()?;
        let tls = Tls::in_front_of(address, &bundle).await?;
        Ok(Self { stack, tls, bundle, scratch, serial: 0, ready: String::new() })
    }

    /// The file for the logs of processes. Logging is part of a function's work, and reading a pipe would load this machine.
    pub(crate) fn log(&self) -> PathBuf {
        self.scratch.path().join("log")
    }

    /// The environment of the functions.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        let mut environment = self.stack.addresses().environment();
        environment.push(("GLIBC_TUNABLES", allocator()));
        environment.push(("TRUSTED_FORM_URL", self.tls.url.clone()));
        environment.push(("TRUSTED_FORM_CA_BUNDLE", self.bundle.display().to_string()));
        environment
    }

    /// The environment of the functions with backends that do not listen.
    pub(crate) fn environment_without_backends(&self) -> Vec<(&'static str, String)> {
        let mut environment = self.environment();
        for (_, value) in environment.iter_mut().filter(|(_, value)| value.starts_with("http")) {
            NO_BACKEND.clone_into(value);
        }
        environment
    }

    /// A post of the partner specification's structured example. Each has its own external id.
    pub(crate) fn post(&mut self) -> LambdaEvent<Bytes> {
        let lead = include_str!("../../tests/examples/structured.json");
        let (id, _) = self.next();
        self.posted(lead.replace("partner-lead-88391", &id))
    }

    /// A post with three mistakes.
    pub(crate) fn bad_post(&mut self) -> LambdaEvent<Bytes> {
        let lead = include_str!("../../tests/examples/structured.json");
        let lead = lead.replace("+15555550123", "555-0123").replace("1970-01-15", "1970-02-30");
        self.posted(lead.replace("jordan@example.com", "jordan"))
    }

    fn posted(&mut self, body: String) -> LambdaEvent<Bytes> {
        let (id, context) = self.next();
        let event = HttpEvent::post(Entrance::Structured, demo::SOURCE_ID, id, body).to_json();
        LambdaEvent::new(Bytes::from(event.to_string()), context)
    }

    /// Stores leads that are ready, so that there is something to read.
    pub(crate) async fn fill(&mut self) -> anyhow::Result<()> {
        for _ in 0..READ {
            let batch: Value = serde_json::from_slice(&self.message().await?.payload)?;
            self.stack.functions().process_lead.invoke(&batch).await?;
            let body = batch["Records"][0]["body"].as_str().context("a message without a body")?;
            let message: Value = serde_json::from_str(body)?;
            message["leadId"].as_str().context("a message without a lead")?.clone_into(&mut self.ready);
        }
        Ok(())
    }

    /// An event of the samples. One of a lead is about a lead that is ready.
    pub(crate) fn sample(&mut self, event: &str) -> anyhow::Result<LambdaEvent<Bytes>> {
        let mut event: Value = serde_json::from_str(&event.replace(SAMPLE_LEAD, &self.ready))?;
        let (id, context) = self.next();
        event["requestContext"]["requestId"] = json!(id);
        Ok(LambdaEvent::new(Bytes::from(event.to_string()), context))
    }

    /// A batch of one message about a lead that waits for the worker.
    pub(crate) async fn message(&mut self) -> anyhow::Result<LambdaEvent<Bytes>> {
        let post: Value = serde_json::from_slice(&self.post().payload)?;
        let answer = self.stack.functions().create_lead.invoke(&post).await?;
        let lead: Value = serde_json::from_str(answer["body"].as_str().context("an answer without a body")?)?;
        let body = self.announced(lead["id"].as_str().context("a lead without an id")?).await?;
        let (_, context) = self.next();
        let batch = json!({"Records": [{"messageId": "1", "body": body}]});
        Ok(LambdaEvent::new(Bytes::from(batch.to_string()), context))
    }

    /// Finds the message about a lead. Deletes all others, which the measured intakes have sent.
    async fn announced(&self, lead: &str) -> anyhow::Result<String> {
        let queue = &self.stack.addresses().queue_url;
        let sqs = &self.stack.clients().sqs;
        loop {
            let received = sqs.receive_message().queue_url(queue).max_number_of_messages(10).send().await?;
            let messages =
                received.messages.filter(|messages| !messages.is_empty()).context("the lead was announced")?;
            let mut found = None;
            for message in messages {
                let handle = message.receipt_handle.unwrap_or_default();
                sqs.delete_message().queue_url(queue).receipt_handle(handle).send().await?;
                found = found.or(message.body.filter(|body| body.contains(lead)));
            }
            if let Some(body) = found {
                return Ok(body);
            }
        }
    }

    /// A new id, and the context of an invocation with it.
    fn next(&mut self) -> (String, lambda_runtime::Context) {
        self.serial += 1;
        let id = format!("bench-{:08}", self.serial);
        let mut context = lambda_runtime::Context::default();
        context.request_id.clone_from(&id);
        context.deadline = YEAR_2100;
        (id, context)
    }
}

/// The template's setting for the C library's allocator.
fn allocator() -> String {
    let lines = include_str!("../../template.yaml").lines();
    let value = lines.filter_map(|line| line.trim().strip_prefix("GLIBC_TUNABLES: ")).next().unwrap_or_default();
    value.split(" #").next().unwrap_or_default().to_owned()
}
