//! The stack that runs on this machine, by its `running.json`.

use std::io;
use std::path::Path;

use aws_config::Region;
use aws_config::retry::RetryConfig;
use leadping::store::{Leads, Sources};
use serde::Deserialize;

use super::{Kind, Target, loader};
use crate::error::Error;

/// What is needed of a local stack's `running.json`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Running {
    /// None where the functions run elsewhere.
    gateway: Option<String>,
    dynamodb: String,
    sqs: String,
    queue_url: String,
    dead_letter_queue_url: String,
    sources_table: String,
    leads_table: String,
    region: String,
    trusted_form: String,
}

/// The local stack whose data is in this directory.
///
/// # Errors
/// [`Error::Usage`] when none is running.
pub(super) async fn find(data: &Path) -> Result<Target, Error> {
    let path = data.join("running.json");
    let running = running(&path)?;
    // On one machine a second try meets what the first one met.
    let config = loader()?.region(Region::new(running.region)).test_credentials().retry_config(RetryConfig::disabled());
    let config = config.load().await;
    let dynamodb = aws_sdk_dynamodb::Client::from_conf(
        aws_sdk_dynamodb::config::Builder::from(&config).endpoint_url(&running.dynamodb).build(),
    );
    let sqs = aws_sdk_sqs::config::Builder::from(&config).endpoint_url(&running.sqs).build();
    Ok(Target {
        sources: Sources::new(dynamodb.clone(), running.sources_table),
        leads: Leads::new(dynamodb, running.leads_table),
        sqs: aws_sdk_sqs::Client::from_conf(sqs),
        gateway: running.gateway,
        trusted_form: Some(running.trusted_form),
        secrets: Vec::new(),
        name: format!("the local stack in {}", data.display()),
        queue_url: Some(running.queue_url),
        dead_letter_queue_url: Some(running.dead_letter_queue_url),
        config,
        kind: Kind::Local,
        yes: false,
        when_out_of_reach: format!(
            "Nothing listens at {}, where {} says that the local stack runs: it has stopped. Start it again with \
             `cargo run` in another terminal.",
            running.dynamodb,
            path.display()
        ),
        when_refused: "The local stack may be of another release: start it again with `cargo run`.".to_owned(),
    })
}

fn running(path: &Path) -> Result<Running, Error> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| {
        Error::Usage(match error.kind() {
            io::ErrorKind::NotFound => format!(
                "no local stack runs here: there is no {shown}. Start one with `cargo run` in another terminal, or \
                 name the directory of its data with --data"
            ),
            kind => format!("{shown} cannot be read: {kind}"),
        })
    })?;
    serde_json::from_str(&text).map_err(|_| {
        Error::Usage(format!(
            "{shown} is not what a local stack of this release writes. Start it again with `cargo run` in another \
             terminal"
        ))
    })
}
