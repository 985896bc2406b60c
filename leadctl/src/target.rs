//! Where a command acts: on the running local stack, on a deployed one, or on what the environment names.

mod deployed;
mod local;

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{ConfigLoader, Region, SdkConfig};
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use clap::Args;
use leadping::client::aws;
use leadping::settings::optional;
use leadping::store::{Leads, Sources, StoreError};

use crate::cli::EVERYWHERE;
use crate::error::Error;
use deployed::Deployed;

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

    /// Act on this deployed stack
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "NAME", conflicts_with_all = ["local", "data"])]
    stack: Option<String>,

    /// The AWS region, instead of AWS_REGION's or the profile's
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    region: Option<String>,

    /// The AWS profile, instead of AWS_PROFILE's
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    profile: Option<String>,

    /// Change production without asking
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    yes: bool,
}

impl Place {
    /// Whether the local stack is meant.
    pub(crate) fn is_local(&self) -> bool {
        self.local || self.data.is_some()
    }
}

/// Whose data it is, and with that how careful to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Of this machine.
    Local,
    /// Nobody's yet.
    Trial,
    /// Of people.
    Production,
    /// Perhaps of people: the environment names it, and does not say.
    Unknown,
}

/// What comes before a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Care {
    None,
    Ask,
    Refuse,
}

impl Kind {
    /// How careful to be, when the operator has said `--yes` or not, and there is somebody to ask or not.
    fn care(self, yes: bool, somebody: bool) -> Care {
        match self {
            _ if yes => Care::None,
            Self::Local | Self::Trial => Care::None,
            Self::Production | Self::Unknown if somebody => Care::Ask,
            Self::Production => Care::Refuse,
            // Scripts name tables by the environment, and nobody says that these are production's.
            Self::Unknown => Care::None,
        }
    }
}

/// The tables and queues to act on.
#[derive(Debug)]
pub(crate) struct Target {
    /// The table of sources.
    pub(crate) sources: Sources,
    /// The table of leads.
    pub(crate) leads: Leads,
    /// SQS, where the queues are.
    pub(crate) sqs: aws_sdk_sqs::Client,
    /// The address that leads are posted to, where it is known.
    pub(crate) gateway: Option<String>,
    /// Where the functions ask TrustedForm, where it is known: its stand-in, on the local stack.
    pub(crate) trusted_form: Option<String>,
    /// The ARNs of our own credentials with the services outside, where they are known: parameter and ARN.
    pub(crate) secrets: Vec<(String, String)>,
    /// What it is called.
    pub(crate) name: String,
    queue_url: Option<String>,
    dead_letter_queue_url: Option<String>,
    config: SdkConfig,
    kind: Kind,
    yes: bool,
    /// What to do when nobody answers.
    when_out_of_reach: String,
    /// What to do when the answer is a refusal.
    when_refused: String,
}

impl Target {
    /// Finds the tables and queues. They are not called yet; the outputs of a deployed stack are read.
    ///
    /// # Errors
    /// [`Error::Usage`] when neither the command line nor the environment leads to any, [`Error::NotFound`] for a stack
    /// that is not there, [`Error::Aws`] when CloudFormation does not answer.
    pub(crate) async fn find(place: &Place) -> Result<Self, Error> {
        match &place.stack {
            _ if place.is_local() => local::find(place.data.as_deref().unwrap_or(Path::new(LOCAL_DATA))).await,
            Some(stack) => {
                let config = config(place).await?;
                Ok(Self::deployed(config.clone(), Deployed::read(&config, stack).await?, place.yes))
            }
            None => Self::named_in_env(place).await,
        }
    }

    fn deployed(config: SdkConfig, stack: Deployed, yes: bool) -> Self {
        let dynamodb = aws_sdk_dynamodb::Client::new(&config);
        let region = config.region().map(ToString::to_string).unwrap_or_default();
        let remedy = format!(
            "Check that you are signed in (`aws sts get-caller-identity`) and may use the tables and queues of {}.",
            stack.name
        );
        Self {
            sources: Sources::new(dynamodb.clone(), stack.sources_table),
            leads: Leads::new(dynamodb, stack.leads_table),
            sqs: aws_sdk_sqs::Client::new(&config),
            gateway: Some(stack.api_url),
            trusted_form: stack.trusted_form,
            secrets: stack.secrets,
            name: format!("the stack {} ({}, {region})", stack.name, stack.stage),
            queue_url: Some(stack.queue_url),
            dead_letter_queue_url: Some(stack.dead_letter_queue_url),
            config,
            kind: if stack.stage == "production" { Kind::Production } else { Kind::Trial },
            yes,
            when_out_of_reach: remedy.clone(),
            when_refused: remedy,
        }
    }

    async fn named_in_env(place: &Place) -> Result<Self, Error> {
        let (Some(sources), Some(leads)) = (optional("SOURCES_TABLE"), optional("LEADS_TABLE")) else {
            return Err(Error::Usage(
                "it is not said where to act: give --local for the stack that `cargo run` started in this directory, \
                 --stack NAME for a deployed one, or set SOURCES_TABLE and LEADS_TABLE to the names of the tables"
                    .to_owned(),
            ));
        };
        let config = config(place).await?;
        let client = aws_sdk_dynamodb::Client::new(&config);
        let remedy = format!(
            "Check that you are signed in (`aws sts get-caller-identity`) and may use the tables, and that AWS_REGION \
             and AWS_PROFILE lead to {sources} and {leads}."
        );
        Ok(Self {
            name: format!("the tables {sources} and {leads}"),
            sources: Sources::new(client.clone(), sources),
            leads: Leads::new(client, leads),
            sqs: aws_sdk_sqs::Client::new(&config),
            gateway: None,
            trusted_form: None,
            secrets: Vec::new(),
            queue_url: optional("LEAD_CREATED_QUEUE_URL"),
            dead_letter_queue_url: optional("DEAD_LETTER_QUEUE_URL"),
            config,
            kind: Kind::Unknown,
            yes: place.yes,
            when_out_of_reach: remedy.clone(),
            when_refused: remedy,
        })
    }

    /// Whether it is the local stack.
    pub(crate) fn is_local(&self) -> bool {
        self.kind == Kind::Local
    }

    /// The URL of the queue of accepted leads.
    ///
    /// # Errors
    /// [`Error::Usage`] when the environment names none.
    pub(crate) fn queue_url(&self) -> Result<&str, Error> {
        named(self.queue_url.as_deref(), "LEAD_CREATED_QUEUE_URL")
    }

    /// The URL of the dead-letter queue.
    ///
    /// # Errors
    /// [`Error::Usage`] when the environment names none.
    pub(crate) fn dead_letter_queue_url(&self) -> Result<&str, Error> {
        named(self.dead_letter_queue_url.as_deref(), "DEAD_LETTER_QUEUE_URL")
    }

    /// A client of Secrets Manager.
    pub(crate) fn secrets_manager(&self) -> aws_sdk_secretsmanager::Client {
        aws_sdk_secretsmanager::Client::new(&self.config)
    }

    /// Who acts: the caller's ARN, or `local`.
    ///
    /// # Errors
    /// [`Error::Aws`] when STS does not say.
    pub(crate) async fn caller(&self) -> Result<String, Error> {
        if self.is_local() {
            return Ok("local".to_owned());
        }
        let identity = aws_sdk_sts::Client::new(&self.config).get_caller_identity().send().await;
        let identity = identity.map_err(|error| self.refused("STS", &error))?;
        Ok(identity.arn.unwrap_or_else(|| "unknown".to_owned()))
    }

    /// Asks before production is changed. A place that does not say what it is asks where there is somebody to answer.
    ///
    /// # Errors
    /// [`Error::Refused`] when the answer is no, or nobody can be asked.
    pub(crate) fn confirm(&self, what: &str) -> Result<(), Error> {
        match self.kind.care(self.yes, io::stdin().is_terminal()) {
            Care::None => Ok(()),
            Care::Refuse => Err(Error::Refused(format!(
                "{} is production, and nobody can be asked whether to {what}: nothing was changed; give --yes to say so",
                self.name
            ))),
            Care::Ask => {
                write!(anstream::stderr(), "On {}: {what}? [y/N] ", self.name)?;
                let mut answer = String::new();
                io::stdin().lock().read_line(&mut answer)?;
                match answer.trim().to_lowercase().as_str() {
                    "y" | "yes" => Ok(()),
                    _ => Err(Error::Refused("not confirmed: nothing was changed".to_owned())),
                }
            }
        }
    }

    /// Says what to do about a table that did not do what it was asked.
    pub(crate) fn failed(&self, error: StoreError) -> Error {
        Error::Aws(match error {
            StoreError::OutOfReach => format!("{error}. {}", self.when_out_of_reach),
            StoreError::Unavailable { .. } => format!("{error}. {}", self.when_refused),
            StoreError::Unreadable(_) | StoreError::Unwritable => {
                format!("{error}. It may be of another release: use the leadctl that belongs to it.")
            }
        })
    }

    /// Says what to do about any other service that did not do what it was asked.
    pub(crate) fn refused<E: ProvideErrorMetadata, R>(&self, service: &str, error: &SdkError<E, R>) -> Error {
        Error::Aws(match error {
            SdkError::DispatchFailure(_) => format!("{service} is out of reach. {}", self.when_out_of_reach),
            error => format!("{service}: {}. {}", error.code().unwrap_or("no answer"), self.when_refused),
        })
    }
}

fn named<'a>(url: Option<&'a str>, variable: &str) -> Result<&'a str, Error> {
    url.ok_or_else(|| Error::Usage(format!("it is not said which queue: set {variable} to its URL")))
}

fn loader() -> Result<ConfigLoader, Error> {
    // A function's clients search for no credentials, and their limits are too tight for a person who is asked for a second
    // factor on the way.
    let http = aws::http(Duration::from_secs(5))
        .map_err(|error| Error::Usage(format!("AWS_CA_BUNDLE or HTTPS_PROXY cannot be used: {error}")))?;
    let patience = TimeoutConfig::builder()
        .operation_attempt_timeout(Duration::from_secs(20))
        .operation_timeout(Duration::from_secs(60));
    let loader = aws_config::defaults(aws::behavior()).http_client(aws::over(http));
    Ok(loader.timeout_config(patience.build()).retry_config(RetryConfig::standard().with_max_attempts(3)))
}

async fn config(place: &Place) -> Result<SdkConfig, Error> {
    let mut loader = loader()?;
    if let Some(profile) = &place.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = &place.region {
        loader = loader.region(Region::new(region.clone()));
    }
    Ok(loader.load().await)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn production_is_not_changed_without_a_word() {
        for (kind, yes, somebody, care) in [
            (Kind::Local, false, true, Care::None),
            (Kind::Trial, false, true, Care::None),
            (Kind::Production, false, true, Care::Ask),
            (Kind::Production, false, false, Care::Refuse),
            (Kind::Production, true, false, Care::None),
            (Kind::Unknown, false, true, Care::Ask),
            (Kind::Unknown, false, false, Care::None),
        ] {
            assert_eq!(kind.care(yes, somebody), care, "{kind:?} {yes} {somebody}");
        }
    }
}
