//! `leadctl doctor` on a stack that is healthy, has problems, hangs, or has stopped.

use std::io::{BufReader, Write};
use std::net::TcpListener;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use leadping::time::Timestamp;
use local::stack::Options;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::front::request;
use crate::running::{Running, command, failure, lead, leadctl, stderr, stdout};

/// A directory by which the stack is found with one of its addresses changed.
fn with_address(running: &Running, name: &str, url: &str) -> TempDir {
    let mut addresses = serde_json::to_value(running.stack.addresses()).unwrap();
    addresses[name] = url.into();
    let data = tempfile::tempdir().unwrap();
    std::fs::write(data.path().join("running.json"), addresses.to_string()).unwrap();
    data
}

/// A service that answers every call with this status, and keeps what it was asked.
fn answering(status: u16) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&asked);
    thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = BufReader::new(connection.unwrap());
            kept.lock().unwrap().push(request(&mut connection).0);
            let answer = format!("HTTP/1.1 {status} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            connection.get_mut().write_all(answer.as_bytes()).unwrap();
        }
    });
    (url, asked)
}

/// Edits a source's document by other means than leadctl.
async fn edit(running: &Running, source: &str, change: impl FnOnce(&str) -> String) {
    let (client, table) = (&running.stack.clients().dynamodb, &running.stack.addresses().sources_table);
    let (pk, sk) = (AttributeValue::S(format!("SOURCE#{source}")), AttributeValue::S("SOURCE".to_owned()));
    let found = client.get_item().table_name(table).key("pk", pk).key("sk", sk).send().await.unwrap();
    let mut item = found.item.unwrap();
    let document = change(item["document"].as_s().unwrap());
    item.insert("document".to_owned(), AttributeValue::S(document));
    client.put_item().table_name(table).set_item(Some(item)).send().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn problems_are_found_with_what_to_do() {
    let running = Running::start().await;
    let findings = running.json(&["doctor"]);
    let checks: Vec<_> =
        findings.as_array().unwrap().iter().map(|finding| finding["check"].as_str().unwrap()).collect();
    assert_eq!(
        checks,
        [
            "sources",
            "silence",
            "leads",
            "ledger",
            "sweep",
            "events",
            "consent",
            "queue",
            "dead letters",
            "API",
            "clock",
            "TrustedForm"
        ]
    );
    assert!(findings.as_array().unwrap().iter().all(|finding| finding["healthy"] == true), "{findings}");

    running.json(&["key", "revoke", "source_123", "lp_source_key"]);
    let dead = &running.stack.addresses().dead_letter_queue_url;
    running.stack.clients().sqs.send_message().queue_url(dead).message_body("poison").send().await.unwrap();
    running.json(&["source", "update", "source_exempt", "--cap-day", "5"]);
    // As a later release may.
    edit(&running, "source_exempt", |document| document.replace(r#""UTC""#, r#""Mars/Olympus""#)).await;
    let output = running.run(&["doctor"]);
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output);
    for part in [
        "no valid key: source_123",
        "key create",
        "1 in the queue",
        "dlq redrive",
        "dlq delete",
        "midnight UTC: source_exempt",
        "--cap-zone",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    running.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_cannot_be_read_is_named_and_its_leads_are_not_left_out() {
    let running = Running::start().await;
    for (source, external_id) in [("source_exempt", "one"), ("source_123", "two")] {
        let (status, answer) =
            running.send(source, "lp_source_key", &lead(external_id, "+15555550123", "a@example.com"));
        assert_eq!(status, 201, "{answer}");
    }
    running.settled();
    edit(&running, "source_exempt", |_| "{".to_owned()).await;

    let found = running.run(&["doctor"]);
    let text = stdout(&found);
    assert_eq!(found.status.code(), Some(1), "{text}");
    assert!(text.contains("cannot be read, so each of their posts fails: source_exempt\n"), "{text}");

    let list = running.run(&["source", "list", "-ojson"]);
    let rows: Vec<Value> = serde_json::from_str(&stdout(&list)).unwrap();
    assert_eq!(rows.last(), Some(&json!({"id": "source_exempt", "unreadable": true})));
    assert_eq!((rows.len(), stderr(&list).as_str()), (8, ""));
    assert!(running.text(&["source", "list"]).contains("source_exempt\tcannot be read\t"));

    let leads = |report: &Value| report.as_array().unwrap().iter().filter_map(|row| row["leads"].as_u64()).sum::<u64>();
    assert_eq!(leads(&running.json(&["report", "--from=today"])), 2);
    assert_eq!(running.text(&["lead", "export", "--business=business_1", "--from=today"]).lines().count(), 2);
    assert_eq!(running.json(&["event", "replay", "--from=today"])["leads"], 2);
    // When it was created, and so how far back its leads go, is not known.
    let output = running.run(&["lead", "erase", "--older-than=1d", "-ojson"]);
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(1), "{\"erased\":[]}\n"));
    assert!(stderr(&output).contains("no lead of theirs was erased: source_exempt"), "{}", stderr(&output));

    for row in rows.iter().filter(|row| row["enabled"] == true) {
        running.json(&["source", "disable", row["id"].as_str().unwrap()]);
    }
    let found = running.json_of(&["doctor"], "sources");
    assert_eq!(
        (&found["healthy"], &found["found"]),
        (&json!(true), &json!("7 sources, none active: no lead is accepted"))
    );
    running.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn backends_of_functions_that_run_elsewhere_are_acted_on_too() {
    let running = Running::with(Options { gateway: false, worker: false, ..Options::default() }).await;
    let text = running.text(&["source", "create", "--name=Acme", "--account=account_7", "--business=business_7"]);
    assert!(text.contains("$LEADPING_URL/leads") && text.contains("Set LEADPING_URL"), "{text}");
    let findings = running.json(&["doctor"]);
    let found = |check: &str| {
        let mut findings = findings.as_array().unwrap().iter();
        findings.find(|finding| finding["check"] == check).unwrap()["found"].as_str().unwrap()
    };
    assert_eq!(found("API"), "no address is known");
    for arguments in [
        &["post", "-", "--source=source_123", "--key=lp_source_key", "-ojson"][..],
        &["token", "--business=business_1", "-ojson"],
    ] {
        let (code, _, message) = failure(&running.run(arguments));
        assert!(code == Some(2) && message.contains("without --backends-only"), "{message}");
    }
    // Functions that run elsewhere may not have run for hours.
    let url = &running.stack.addresses().queue_url;
    running.stack.clients().sqs.send_message().queue_url(url).message_body("waits").send().await.unwrap();
    let text = running.text(&["doctor"]);
    assert!(text.contains("1 message waits; the worker runs elsewhere"), "{text}");
    running.stack.stop().await;
}

/// Gives a source a lead at the first moment of a day, as the index of days has it.
async fn sent(running: &Running, source: &str, day: &str) {
    let text = |text: String| AttributeValue::S(text);
    let put = running.stack.clients().dynamodb.put_item().table_name(&running.stack.addresses().leads_table);
    let put = put.item("pk", text(format!("LEAD#lead_{source}_{day}"))).item("sk", text("LEAD".to_owned()));
    let put = put.item("dayKey", text(format!("{source}#{day}#3")));
    put.item("createdAt", text(format!("{day}T00:00:00.000Z"))).send().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn sources_that_fell_silent_are_named() {
    let running = Running::start().await;
    let day = Duration::from_secs(24 * 60 * 60);
    let now = Timestamp::now();
    let (today, yesterday, before) = (now.day(), now.before(day).day(), now.before(2 * day).day());
    assert_eq!(running.json_of(&["doctor"], "silence")["healthy"], true, "no source ever sent a lead");
    for (source, days) in [
        ("source_123", &[&yesterday, &today][..]),
        ("source_texas", &[&yesterday]),
        ("source_exempt", &[&before, &yesterday]),
        ("source_product", &[&before]),
        ("source_retain", &[&today]),
        ("source_disabled", &[&yesterday]),
    ] {
        for day in days {
            sent(&running, source, day).await;
        }
    }
    let found = running.json_of(&["doctor"], "silence");
    // In the first hour of a day no source is late.
    let is_early = now.since(format!("{today}T00:00:00Z").parse().unwrap()) < Duration::from_secs(60 * 60);
    let says = if is_early { "not late so far" } else { "leads yesterday and none today (UTC)" };
    assert_eq!((&found["healthy"], found["remedy"].is_string()), (&json!(is_early), !is_early), "{found}");
    let text = found["found"].as_str().unwrap();
    assert!(text.contains(says) && text.ends_with(": source_exempt, source_texas"), "{found}");
    if !is_early {
        assert!(found["remedy"].as_str().unwrap().contains("report --refused"), "{found}");
    }
    running.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn trusted_form_is_asked_and_its_refusal_of_us_is_a_problem() {
    let running = Running::start().await;
    for (status, healthy, says) in [
        (404, true, "accepts our key"),
        (401, false, "refuses our key (401)"),
        (402, false, "out of funds"),
        (403, false, "refuses our key (403)"),
        (503, false, "answers 503"),
    ] {
        let (url, asked) = answering(status);
        let output = leadctl(with_address(&running, "trustedForm", &url).path(), &["doctor", "-ojson"]);
        let findings: Value = serde_json::from_str(&stdout(&output)).unwrap();
        let finding = findings.as_array().unwrap().iter().find(|finding| finding["check"] == "TrustedForm").unwrap();
        assert_eq!(finding["healthy"], healthy, "{status}: {finding}");
        assert!(finding["found"].as_str().unwrap().contains(says), "{status}: {finding}");
        assert_eq!(finding["remedy"].is_string(), !healthy, "{status}: {finding}");
        assert_eq!(output.status.code(), Some(i32::from(!healthy)));
        let asked = asked.lock().unwrap();
        let agent = format!("user-agent: leadctl-doctor/{}", env!("CARGO_PKG_VERSION"));
        assert!(asked.len() == 1 && asked[0].to_lowercase().contains(&agent), "{asked:?}");
    }

    // The function can tell the check from a partner's post.
    let (url, asked) = answering(401);
    leadctl(with_address(&running, "gateway", &url).path(), &["doctor"]);
    assert!(asked.lock().unwrap()[0].to_lowercase().contains("user-agent: leadctl-doctor/"));
    running.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_out_of_reach_is_said_once() {
    let running = Running::start().await;
    let Running { stack, data } = running;
    stack.stop().await;
    let output = leadctl(data.path(), &["doctor"]);
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output);
    assert_eq!(text.matches("Nothing listens at").count(), 1, "{text}");
    assert_eq!(text.matches("out of reach").count(), 9, "{text}");
    assert!(text.lines().count() <= 10, "{text}");
}

/// Services that accept connections and never answer, and a directory by which they are found as a stack.
fn hanging() -> (Vec<TcpListener>, TempDir) {
    let listeners: Vec<_> = (0..4).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    let url = |number: usize| format!("http://{}", listeners[number].local_addr().unwrap());
    let data = tempfile::tempdir().unwrap();
    let addresses = json!({
        "gateway": url(0), "dynamodb": url(1), "sqs": url(2), "queueUrl": format!("{}/q", url(2)),
        "deadLetterQueueUrl": format!("{}/d", url(2)), "sourcesTable": "s", "leadsTable": "l", "limitsTable": "m",
        "ledgerTable": "g", "region": "us-east-1",
        "trustedForm": url(3), "bus": url(3), "eventBusName": "events",
    });
    std::fs::write(data.path().join("running.json"), addresses.to_string()).unwrap();
    (listeners, data)
}

#[test]
fn a_stack_that_hangs_is_told_with_one_remedy() {
    let (_listeners, data) = hanging();
    let text = stdout(&leadctl(data.path(), &["doctor"]));
    let late = ["no answer within 5 s", "does not answer in time"].map(|late| text.matches(late).count());
    assert_eq!(late, [7, 2], "{text}");
    assert_eq!(text.matches("runs but does not answer").count(), 1, "{text}");
}

#[test]
fn all_checks_run_at_once() {
    let (listeners, data) = hanging();
    let mut process = command(data.path(), &["doctor"]);
    let child = process.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Each service is called while no other has answered.
    let connections: Vec<_> = listeners.iter().map(|listener| listener.accept().unwrap()).collect();
    drop((listeners, connections));
    let text = stdout(&child.wait_with_output().unwrap());
    assert_eq!(text.matches("out of reach").count(), 9, "{text}");
}
