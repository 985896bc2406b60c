//! Where a command acts: on the running local stack, or on the tables that the environment names.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{Builder, Region};
use clap::Args;
use leadping::aws;
use leadping::settings::optional;
use leadping::store::{Leads, Sources, StoreError};
use serde::Deserialize;

use crate::cli::EVERYWHERE;
use crate::error::Error;

/// Where the local stack keeps what it has, unless told otherwise.
const LOCAL_DATA: &str = ".leadping";

/// What the command line says about where to act.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// Act on the stack that `cargo run` started in this directory
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    local: bool,

    /// Act on the stack whose data is in DIR instead of .leadping
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "DIR")]
    data: Option<PathBuf>,
}

impl Place {
    /// Whether the local stack is meant.
    pub(crate) fn is_local(&self) -> bool {
        self.local || self.data.is_some()
    }
}

/// The tables to act on.
#[derive(Debug)]
pub(crate) struct Target {
    /// The table of sources.
    pub(crate) sources: Sources,
    /// The table of leads.
    pub(crate) leads: Leads,
    /// The address that leads are posted to, where it is known.
    pub(crate) gateway: Option<String>,
    /// What to do when nobody answers.
    when_out_of_reach: String,
    /// What to do when the answer is a refusal.
    when_refused: String,
}

/// What is needed of a local stack's `running.json`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Running {
    gateway: String,
    dynamodb: String,
    sources_table: String,
    leads_table: String,
    region: String,
}

impl Target {
    /// Finds the tables. They are not called yet.
    ///
    /// # Errors
    /// [`Error::Usage`] when neither the command line nor the environment leads to any.
    pub(crate) async fn find(place: &Place) -> Result<Self, Error> {
        if place.is_local() {
            Self::local(place.data.as_deref().unwrap_or(Path::new(LOCAL_DATA))).await
        } else {
            Self::named_in_env().await
        }
    }

    async fn local(data: &Path) -> Result<Self, Error> {
        let path = data.join("running.json");
        let running: Running = running(&path)?;
        // On one machine a second try meets what the first one met.
        let config =
            loader()?.region(Region::new(running.region)).test_credentials().retry_config(RetryConfig::disabled());
        let config = config.load().await;
        let client = Client::from_conf(Builder::from(&config).endpoint_url(&running.dynamodb).build());
        Ok(Self {
            sources: Sources::new(client.clone(), running.sources_table),
            leads: Leads::new(client, running.leads_table),
            gateway: Some(running.gateway),
            when_out_of_reach: format!(
                "Nothing listens at {}, where {} says that the local stack runs: it has stopped. Start it again with \
                 `cargo run` in another terminal.",
                running.dynamodb,
                path.display()
            ),
            when_refused: "The local stack may be of another release: start it again with `cargo run`.".to_owned(),
        })
    }

    async fn named_in_env() -> Result<Self, Error> {
        let (Some(sources), Some(leads)) = (optional("SOURCES_TABLE"), optional("LEADS_TABLE")) else {
            return Err(Error::Usage(
                "it is not said where to act: give --local for the stack that `cargo run` started in this directory, \
                 or set SOURCES_TABLE and LEADS_TABLE to the names of the tables"
                    .to_owned(),
            ));
        };
        // A function's limits are too tight for a person who is asked for a second factor on the way.
        let patience = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(5))
            .operation_attempt_timeout(Duration::from_secs(20))
            .operation_timeout(Duration::from_secs(60));
        let client = Client::new(&loader()?.timeout_config(patience.build()).load().await);
        let remedy = format!(
            "Check that you are signed in (`aws sts get-caller-identity`) and may use the tables, and that AWS_REGION \
             and AWS_PROFILE lead to {sources} and {leads}."
        );
        Ok(Self {
            sources: Sources::new(client.clone(), sources),
            leads: Leads::new(client, leads),
            gateway: None,
            when_out_of_reach: remedy.clone(),
            when_refused: remedy,
        })
    }

    /// Says what to do about a table that did not do what it was asked.
    pub(crate) fn failed(&self, error: StoreError) -> Error {
        Error::Aws(match error {
            StoreError::Unavailable { ref code, .. } if code == "out of reach" => {
                format!("DynamoDB is out of reach. {}", self.when_out_of_reach)
            }
            StoreError::Unavailable { .. } => format!("{error}. {}", self.when_refused),
            StoreError::Unreadable(_) | StoreError::Unwritable => {
                format!("{error}. It may be of another release: use the leadctl that belongs to it.")
            }
        })
    }
}

fn loader() -> Result<aws_config::ConfigLoader, Error> {
    aws::loader().map_err(|error| {
        Error::Usage(format!("the certificates that AWS_CA_BUNDLE names cannot be used: {}", error.kind()))
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
