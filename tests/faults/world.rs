//! A stack whose functions only the suite invokes, one step at a time, and whose time the suite moves.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use leadping::id::LeadId;
use leadping::payload::Entrance;
use leadping::queue::LeadCreated;
use leadping::source::Source;
use leadping::source::limits::{Caps, Duplicates};
use local::binary::Binary;
use local::demo;
use local::event::HttpEvent;
use local::function::Function;
use local::stack::{Front, Functions, Options, Stack};
use serde_json::{Value, json};
use tests::books::{Books, Held};
use tests::proxy::{self, Point, Proxy, Service, Side};
use tests::{binaries, eventually, template};

/// How often time is moved before all work must be done.
const MAX_ROUNDS: usize = 12;

/// Includes the time to start the process.
const PROCESS_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a partner repeats one submission.
const POST_TIMEOUT: Duration = Duration::from_secs(120);

/// The stack, with the proxy in front of the services that its functions call.
pub(crate) struct World {
    pub(crate) stack: Stack,
    pub(crate) proxy: Proxy,
    functions: Functions,
    held: Held,
    serial: AtomicU64,
}

/// A post of a partner. Each has its own identity and phone number.
#[derive(Clone, Debug)]
pub(crate) struct Submission {
    /// A text that is in all calls of intake for this lead.
    pub(crate) tag: String,
    pub(crate) phone: String,
    pub(crate) key: Option<String>,
    source: (&'static str, &'static str),
    body: Value,
}

/// The answer to a partner.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) status: u64,
    pub(crate) id: Option<LeadId>,
    pub(crate) replayed: bool,
}

/// The namespace that the template gives the metrics of a function.
fn namespace(template: &Value, function: &str) -> String {
    let code = format!("functions/{function}");
    let functions = template::resources(template, "AWS::Serverless::Function");
    let of = functions.values().find(|it| it["Properties"]["CodeUri"] == code.as_str()).unwrap();
    let variable = |of: &Value| of.pointer("/Environment/Variables/METRICS_NAMESPACE").cloned();
    let name = variable(&of["Properties"]).or_else(|| variable(&template["Globals"]["Function"])).unwrap();
    name.as_str().unwrap().to_owned()
}

/// The call during which a function is killed, if any.
pub(crate) struct Kill {
    held: Option<proxy::Held>,
    reached: bool,
}

impl Kill {
    pub(crate) fn never() -> Self {
        Self { held: None, reached: false }
    }

    pub(crate) fn at(world: &World, point: Point, side: Side) -> Self {
        Self { held: Some(world.proxy.hold(point, side)), reached: false }
    }

    pub(crate) fn reached(&self) -> bool {
        self.reached
    }

    /// Lets the call of the killed function arrive.
    pub(crate) async fn arrive(self, world: &World) {
        self.held.unwrap().resume();
        world.proxy.quiet().await;
    }

    /// Runs a function. Returns `None` if it is killed.
    async fn run(&mut self, function: &Function, event: &Value) -> Option<Value> {
        match &mut self.held {
            Some(held) if !self.reached => tokio::select! {
                biased;
                () = held.reached() => {
                    self.reached = true;
                    None
                }
                answer = function.run(event) => Some(answer.unwrap()),
            },
            _ => Some(function.run(event).await.unwrap()),
        }
    }
}

impl Submission {
    /// Adds an `Idempotency-Key`.
    pub(crate) fn under(self, key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..self }
    }

    /// Changes the source.
    pub(crate) fn from(self, id: &'static str) -> Self {
        Self { source: (id, self.source.1), ..self }
    }

    /// Changes the source's key.
    pub(crate) fn with_key(self, key: &'static str) -> Self {
        Self { source: (self.source.0, key), ..self }
    }

    /// Changes one member.
    pub(crate) fn with(mut self, member: &str, value: &str) -> Self {
        self.body[member] = value.into();
        self
    }
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(|stack, _| stack.functions().clone()).await
    }

    /// Like [`Self::start`], but the functions are processes that write their logs to one file. The namespaces of their
    /// metrics are those of the template.
    pub(crate) async fn of_processes(log: &Path) -> Self {
        let binaries = tokio::task::spawn_blocking(binaries::build).await.unwrap();
        let template = template::read();
        Self::with(|stack, front| {
            let mut environment = stack.addresses().environment();
            environment.push(("AWS_ENDPOINT_URL_DYNAMODB", front.dynamodb.clone()));
            environment.push(("AWS_ENDPOINT_URL_SQS", front.sqs.clone()));
            environment.push(("AWS_ENDPOINT_URL_EVENTBRIDGE", front.bus.clone()));
            let function = |name: &str| {
                let binary = Binary::new(&binaries[name], environment.clone()).log(log);
                binary.variable("METRICS_NAMESPACE", namespace(&template, name)).function(PROCESS_TIMEOUT)
            };
            Functions {
                check_lead: function("check-lead"),
                create_lead: function("create-lead"),
                intake_lead: function("intake-lead"),
                process_lead: function("process-lead"),
                read_leads: function("read-leads"),
                show_app: function("show-app"),
            }
        })
        .await
    }

    async fn with(functions: impl FnOnce(&Stack, &Front) -> Functions) -> Self {
        let proxy = Proxy::start().await;
        let front = proxy.front();
        let options = Options {
            port: 0,
            worker: false,
            due_after: Duration::from_secs(60),
            front: Some(front.clone()),
            ..Options::default()
        };
        let stack = Stack::start(&options).await.unwrap();
        proxy.forward_to(&stack);
        let functions = functions(&stack, &front);
        Self { held: Held::from(&stack), stack, proxy, functions, serial: AtomicU64::new(0) }
    }

    /// Gives the source of the submissions these limits, as an operator does.
    pub(crate) async fn limit(&self, limits: Option<Caps>, duplicates: Option<Duplicates>) {
        let sources = self.stack.sources();
        let before = sources.latest(&demo::SOURCE_ID.parse().unwrap()).await.unwrap().unwrap();
        let after = Source { limits, duplicates, ..before.clone() };
        assert!(tests::change(&self.stack, &before, &after).await.is_some());
    }

    pub(crate) async fn stop(mut self) {
        self.stack.stop().await;
        for service in Service::ALL {
            self.proxy.refuse(service).await;
        }
    }

    pub(crate) fn submission(&self) -> Submission {
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        let tag = format!("tag{serial:06}");
        // The stand-in treats some endings specially. No number here has one of them.
        let phone = format!("+1512{:07}", 2_000_009 + serial * 10);
        let body = json!({
            "externalId": tag,
            "firstName": "Jordan",
            "phone": phone,
            "trustedFormUrl": format!("https://cert.trustedform.com/{tag}"),
        });
        Submission { tag, phone, key: None, source: (demo::SOURCE_ID, demo::SOURCE_KEY), body }
    }

    /// Invokes the function as the gateway would.
    pub(crate) async fn post(&self, submission: &Submission) -> Told {
        self.post_until(submission, &mut Kill::never()).await.unwrap()
    }

    /// Tries a submission without sending a lead.
    pub(crate) async fn dry_run(&self, submission: &Submission) -> u64 {
        let (source, key) = submission.source;
        let path = format!("{}/validate", Entrance::Flat.path());
        let post = HttpEvent::post(Entrance::Flat, source, submission.tag.clone(), submission.body.to_string());
        let post = HttpEvent { route: path.clone(), path, ..post.header("x-leadping-source-key", key) };
        let answer = self.functions.check_lead.run(&post.to_json()).await.unwrap();
        answer["statusCode"].as_u64().unwrap()
    }

    /// Posts as partners do, and repeats after a 503, which a busy machine may cause.
    pub(crate) async fn settled_post(&self, submission: &Submission) -> Told {
        eventually(POST_TIMEOUT, "an answer other than 503", async || {
            let told = self.post(submission).await;
            (told.status != 503).then_some(told)
        })
        .await
    }

    /// Posts. Returns `None` if the function is killed.
    pub(crate) async fn post_until(&self, submission: &Submission, kill: &mut Kill) -> Option<Told> {
        let request_id = format!("{}-{}", submission.tag, self.serial.fetch_add(1, Ordering::Relaxed));
        let (source, key) = submission.source;
        let post = HttpEvent::post(Entrance::Flat, source, request_id, submission.body.to_string());
        let post = post.header("x-leadping-source-key", key);
        let post = submission.key.iter().fold(post, |post, key| post.header("idempotency-key", key));
        let answer = kill.run(&self.functions.intake_lead, &post.to_json()).await?;
        let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        Some(Told {
            status: answer["statusCode"].as_u64().unwrap(),
            id: body["id"].as_str().map(|id| id.parse().unwrap()),
            replayed: answer["headers"].get("idempotent-replayed").is_some(),
        })
    }

    /// Posts a submission, which must be accepted as new, and returns the lead's id.
    pub(crate) async fn accepted(&self, submission: &Submission) -> LeadId {
        let told = self.post(submission).await;
        assert_eq!((told.status, told.replayed), (201, false));
        told.id.unwrap()
    }

    /// Gives the worker all messages of the queue, until there are no more or it is killed.
    pub(crate) async fn deliver(&self, kill: &mut Kill) {
        let sqs = &self.stack.clients().sqs;
        let queue = &self.stack.addresses().queue_url;
        loop {
            let received = sqs.receive_message().queue_url(queue).max_number_of_messages(10).send().await.unwrap();
            let messages = received.messages.unwrap_or_default();
            let bodies: Vec<_> = messages.iter().map(|message| message.body().unwrap()).collect();
            if bodies.is_empty() {
                return;
            }
            let failed = self.work(&bodies, kill).await;
            for (index, message) in messages.iter().enumerate() {
                let handle = message.receipt_handle().unwrap();
                if failed.as_ref().is_some_and(|failed| !failed.contains(&index)) {
                    sqs.delete_message().queue_url(queue).receipt_handle(handle).send().await.unwrap();
                } else {
                    // Ends its visibility timeout.
                    let visible = sqs.change_message_visibility().queue_url(queue).receipt_handle(handle);
                    visible.visibility_timeout(0).send().await.unwrap();
                }
            }
            if failed.is_none() {
                return;
            }
        }
    }

    /// Invokes the worker with these messages. Returns the failed ones, or `None` if it is killed.
    pub(crate) async fn work(&self, bodies: &[&str], kill: &mut Kill) -> Option<Vec<usize>> {
        let record = |(index, body): (usize, &&str)| json!({"messageId": index.to_string(), "body": body});
        let records: Vec<_> = bodies.iter().enumerate().map(record).collect();
        let answer = kill.run(&self.functions.process_lead, &json!({"Records": records})).await?;
        let failures = answer["batchItemFailures"].as_array().unwrap();
        Some(failures.iter().map(|failure| failure["itemIdentifier"].as_str().unwrap().parse().unwrap()).collect())
    }

    pub(crate) async fn sweep(&self, kill: &mut Kill) {
        kill.run(&self.functions.process_lead, &json!({"sweep": {}})).await;
    }

    /// Takes the messages out of the queue.
    pub(crate) async fn taken(&self) -> Vec<String> {
        let sqs = &self.stack.clients().sqs;
        let queue = &self.stack.addresses().queue_url;
        let mut taken = Vec::new();
        loop {
            let received = sqs.receive_message().queue_url(queue).max_number_of_messages(10).send().await.unwrap();
            let messages = received.messages.unwrap_or_default();
            if messages.is_empty() {
                return taken;
            }
            for message in messages {
                let handle = message.receipt_handle().unwrap();
                sqs.delete_message().queue_url(queue).receipt_handle(handle).send().await.unwrap();
                taken.push(message.body.unwrap());
            }
        }
    }

    /// A message that announces a lead, like the one that was sent.
    pub(crate) async fn message(&self, id: &LeadId) -> String {
        let stored = self.stack.leads().get(id).await.unwrap().unwrap();
        let business = stored.lead().metadata.business_id.clone().unwrap();
        serde_json::to_string(&LeadCreated::of(stored.lead(), business, "again")).unwrap()
    }

    /// Moves time forward by hours.
    pub(crate) async fn hours_pass(&self) {
        self.held.hours_pass().await;
    }

    /// Moves time forward by hours for one item of a lead, `LEAD` or `OUTBOX`, if it is unfinished.
    pub(crate) async fn hours_pass_over(&self, id: &LeadId, sk: &str) {
        let table = &self.stack.addresses().leads_table;
        let get = self.stack.clients().dynamodb.get_item().table_name(table).consistent_read(true);
        let text = |text: String| AttributeValue::S(text);
        let found = get.key("pk", text(format!("LEAD#{id}"))).key("sk", text(sk.to_owned())).send().await.unwrap();
        let item = found.item.unwrap();
        if item.contains_key("dueAt") {
            self.held.hours_pass_over(&item).await;
        }
    }

    /// Delivers, moves time and sweeps until no work is left.
    pub(crate) async fn settle(&self, kill: &mut Kill) -> Books {
        for _ in 0..MAX_ROUNDS {
            self.deliver(kill).await;
            let books = self.books().await;
            if books.settled() {
                return books;
            }
            self.hours_pass().await;
            self.sweep(kill).await;
        }
        panic!("work is left:\n{}", self.books().await);
    }

    /// Settles, and asserts that every lead is finished.
    pub(crate) async fn settled(&self) -> Books {
        let books = self.settle(&mut Kill::never()).await;
        assert_eq!(books.wrong(), []);
        assert_eq!((books.dead_letters, &books.strangers), (0, &vec![]));
        books
    }

    pub(crate) async fn books(&self) -> Books {
        self.held.books().await
    }

    /// The number of paid lookups of a submission's phone number.
    pub(crate) fn paid(&self, submission: &Submission) -> u64 {
        self.stack.phone_lookup().calls_for(&submission.phone)
    }
}
