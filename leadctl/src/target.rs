//! Where a command acts: on the running local stack, on a deployed one, or on what the environment names.

mod care;
mod config;
mod deployed;
mod local;
mod remedies;

use std::path::{Path, PathBuf};

use aws_config::retry::RetryConfig;
use aws_config::{Region, SdkConfig};
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use clap::Args;
use leadping::bus::Bus;
use leadping::ledger::{Act, Head, Subject};
use leadping::settings::LIMITS_TABLE;
use leadping::settings::optional;
use leadping::store::{Leads, Ledger, Limits, Sources, StoreError};
use leadping::time::Timestamp;

use crate::error::Error;
use care::Kind;
use deployed::Deployed;
use local::Running;
use remedies::Remedies;

/// The heading of the flags that every command takes.
pub(crate) const EVERYWHERE: &str = "Options of every command";

/// Where the local stack keeps its data, unless told otherwise.
const LOCAL_DATA: &str = ".leadping";

/// The deployed stack to act on, when the command line names no target.
const STACK: &str = "LEADCTL_STACK";

/// The most leads that one command shows. Its entry in the ledger has their ids, and DynamoDB's items have 400 KB at most.
pub(crate) const MAX_SHOWN: u16 = 1_000;

/// What the command line says about where to act.
#[derive(Debug, Args)]
pub(crate) struct TargetArguments {
    /// Act on the stack that `cargo run` started in this directory
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    local: bool,

    /// Act on the local stack whose data is in DIR instead of .leadping
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "DIR")]
    data: Option<PathBuf>,

    /// Act on this deployed stack, instead of LEADCTL_STACK's
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

impl TargetArguments {
    /// Whether the local stack is meant.
    pub(crate) fn is_local(&self) -> bool {
        self.local || self.data.is_some()
    }

    async fn config(&self) -> Result<SdkConfig, Error> {
        config::of(self.profile.as_deref(), self.region.as_deref()).await
    }
}

/// The tables and queues to act on.
#[derive(Debug)]
pub(crate) struct Target {
    /// What it is called.
    pub(crate) name: String,
    kind: Kind,
    /// Whether the operator confirms changes in advance.
    yes: bool,
    remedies: Remedies,
    /// What AWS clients are made of.
    pub(crate) config: SdkConfig,

    // Always there.
    /// The table of sources.
    pub(crate) sources: Sources,
    /// The table of leads.
    pub(crate) leads: Leads,
    /// The table of limits.
    pub(crate) limits: Limits,
    /// The table of the ledger.
    pub(crate) ledger: Ledger,
    /// SQS, where the queues are.
    pub(crate) sqs: aws_sdk_sqs::Client,

    // Where it is known.
    queue_url: Option<String>,
    dead_letter_queue_url: Option<String>,
    bus: Option<Bus>,
    /// The address that leads are posted to.
    pub(crate) gateway: Option<String>,
    /// Where the functions ask TrustedForm: its stand-in, on the local stack.
    pub(crate) trusted_form: Option<String>,

    // Of a deployed stack alone.
    /// The ARNs of our own credentials with the services outside: parameter and ARN.
    pub(crate) secrets: Vec<(String, String)>,
    /// The stack's name and CloudFormation's status of it.
    pub(crate) stack: Option<(String, String)>,

    // Of the local stack alone.
    /// The address of its bus, which shows what it receives.
    pub(crate) bus_url: Option<String>,
    /// The address of its issuer of tokens.
    pub(crate) issuer: Option<String>,
}

impl Target {
    /// Finds the tables and queues. They are not called yet; the outputs of a deployed stack are read.
    ///
    /// # Errors
    /// [`Error::Usage`] when neither the command line nor the environment leads to any, [`Error::NotFound`] for a stack
    /// that does not exist, [`Error::Aws`] when CloudFormation does not answer.
    pub(crate) async fn find(arguments: &TargetArguments) -> Result<Self, Error> {
        let target = if arguments.is_local() {
            Self::local(arguments.data.as_deref().unwrap_or(Path::new(LOCAL_DATA))).await?
        } else if let Some(stack) = arguments.stack.clone().or_else(|| optional(STACK)) {
            let config = arguments.config().await?;
            Self::deployed(config.clone(), Deployed::read(&config, &stack).await?)
        } else {
            Self::named_in_env(arguments).await?
        };
        Ok(Self { yes: arguments.yes, ..target })
    }

    async fn local(data: &Path) -> Result<Self, Error> {
        let path = data.join("running.json");
        let running = Running::read(&path)?;
        // On one machine a retry meets what the first try met.
        let loader = config::loader()?.region(Region::new(running.region)).test_credentials();
        let config = loader.retry_config(RetryConfig::disabled()).load().await;
        let dynamodb = aws_sdk_dynamodb::config::Builder::from(&config).endpoint_url(&running.dynamodb).build();
        let events = aws_sdk_eventbridge::config::Builder::from(&config).endpoint_url(&running.bus).build();
        let sqs = aws_sdk_sqs::config::Builder::from(&config).endpoint_url(&running.sqs).build();
        let remedies = Remedies {
            out_of_reach: format!(
                "Nothing listens at {}, where {} says that the local stack runs: it has stopped. Start it again with \
                 `cargo run` in another terminal",
                running.dynamodb,
                path.display()
            ),
            late: "The local stack runs but does not answer: stop it, and start it again with `cargo run`".to_owned(),
            refused: "The local stack may be of another release: start it again with `cargo run`".to_owned(),
        };
        let tables = [running.sources_table, running.leads_table, running.limits_table, running.ledger_table];
        let name = format!("the local stack in {}", data.display());
        Ok(Self {
            sqs: aws_sdk_sqs::Client::from_conf(sqs),
            queue_url: Some(running.queue_url),
            dead_letter_queue_url: Some(running.dead_letter_queue_url),
            bus: Some(Bus::new(aws_sdk_eventbridge::Client::from_conf(events), running.event_bus_name)),
            gateway: running.gateway,
            trusted_form: Some(running.trusted_form),
            bus_url: Some(running.bus),
            issuer: running.issuer,
            ..Self::of(name, Kind::Local, config, aws_sdk_dynamodb::Client::from_conf(dynamodb), tables, remedies)
        })
    }

    fn deployed(config: SdkConfig, stack: Deployed) -> Self {
        let dynamodb = aws_sdk_dynamodb::Client::new(&config);
        let region = config.region().map(ToString::to_string).unwrap_or_default();
        let remedies = Remedies::only(format!(
            "Check that you are signed in (`aws sts get-caller-identity`) and may use the tables and queues of {}",
            stack.name
        ));
        let tables = [stack.sources_table, stack.leads_table, stack.limits_table, stack.ledger_table];
        let name = format!("the stack {} ({}, {region})", stack.name, stack.stage);
        let kind = if stack.stage == "production" { Kind::Production } else { Kind::Trial };
        Self {
            queue_url: Some(stack.queue_url),
            dead_letter_queue_url: Some(stack.dead_letter_queue_url),
            bus: stack.event_bus.map(|name| Bus::new(aws_sdk_eventbridge::Client::new(&config), name)),
            gateway: Some(stack.api_url),
            trusted_form: stack.trusted_form,
            secrets: stack.secrets,
            stack: Some((stack.name, stack.status)),
            ..Self::of(name, kind, config, dynamodb, tables, remedies)
        }
    }

    async fn named_in_env(arguments: &TargetArguments) -> Result<Self, Error> {
        let tables = ["SOURCES_TABLE", "LEADS_TABLE", "LEDGER_TABLE"].map(optional);
        let [Some(sources), Some(leads), Some(ledger)] = tables else {
            return Err(Error::Usage(
                "no target given: --local for the stack that `cargo run` started in this directory, --stack NAME (or \
                 LEADCTL_STACK) for a deployed one, or SOURCES_TABLE, LEADS_TABLE and LEDGER_TABLE for tables by their \
                 names"
                    .to_owned(),
            ));
        };
        let config = arguments.config().await?;
        let dynamodb = aws_sdk_dynamodb::Client::new(&config);
        let name = format!("the tables {sources} and {leads}");
        let remedies = Remedies::only(format!(
            "Check that you are signed in (`aws sts get-caller-identity`) and may use the tables, and that \
             AWS_REGION and AWS_PROFILE lead to {sources} and {leads}"
        ));
        let limits = optional("LIMITS_TABLE").unwrap_or_else(|| LIMITS_TABLE.to_owned());
        Ok(Self {
            queue_url: optional("LEAD_CREATED_QUEUE_URL"),
            dead_letter_queue_url: optional("DEAD_LETTER_QUEUE_URL"),
            bus: optional("EVENT_BUS_NAME").map(|name| Bus::new(aws_sdk_eventbridge::Client::new(&config), name)),
            ..Self::of(name, Kind::Unknown, config, dynamodb, [sources, leads, limits, ledger], remedies)
        })
    }

    /// What every target has: the tables of sources, leads, limits and the ledger, by their names.
    fn of(
        name: String,
        kind: Kind,
        config: SdkConfig,
        dynamodb: aws_sdk_dynamodb::Client,
        [sources, leads, limits, ledger]: [String; 4],
        remedies: Remedies,
    ) -> Self {
        Self {
            name,
            kind,
            yes: false,
            remedies,
            sources: Sources::new(dynamodb.clone(), sources),
            leads: Leads::new(dynamodb.clone(), leads),
            limits: Limits::new(dynamodb.clone(), limits),
            ledger: Ledger::new(dynamodb, ledger),
            sqs: aws_sdk_sqs::Client::new(&config),
            config,
            queue_url: None,
            dead_letter_queue_url: None,
            bus: None,
            gateway: None,
            trusted_form: None,
            secrets: Vec::new(),
            stack: None,
            bus_url: None,
            issuer: None,
        }
    }

    /// Whether it is the local stack.
    pub(crate) fn is_local(&self) -> bool {
        self.kind == Kind::Local
    }

    /// Whether it is a production stack.
    pub(crate) fn is_production(&self) -> bool {
        self.kind == Kind::Production
    }

    /// Whether it is the local stack, and its functions run elsewhere or not at all.
    pub(crate) fn is_backends_only(&self) -> bool {
        self.is_local() && self.gateway.is_none()
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

    /// The bus for subscribers.
    ///
    /// # Errors
    /// [`Error::Usage`] when it is not known.
    pub(crate) fn bus(&self) -> Result<&Bus, Error> {
        self.bus.as_ref().ok_or_else(|| {
            Error::Usage(match &self.stack {
                Some((name, _)) => format!("the stack {name} has no bus: deploy this release first"),
                None => "no bus given: set EVENT_BUS_NAME to its name".to_owned(),
            })
        })
    }

    /// A client of Secrets Manager.
    pub(crate) fn secrets_manager(&self) -> aws_sdk_secretsmanager::Client {
        aws_sdk_secretsmanager::Client::new(&self.config)
    }

    /// The caller: its ARN, or `local`.
    ///
    /// # Errors
    /// [`Error::Aws`] when STS does not say.
    pub(crate) async fn caller(&self) -> Result<String, Error> {
        if self.is_local() {
            return Ok("local".to_owned());
        }
        let identity = aws_sdk_sts::Client::new(&self.config).get_caller_identity().send().await;
        let identity = identity.map_err(|error| self.aws_error("STS", &error))?;
        Ok(identity.arn.unwrap_or_else(|| "unknown".to_owned()))
    }

    /// Writes into the ledger that the caller reads leads. Call it before anything of them is shown.
    ///
    /// # Errors
    /// When STS does not say who the caller is, or the table does not answer. Nothing may be shown then.
    pub(crate) async fn note(&self, action: &str, subject: Subject) -> Result<Head, Error> {
        let act = Act { at: Timestamp::now(), by: self.caller().await?, action: action.to_owned(), subject };
        self.ledger.note(&act).await.map_err(|error| self.store_error(error))
    }

    /// Asks before production is changed. A target that does not say what it is asks where there is a person to answer.
    ///
    /// # Errors
    /// [`Error::Refused`] when the answer is no, or there is no person to ask.
    pub(crate) fn confirm(&self, what: &str) -> Result<(), Error> {
        self.kind.confirm(&self.name, what, self.yes)
    }

    /// Asks before a change whose effect on others an operator may not expect, on every target where there is a person to
    /// answer.
    ///
    /// # Errors
    /// [`Error::Refused`] when the answer is no, or there is no person to ask and the data may be real people's.
    pub(crate) fn confirm_always(&self, what: &str) -> Result<(), Error> {
        self.kind.confirm_always(&self.name, what, self.yes)
    }

    /// Says what to do about a table that did not do what it was asked.
    pub(crate) fn store_error(&self, error: StoreError) -> Error {
        let remedy = match &error {
            StoreError::OutOfReach => self.remedies.out_of_reach.clone(),
            StoreError::TimedOut => self.remedies.late.clone(),
            StoreError::Unavailable { .. } => self.remedies.refused.clone(),
            StoreError::Throttled | StoreError::Contended => "Try it again in a minute".to_owned(),
            StoreError::Unreadable(_) | StoreError::Unwritable => {
                "It may be of another release: use that release's leadctl".to_owned()
            }
        };
        Error::Aws { what: error.to_string(), remedy }
    }

    /// Says what to do about any other service that did not do what it was asked.
    pub(crate) fn aws_error<E: ProvideErrorMetadata, R>(&self, service: &str, error: &SdkError<E, R>) -> Error {
        let (what, remedy) = match error {
            SdkError::DispatchFailure(_) => (format!("{service} is out of reach"), &self.remedies.out_of_reach),
            SdkError::TimeoutError(_) => (format!("{service} did not answer in time"), &self.remedies.late),
            error => (format!("{service}: {}", error.code().unwrap_or("no readable answer")), &self.remedies.refused),
        };
        Error::Aws { what, remedy: remedy.clone() }
    }

    /// There is no connection to a service.
    pub(crate) fn out_of_reach(&self, what: String) -> Error {
        Error::Aws { what, remedy: self.remedies.out_of_reach.clone() }
    }

    /// A service has not answered for as long as there was time.
    pub(crate) fn late(&self, what: String) -> Error {
        Error::Aws { what, remedy: self.remedies.late.clone() }
    }
}

fn named<'a>(url: Option<&'a str>, variable: &str) -> Result<&'a str, Error> {
    url.ok_or_else(|| Error::Usage(format!("no queue given: set {variable} to its URL")))
}

#[cfg(test)]
mod tests {
    use leadping::id::LeadId;

    use super::*;

    #[test]
    fn the_longest_entry_is_far_from_the_limit_of_an_item() {
        let leads = vec![LeadId::from_digest(&[0xff; 32]); usize::from(MAX_SHOWN)];
        let document = serde_json::to_string(&Subject { leads, ..Subject::default() }).unwrap();
        assert!(document.len() < 100_000, "{}", document.len());
    }
}
