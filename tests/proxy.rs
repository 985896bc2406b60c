//! A proxy between the functions and everything that they call. It breaks calls on purpose, chosen or random ones, before
//! or after the service has handled them.

mod call;
mod fault;
mod plan;

pub use call::{Point, Service};
pub use fault::{Fault, Side};
pub use plan::mixed;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header, request::Parts};
use axum::response::Response;
use local::server::{self, Cut};
use local::stack::{Front, Stack};
use local::task::Task;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};

use crate::WAIT_TIMEOUT;
use plan::{Action, Plan, Random, Release, Rule};

/// A running proxy: one port for each service.
#[derive(Debug)]
pub struct Proxy {
    shared: Arc<Shared>,
    ports: BTreeMap<Service, Port>,
}

#[derive(Debug)]
struct Port {
    url: String,
    number: u16,
    /// `None` while connections are refused.
    server: Option<Task>,
}

struct Shared {
    client: reqwest::Client,
    upstream: OnceLock<BTreeMap<Service, String>>,
    plan: Mutex<Plan>,
    running: watch::Sender<usize>,
}

/// Leaves out the requests, which may hold personal data.
impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// A call that is or will be held. Dropping this cuts its connection.
#[derive(Debug)]
pub struct Held {
    reached: oneshot::Receiver<()>,
    release: watch::Sender<Option<Release>>,
}

impl Held {
    /// Waits until the call is held.
    ///
    /// # Panics
    /// When the proxy has stopped.
    pub async fn reached(&mut self) {
        (&mut self.reached).await.expect("the proxy runs");
    }

    /// Lets the call continue, even if its caller is gone by now.
    pub fn resume(self) {
        self.release.send_replace(Some(Release::Resume));
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.release.send_if_modified(|release| {
            let undecided = release.is_none();
            release.get_or_insert(Release::Cut);
            undecided
        });
    }
}

impl Proxy {
    /// Opens the ports. [`Self::forward_to`] sets their targets.
    ///
    /// # Panics
    /// When no port can be opened.
    pub async fn start() -> Self {
        let client = leadping::client::web::client(None).expect("a client can be built");
        let shared = Arc::new(Shared {
            client,
            upstream: OnceLock::new(),
            plan: Mutex::default(),
            running: watch::Sender::new(0),
        });
        let mut ports = BTreeMap::new();
        for service in Service::ALL {
            let listener = server::listen(0).await.expect("a port is free");
            let number = listener.local_addr().expect("it has an address").port();
            let url = server::url_of(&listener).expect("it has an address");
            let server = Some(serve(listener, service, &shared));
            ports.insert(service, Port { url, number, server });
        }
        Self { shared, ports }
    }

    /// The URLs for the functions, for [`local::stack::Options::front`].
    pub fn front(&self) -> Front {
        let url = |service| self.ports.get(&service).map(|port| port.url.clone()).unwrap_or_default();
        Front {
            dynamodb: url(Service::DynamoDb),
            sqs: url(Service::Sqs),
            trusted_form: url(Service::TrustedForm),
            phone_lookup: url(Service::PhoneLookup),
            bus: url(Service::Bus),
        }
    }

    /// Forwards calls to the services of this stack.
    pub fn forward_to(&self, stack: &Stack) {
        let addresses = stack.addresses();
        let upstream = [
            (Service::DynamoDb, addresses.dynamodb.as_str()),
            (Service::Sqs, addresses.sqs.as_str()),
            (Service::TrustedForm, stack.trusted_form().url()),
            (Service::PhoneLookup, stack.phone_lookup().url()),
            (Service::Bus, stack.bus().url()),
        ];
        self.shared.upstream.get_or_init(|| upstream.map(|(service, url)| (service, url.to_owned())).into());
    }

    /// Breaks the next `times` calls at this point.
    pub fn break_next(&self, point: Point, side: Side, fault: Fault, times: u64) {
        self.break_next_of("", point, side, fault, times);
    }

    /// Breaks the next `times` calls at this point that contain this text, such as those for one lead.
    pub fn break_next_of(&self, text: &str, point: Point, side: Side, fault: Fault, times: u64) {
        let rule = Rule { point, of: text.to_owned(), side, action: Action::Break(fault), left: times };
        self.shared.plan().rules.push(rule);
    }

    /// Breaks every call at this point, until [`Self::repair`].
    pub fn break_all(&self, point: Point, side: Side, fault: Fault) {
        self.break_next(point, side, fault, u64::MAX);
    }

    /// Holds the next call at this point.
    pub fn hold(&self, point: Point, side: Side) -> Held {
        let (reach, reached) = oneshot::channel();
        let (release, released) = watch::channel(None);
        let action = Action::Hold(Some((reach, released)));
        self.shared.plan().rules.push(Rule { point, of: String::new(), side, action, left: 1 });
        Held { reached, release }
    }

    /// Breaks random calls, this many per thousand. The seed decides which ones and how.
    pub fn break_at_random(&self, seed: u64, per_thousand: u64) {
        self.shared.plan().random = Some(Random { seed, per_thousand });
    }

    /// Stops breaking calls.
    pub fn repair(&self) {
        let mut plan = self.shared.plan();
        plan.rules.clear();
        plan.random = None;
    }

    /// Stops breaking calls that contain this text.
    pub fn repair_of(&self, text: &str) {
        self.shared.plan().rules.retain(|rule| rule.of != text);
    }

    /// Refuses connections to a service, as if it were not running.
    pub async fn refuse(&mut self, service: Service) {
        if let Some(server) = self.ports.get_mut(&service).and_then(|port| port.server.take()) {
            server.stop().await;
        }
    }

    /// Accepts connections to a service again.
    ///
    /// # Panics
    /// When another process has taken its port.
    pub async fn admit(&mut self, service: Service) {
        let port = self.ports.get_mut(&service).expect("each service has a port");
        let listener = server::listen(port.number).await.expect("the port is still free");
        port.server = Some(serve(listener, service, &self.shared));
    }

    /// Waits until no call is running, even calls whose callers are gone.
    ///
    /// # Panics
    /// When a call is held and so never ends.
    pub async fn quiet(&self) {
        let mut running = self.shared.running.subscribe();
        let quiet = tokio::time::timeout(WAIT_TIMEOUT, running.wait_for(|calls| *calls == 0));
        quiet.await.expect("every call ends").expect("the proxy runs");
    }

    /// The number of calls at a point.
    pub fn calls(&self, point: Point) -> u64 {
        self.shared.plan().calls.get(&point).copied().unwrap_or(0)
    }

    /// The number of calls at each point.
    pub fn all_calls(&self) -> BTreeMap<Point, u64> {
        self.shared.plan().calls.clone()
    }

    /// The number of calls of each operation; the operation is empty for a service outside AWS.
    pub fn operations(&self) -> BTreeMap<(Service, String), u64> {
        self.shared.plan().operations.clone()
    }

    /// From now on, asks DynamoDB for the capacity that each call consumes. The functions do not ask for it.
    pub fn meter(&self) {
        self.shared.plan().consumed = Some(BTreeMap::new());
    }

    /// The capacity that calls at each point have consumed since [`Self::meter`], with indexes, in read or write units.
    pub fn consumed(&self) -> BTreeMap<Point, f64> {
        self.shared.plan().consumed.clone().unwrap_or_default()
    }

    /// Every injected fault with its count.
    pub fn injected(&self) -> BTreeMap<(Point, Side, &'static str), u64> {
        self.shared.plan().injected.clone()
    }
}

fn serve(listener: TcpListener, service: Service, shared: &Arc<Shared>) -> Task {
    let router = Router::new().fallback(handle).with_state((service, Arc::clone(shared)));
    Task::spawn(|stopping| server::serve_router(listener, stopping, router))
}

async fn handle(State((service, shared)): State<(Service, Arc<Shared>)>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, usize::MAX).await else { return cut() };
    // A task of its own, so that the call continues when its caller is gone.
    tokio::spawn(async move { shared.pass(service, &parts, body).await }).await.unwrap_or_else(|_| cut())
}

impl Shared {
    async fn pass(&self, service: Service, parts: &Parts, body: Bytes) -> Response {
        self.running.send_modify(|calls| *calls += 1);
        let answer = self.answer(service, parts, body).await;
        self.running.send_modify(|calls| *calls -= 1);
        answer
    }

    async fn answer(&self, service: Service, parts: &Parts, body: Bytes) -> Response {
        let point = Point::of(service, parts, &body);
        *self.plan().operations.entry((service, call::operation(parts).to_owned())).or_default() += 1;
        let action = self.plan().next(service, point, parts.uri.path(), &body);
        if let Some((Side::Before, action)) = action {
            match action.act(service, &body).await {
                Some(answer) => answer,
                None => self.forward(service, parts, body).await,
            }
        } else {
            let answer = self.forward(service, parts, body.clone()).await;
            match action {
                Some((_, action)) => action.act(service, &body).await.unwrap_or(answer),
                None => answer,
            }
        }
    }

    async fn forward(&self, service: Service, parts: &Parts, body: Bytes) -> Response {
        let meters = service == Service::DynamoDb && self.plan().consumed.is_some();
        if !meters {
            return self.send_on(service, parts, body).await;
        }
        let point = Point::of(service, parts, &body);
        let mut request: Value = serde_json::from_slice(&body).expect("DynamoDB requests are JSON");
        request["ReturnConsumedCapacity"] = "INDEXES".into();
        let answer = self.send_on(service, parts, request.to_string().into()).await;
        let (parts, body) = answer.into_parts();
        let body = to_bytes(body, usize::MAX).await.expect("the answer is complete");
        if let Some(consumed) = &mut self.plan().consumed {
            *consumed.entry(point).or_default() += units(&body);
        }
        Response::from_parts(parts, body.into())
    }

    async fn send_on(&self, service: Service, parts: &Parts, body: Bytes) -> Response {
        let Some(base) = self.upstream.get().and_then(|upstream| upstream.get(&service)) else { return cut() };
        let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
        let request = self
            .client
            .request(parts.method.clone(), format!("{}{target}", base.trim_end_matches('/')))
            .headers(passed_on(&parts.headers))
            .body(body);
        let Ok(answer) = request.send().await else { return cut() };
        let (status, headers) = (answer.status(), passed_on(answer.headers()));
        let Ok(body) = answer.bytes().await else { return cut() };
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The consumed units in an answer of DynamoDB. A transaction reports them for each table.
fn units(answer: &[u8]) -> f64 {
    let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
    let of = |consumed: &Value| consumed.get("CapacityUnits").and_then(Value::as_f64).unwrap_or_default();
    match answer.get("ConsumedCapacity") {
        Some(Value::Array(tables)) => tables.iter().map(of).sum(),
        Some(table) => of(table),
        None => 0.0,
    }
}

/// Closes the connection instead of answering.
fn cut() -> Response {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = StatusCode::BAD_GATEWAY;
    answer.extensions_mut().insert(Cut);
    answer
}

/// The headers without those of the connection.
fn passed_on(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    for name in [header::HOST, header::CONNECTION, header::CONTENT_LENGTH, header::TRANSFER_ENCODING] {
        headers.remove(name);
    }
    headers
}
