//! A person's right to be forgotten: every item and every index of both tables is read for what is left.

use std::fmt::Write;

use aws_sdk_dynamodb::types::AttributeValue;
use local::stack::Options;
use serde_json::json;

use crate::running::{Running, lead, stdout};

/// Every item of a table, and every index of it, as one text.
async fn everything(running: &Running, table: &str) -> String {
    let client = &running.stack.clients().dynamodb;
    let described = client.describe_table().table_name(table).send().await.unwrap().table.unwrap();
    let indexes = described.global_secondary_indexes().iter().map(|index| index.index_name.clone());
    let mut text = String::new();
    for index in [None].into_iter().chain(indexes) {
        let mut items = client.scan().table_name(table).set_index_name(index).into_paginator().items().send();
        while let Some(item) = items.next().await {
            for (name, value) in item.unwrap() {
                let value = match value {
                    AttributeValue::S(text) | AttributeValue::N(text) => text,
                    other => format!("{other:?}"),
                };
                writeln!(text, "{name}={value}").unwrap();
            }
        }
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_erasure_nothing_of_the_person_is_left() {
    // Ready, after the worker has processed it; and unfinished, without a worker.
    for worker in [true, false] {
        let running = Running::with(Options { worker, ..Options::default() }).await;
        let mut payload = lead("partner-4711", "+15555550177", "Quentin@example.com");
        payload["contact"]["lastName"] = json!("Quux");
        let (_, answer) = running.send("source_123", "lp_source_key", &payload);
        let id = answer["id"].as_str().unwrap().to_owned();
        if worker {
            running.settled();
        }
        let addresses = running.stack.addresses().clone();
        let before = everything(&running, &addresses.leads_table).await;
        let personal =
            ["Jordan", "Quux", "uentin", "5555550177", "555-0177", "1970-01-15", "partner-4711", "trustedform"];
        for data in ["Jordan", "uentin", "5555550177", "partner-4711", "content="] {
            assert!(before.contains(data), "{data}: the search would find it");
        }

        let erased = running.json(&["lead", "erase", &id]);
        assert_eq!((&erased["erased"], &erased["before"]), (&json!(true), &json!(false)));
        let after =
            everything(&running, &addresses.leads_table).await + &everything(&running, &addresses.sources_table).await;
        for data in personal.iter().chain(&["content=", "requestId=", "lookup=", "Wireless"]) {
            assert!(!after.contains(data), "{data} (worker: {worker}): {after}");
        }
        for kept in [&id[..], "processingStatus=Erased", "dayKey=source_123#", "lead.erased", "accountId=account_1"] {
            assert!(after.contains(kept), "{kept}: {after}");
        }

        let record = running.json(&["lead", "show", &id]);
        assert_eq!(record["lead"]["processingStatus"], "Erased");
        assert_eq!(record["lead"]["contact"], json!({}));
        assert_eq!(record["conversation"].is_object(), worker);
        let last = record["timeline"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(last["eventType"], "lead.erased");
        assert!(running.text(&["lead", "show", &id]).contains("Erased"));
        for gone in [
            &["--business=business_1", "--email=quentin@example.com"][..],
            &["--business=business_1", "--phone=+15555550177"],
            &["--source=source_123", "--external-id=partner-4711"],
        ] {
            assert_eq!(running.run(&[&["lead", "find"], gone].concat()).status.code(), Some(3), "{gone:?}");
        }
        let unfinished = running.json(&["unfinished"])["oldest"].clone();
        let waits = unfinished.as_array().unwrap().iter().map(|entry| entry["waitsFor"].as_str().unwrap());
        assert!(waits.clone().all(|waits| waits == "the bus, with its events"), "{unfinished}");

        // The partner's repeat writes nothing back, and neither does a second erasure.
        let (status, repeat) = running.send("source_123", "lp_source_key", &payload);
        assert_eq!((status, &repeat["processingStatus"], &repeat["contact"]), (201, &json!("Erased"), &json!({})));
        assert_eq!(running.json(&["lead", "erase", &id])["before"], true);
        let again =
            everything(&running, &addresses.leads_table).await + &everything(&running, &addresses.sources_table).await;
        assert_eq!(sorted(&again), sorted(&after));
        let report = running.json(&["report", "--from=yesterday", "--source=source_123"]);
        let leads: u64 = report.as_array().unwrap().iter().filter_map(|row| row["leads"].as_u64()).sum();
        assert_eq!(leads, 1, "the fact stays");
        let none = running.run(&["lead", "erase", "lead_none"]);
        assert_eq!((none.status.code(), stdout(&none)), (Some(3), String::new()));
        running.stack.stop().await;
    }
}

fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<_> = text.lines().collect();
    lines.sort_unstable();
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_in_the_midst_of_the_worker_s_steps_holds() {
    let running = Running::start().await;
    let ids: Vec<_> = (0..12)
        .map(|number| {
            let payload = lead(&format!("partner-4711-{number}"), "+15555550177", "quentin@example.com");
            let id = running.send("source_123", "lp_source_key", &payload).1["id"].as_str().unwrap().to_owned();
            running.json(&["lead", "erase", &id]);
            id
        })
        .collect();
    running.settled();
    let left = everything(&running, &running.stack.addresses().leads_table).await;
    for data in ["Jordan", "quentin", "5555550177", "partner-4711"] {
        assert!(!left.contains(data), "{data}: {left}");
    }
    for id in ids {
        assert_eq!(running.json(&["lead", "show", &id])["lead"]["processingStatus"], "Erased");
    }
    running.stack.stop().await;
}
