//! A person's right to be forgotten: every item and every index of both tables is read for what is left.

use std::fmt::Write;

use aws_sdk_dynamodb::types::AttributeValue;
use local::stack::Options;
use serde_json::{Value, json};

use crate::front::stuck_after;
use crate::ledger::{items, replace, text, with};
use crate::running::{Running, command, lead, stderr, stdout};

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
        if worker {
            // The event of the erasure is published, so nothing else changes from here on.
            running.settled();
        }
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

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_erased_from_all_leads_in_any_spelling() {
    let running = Running::with(Options { worker: false, ..Options::default() }).await;
    let spellings = ["Zoe@bücher.example", "zoe@xn--bcher-kva.example", "zoe@BU\u{308}CHER.example"];
    for (number, email) in spellings.iter().enumerate() {
        let sent = lead(&format!("person-{number}"), &format!("+1555555010{number}"), email);
        assert_eq!(running.send("source_123", "lp_source_key", &sent).0, 201);
    }
    let other = running.send("source_123", "lp_source_key", &lead("other", "+15555550100", "zoe@example.com")).1;
    for email in spellings {
        let found = running.json(&["lead", "find", "--business=business_1", "--email", email]);
        assert_eq!(found.as_array().unwrap().len(), 3, "{email}");
    }
    let erased = running.json(&["lead", "erase", "--business=business_1", "--email=zoe@bücher.example"]);
    assert_eq!(erased["erased"].as_array().unwrap().len(), 3);
    let none = running.run(&["lead", "erase", "--business=business_1", "--email=zoe@bücher.example"]);
    assert_eq!(none.status.code(), Some(3), "{}", stderr(&none));

    // By number: one of the person's leads had it, too, and is erased already.
    let erased = running.json(&["lead", "erase", "--business=business_1", "--phone=(555) 555-0100"]);
    assert_eq!(erased["erased"], json!([other["id"]]));
    for wrong in [
        &["lead", "erase"][..],
        &["lead", "erase", "--phone=(555) 555-0100"],
        &["lead", "erase", "--business=business_1"],
        &["lead", "erase", "lead_1", "--again"],
        &["lead", "erase", "lead_1", "--business=business_1"],
        &["lead", "erase", "--again", "--older-than=730d"],
        &["lead", "erase", "--older-than=730"],
        &["lead", "erase", "--again", "--source=source_123"],
    ] {
        assert_eq!(running.run(wrong).status.code(), Some(2), "{wrong:?}");
    }
    running.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn leads_older_than_the_retention_time_are_erased() {
    let running = Running::with(Options { worker: false, ..Options::default() }).await;
    let id = running.post("source_123", "lp_source_key");
    let erase = |age: &str| running.json(&["lead", "erase", "--older-than", age]);
    assert_eq!(erase("1d")["erased"], json!([]));
    assert_eq!(erase("99999999999d")["erased"], json!([]), "an age that no time has erases nothing");

    // The lead and its source are three days older.
    let client = &running.stack.clients().dynamodb;
    let addresses = running.stack.addresses();
    let now = jiff::Timestamp::now();
    let (today, then) = (now.to_string(), (now - jiff::SignedDuration::from_hours(72)).to_string());
    for (table, pk, sk) in [
        (&addresses.leads_table, format!("LEAD#{id}"), "LEAD"),
        (&addresses.sources_table, "SOURCE#source_123".to_owned(), "SOURCE"),
    ] {
        let key =
            [("pk", pk.as_str()), ("sk", sk)].map(|(name, value)| (name.to_owned(), AttributeValue::S(value.into())));
        let read = client.get_item().table_name(table).set_key(Some(key.into())).send().await.unwrap();
        let mut item = read.item.unwrap();
        for name in ["document", "createdAt", "dayKey"] {
            if item.contains_key(name) {
                let older = text(&item, name).replace(&today[..10], &then[..10]);
                item = with(&item, name, &older);
            }
        }
        client.put_item().table_name(table).set_item(Some(item)).send().await.unwrap();
    }
    assert_eq!(erase("4d")["erased"], json!([]));
    assert_eq!(erase("2d")["erased"], json!([id]));
    assert_eq!(erase("2d")["erased"], json!([]));
    running.stack.stop().await;
}

/// What `docs/operating.md` says about a restore: the table comes back from a copy that is older than the erasures, and
/// they are repeated.
#[tokio::test(flavor = "multi_thread")]
async fn after_a_restore_the_erasures_are_repeated() {
    let running = Running::start().await;
    let sent = |number: u32| {
        let payload = lead(&format!("partner-{number}"), &format!("+1555555010{number}"), "jordan@example.com");
        running.send("source_123", "lp_source_key", &payload).1["id"].as_str().unwrap().to_owned()
    };
    let ids: Vec<_> = (0..4).map(sent).collect();
    running.settled();
    let client = &running.stack.clients().dynamodb;
    let table = running.stack.addresses().leads_table.clone();
    let copy = items(client, &table).await;
    running.json(&["lead", "erase", &ids[0]]);
    running.json(&["lead", "erase", "--business=business_1", "--phone=+15555550101"]);
    // This one came after the copy, and is lost with the table.
    let lost = sent(4);
    running.json(&["lead", "erase", &lost]);
    running.settled();

    replace(client, &table, &copy).await;
    let status = |id: &str| running.json(&["lead", "show", id])["lead"]["processingStatus"].clone();
    assert_eq!(status(&ids[0]), "Ready", "the person is back");
    let again = running.json(&["lead", "erase", "--again"]);
    let mut erased: Vec<_> = again["erased"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    erased.sort_unstable();
    let mut expected = vec![ids[0].as_str(), ids[1].as_str()];
    expected.sort_unstable();
    assert_eq!(erased, expected);
    assert_eq!(ids.iter().map(|id| status(id)).collect::<Vec<_>>(), ["Erased", "Erased", "Ready", "Ready"]);
    assert_eq!(running.json(&["lead", "erase", "--again"])["erased"], json!([]));
    let verified: Value = running.json(&["ledger", "verify"]);
    assert_eq!(verified["faults"], json!([]));

    // An entry that cannot be read may be an erasure: all others are repeated, and the command fails and names it.
    let ledger = running.stack.addresses().ledger_table.clone();
    let entries = items(client, &ledger).await;
    let (place, erasure) = entries.iter().enumerate().find(|(_, it)| text(it, "document").contains(&ids[0])).unwrap();
    let damaged = with(erasure, "document", &text(erasure, "document").replace(&ids[0], ""));
    client.put_item().table_name(&ledger).set_item(Some(damaged)).send().await.unwrap();
    replace(client, &table, &copy).await;
    let again = running.run(&["lead", "erase", "--again", "-ojson"]);
    assert_eq!(again.status.code(), Some(1), "{}", stderr(&again));
    assert!(
        stderr(&again)
            .contains(&format!("1 entry of the ledger cannot be read, and may be of an erasure: {}", place + 1)),
        "{}",
        stderr(&again)
    );
    let again: Value = serde_json::from_str(&stdout(&again)).unwrap();
    assert_eq!(again["erased"].as_array().unwrap().len(), 2, "the repeated erasure has an entry, too: {again}");
    running.stack.stop().await;
}

/// A restore of the account brings back the guards of persons, and a ledger that knows nothing of the erasures since.
#[tokio::test(flavor = "multi_thread")]
async fn after_a_restore_guards_go_and_the_head_tells_of_an_older_ledger() {
    let running = Running::start().await;
    running.json(&["source", "update", "source_123", "--duplicates=phone", "--duplicate-days=30"]);
    let sent = |number: u32| {
        let payload = lead(&format!("partner-{number}"), &format!("+1555555010{number}"), "jordan@example.com");
        running.send("source_123", "lp_source_key", &payload).1["id"].as_str().unwrap().to_owned()
    };
    let ids = [sent(0), sent(1)];
    running.settled();
    let (client, addresses) = (&running.stack.clients().dynamodb, running.stack.addresses());
    let tables = [&addresses.leads_table, &addresses.limits_table, &addresses.ledger_table];
    let guarded = async |id: &str| {
        let found = items(client, &addresses.limits_table).await;
        found.iter().any(|item| item.get("leadId") == Some(&AttributeValue::S(id.to_owned())))
    };
    let mut copies = Vec::new();
    for table in tables {
        copies.push(items(client, table).await);
    }
    let head = running.json(&["lead", "erase", &ids[0]])["ledgerHead"]["digest"].as_str().unwrap().to_owned();
    assert!(!guarded(&ids[0]).await);
    running.settled();

    replace(client, tables[0], &copies[0]).await;
    replace(client, tables[1], &copies[1]).await;
    assert!(guarded(&ids[0]).await, "it is back");
    assert_eq!(running.json(&["lead", "erase", "--again"])["erased"], json!([ids[0]]));
    assert!(!guarded(&ids[0]).await && guarded(&ids[1]).await);
    assert_eq!(running.json(&["ledger", "verify", "--head", &head])["faults"], json!([]));

    replace(client, tables[0], &copies[0]).await;
    replace(client, tables[2], &copies[2]).await;
    assert_eq!(running.json(&["lead", "erase", "--again"])["erased"], json!([]));
    let found = running.run(&["ledger", "verify", "--head", &head]);
    assert_eq!(found.status.code(), Some(1));
    assert!(stdout(&found).contains("the given head"), "{}", stdout(&found));
    running.stack.stop().await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_that_is_interrupted_continues_by_the_same_command() {
    use std::process::{Command, Stdio};

    let running = Running::with(Options { worker: false, ..Options::default() }).await;
    for number in 0..4 {
        let sent = lead(&format!("partner-{number}"), &format!("+1555555010{number}"), "jordan@example.com");
        assert_eq!(running.send("source_123", "lp_source_key", &sent).0, 201);
    }
    let erased = || -> usize {
        let entries = running.json(&["ledger", "list", "--most=100"]);
        entries.as_array().unwrap().iter().filter(|row| row["entry"]["action"] == "lead erase").count()
    };
    let erase = ["lead", "erase", "--business=business_1", "--email=jordan@example.com"];
    let stuck = stuck_after(&running, "TransactWriteItems", 2);
    let child = command(stuck.path(), &erase).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while erased() < 2 {
        std::thread::yield_now();
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    assert!(stderr(&output).contains("interrupted after 2 leads"), "{}", stderr(&output));
    assert_eq!(erased(), 2);
    assert_eq!(running.json(&erase)["erased"].as_array().unwrap().len(), 2);
    running.stack.stop().await;
}

/// An older leadctl meets leads and a source of a later release. It erases all others, fails, and names what it cannot read.
#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_names_what_it_cannot_read() {
    let running = Running::with(Options { worker: false, ..Options::default() }).await;
    let sent = |number: u32| {
        let payload = lead(&format!("partner-{number}"), "+15555550101", "jordan@example.com");
        running.send("source_123", "lp_source_key", &payload).1["id"].as_str().unwrap().to_owned()
    };
    let [later, plain] = [sent(0), sent(1)];
    let (client, addresses) = (&running.stack.clients().dynamodb, running.stack.addresses());
    let version = async |table: &str, pk: String, sk: &str, version: &str| {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let update = client.update_item().table_name(table).key("pk", text(&pk)).key("sk", text(sk));
        let update = update.update_expression("SET schemaVersion = :version");
        update.expression_attribute_values(":version", AttributeValue::N(version.to_owned())).send().await.unwrap();
    };
    let failed = |arguments: &[&str], named: &str| {
        let output = running.run(&[&["lead", "erase", "-ojson"], arguments].concat());
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(named), "{arguments:?}: {}", stderr(&output));
        serde_json::from_str::<Value>(&stdout(&output)).unwrap()
    };
    version(&addresses.leads_table, format!("LEAD#{later}"), "LEAD", "99").await;
    let found = failed(&["--business=business_1", "--phone=+15555550101"], &later);
    assert_eq!((&found["erased"], &found["unreadable"]), (&json!([plain]), &json!([later])));
    let found = failed(&["--business=business_1", "--email=jordan@example.com"], &later);
    assert_eq!((&found["erased"], &found["unreadable"]), (&json!([]), &json!([later])));

    // The ledger says that it was erased, and a restored table has it again.
    version(&addresses.leads_table, format!("LEAD#{later}"), "LEAD", "1").await;
    let copy = items(client, &addresses.leads_table).await;
    assert_eq!(running.json(&["lead", "erase", &later])["before"], false);
    replace(client, &addresses.leads_table, &copy).await;
    version(&addresses.leads_table, format!("LEAD#{later}"), "LEAD", "99").await;
    assert_eq!(failed(&["--again"], &later)["unreadable"], json!([later]));

    version(&addresses.sources_table, "SOURCE#source_123".to_owned(), "SOURCE", "99").await;
    assert_eq!(failed(&["--older-than=1d"], "source_123")["erased"], json!([]));
    running.stack.stop().await;
}
