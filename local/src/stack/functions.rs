//! The functions of the stack, and the routes that lead to them.

use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;
use leadping::check::Window;
use leadping::client::aws::Clients;
use leadping::http;
use leadping::intake::Intake;
use leadping::process::Worker;
use leadping::read::Reading;
use leadping::settings::{IntakeSettings, ProcessSettings, ReadSettings};

use super::settings::stand_in_secret;
use crate::function::Function;
use crate::gateway::{Route, sign_in};

/// The functions' timeouts, as in the template.
const INTAKE_TIMEOUT: Duration = Duration::from_secs(10);
const WORKER_TIMEOUT: Duration = Duration::from_secs(30);
const PAGE_TIMEOUT: Duration = Duration::from_secs(3);

/// The functions.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Functions {
    pub check_lead: Function,
    pub create_lead: Function,
    pub intake_lead: Function,
    pub process_lead: Function,
    pub read_leads: Function,
    pub show_app: Function,
}

impl Functions {
    pub(super) async fn start(
        intake: &IntakeSettings,
        process: &ProcessSettings,
        clients: &Clients,
    ) -> anyhow::Result<Self> {
        let read = ReadSettings {
            sources_table: intake.check.sources_table.clone(),
            leads_table: intake.check.leads_table.clone(),
            limits_table: intake.check.limits_table.clone(),
            business_claim: "business_id".to_owned(),
            reader_digest_key: stand_in_secret(),
            connects_ahead: false,
        };
        let reading = Arc::new(Reading::new(&read, clients).await?);
        let window = Arc::new(Window::new(&intake.check, clients).await?);
        let intake = Arc::new(Intake::new(intake, clients).await?);
        let worker = Arc::new(Worker::new(process, clients).await?);
        Ok(Self {
            check_lead: Function::new("check-lead", INTAKE_TIMEOUT, check_lead::service(window)),
            create_lead: Function::new("create-lead", INTAKE_TIMEOUT, create_lead::service(Arc::clone(&intake))),
            intake_lead: Function::new("intake-lead", INTAKE_TIMEOUT, intake_lead::service(intake)),
            process_lead: Function::new("process-lead", WORKER_TIMEOUT, process_lead::service(worker)),
            read_leads: Function::new("read-leads", INTAKE_TIMEOUT, read_leads::service(reading)),
            show_app: Function::new("show-app", PAGE_TIMEOUT, show_app::service(Arc::new(sign_in::page()))),
        })
    }

    pub(super) fn routes(&self) -> Vec<Route> {
        let functions = [&self.check_lead, &self.create_lead, &self.intake_lead, &self.read_leads];
        let routes = http::Route::all().filter_map(|route| {
            let function = functions.into_iter().find(|function| function.name() == route.function())?;
            let scope = match route {
                http::Route::User(route) => Some(route.scope()),
                _ => None,
            };
            Some(Route { method: route.method(), path: route.path(), function: function.clone(), scope })
        });
        let page = show_app::PATHS.map(|path| {
            let function = self.show_app.clone();
            Route { method: Method::GET, path, function, scope: None }
        });
        routes.chain(page).collect()
    }
}
