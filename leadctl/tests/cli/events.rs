//! `leadctl event`: what subscribers are told, and told again.

use std::collections::BTreeSet;

use local::stack::Options;
use local::stand_ins::bus::BusFault;
use serde_json::{Value, json};

use crate::running::{Running, lead, stderr, stdout};

/// The ids and types of what the bus received.
fn published(running: &Running) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let of = |entry: &Value| (text(&entry["detail"]["id"]), text(&entry["detail-type"]));
    running.stack.bus().published().iter().map(of).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_events_of_leads_are_published_again_with_the_same_ids() {
    let running = Running::start().await;
    let first = running.post("source_123", "lp_source_key");
    running.send("source_exempt", "lp_source_key", &lead("other", "+15555550199", "casey@example.com"));
    running.json(&[
        "source",
        "create",
        "--id=source_2",
        "--name=x",
        "--account=account_2",
        "--business=business_2",
        "--approved",
    ]);
    let key = running.json(&["key", "create", "source_2"])["key"].as_str().unwrap().to_owned();
    running.send("source_2", &key, &lead("third", "+15555550198", "robin@example.com"));
    running.settled();
    let before = published(&running);
    assert_eq!(before.len(), 9);

    let replayed = |arguments: &[&str], counts: Value| {
        let told = published(&running).len();
        assert_eq!(running.json(&[&["event", "replay"], arguments].concat()), counts, "{arguments:?}");
        let again = published(&running).split_off(told);
        assert_eq!(Value::from(again.len()), counts["events"], "{arguments:?}");
        assert!(again.iter().all(|event| before.contains(event)), "{arguments:?}: the same ids and types");
        again.into_iter().collect::<BTreeSet<_>>()
    };
    let of_first = replayed(&["--lead", &first], json!({"leads": 1, "events": 3}));
    assert!(of_first.iter().any(|(_, name)| name == "lead.ready"));
    replayed(&["--from=today"], json!({"leads": 3, "events": 9}));
    replayed(&["--from=today", "--business=business_1"], json!({"leads": 2, "events": 6}));
    replayed(&["--from=yesterday", "--to=yesterday"], json!({"leads": 0, "events": 0}));

    for (arguments, code, says) in [
        (&["--lead=lead_none"][..], 3, "there is no lead lead_none"),
        (&["--from=today", "--business=business_none"], 3, "no source was ever attached"),
        (&["--lead=lead_none", "--from=today"], 2, "cannot be used with"),
        (&[], 2, "required"),
    ] {
        let output = running.run(&[&["event", "replay"], arguments].concat());
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        assert!(stderr(&output).contains(says), "{arguments:?}: {}", stderr(&output));
    }
    running.stack.bus().fail(BusFault::Down);
    let output = running.run(&["event", "replay", "--from=today"]);
    assert_eq!(output.status.code(), Some(5));
    assert!(stderr(&output).contains("to repeat that day is safe"), "{}", stderr(&output));
    running.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tail_shows_what_the_bus_received() {
    let running = Running::start().await;
    let id = running.post("source_123", "lp_source_key");
    running.settled();
    let text = running.text(&["event", "tail", "--no-follow"]);
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(lines.iter().all(|line| line.contains(&id)));
    assert!(lines[2].contains("lead.ready") && lines[2].contains("sms: yes  call: yes"), "{text}");
    assert_eq!(running.text(&["event", "tail", "--no-follow", "--last=1"]).lines().count(), 1);
    let json = stdout(&running.run(&["event", "tail", "--no-follow", "--output=json"]));
    let entries: Vec<Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(entries.len(), 3);
    assert_eq!((&entries[0]["detail-type"], &entries[0]["detail"]["sequence"]), (&json!("lead.created"), &json!(1)));
    running.stack.stop().await;
}

/// A source that retains its certificates: the lead's consent, by itself, in exports and counted.
#[tokio::test(flavor = "multi_thread")]
async fn consent_is_shown_exported_and_counted() {
    let running = Running::start().await;
    let shown = running.json(&["source", "show", "source_retain"]);
    assert_eq!(shown["retainCertificates"], true);
    let mut payload = lead("kept-1", "+15125550123", "kept@example.com");
    payload["metadata"]["trustedFormUrl"] = json!("https://cert.trustedform.com/kept-1");
    let kept = running.send("source_retain", "lp_source_key", &payload).1["id"].as_str().unwrap().to_owned();
    payload["metadata"]["trustedFormUrl"] = json!("https://cert.trustedform.com/sandbox-1");
    let sandbox = running.send("source_retain", "lp_source_key", &payload).1["id"].as_str().unwrap().to_owned();
    let other = running.post("source_123", "lp_source_key");
    running.settled();

    let consent = |id: &str| running.json(&["lead", "show", id])["lead"]["consent"].clone();
    let verified = consent(&kept);
    assert_eq!((&verified["status"], &verified["phoneMatch"]), (&json!("verified"), &json!(true)));
    assert_eq!(consent(&sandbox)["reason"], "certificate_not_claimable");
    assert!(consent(&other).is_null(), "its source does not retain");
    assert!(running.text(&["lead", "show", &kept]).contains("Consent\n"));
    let rows = running.json(&["report", "--consent", "--from=today", "--source=source_retain", "--source=source_123"]);
    let counts = |row: &Value| ["leads", "verified", "unverified", "pending"].map(|name| row[name].as_u64().unwrap());
    assert_eq!((counts(&rows[0]), counts(&rows[1])), ([2, 1, 1, 0], [1, 0, 0, 0]));
    let csv = running.text(&["lead", "export", "--source=source_retain", "--from=today", "--format=csv"]);
    assert!(csv.contains("consent.status") && csv.contains("verified"), "{csv}");

    running.json(&["source", "update", "source_123", "--retain-certificates"]);
    assert_eq!(running.json(&["source", "show", "source_123"])["retainCertificates"], true);
    assert!(running.text(&["source", "history", "source_123"]).contains("retainCertificates no -> yes"));
    running.json(&["source", "update", "source_123", "--retain-certificates", "off"]);
    assert_eq!(running.json(&["source", "show", "source_123"])["retainCertificates"], false);
    running.stack.stop().await;
}

/// The outbox tells leads that are not ready from leads whose events wait.
#[tokio::test(flavor = "multi_thread")]
async fn events_that_wait_are_listed_and_published_by_hand() {
    let sweep = std::time::Duration::from_secs(3_600);
    let running = Running::with(Options { sweep, ..Options::default() }).await;
    running.stack.bus().fail(BusFault::Down);
    let id = running.post("source_123", "lp_source_key");
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while running.json(&["lead", "show", &id])["lead"]["processingStatus"] != "Ready" {
        assert!(std::time::Instant::now() < deadline, "an outage of the bus does not delay the lead");
    }
    let listing = running.json(&["unfinished"]);
    assert_eq!((&listing["unfinished"], &listing["oldest"][0]["leadId"]), (&json!(1), &json!(id)));
    assert_eq!(listing["oldest"][0]["waitsFor"], "the bus, with its events");
    let findings = running.json(&["doctor"]);
    let finding = findings.as_array().unwrap().iter().find(|finding| finding["check"] == "events").unwrap();
    assert_eq!(finding["found"], "the events of 1 lead wait");
    assert_eq!(running.json_of(&["doctor"], "sweep")["found"], "1 unfinished lead, none overdue");

    running.stack.bus().fail(BusFault::None);
    assert_eq!(running.json(&["unfinished", "announce", "--all"]), json!({"announced": 1}));
    running.settled();
    assert_eq!(published(&running).len(), 3);
    running.stack.stop().await;
}

/// A lead may wait for several things, and one message is enough for all of them.
#[tokio::test(flavor = "multi_thread")]
async fn a_lead_that_waits_for_two_things_is_one_lead_and_announced_once() {
    let sweep = std::time::Duration::from_secs(3_600);
    let running = Running::with(Options { sweep, ..Options::default() }).await;
    running.stack.bus().fail(BusFault::Down);
    // The lookup of a number that ends like this is refused, and retried.
    let answer = running.send("source_123", "lp_source_key", &lead("two", "+15555550106", "a@example.com")).1;
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    let listing = loop {
        let listing = running.json(&["unfinished"]);
        let waits: Vec<_> = listing["oldest"].as_array().unwrap().iter().map(|it| it["waitsFor"].clone()).collect();
        if waits.len() == 2 && waits.contains(&json!("the bus, with its events")) {
            break listing;
        }
        assert!(std::time::Instant::now() < deadline, "{listing}");
    };
    assert_eq!(listing["unfinished"], 1, "{listing}");
    for entry in listing["oldest"].as_array().unwrap() {
        assert_eq!((&entry["leadId"], &entry["createdAt"]), (&answer["id"], &answer["createdAt"]), "{listing}");
        assert!(entry["since"].as_str() >= entry["createdAt"].as_str(), "{listing}");
    }
    assert_eq!(running.json(&["unfinished", "announce", "--all"]), json!({"announced": 1}));
    running.stack.stop().await;
}
