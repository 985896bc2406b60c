//! A deployed stack, by its outputs: CloudFormation, STS and the services that `doctor` asks answer as AWS does, and the
//! tables are the local stack's.

use std::io::{BufReader, Write};
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};
use std::thread;

use serde_json::Value;

use crate::front::request;
use crate::running::{Running, failure, stderr, stdout};

const CALLER: &str = "arn:aws:sts::111122223333:assumed-role/operator/jordan";

/// What a fake AWS knows of a stack.
#[derive(Clone)]
struct Fake {
    outputs: Vec<(&'static str, String)>,
    stage: &'static str,
    status: &'static str,
    /// Logical ids of the alarms that are raised.
    raised: Vec<&'static str>,
    schedule: &'static str,
    event_source: &'static str,
    /// Whether the caller may look at alarms, schedules and event sources.
    may_look: bool,
}

impl Fake {
    fn new(running: &Running, stage: &'static str) -> Self {
        let addresses = running.stack.addresses().clone();
        Self {
            outputs: vec![
                ("ApiUrl", running.gateway().to_owned()),
                ("SourcesTable", addresses.sources_table),
                ("LeadsTable", addresses.leads_table),
                ("LimitsTable", addresses.limits_table),
                ("LedgerTable", addresses.ledger_table),
                ("LeadCreatedQueueUrl", addresses.queue_url),
                ("DeadLetterQueueUrl", addresses.dead_letter_queue_url),
            ],
            stage,
            status: "UPDATE_COMPLETE",
            raised: Vec::new(),
            schedule: "ENABLED",
            event_source: "Enabled",
            may_look: true,
        }
    }

    /// Answers each call for as long as the test runs; returns the base URL.
    fn start(self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        thread::spawn(move || {
            for connection in listener.incoming() {
                let mut connection = BufReader::new(connection.unwrap());
                let (head, body) = request(&mut connection);
                let (status, headers, answer) = self.answer(&head, &body);
                let length = answer.len();
                let head =
                    format!("HTTP/1.1 {status}\r\n{headers}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
                connection.get_mut().write_all(head.as_bytes()).unwrap();
                connection.get_mut().write_all(&answer).unwrap();
            }
        });
        url
    }

    fn answer(&self, head: &str, body: &str) -> (&'static str, &'static str, Vec<u8>) {
        const XML: &str = "Content-Type: text/xml";
        const JSON: &str = "Content-Type: application/json";
        const CBOR: &str = "Content-Type: application/cbor\r\nsmithy-protocol: rpc-v2-cbor";
        let ok = |kind, answer: String| ("200 OK", kind, answer.into_bytes());
        let looks = ["/schedules/", "/event-source-mappings/"];
        if !self.may_look && head.contains("DescribeAlarms") {
            return ("400 Bad Request", CBOR, [vec![0xa1], text("__type"), text("AccessDenied")].concat());
        }
        if !self.may_look && looks.iter().any(|look| head.contains(look)) {
            let denied = "Content-Type: application/json\r\nx-amzn-errortype: AccessDeniedException";
            return ("403 Forbidden", denied, b"{}".to_vec());
        }
        match body {
            _ if head.contains("/schedules/leadping-sweep") => ok(JSON, format!(r#"{{"State":"{}"}}"#, self.schedule)),
            _ if head.contains("/event-source-mappings/uuid-1") => {
                ok(JSON, format!(r#"{{"State":"{}"}}"#, self.event_source))
            }
            body if head.contains("DescribeAlarms") => ("200 OK", CBOR, self.alarms(body)),
            body if body.contains("GetCallerIdentity") => ok(
                XML,
                format!(
                    "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>{CALLER}</Arn></GetCallerIdentityResult>\
                 </GetCallerIdentityResponse>"
                ),
            ),
            body if !body.contains("StackName=leadping&") && !body.ends_with("StackName=leadping") => (
                "400 Bad Request",
                XML,
                b"<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>no</Message></Error>\
                  </ErrorResponse>"
                    .to_vec(),
            ),
            body if body.contains("ListStackResources") => ok(XML, resources()),
            _ => ok(XML, self.stack()),
        }
    }

    fn stack(&self) -> String {
        let members = self.outputs.iter().map(|(name, value)| {
            format!("<member><OutputKey>{name}</OutputKey><OutputValue>{value}</OutputValue></member>")
        });
        format!(
            "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>s</StackName>\
             <CreationTime>2026-06-15T12:00:00Z</CreationTime><StackStatus>{}</StackStatus>\
             <Outputs>{}</Outputs><Parameters><member><ParameterKey>Stage</ParameterKey>\
             <ParameterValue>{}</ParameterValue></member></Parameters></member></Stacks></DescribeStacksResult>\
             </DescribeStacksResponse>",
            self.status,
            members.collect::<String>(),
            self.stage
        )
    }

    /// `{"MetricAlarms": [{"AlarmName": ...}, ...]}` in CBOR, of the alarms that are asked for.
    fn alarms(&self, asked: &str) -> Vec<u8> {
        let raised: Vec<_> = self.raised.iter().map(|logical| format!("lp-{logical}")).collect();
        let raised = raised.iter().filter(|name| asked.contains(*name));
        let alarms: Vec<u8> =
            raised.clone().flat_map(|name| [vec![0xa1], text("AlarmName"), text(name)].concat()).collect();
        [vec![0xa1], text("MetricAlarms"), vec![0x80 + u8::try_from(raised.count()).unwrap()], alarms].concat()
    }
}

/// A short text in CBOR.
fn text(text: &str) -> Vec<u8> {
    [&[0x60 + u8::try_from(text.len()).unwrap()], text.as_bytes()].concat()
}

fn resources() -> String {
    let resources = [
        ("AWS::CloudWatch::Alarm", "OldestMessage", "lp-OldestMessage"),
        ("AWS::CloudWatch::Alarm", "SweepMissing", "lp-SweepMissing"),
        ("AWS::Scheduler::Schedule", "ProcessLeadSweep", "leadping-sweep"),
        ("AWS::Lambda::EventSourceMapping", "ProcessLeadLeadCreated", "uuid-1"),
        ("AWS::SQS::Queue", "LeadCreatedQueue", "q"),
    ];
    let members = resources.iter().map(|(kind, logical, physical)| {
        format!(
            "<member><ResourceType>{kind}</ResourceType><LogicalResourceId>{logical}</LogicalResourceId>\
             <PhysicalResourceId>{physical}</PhysicalResourceId><ResourceStatus>CREATE_COMPLETE</ResourceStatus>\
             <LastUpdatedTimestamp>2026-06-15T12:00:00Z</LastUpdatedTimestamp></member>"
        )
    });
    format!(
        "<ListStackResourcesResponse><ListStackResourcesResult><StackResourceSummaries>{}</StackResourceSummaries>\
         </ListStackResourcesResult></ListStackResourcesResponse>",
        members.collect::<String>()
    )
}

fn leadctl(running: &Running, aws: &str, arguments: &[&str]) -> Output {
    let addresses = running.stack.addresses();
    let mut command = Command::new(env!("CARGO_BIN_EXE_leadctl"));
    for (name, value) in [
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL", aws),
        ("AWS_ENDPOINT_URL_DYNAMODB", &addresses.dynamodb),
        ("AWS_ENDPOINT_URL_SQS", &addresses.sqs),
    ] {
        command.env(name, value);
    }
    command.stdin(Stdio::null()).args(arguments).output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn production_is_found_by_its_outputs_and_changed_only_with_a_word() {
    let running = Running::start().await;
    let production = Fake::new(&running, "production").start();
    let on = |arguments: &[&str]| leadctl(&running, &production, &[&["--stack", "leadping"], arguments].concat());

    let looked = on(&["source", "show", "source_123"]);
    assert_eq!(looked.status.code(), Some(0), "{}", stderr(&looked));
    assert_eq!(stderr(&looked), "On the stack leadping (production, us-east-1):\n", "it says where it acts");

    let id = running.post("source_123", "lp_source_key");
    let payload = ["source", "create", "--name=x", "--account=a", "--business=b", "--id=source_x"];
    for (change, to) in [
        (&["source", "disable", "source_123"][..], "disable the source source_123"),
        (&["source", "update", "source_123", "--name=x"], "change the source source_123"),
        (&["key", "create", "source_123"], "create a key of the source source_123"),
        (&["key", "rotate", "source_123"], "create a key of the source source_123 and end its others at 2"),
        (&["key", "revoke", "source_123", "lp_source_key"], "end a key of the source source_123 at once"),
        (&["lead", "erase", &id], "erase the personal data of the lead lead_"),
        (&["dlq", "redrive", "--all"], "send dead letters to the worker again"),
        (&["dlq", "delete", "6f1c2d3e"], "delete a dead letter for good"),
        (&["post", "Cargo.toml", "--source=source_123", "--key=lp_source_key"], "post a lead of the source source_123"),
        (&payload, "create the source source_x"),
    ] {
        let (status, code, message) = failure(&on(&[change, &["-ojson"]].concat()));
        assert_eq!((status, code.as_str()), (Some(1), "refused"), "{change:?}: {message}");
        assert!(message.contains("--yes") && message.contains("nothing was changed"), "{message}");
        assert!(message.contains(&format!("to ask whether to {to}")), "{message}");
    }
    assert_eq!(running.json(&["source", "show", "source_123"])["revision"], 0, "nothing was changed");

    let changed = on(&["source", "disable", "source_123", "--yes", "-ojson"]);
    assert_eq!(changed.status.code(), Some(0), "{}", stderr(&changed));
    assert_eq!(serde_json::from_str::<Value>(&stdout(&changed)).unwrap()["enabled"], false);
    assert_eq!(running.json(&["source", "history", "source_123"])[0]["by"], CALLER);
    assert_eq!(on(&["queue", "status"]).status.code(), Some(0));

    let dev = Fake::new(&running, "dev").start();
    let enabled = leadctl(&running, &dev, &["--stack", "leadping", "source", "enable", "source_123"]);
    assert_eq!(enabled.status.code(), Some(0), "no question where there are no real people: {}", stderr(&enabled));

    let foreign = Fake { outputs: Vec::new(), ..Fake::new(&running, "dev") }.start();
    for (url, stack, exit, says) in [
        (&dev, "other", 3, "there is no stack other"),
        (&foreign, "leadping", 1, "not one of lead intake"),
        (&"http://127.0.0.1:1".to_owned(), "leadping", 5, "out of reach"),
    ] {
        let (status, _, message) = failure(&leadctl(&running, url, &["--stack", stack, "source", "list", "-ojson"]));
        assert_eq!(status, Some(exit), "{message}");
        assert!(message.contains(says), "{message}");
    }
    running.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_doctor_asks_aws_about_a_deployed_stack() {
    let running = Running::start().await;
    let whole = Fake::new(&running, "dev");
    let examined = |fake: Fake| {
        let output = leadctl(&running, &fake.start(), &["--stack", "leadping", "doctor", "-ojson"]);
        let findings: Vec<Value> =
            serde_json::from_str(&stdout(&output)).unwrap_or_else(|_| panic!("{}", stderr(&output)));
        (output.status.code(), findings)
    };
    let of = |findings: &[Value], check: &str| -> Vec<String> {
        let found = findings.iter().filter(|finding| finding["check"] == check);
        let text = |finding: &Value| {
            let remedy = finding["remedy"].as_str().map(|remedy| format!(" -> {remedy}")).unwrap_or_default();
            format!("{} {}{remedy}", finding["healthy"], finding["found"].as_str().unwrap())
        };
        found.map(text).collect()
    };

    let (exit, findings) = examined(whole.clone());
    assert_eq!(exit, Some(0), "{findings:?}");
    assert_eq!(of(&findings, "deployment"), ["true UPDATE_COMPLETE"]);
    assert_eq!(of(&findings, "alarms"), ["true none of 2 is raised"]);
    assert_eq!(of(&findings, "schedule"), ["true leadping-sweep is enabled"]);
    assert_eq!(of(&findings, "event source"), ["true ProcessLeadLeadCreated is enabled"]);
    assert_eq!(of(&findings, "TrustedForm"), ["true set TRUSTED_FORM_API_KEY to ask TrustedForm"], "it is skipped");

    let sick = Fake {
        status: "UPDATE_ROLLBACK_COMPLETE",
        raised: vec!["OldestMessage", "SweepMissing"],
        schedule: "DISABLED",
        event_source: "Disabled",
        ..whole.clone()
    };
    let (exit, findings) = examined(sick);
    assert_eq!(exit, Some(1));
    assert!(of(&findings, "deployment")[0].contains("describe-stack-events --stack-name leadping"), "{findings:?}");
    assert_eq!(
        of(&findings, "alarms"),
        [
            "false OldestMessage is raised -> See docs/operating.md#oldestmessage",
            "false SweepMissing is raised -> See docs/operating.md#sweepmissing",
        ]
    );
    assert!(of(&findings, "schedule")[0].starts_with("false leadping-sweep is disabled"), "{findings:?}");
    assert!(of(&findings, "event source")[0].contains("update-event-source-mapping --uuid uuid-1 --enabled"));

    // What the caller may not see is not a problem of the stack.
    let (exit, findings) = examined(Fake { may_look: false, ..whole });
    assert_eq!(exit, Some(0), "{findings:?}");
    assert_eq!(of(&findings, "alarms"), ["true you may not look (cloudwatch:DescribeAlarms)"]);
    assert_eq!(of(&findings, "schedule"), ["true you may not look (scheduler:GetSchedule)"]);
    assert_eq!(of(&findings, "event source"), ["true you may not look (lambda:GetEventSourceMapping)"]);
    running.stack.stop().await;
}
