//! The whole product, running on this machine.

mod functions;
mod settings;

pub use functions::Functions;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use leadping::client::aws::{self, Clients, Endpoints};
use leadping::settings::{IntakeSettings, LIMITS_TABLE, LookupSettings, ProcessSettings, SecretSetting};
use leadping::store::{Leads, Ledger, Limits, Sources, schema};
use serde_json::json;
use tokio::net::TcpListener;

use crate::demo;
use crate::dynamodb::{DynamoDb, Storage};
use crate::event_source::{EventSource, Polling};
use crate::gateway::Gateway;
use crate::issuer::Issuer;
use crate::running::{self, Addresses, STAND_IN};
use crate::schedule::Schedule;
use crate::server;
use crate::sqs::Sqs;
use crate::stand_ins::bus::FakeBus;
use crate::stand_ins::lookup::FakeLookup;
use crate::stand_ins::trusted_form::{self, FakeTrustedForm};
use crate::tables::{self, Queues};

const SOURCES_TABLE: &str = "leadping-sources";
const LEADS_TABLE: &str = "leadping-leads";
const LEDGER_TABLE: &str = "leadping-ledger";
const EVENT_BUS: &str = "leadping-events";
const REGION: &str = "us-east-1";

/// How the stack runs.
#[derive(Clone, Debug)]
pub struct Options {
    /// The gateway's port; 0 for any free port.
    pub port: u16,
    /// Whether the API is served. Without it, leads come only through functions that run elsewhere.
    pub gateway: bool,
    /// The directory of the tables' file. Without it, the tables are in memory.
    pub data: Option<PathBuf>,
    /// Whether the worker runs. Without it, leads are accepted and announced, and wait.
    pub worker: bool,
    /// How the worker's queue is polled.
    pub polling: Polling,
    /// The time between two sweeps for unfinished leads: a minute in production.
    pub sweep: Duration,
    /// The time until an unfinished lead is first due: a minute in production.
    pub due_after: Duration,
    /// How long a lookup's lease lasts.
    pub lease: Duration,
    /// How long a received message stays invisible if it is not deleted.
    pub visibility_seconds: u32,
    /// How long the stand-in for TrustedForm takes for a `slow` certificate.
    pub slow: Duration,
    /// The real TrustedForm and its key, instead of the stand-in.
    pub trusted_form: Option<(url::Url, SecretSetting)>,
    /// A real provider, or none, instead of the stand-in.
    pub lookup: Option<LookupSettings>,
    /// What the functions call instead of the engines and stand-ins, such as a test's proxy.
    pub front: Option<Front>,
}

/// Base URLs that the functions call, each instead of the service that it is named after.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Front {
    pub dynamodb: String,
    pub sqs: String,
    pub trusted_form: String,
    pub phone_lookup: String,
    pub bus: String,
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

/// A running stack.
#[derive(Debug)]
pub struct Stack {
    addresses: Addresses,
    functions: Functions,
    gateway: Option<Gateway>,
    worker: Option<(EventSource, Schedule)>,
    stand_ins: StandIns,
    engines: Engines,
    _lock: Option<fs::File>,
}

impl Stack {
    /// Starts everything. The gateway is opened last, when everything is ready.
    ///
    /// # Errors
    /// When the port is taken, the directory cannot be used or belongs to another running stack, or an engine does not start.
    pub async fn start(options: &Options) -> anyhow::Result<Self> {
        let listener = if options.gateway { Some(listen(options.port).await?) } else { None };
        let lock = options.data.as_deref().map(lock).transpose()?;
        let stand_ins = StandIns::start(options).await?;
        let engines = Engines::start(options, stand_ins.bus.url()).await?;
        let (intake, process) = settings::of(options, &engines.queues, &stand_ins)?;
        let addresses = engines.addresses(listener.as_ref(), &intake, &process, &stand_ins)?;
        let called = match &options.front {
            Some(front) => clients(&front.dynamodb, &front.sqs, &front.bus)?,
            None => engines.clients.clone(),
        };
        let functions = Functions::start(&intake, &process, &called).await?;
        let worker = if options.worker { Some(engines.worker(options, &functions).await?) } else { None };
        let gateway = listener.map(|listener| Gateway::start(listener, functions.routes())).transpose()?;
        Ok(Self { addresses, functions, gateway, worker, stand_ins, engines, _lock: lock })
    }

    /// The addresses of everything that runs.
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// The functions, which can be invoked with any event.
    pub fn functions(&self) -> &Functions {
        &self.functions
    }

    /// The table of sources.
    pub fn sources(&self) -> Sources {
        Sources::new(self.engines.clients.dynamodb.clone(), SOURCES_TABLE)
    }

    /// The table of leads.
    pub fn leads(&self) -> Leads {
        Leads::new(self.engines.clients.dynamodb.clone(), LEADS_TABLE)
    }

    /// The table of limits.
    pub fn limits(&self) -> Limits {
        Limits::new(self.engines.clients.dynamodb.clone(), LIMITS_TABLE)
    }

    /// The table of the ledger.
    pub fn ledger(&self) -> Ledger {
        Ledger::new(self.engines.clients.dynamodb.clone(), LEDGER_TABLE)
    }

    /// AWS clients of the engines, like those of the functions.
    pub fn clients(&self) -> &Clients {
        &self.engines.clients
    }

    /// The stand-in for TrustedForm.
    pub fn trusted_form(&self) -> &FakeTrustedForm {
        &self.stand_ins.trusted_form
    }

    /// The stand-in for the lookup provider.
    pub fn phone_lookup(&self) -> &FakeLookup {
        &self.stand_ins.lookup
    }

    /// The stand-in for the bus.
    pub fn bus(&self) -> &FakeBus {
        &self.stand_ins.bus
    }

    /// Stops everything. Open requests are answered first.
    pub async fn stop(self) {
        if let Some(gateway) = self.gateway {
            gateway.stop().await;
        }
        if let Some((event_source, sweep)) = self.worker {
            sweep.stop().await;
            event_source.stop().await;
        }
        self.stand_ins.lookup.stop().await;
        self.stand_ins.trusted_form.stop().await;
        self.stand_ins.bus.stop().await;
        self.engines.sqs.stop().await;
        self.engines.dynamodb.stop().await;
    }
}

/// DynamoDB and SQS, with their tables and queues.
#[derive(Debug)]
struct Engines {
    dynamodb: DynamoDb,
    sqs: Sqs,
    clients: Clients,
    queues: Queues,
}

impl Engines {
    async fn start(options: &Options, bus: &str) -> anyhow::Result<Self> {
        let file = options.data.as_ref().map(|data| data.join(TABLES));
        let dynamodb = DynamoDb::start(0, file.as_deref().map_or(Storage::Memory, Storage::File)).await?;
        let sqs = Sqs::start(0).await?;
        let clients = clients(dynamodb.url(), sqs.url(), bus)?;
        tables::create(&clients.dynamodb, SOURCES_TABLE, schema::SOURCE_INDEXES).await?;
        tables::create(&clients.dynamodb, LEADS_TABLE, schema::LEAD_INDEXES).await?;
        tables::create(&clients.dynamodb, LIMITS_TABLE, schema::LIMIT_INDEXES).await?;
        tables::create(&clients.dynamodb, LEDGER_TABLE, &[]).await?;
        tables::expire(&clients.dynamodb, LEADS_TABLE).await?;
        tables::expire(&clients.dynamodb, LIMITS_TABLE).await?;
        let sources = Sources::new(clients.dynamodb.clone(), SOURCES_TABLE);
        demo::create_all(&sources, &Ledger::new(clients.dynamodb.clone(), LEDGER_TABLE)).await?;
        let queues = Queues::create(&clients.sqs, options.visibility_seconds).await?;
        Ok(Self { dynamodb, sqs, clients, queues })
    }

    fn addresses(
        &self,
        listener: Option<&TcpListener>,
        intake: &IntakeSettings,
        process: &ProcessSettings,
        stand_ins: &StandIns,
    ) -> anyhow::Result<Addresses> {
        let gateway = listener.map(server::url_of).transpose()?;
        Ok(Addresses {
            issuer: gateway.as_deref().map(|gateway| Issuer::of(gateway).url().to_owned()),
            gateway,
            dynamodb: self.dynamodb.url().to_owned(),
            sqs: self.sqs.url().to_owned(),
            queue_url: self.queues.lead_created.clone(),
            dead_letter_queue_url: self.queues.dead_letters.clone(),
            sources_table: SOURCES_TABLE.to_owned(),
            leads_table: LEADS_TABLE.to_owned(),
            limits_table: LIMITS_TABLE.to_owned(),
            ledger_table: LEDGER_TABLE.to_owned(),
            region: REGION.to_owned(),
            trusted_form: intake.check.trusted_form.url.to_string(),
            phone_lookup: settings::lookup_address(&process.lookup),
            bus: stand_ins.bus.url().to_owned(),
            event_bus_name: process.event_bus.clone(),
            pid: std::process::id(),
        })
    }

    /// What invokes the worker: the queue's event source and the schedule of the sweep.
    async fn worker(&self, options: &Options, functions: &Functions) -> anyhow::Result<(EventSource, Schedule)> {
        let (sqs, queue) = (self.clients.sqs.clone(), &self.queues.lead_created);
        let function = &functions.process_lead;
        let event_source = EventSource::start(sqs, queue, function.clone(), options.polling).await?;
        Ok((event_source, Schedule::start(options.sweep, json!({"sweep": {}}), function.clone())))
    }
}

/// The stand-ins for services that have no engine here.
#[derive(Debug)]
struct StandIns {
    trusted_form: FakeTrustedForm,
    lookup: FakeLookup,
    bus: FakeBus,
}

impl StandIns {
    async fn start(options: &Options) -> anyhow::Result<Self> {
        Ok(Self {
            trusted_form: FakeTrustedForm::start(0, options.slow).await?,
            lookup: FakeLookup::start(0).await?,
            bus: FakeBus::start(0, options.data.as_deref()).await?,
        })
    }
}

async fn listen(port: u16) -> anyhow::Result<TcpListener> {
    server::listen(port)
        .await
        .with_context(|| format!("port {port} is taken; choose another one with --port, or --port 0 for any free port"))
}

/// The file of the tables. Its name has the version of the stored form, so a file that this release cannot read is left
/// alone.
const TABLES: &str = "tables-3.sqlite";

/// The names that the file of the tables had in earlier versions.
const OLD_TABLES: [&str; 2] = ["tables.sqlite", "tables-2.sqlite"];

/// The files in a directory that an earlier version wrote its leads to, and that this one does not read.
pub fn left_by_earlier_versions(data: &Path) -> Vec<PathBuf> {
    OLD_TABLES.map(|name| data.join(name)).into_iter().filter(|file| file.exists()).collect()
}

/// Locks the tables' file, because two stacks must not share it.
fn lock(data: &Path) -> anyhow::Result<fs::File> {
    running::lock(data, "lock")?.with_context(|| {
        format!("{} is in use by another running stack; stop it, or start this one with --memory", data.display())
    })
}

/// AWS clients for the engines at these base URLs.
///
/// # Errors
/// When the file of `AWS_CA_BUNDLE` cannot be read or is not valid.
pub fn clients(dynamodb: &str, sqs: &str, bus: &str) -> anyhow::Result<Clients> {
    let credentials = Credentials::new(STAND_IN, STAND_IN, None, None, STAND_IN);
    let endpoints = Endpoints {
        dynamodb: Some(dynamodb.to_owned()),
        sqs: Some(sqs.to_owned()),
        eventbridge: Some(bus.to_owned()),
        ..Endpoints::default()
    };
    let credentials = SharedCredentialsProvider::new(credentials);
    Ok(Clients::new(aws::http(aws::CONNECT_TIMEOUT)?, REGION.to_owned(), credentials, endpoints))
}
