//! Making and showing, and what is said when something is wrong.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use local::stack::Options;
use serde_json::json;

use crate::running::{Running, failure, leadctl, stderr, stdout};

#[tokio::test(flavor = "multi_thread")]
async fn a_source_is_made_and_looked_at() {
    let running = Running::start().await;
    let created = running.json(&[
        "source",
        "create",
        "--name=Acme forms",
        "--account=account_7",
        "--business=business_7",
        "--id=source_acme",
        "--allowed-state=texas",
        "--allowed-product= Auto ",
    ]);
    assert_eq!(created.as_object().unwrap().len(), 2, "the id and the key");
    assert_eq!(created["id"], "source_acme");
    let key = created["key"].as_str().unwrap();
    assert!(key.starts_with("lp_"));

    let shown = running.json(&["source", "show", "source_acme"]);
    assert_eq!(shown["name"], "Acme forms");
    assert_eq!(shown["businessId"], "business_7");
    assert_eq!(shown["allowedStates"], json!(["TX"]));
    assert_eq!(shown["allowedProducts"], json!(["Auto"]));
    assert_eq!(shown["approved"], false);
    assert_eq!(shown["keys"][0]["prefix"].as_str(), key.get(..8));

    let all = running.json(&["source", "list"]);
    assert!(all.as_array().unwrap().contains(&shown));

    let stored = running.stack.sources().get(&"source_acme".parse().unwrap()).await.unwrap().unwrap();
    for text in [
        shown.to_string(),
        all.to_string(),
        running.text(&["source", "show", "source_acme"]),
        running.text(&["source", "list"]),
    ] {
        assert!(text.contains("source_acme"), "{text}");
        for secret in [key, &stored.salt, &stored.keys[0].sha256] {
            assert!(!text.contains(secret), "{text}");
        }
    }
    running.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_get_a_key_that_works_and_a_first_lead_to_paste() {
    let running = Running::start().await;
    let text = running.text(&[
        "source",
        "create",
        "--name=Acme",
        "--account=account_7",
        "--business=business_7",
        "--approved",
    ]);
    let word = |start: &str| {
        text.split(|c: char| c.is_whitespace() || c == '\'').find(|word| word.starts_with(start)).unwrap()
    };
    assert!(text.contains("only this once") && text.contains(running.gateway()), "{text}");
    running.post(word("source_"), word("lp_"));
    running.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn backends_of_functions_that_run_elsewhere_are_acted_on_too() {
    let running = Running::with(Options { gateway: false, worker: false, ..Options::default() }).await;
    let text = running.text(&["source", "create", "--name=Acme", "--account=account_7", "--business=business_7"]);
    assert!(text.contains("$LEADPING_URL/leads") && text.contains("Set LEADPING_URL"), "{text}");
    let findings = running.json(&["doctor"]);
    let checks: Vec<_> = findings.as_array().unwrap().iter().map(|finding| &finding["check"]).collect();
    assert_eq!(checks, ["sources", "leads", "sweep", "queue", "dead letters"], "there is no API to ask");
    running.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_is_shown_with_all_that_came_of_it() {
    let running = Running::start().await;
    let id = running.post("source_123", "lp_source_key");
    let deadline = Instant::now() + Duration::from_secs(30);
    let record = loop {
        let record = running.json(&["lead", "show", &id]);
        if record["lead"]["processingStatus"] == "Ready" {
            break record;
        }
        assert!(Instant::now() < deadline, "never ready: {record}");
    };
    assert_eq!(record["lead"]["id"], id.as_str());
    assert_eq!(record["lead"]["metadata"]["price"], 18.5);
    assert_eq!(record["lead"]["contact"]["phone"]["number"], "+15555550123");
    assert_eq!(record["lead"]["contact"]["phone"]["lookup"]["lineType"], "Wireless");
    assert_eq!(record["conversation"]["leadId"], id.as_str());
    let events: Vec<_> = record["timeline"].as_array().unwrap().iter().map(|event| &event["eventType"]).collect();
    assert_eq!(events, ["lead.created", "phone.lookup.succeeded"]);

    let text = running.text(&["lead", "show", &id]);
    for part in [&id, "Ready", "phone.lookup.lineType", "Wireless", "Conversation", "lead.created", "externalId"] {
        assert!(text.contains(part), "{part}: {text}");
    }

    let inbox = running.json(&["inbox", "business_1"]);
    assert_eq!(inbox[0]["leadId"], id.as_str());
    assert!(running.text(&["inbox", "business_1", "--most", "1"]).contains("Jordan Example"));
    assert_eq!(running.json(&["inbox", "business_none"]), json!([]));
    running.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_says_why_and_what_to_do() {
    let running = Running::start().await;
    let create = ["source", "create", "--name=Acme", "--account=account_7", "--business=business_7"];
    let taken = [&create[..], &["--id=source_123"]].concat();
    let ontario = [&create[..], &["--allowed-state=Ontario"]].concat();
    let tags: Vec<_> = (0..51).map(|number| format!("--default-tag-id={number}")).collect();
    let tagged: Vec<_> = create.iter().copied().chain(tags.iter().map(String::as_str)).collect();
    let cases: [(&[&str], i32, &str, &str); 7] = [
        (&tagged, 1, "refused", "at most 50"),
        (&["source", "create", "--name=Acme"], 2, "usage", "--account"),
        (&ontario, 2, "usage", "not a state"),
        (&["lead", "show", "jordan@example.com"], 2, "usage", "an id is"),
        (&["source", "show", "source_none"], 3, "not_found", "source list"),
        (&["lead", "show", "lead_none"], 3, "not_found", "lead_none"),
        (&taken, 4, "conflict", "another --id"),
    ];
    for (arguments, exit, code, says) in cases {
        let (status, named, message) = failure(&running.run(&[arguments, &["--output=json"]].concat()));
        assert_eq!((status, named.as_str()), (Some(exit), code), "{arguments:?}: {message}");
        assert!(message.contains(says) && !message.contains("jordan"), "{message}");

        let people = running.run(arguments);
        assert_eq!(people.status.code(), Some(exit));
        assert!(stderr(&people).starts_with("error: ") && stderr(&people).contains(says), "{}", stderr(&people));
    }

    running.stack.stop().await;
    let gone = leadctl(running.data.path(), &["source", "list", "-o", "json"]);
    let (status, code, message) = failure(&gone);
    assert_eq!((status, code.as_str()), (Some(5), "aws"), "{message}");
    assert!(message.contains("Nothing listens") && message.contains("cargo run"), "{message}");
}

#[test]
fn without_a_place_to_act_the_way_to_one_is_told() {
    let empty = tempfile::tempdir().unwrap();
    let none = leadctl(empty.path(), &["source", "list", "-o", "json"]);
    let (status, code, message) = failure(&none);
    assert_eq!((status, code.as_str()), (Some(2), "usage"));
    assert!(message.contains("running.json") && message.contains("cargo run"), "{message}");

    std::fs::write(empty.path().join("running.json"), "{}").unwrap();
    let other = leadctl(empty.path(), &["source", "list"]);
    assert_eq!(other.status.code(), Some(2));

    let mut nowhere = Command::new(env!("CARGO_BIN_EXE_leadctl"));
    let nowhere =
        nowhere.args(["source", "list"]).env_remove("SOURCES_TABLE").env_remove("LEADS_TABLE").output().unwrap();
    assert_eq!(nowhere.status.code(), Some(2));
    assert!(stderr(&nowhere).contains("--local") && stderr(&nowhere).contains("SOURCES_TABLE"), "{}", stderr(&nowhere));
}

#[test]
fn help_teaches_and_ends_well() {
    for (arguments, says) in [
        (&["--help"][..], "Exit codes:"),
        (&["source", "create", "--help"], "--allowed-state TX"),
        (&["lead", "show", "--help"], "jq"),
        (&["--version"], env!("CARGO_PKG_VERSION")),
    ] {
        let output = leadctl(Path::new("."), arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(stdout(&output).contains(says), "{}", stdout(&output));
    }
}
