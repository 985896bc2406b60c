//! The whole product, running on this machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use axum::http::Method;
use leadping::client::aws::{self, Clients, Endpoints};
use leadping::intake::Intake;
use leadping::payload::Entrance;
use leadping::process::Processor;
use leadping::settings::{IntakeSettings, LookupSettings, ProcessSettings, Secret, SecretSetting};
use leadping::store::{Leads, Sources, schema};
use serde::Serialize;
use serde_json::json;
use tokio::net::TcpListener;

use crate::demo;
use crate::dynamodb::{DynamoDb, Storage};
use crate::event_source::{EventSource, Polling};
use crate::function::Function;
use crate::gateway::{Gateway, Route};
use crate::phone_lookup::PhoneLookup;
use crate::schedule::Schedule;
use crate::server;
use crate::sqs::Sqs;
use crate::tables::{self, Queues};
use crate::trusted_form::{self, TrustedForm};

const SOURCES_TABLE: &str = "leadping-sources";
const LEADS_TABLE: &str = "leadping-leads";
const REGION: &str = "us-east-1";

/// Any credential does for engines and stand-ins.
const STAND_IN: &str = "local";
const STAND_IN_ACCOUNT: &str = "AC00000000000000000000000000000000";

/// Stands for the look-up provider's address where there is none, and is the setting for that.
const NO_LOOKUP: &str = "none";

/// What the functions may take (architecture, Time).
const INTAKE_LIMIT: Duration = Duration::from_secs(10);
const WORKER_LIMIT: Duration = Duration::from_secs(30);

/// How the stack is to run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The gateway's port; any free one for 0.
    pub port: u16,
    /// Whether the API is served: without it leads come only to functions that run elsewhere.
    pub gateway: bool,
    /// The directory of the tables' file; nothing outlives the stack without one.
    pub data: Option<PathBuf>,
    /// Whether the worker runs: without it leads are accepted and announced, and wait.
    pub worker: bool,
    /// How the worker's queue is polled.
    pub polling: Polling,
    /// How often unfinished leads are looked for: a minute in production.
    pub sweep: Duration,
    /// When an unfinished lead is first due: a minute in production.
    pub due_after: Duration,
    /// How long a look-up has its lead for itself.
    pub lease: Duration,
    /// How long a message that was not done with stays invisible.
    pub visibility_seconds: u32,
    /// How long the stand-in for TrustedForm takes over a `slow` certificate.
    pub slow: Duration,
    /// The real TrustedForm and its key, instead of the stand-in.
    pub trusted_form: Option<(url::Url, SecretSetting)>,
    /// A real provider, or none, instead of the stand-in.
    pub lookup: Option<LookupSettings>,
    /// What the functions call instead of the engines and stand-ins, as a test does that stands between them.
    pub front: Option<Front>,
}

/// Base URLs that the functions call, each instead of the one it is named after.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each is what it is called after")]
pub struct Front {
    pub dynamodb: String,
    pub sqs: String,
    pub trusted_form: String,
    pub phone_lookup: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 3000,
            gateway: true,
            data: None,
            worker: true,
            polling: Polling::default(),
            sweep: Duration::from_secs(5),
            due_after: Duration::from_secs(10),
            lease: Duration::from_secs(40),
            visibility_seconds: 30,
            slow: trusted_form::SLOW,
            trusted_form: None,
            lookup: None,
            front: None,
        }
    }
}

/// Where everything is: what `running.json` holds.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "each is the base URL or the name of what it is called after")]
pub struct Addresses {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway: Option<String>,
    pub dynamodb: String,
    pub sqs: String,
    pub queue_url: String,
    pub dead_letter_queue_url: String,
    pub sources_table: String,
    pub leads_table: String,
    pub region: String,
    pub trusted_form: String,
    pub phone_lookup: String,
    pub pid: u32,
}

impl Addresses {
    /// The settings of functions that run elsewhere than in this stack, by the names of their environment's variables.
    ///
    /// TrustedForm's and the look-up provider's keys are those of the stand-ins; a real service's is left to whoever runs
    /// the function.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let of = |name, value: &str| (name, value.to_owned());
        let lookup = if self.phone_lookup == NO_LOOKUP { NO_LOOKUP } else { "twilio" };
        vec![
            of("AWS_ENDPOINT_URL_DYNAMODB", &self.dynamodb),
            of("AWS_ENDPOINT_URL_SQS", &self.sqs),
            of("AWS_REGION", &self.region),
            of("AWS_ACCESS_KEY_ID", STAND_IN),
            of("AWS_SECRET_ACCESS_KEY", STAND_IN),
            of("SOURCES_TABLE", &self.sources_table),
            of("LEADS_TABLE", &self.leads_table),
            of("LEAD_CREATED_QUEUE_URL", &self.queue_url),
            of("TRUSTED_FORM_URL", &self.trusted_form),
            of("TRUSTED_FORM_API_KEY", STAND_IN),
            of("PHONE_LOOKUP", lookup),
            of("TWILIO_URL", &self.phone_lookup),
            of("TWILIO_ACCOUNT_SID", STAND_IN_ACCOUNT),
            of("TWILIO_AUTH_TOKEN", STAND_IN),
        ]
    }
}

/// The three functions, each as AWS would invoke it.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each is what it is called after")]
pub struct Functions {
    pub create_lead: Function,
    pub intake_lead: Function,
    pub process_lead: Function,
}

/// A running stack.
#[derive(Debug)]
pub struct Stack {
    addresses: Addresses,
    clients: Clients,
    functions: Functions,
    gateway: Option<Gateway>,
    worker: Option<(EventSource, Schedule)>,
    trusted_form: TrustedForm,
    phone_lookup: PhoneLookup,
    sqs: Sqs,
    dynamodb: DynamoDb,
    _lock: Option<fs::File>,
}

impl Stack {
    /// Starts everything; the gateway last, when all is ready.
    ///
    /// # Errors
    /// When a port is taken, the directory cannot be used or is another stack's, or an engine does not start.
    pub async fn start(options: &Options) -> anyhow::Result<Self> {
        let listener = if options.gateway { Some(listen(options.port).await?) } else { None };
        let lock = options.data.as_deref().map(lock).transpose()?;
        let file = options.data.as_ref().map(|data| data.join("tables.sqlite"));
        let storage = file.as_deref().map_or(Storage::Memory, Storage::File);
        let dynamodb = DynamoDb::start(0, storage).await?;
        let sqs = Sqs::start(0).await?;
        let clients = clients(dynamodb.url(), sqs.url())?;
        tables::create(&clients.dynamodb, SOURCES_TABLE, schema::SOURCE_INDEXES).await?;
        tables::create(&clients.dynamodb, LEADS_TABLE, schema::LEAD_INDEXES).await?;
        let queues = Queues::create(&clients.sqs, options.visibility_seconds).await?;
        demo::create(&Sources::new(clients.dynamodb.clone(), SOURCES_TABLE)).await?;

        let trusted_form = TrustedForm::start(0, options.slow).await?;
        let phone_lookup = PhoneLookup::start(0).await?;
        let (intake, process) = settings(options, &queues, &trusted_form, &phone_lookup)?;
        let addresses = Addresses {
            gateway: listener.as_ref().map(server::url_of).transpose()?,
            dynamodb: dynamodb.url().to_owned(),
            sqs: sqs.url().to_owned(),
            queue_url: queues.lead_created.clone(),
            dead_letter_queue_url: queues.dead_letters,
            sources_table: SOURCES_TABLE.to_owned(),
            leads_table: LEADS_TABLE.to_owned(),
            region: REGION.to_owned(),
            trusted_form: intake.trusted_form_url.to_string(),
            phone_lookup: lookup_address(&process.lookup),
            pid: std::process::id(),
        };

        let called = match &options.front {
            Some(front) => self::clients(&front.dynamodb, &front.sqs)?,
            None => clients.clone(),
        };
        let intake = Arc::new(Intake::new(&intake, &called).await?);
        let worker = process_lead::service(Arc::new(Processor::new(&process, &called).await?));
        let functions = Functions {
            create_lead: Function::new("create-lead", INTAKE_LIMIT, create_lead::service(Arc::clone(&intake))),
            intake_lead: Function::new("intake-lead", INTAKE_LIMIT, intake_lead::service(intake)),
            process_lead: Function::new("process-lead", WORKER_LIMIT, worker),
        };
        let worker = if options.worker {
            let function = functions.process_lead.clone();
            let sweep = Schedule::start(options.sweep, json!({"sweep": {}}), function.clone());
            Some((
                EventSource::start(clients.sqs.clone(), &queues.lead_created, function, options.polling).await?,
                sweep,
            ))
        } else {
            None
        };
        let routes = vec![
            Route { method: Method::POST, path: Entrance::Structured.path(), function: functions.create_lead.clone() },
            Route { method: Method::POST, path: Entrance::Flat.path(), function: functions.intake_lead.clone() },
            Route { method: Method::GET, path: Entrance::Flat.path(), function: functions.intake_lead.clone() },
        ];
        let gateway = listener.map(|listener| Gateway::start(listener, routes)).transpose()?;
        Ok(Self {
            addresses,
            clients,
            functions,
            gateway,
            worker,
            trusted_form,
            phone_lookup,
            sqs,
            dynamodb,
            _lock: lock,
        })
    }

    /// Where everything is.
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// The functions, to be invoked with events of the caller's own.
    pub fn functions(&self) -> &Functions {
        &self.functions
    }

    /// The table of sources.
    pub fn sources(&self) -> Sources {
        Sources::new(self.clients.dynamodb.clone(), SOURCES_TABLE)
    }

    /// The table of leads.
    pub fn leads(&self) -> Leads {
        Leads::new(self.clients.dynamodb.clone(), LEADS_TABLE)
    }

    /// AWS clients of the engines, such as the functions use.
    pub fn clients(&self) -> &Clients {
        &self.clients
    }

    /// The stand-in for TrustedForm.
    pub fn trusted_form(&self) -> &TrustedForm {
        &self.trusted_form
    }

    /// The stand-in for the look-up provider.
    pub fn phone_lookup(&self) -> &PhoneLookup {
        &self.phone_lookup
    }

    /// Stops everything, in the order in which nothing is missed: what is being answered is answered first.
    pub async fn stop(self) {
        if let Some(gateway) = self.gateway {
            gateway.stop().await;
        }
        if let Some((event_source, sweep)) = self.worker {
            sweep.stop().await;
            event_source.stop().await;
        }
        self.phone_lookup.stop().await;
        self.trusted_form.stop().await;
        self.sqs.stop().await;
        self.dynamodb.stop().await;
    }
}

async fn listen(port: u16) -> anyhow::Result<TcpListener> {
    server::listen(port)
        .await
        .with_context(|| format!("port {port} of this machine is taken; choose another with --port, or 0 for any"))
}

/// Two stacks on one file would not know of each other.
fn lock(data: &Path) -> anyhow::Result<fs::File> {
    fs::create_dir_all(data).with_context(|| format!("cannot make the directory {}", data.display()))?;
    let file = fs::File::create(data.join("lock"))?;
    file.try_lock().with_context(|| {
        format!("{} is in use by another running stack; stop that one, or start with --memory", data.display())
    })?;
    Ok(file)
}

/// AWS clients of engines at these base URLs.
///
/// # Errors
/// When the bundle of `AWS_CA_BUNDLE` cannot be read or is refused.
pub fn clients(dynamodb: &str, sqs: &str) -> anyhow::Result<Clients> {
    let credentials = Credentials::new(STAND_IN, STAND_IN, None, None, STAND_IN);
    let endpoints =
        Endpoints { dynamodb: Some(dynamodb.to_owned()), sqs: Some(sqs.to_owned()), ..Endpoints::default() };
    let credentials = SharedCredentialsProvider::new(credentials);
    Ok(Clients::new(aws::http(aws::CONNECT)?, REGION.to_owned(), credentials, endpoints))
}

fn settings(
    options: &Options,
    queues: &Queues,
    trusted_form: &TrustedForm,
    phone_lookup: &PhoneLookup,
) -> anyhow::Result<(IntakeSettings, ProcessSettings)> {
    let (trusted_form_url, trusted_form_key) = match &options.trusted_form {
        Some((url, key)) => (url.clone(), key.clone()),
        None => {
            let url = options.front.as_ref().map_or(trusted_form.url(), |front| &front.trusted_form);
            (url.parse()?, stand_in_secret())
        }
    };
    let lookup = match &options.lookup {
        Some(lookup) => lookup.clone(),
        None => LookupSettings::Twilio {
            url: options.front.as_ref().map_or(phone_lookup.url(), |front| &front.phone_lookup).parse()?,
            account_sid: STAND_IN_ACCOUNT.to_owned(),
            auth_token: stand_in_secret(),
            caller_name: false,
        },
    };
    let intake = IntakeSettings {
        sources_table: SOURCES_TABLE.to_owned(),
        leads_table: LEADS_TABLE.to_owned(),
        queue_url: queues.lead_created.clone(),
        trusted_form_url,
        trusted_form_key,
        trusted_form_ca_bundle: leadping::settings::optional("TRUSTED_FORM_CA_BUNDLE").map(PathBuf::from),
        due_after: options.due_after,
        connects_ahead: false,
    };
    let process = ProcessSettings {
        leads_table: LEADS_TABLE.to_owned(),
        queue_url: queues.lead_created.clone(),
        lookup,
        due_after: options.due_after,
        lease: options.lease,
        connects_ahead: false,
    };
    Ok((intake, process))
}

fn stand_in_secret() -> SecretSetting {
    SecretSetting::Value(Secret::new(STAND_IN))
}

fn lookup_address(lookup: &LookupSettings) -> String {
    match lookup {
        LookupSettings::None => NO_LOOKUP.to_owned(),
        LookupSettings::Twilio { url, .. } | LookupSettings::Telnyx { url, .. } => url.to_string(),
    }
}
