//! Every alarm of the template has a cause that this suite provokes, and the functions log the metric that it reads. An alarm
//! that only AWS can raise says why.

use std::collections::BTreeMap;
use std::path::Path;

use aws_sdk_dynamodb::types::AttributeValue;
use axum::http::StatusCode;
use leadping::id::LeadId;
use leadping::time::Timestamp;
use local::demo;
use serde_json::Value;
use tests::proxy::{Fault, Point, Side};
use tests::template;

use crate::page::{self, row};
use crate::world::{Kill, Submission, World};

/// An alarm, and what raises it.
struct Row {
    alarm: &'static str,
    act: Act,
    cause: &'static str,
    /// Why the cause raises the alarm on AWS alone. The metrics that our functions log are seen all the same.
    on_aws: &'static str,
}

/// What the suite does to raise an alarm.
#[derive(Clone, Copy)]
enum Act {
    /// Nothing: no function logs a metric of this alarm.
    Nothing,
    /// This many posts, all of whose calls at this point break.
    Posts(usize, Point, Answer),
    /// The same for leads that the worker processes.
    Leads(usize, Point, Answer),
    /// A dry run and a post with a test key that are answered with 503.
    NoLeads,
    /// An accepted post, the same again, and this many refused ones.
    Refusals(usize),
    /// This many posts and dry runs with a wrong key.
    WrongKeys(usize),
    /// A lookup that succeeds, one that is postponed and one that fails.
    Lookups,
    /// A message that is not ours.
    Poison,
    /// Work that breaks at this point, and has been waiting since this many hours in this attribute of this item when the
    /// sweep finds it.
    Old(Point, i64, &'static str, &'static str),
    /// A sweep that cannot read one shard.
    Unread,
}

/// What a service answers.
#[derive(Clone, Copy)]
enum Answer {
    Down,
    Denied,
    Unauthorized,
    Unpaid,
}

impl Answer {
    fn fault(self) -> Fault {
        let (status, body) = match self {
            Self::Down => return Fault::Broken,
            Self::Denied => (StatusCode::BAD_REQUEST, r#"{"__type":"AccessDeniedException"}"#),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, ""),
            Self::Unpaid => (StatusCode::PAYMENT_REQUIRED, ""),
        };
        Fault::Lie(status, body)
    }
}

const fn raised(alarm: &'static str, act: Act, cause: &'static str) -> Row {
    Row { alarm, act, cause, on_aws: "" }
}

const fn on_aws(alarm: &'static str, act: Act, cause: &'static str, on_aws: &'static str) -> Row {
    Row { alarm, act, cause, on_aws }
}

const LAMBDA: &str = "Lambda counts it";
const GATEWAY: &str = "API Gateway counts it";
const SQS: &str = "SQS counts it";

/// Every alarm. Lambda's `Errors` are crashes; `a_function_that_cannot_start_says_why` shows the line of the runbook.
const ROWS: [Row; 34] = {
    use Act::{Leads, Lookups, NoLeads, Nothing, Old, Poison, Posts, Refusals, Unread, WrongKeys};
    use Answer::{Denied, Down, Unauthorized, Unpaid};
    [
        on_aws(
            "ApiFailures",
            NoLeads,
            "a dry run and a post with a test key, which it subtracts, are answered 503",
            GATEWAY,
        ),
        raised("LeadsUnavailable", Posts(5, Point::Put, Denied), "the table of leads denies 5 puts"),
        raised("TrustedFormUnavailable", Posts(5, Point::TrustedForm, Down), "TrustedForm answers 5 checks with 503"),
        raised(
            "TrustedFormKeyRefused",
            Posts(1, Point::TrustedForm, Unauthorized),
            "TrustedForm answers a check with 401",
        ),
        raised("RetainRefused", Leads(1, Point::Retain, Unpaid), "TrustedForm answers a retain with 402"),
        raised("PhoneLookupKeyRefused", Leads(1, Point::LookUp, Unauthorized), "Twilio answers a lookup with 401"),
        raised("StorageUnavailable", Posts(5, Point::SourceRead, Denied), "the table of sources denies 5 reads"),
        raised("QueueUnavailable", Posts(5, Point::Send, Denied), "the queue denies 5 sends"),
        raised("BusUnavailable", Leads(5, Point::Publish, Denied), "the bus denies the events of 5 leads"),
        raised("RefusedPosts", Refusals(20), "20 posts without a phone number, beside a lead and its repeat"),
        raised("FailedLogins", WrongKeys(10), "10 posts and 10 dry runs with a wrong key"),
        on_aws("ApiRefusals", Nothing, "", GATEWAY),
        on_aws("ApiThrottles", Nothing, "", "a filter of API Gateway's log counts it"),
        on_aws("UnusualLeads", Refusals(0), "a lead, which is usual", "CloudWatch learns what is usual"),
        raised("LookupsPerDay", Lookups, "a lookup succeeds, one is postponed, and one fails"),
        raised("FailedMessages", Poison, "a message that is not ours"),
        on_aws("DeadLetters", Nothing, "", SQS),
        on_aws("OldestMessage", Nothing, "", SQS),
        raised("OldestDueLead", Old(Point::LookUp, 25, "LEAD", "createdAt"), "a lookup fails for 25 hours"),
        raised("OldestEvent", Old(Point::Publish, 1, "OUTBOX", "createdAt"), "the bus denies an event for an hour"),
        raised("OldestRetain", Old(Point::Retain, 49, "OUTBOX", "retainSince"), "a retain fails for 49 hours"),
        raised("SweepMissing", Unread, "the sweep cannot read one shard"),
        on_aws("CreateLeadErrors", Nothing, "", LAMBDA),
        on_aws("IntakeLeadErrors", Nothing, "", LAMBDA),
        on_aws("CheckLeadErrors", Nothing, "", LAMBDA),
        on_aws("ReadLeadsErrors", Nothing, "", LAMBDA),
        on_aws("ShowAppErrors", Nothing, "", LAMBDA),
        on_aws("ProcessLeadErrors", Nothing, "", LAMBDA),
        on_aws("CreateLeadThrottles", Nothing, "", LAMBDA),
        on_aws("IntakeLeadThrottles", Nothing, "", LAMBDA),
        on_aws("CheckLeadThrottles", Nothing, "", LAMBDA),
        on_aws("ReadLeadsThrottles", Nothing, "", LAMBDA),
        on_aws("ShowAppThrottles", Nothing, "", LAMBDA),
        on_aws("ProcessLeadThrottles", Nothing, "", LAMBDA),
    ]
};

/// A metric as an alarm names it and as a function logs it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Metric {
    namespace: String,
    name: String,
    dimensions: BTreeMap<String, String>,
}

impl Metric {
    /// The metrics that an alarm reads.
    fn all_of(alarm: &Value) -> Vec<Self> {
        let properties = &alarm["Properties"];
        match properties["Metrics"].as_array() {
            Some(metrics) => metrics.iter().filter_map(|it| it.pointer("/MetricStat/Metric")).map(Self::of).collect(),
            None => vec![Self::of(properties)],
        }
    }

    fn of(metric: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let dimensions = metric["Dimensions"].as_array().into_iter().flatten();
        // `!Ref PhoneLookup` is the name of the provider, which is Twilio here.
        let value = |value: &Value| if value == "PhoneLookup" { "twilio".to_owned() } else { text(value) };
        Self {
            namespace: text(&metric["Namespace"]),
            name: text(&metric["MetricName"]),
            dimensions: dimensions.map(|it| (text(&it["Name"]), value(&it["Value"]))).collect(),
        }
    }

    /// The values that lines of the log give this metric.
    fn values(&self, log: &[Value]) -> Vec<u64> {
        let directive = |line: &Value| {
            let directive = line.pointer("/_aws/CloudWatchMetrics/0")?;
            let names = directive["Dimensions"][0].as_array()?.iter().filter_map(Value::as_str);
            Some(Self {
                namespace: directive["Namespace"].as_str()?.to_owned(),
                name: directive["Metrics"][0]["Name"].as_str()?.to_owned(),
                dimensions: names.map(|name| (name.to_owned(), line[name].as_str().unwrap().to_owned())).collect(),
            })
        };
        let lines = log.iter().filter(|line| directive(line).is_some_and(|found| found == *self));
        lines.map(|line| line[&self.name].as_u64().unwrap()).collect()
    }

    /// Its name in the table.
    fn shown(&self) -> String {
        let dimensions = self.dimensions.iter().map(|(name, value)| format!(" `{name}={value}`"));
        let function = self.namespace.rsplit_once("}/").map(|(_, function)| format!(" of {function}"));
        format!("`{}`{}{}", self.name, dimensions.collect::<String>(), function.unwrap_or_default())
    }
}

/// Whether the alarm would be raised if the log were what happened in each of its periods. `None` for one that computes.
fn is_raised(alarm: &Value, log: &[Value]) -> Option<bool> {
    let properties = &alarm["Properties"];
    let (statistic, threshold) = (properties["Statistic"].as_str()?, properties["Threshold"].as_u64().unwrap());
    let values = Metric::of(properties).values(log);
    let value = match statistic {
        "Sum" => values.iter().sum(),
        "Maximum" => values.iter().copied().max().unwrap_or(0),
        "SampleCount" => values.len() as u64,
        other => panic!("a statistic that this test does not know: {other}"),
    };
    Some(match properties["ComparisonOperator"].as_str().unwrap() {
        "GreaterThanOrEqualToThreshold" => value >= threshold,
        "LessThanThreshold" => value < threshold,
        other => panic!("an operator that this test does not know: {other}"),
    })
}

/// The lines of the log, which is empty afterwards.
fn taken(log: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(log).unwrap();
    std::fs::write(log, "").unwrap();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

async fn post(world: &World, submission: &Submission) -> Option<LeadId> {
    world.post(submission).await.id
}

async fn deliver(world: &World) {
    world.deliver(&mut Kill::never()).await;
}

/// Makes a mark due whose work has been waiting for these hours.
async fn age(world: &World, id: &LeadId, item: &str, attribute: &str, hours: i64) {
    let text = |text: String| AttributeValue::S(text);
    let past = Timestamp::from(jiff::Timestamp::now() - jiff::SignedDuration::from_hours(hours)).to_string();
    let update = world.stack.clients().dynamodb.update_item().table_name(&world.stack.addresses().leads_table);
    let update = update.key("pk", text(format!("LEAD#{id}"))).key("sk", text(item.to_owned()));
    let update = update.condition_expression("attribute_exists(dueAt) AND attribute_exists(#since)");
    let update = update.update_expression("SET #since = :past, dueAt = :past");
    let update = update.expression_attribute_names("#since", attribute);
    update.expression_attribute_values(":past", text(past)).send().await.unwrap();
}

async fn perform(world: &World, act: Act) {
    let break_all = |point, fault| world.proxy.break_all(point, Side::Before, fault);
    match act {
        Act::Nothing => {}
        Act::Posts(count, point, fault) => {
            break_all(point, fault.fault());
            for _ in 0..count {
                post(world, &world.submission()).await;
            }
        }
        Act::Leads(count, point, fault) => {
            break_all(point, fault.fault());
            for _ in 0..count {
                world.accepted(&world.submission().from("source_retain")).await;
            }
            deliver(world).await;
        }
        Act::NoLeads => {
            break_all(Point::Put, Answer::Denied.fault());
            let told = world.post(&world.submission().with_key(demo::TEST_KEY)).await;
            break_all(Point::SourceRead, Answer::Denied.fault());
            assert_eq!((told.status, world.dry_run(&world.submission()).await), (503, 503));
        }
        Act::Refusals(count) => {
            let submission = world.submission();
            for _ in 0..2 {
                post(world, &submission).await;
            }
            for _ in 0..count {
                assert_eq!(world.post(&world.submission().with("phone", "none")).await.status, 400);
            }
        }
        Act::WrongKeys(count) => {
            for _ in 0..count {
                let wrong = world.submission().with_key("lp_wrong");
                assert_eq!((world.post(&wrong).await.status, world.dry_run(&wrong).await), (401, 401));
            }
        }
        Act::Lookups => {
            let submissions = [(); 3].map(|()| world.submission());
            for (submission, status) in submissions.iter().zip([None, Some(503), Some(404)]) {
                if let Some(status) = status {
                    let number = submission.phone.trim_start_matches('+');
                    let fault = Fault::Lie(StatusCode::from_u16(status).unwrap(), "");
                    world.proxy.break_next_of(number, Point::LookUp, Side::Before, fault, u64::MAX);
                }
                world.accepted(submission).await;
            }
            deliver(world).await;
        }
        Act::Poison => {
            assert_eq!(world.work(&["{}"], &mut Kill::never()).await, Some(vec![0]));
        }
        Act::Old(point, hours, item, attribute) => {
            break_all(point, Fault::Throttled);
            let id = world.accepted(&world.submission().from("source_retain")).await;
            deliver(world).await;
            age(world, &id, item, attribute, hours).await;
            world.sweep(&mut Kill::never()).await;
        }
        Act::Unread => {
            let denied = Answer::Denied.fault();
            world.proxy.break_next_of(r#"{"N":"7"}"#, Point::Due, Side::Before, denied, u64::MAX);
            world.sweep(&mut Kill::never()).await;
        }
    }
}

#[tokio::test]
async fn every_alarm_reads_a_metric_that_its_cause_logs() {
    let template = template::read();
    let alarms = template::resources(&template, "AWS::CloudWatch::Alarm");
    let filters = template::resources(&template, "AWS::Logs::MetricFilter");
    let is_filtered = |metric: &Metric| {
        filters.values().any(|it| it["Properties"]["MetricTransformations"][0]["MetricName"] == *metric.name)
    };
    let is_ours = |metric: &Metric| metric.namespace.starts_with("Leadping/") && !is_filtered(metric);
    let mut named: Vec<_> = ROWS.iter().map(|row| row.alarm).collect();
    named.sort_unstable();
    assert_eq!(named, alarms.keys().collect::<Vec<_>>(), "each alarm has a row");

    let scratch = tempfile::tempdir().unwrap();
    let log = scratch.path().join("log");
    let world = World::of_processes(&log).await;
    world.accepted(&world.submission()).await;
    deliver(&world).await;
    world.sweep(&mut Kill::never()).await;
    let healthy = taken(&log);
    for (name, alarm) in &alarms {
        assert_ne!(is_raised(alarm, &healthy), Some(true), "{name} is raised while all is well");
    }

    let mut table = vec![row(["alarm", "what the test does", "seen in the log", "only AWS raises it", "runbook"])];
    for Row { alarm: name, act, cause, on_aws } in ROWS {
        let alarm = &alarms[name];
        perform(&world, act).await;
        world.proxy.repair();
        let seen = taken(&log);
        world.settle(&mut Kill::never()).await;
        taken(&log);

        let metrics = Metric::all_of(alarm);
        let ours: Vec<_> = metrics.iter().filter(|metric| is_ours(metric)).collect();
        let silent = |metric: &&&Metric| metric.values(&seen).is_empty();
        let silent: Vec<_> = ours.iter().filter(silent).collect();
        let is_band = alarm.to_string().contains("ANOMALY_DETECTION_BAND");
        assert_eq!(on_aws.is_empty(), ours.len() == metrics.len() && !is_band, "{name}: who counts");
        let shown: Vec<_> = match act {
            // It is raised because the line is missing.
            Act::Unread => {
                assert_eq!(silent.len(), 1, "{name}");
                ours.iter().map(|metric| format!("no {}", metric.shown())).collect()
            }
            _ => {
                assert!(silent.is_empty(), "{name}: no line of {silent:?} in {seen:#?}");
                ours.iter().map(|metric| metric.shown()).collect()
            }
        };
        if on_aws.is_empty() {
            assert_ne!(is_raised(alarm, &seen), Some(false), "{name} is not raised: {seen:#?}");
        }
        let runbook = format!("[{name}](operating.md#{})", name.to_lowercase());
        table.push(row([name, cause, &shown.join(", "), on_aws, &runbook]));
    }
    page::assert_shows("What raises each alarm", &table);
    world.stop().await;
}
