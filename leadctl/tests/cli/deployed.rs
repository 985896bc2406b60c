//! A deployed stack, by its outputs: CloudFormation and STS answer as AWS does, and the tables are the local stack's.

use std::io::{BufReader, Write};
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};
use std::thread;

use serde_json::Value;

use crate::front::request;
use crate::running::{Running, failure, stderr, stdout};

const CALLER: &str = "arn:aws:sts::111122223333:assumed-role/operator/jordan";

/// Answers each call by its action, for as long as the test runs; gives back the base URL.
fn aws(outputs: &[(&str, &str)], stage: &str) -> String {
    let members: String = outputs
        .iter()
        .map(|(name, value)| {
            format!("<member><OutputKey>{name}</OutputKey><OutputValue>{value}</OutputValue></member>")
        })
        .collect();
    let stack = format!(
        "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>s</StackName>\
         <CreationTime>2026-06-15T12:00:00Z</CreationTime><StackStatus>CREATE_COMPLETE</StackStatus>\
         <Outputs>{members}</Outputs><Parameters><member><ParameterKey>Stage</ParameterKey>\
         <ParameterValue>{stage}</ParameterValue></member></Parameters></member></Stacks></DescribeStacksResult>\
         </DescribeStacksResponse>"
    );
    let none = "<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>no</Message></Error>\
                </ErrorResponse>";
    let caller = format!(
        "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>{CALLER}</Arn></GetCallerIdentityResult>\
         </GetCallerIdentityResponse>"
    );
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = BufReader::new(connection.unwrap());
            let (_, body) = request(&mut connection);
            let (status, answer) = match body.as_str() {
                body if body.contains("GetCallerIdentity") => ("200 OK", caller.as_str()),
                body if body.contains("StackName=leadping&") || body.ends_with("StackName=leadping") => {
                    ("200 OK", stack.as_str())
                }
                _ => ("400 Bad Request", none),
            };
            let length = answer.len();
            write!(
                connection.get_mut(),
                "HTTP/1.1 {status}\r\nContent-Type: text/xml\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{answer}"
            )
            .unwrap();
        }
    });
    url
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
    let addresses = running.stack.addresses().clone();
    let outputs = [
        ("ApiUrl", running.gateway()),
        ("SourcesTable", &addresses.sources_table),
        ("LeadsTable", &addresses.leads_table),
        ("LeadCreatedQueueUrl", &addresses.queue_url),
        ("DeadLetterQueueUrl", &addresses.dead_letter_queue_url),
    ];
    let production = aws(&outputs, "production");
    let on = |arguments: &[&str]| leadctl(&running, &production, &[&["--stack", "leadping"], arguments].concat());

    let looked = on(&["source", "show", "source_123"]);
    assert_eq!(looked.status.code(), Some(0), "{}", stderr(&looked));
    assert_eq!(stderr(&looked), "On the stack leadping (production, us-east-1):\n", "it says where it acts");

    let id = running.post("source_123", "lp_source_key");
    let payload = ["source", "create", "--name=x", "--account=a", "--business=b", "--id=source_x"];
    for change in [
        &["source", "disable", "source_123"][..],
        &["key", "rotate", "source_123"],
        &["lead", "erase", &id],
        &["dlq", "redrive", "--all"],
        &payload,
    ] {
        let (status, code, message) = failure(&on(&[change, &["-ojson"]].concat()));
        assert_eq!((status, code.as_str()), (Some(1), "refused"), "{change:?}: {message}");
        assert!(message.contains("--yes") && message.contains("nothing was changed"), "{message}");
    }
    assert_eq!(running.json(&["source", "show", "source_123"])["revision"], 0, "nothing was changed");

    let changed = on(&["source", "disable", "source_123", "--yes", "-ojson"]);
    assert_eq!(changed.status.code(), Some(0), "{}", stderr(&changed));
    assert_eq!(serde_json::from_str::<Value>(&stdout(&changed)).unwrap()["enabled"], false);
    assert_eq!(running.json(&["source", "history", "source_123"])[0]["by"], CALLER);
    assert_eq!(on(&["queue", "status"]).status.code(), Some(0));

    let dev = aws(&outputs, "dev");
    let enabled = leadctl(&running, &dev, &["--stack", "leadping", "source", "enable", "source_123"]);
    assert_eq!(enabled.status.code(), Some(0), "no question where nobody is hurt: {}", stderr(&enabled));

    for (url, stack, exit, says) in [
        (&dev, "other", 3, "there is no stack other"),
        (&aws(&outputs[1..], "dev"), "leadping", 1, "not one of lead intake"),
        (&"http://127.0.0.1:1".to_owned(), "leadping", 5, "out of reach"),
    ] {
        let (status, _, message) = failure(&leadctl(&running, url, &["--stack", stack, "source", "list", "-ojson"]));
        assert_eq!(status, Some(exit), "{message}");
        assert!(message.contains(says), "{message}");
    }
    running.stack.stop().await;
}
