//! Making and showing, and what is said when something is wrong.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::running::{Running, failure, lead, leadctl, stderr, stdout};

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
    assert_eq!(created.as_object().unwrap().len(), 3, "the id, the key and the head of the ledger");
    assert_eq!(created["id"], "source_acme");
    let key = created["key"].as_str().unwrap();
    assert!(key.starts_with("lp_"));

    let shown = running.json(&["source", "show", "source_acme"]);
    assert_eq!(shown["name"], "Acme forms");
    assert_eq!(shown["businessId"], "business_7");
    assert_eq!(shown["allowedStates"], json!(["TX"]));
    assert_eq!(shown["allowedProducts"], json!(["Auto"]));
    assert_eq!(shown["approved"], false);
    assert_eq!(shown["keys"][0]["prefix"].as_str(), key.get(3..11));

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
    assert!(text.contains("not be shown again") && text.contains(running.gateway()), "{text}");
    running.post(word("source_"), word("lp_"));
    // What is pasted stays in the shell's history.
    let pasted = text.split_once("curl").unwrap().1;
    assert!(pasted.contains("$LEADPING_KEY") && !pasted.contains("lp_"), "{text}");
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
    assert_eq!(events, ["lead.created", "phone.lookup.succeeded", "lead.ready"]);
    let eligible = json!({"eligible": true, "reasons": []});
    assert_eq!(record["lead"]["eligibility"], json!({"sms": eligible, "call": eligible}));

    let text = running.text(&["lead", "show", &id]);
    for part in
        [&id, "Ready", "phone.lookup.lineType", "Wireless", "Conversation", "lead.created", "Eligibility", "externalId"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }

    let inbox = running.json(&["inbox", "business_1"]);
    assert_eq!(inbox[0]["leadId"], id.as_str());
    assert!(running.text(&["inbox", "business_1", "--most", "1"]).contains("Jordan Example"));
    running.json(&["source", "create", "--name=x", "--account=account_1", "--business=business_new"]);
    assert_eq!(running.json(&["inbox", "business_new"]), json!([]));
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
    let cases: [(&[&str], i32, &str, &str); 11] = [
        (&tagged, 1, "refused", "at most 50"),
        (&["source", "create", "--name=Acme"], 2, "usage", "--account"),
        (&ontario, 2, "usage", "'Ontario'"),
        (&["lead", "show", "jordan@example.com"], 2, "usage", "an id is"),
        (&["source", "show", "source_none"], 3, "not_found", "source list"),
        (&["source", "show", "lp_LNxSfL9a-jVXw9aqGPIAE33VgIAEur8YbJA-kjGWS3Y"], 3, "not_found", "that is a key"),
        (&["lead", "show", "lp_test_LNxSfL9ajVXw9aqGPIAE33VgIAEur8YbJA"], 3, "not_found", "that is a key"),
        (&["lead", "erase", "lp_LNxSfL9ajVXw9aqGPIAE33VgIAEur8YbJA"], 3, "not_found", "that is a key"),
        (&["event", "replay", "--lead", "lp_LNxSfL9ajVXw9aqGPIAE33VgIAEur8YbJA"], 3, "not_found", "that is a key"),
        (&["lead", "show", "lead_none"], 3, "not_found", "lead_none"),
        (&taken, 4, "conflict", "another --id"),
    ];
    for (arguments, exit, code, says) in cases {
        let (status, named, message) = failure(&running.run(&[arguments, &["--output=json"]].concat()));
        assert_eq!((status, named.as_str()), (Some(exit), code), "{arguments:?}: {message}");
        assert!(message.contains(says) && !message.contains("jordan") && !message.contains("LNxSf"), "{message}");

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
    assert_eq!((status, code.as_str()), (Some(5), "aws"));
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

#[tokio::test(flavor = "multi_thread")]
async fn a_mistyped_id_is_an_error_and_never_an_empty_result() {
    let running = Running::start().await;
    running.json(&[
        "source",
        "create",
        "--name=x",
        "--account=account_1",
        "--business=business_new",
        "--id=source_new",
    ]);
    let payload = running.data.path().join("lead.json");
    std::fs::write(&payload, "{}").unwrap();
    let check = ["source", "check", "source_txas", "--payload", payload.to_str().unwrap()];
    for (arguments, says) in [
        (&["lead", "export", "--source=source_12", "--from=today"][..], "did you mean source_123?"),
        (&["lead", "export", "--business=busines_1", "--from=today"], "did you mean business_1?"),
        (&["lead", "export", "--business=nope", "--from=today"], "no source was ever attached to a business nope;"),
        (&["lead", "find", "--source=source_12", "--external-id=x"], "did you mean source_123?"),
        (&["lead", "find", "--business=busines_1", "--email=a@example.com"], "did you mean business_1?"),
        (&["lead", "find", "--business=business_new", "--email=a@example.com"], "no lead matches"),
        (&["inbox", "Business_1"], "did you mean business_1?"),
        (&["inbox", "nope"], "business nope;"),
        (&["report", "--source=source_123", "--source=nope"], "there is no source nope here;"),
        (&check, "did you mean source_texas?"),
        (&["source", "show", "source-123"], "did you mean source_123?"),
        (&["source", "disable", "source_tx"], "did you mean source_texas?"),
        (&["source", "update", "nope", "--name=x"], "there is no source nope here;"),
        (&["source", "delete", "sourcedisabled"], "did you mean source_disabled?"),
        (&["source", "history", "source_12"], "did you mean source_123?"),
        (&["key", "list", "source_12"], "did you mean source_123?"),
        (&["key", "create", "source_12"], "did you mean source_123?"),
        (&["key", "rotate", "source_12"], "did you mean source_123?"),
        (&["key", "revoke", "source_12", "lp_source_key"], "did you mean source_123?"),
    ] {
        let (status, code, message) = failure(&running.run(&[arguments, &["-ojson"]].concat()));
        assert_eq!((status, code.as_str()), (Some(3), "not_found"), "{arguments:?}: {message}");
        assert!(message.contains(says), "{arguments:?}: {message}");
    }

    // A known one without leads is no error, and says so.
    for (arguments, says) in [
        (
            &["lead", "export", "--business=business_new", "--from=2026-06-15", "--to=2026-06-15"][..],
            "0 leads of 2026-06-15.",
        ),
        (
            &["lead", "export", "--source=source_new", "--from=2026-06-14", "--to=2026-06-15"],
            "0 leads of 2026-06-14 to 2026-06-15.",
        ),
        (&["inbox", "business_new"], "The inbox of business_new is empty."),
    ] {
        let output = running.run(arguments);
        assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(0), ""), "{arguments:?}");
        let told = stderr(&output);
        let told = told.lines().filter(|line| !line.starts_with("Ledger: ")).collect::<Vec<_>>();
        assert_eq!(told, [says], "{arguments:?}");
    }
    running.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_are_told_of_files_and_people_of_what_is_missing() {
    let running = Running::start().await;
    let into = |name: &str| format!("--into={}", running.data.path().join(name).display());
    let spec = running.json(&["source", "spec", "source_123", &into("source.html")]);
    assert!(spec["file"].as_str().unwrap().ends_with("/source.html"), "{spec}");
    let export = running.json(&["lead", "export", "--source=source_123", "--from=today", &into("leads")]);
    assert!(export["leads"] == 0 && export["file"].as_str().unwrap().ends_with("/leads"), "{export}");

    for (arguments, says) in [
        (&["source"][..], "Sources: who may send leads"),
        (
            &["event", "replay"],
            "error: the following required arguments were not provided:\n  <--lead <ID>|--from <DAY>>",
        ),
    ] {
        let output = running.run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).starts_with(says), "{}", stderr(&output));
    }
    running.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_whose_keys_have_all_ended_is_told_so() {
    let running = Running::start().await;
    running.json(&["key", "revoke", "source_123", "lp_source_key"]);
    let standings: Vec<String> = running.text(&["source", "list"]).lines().map(str::to_owned).collect();
    let rows: Vec<Vec<&str>> = standings.iter().map(|line| line.split('\t').take(2).collect()).collect();
    assert_eq!(
        rows,
        [
            ["source_123", "no key"],
            ["source_disabled", "disabled"],
            ["source_exempt", "open"],
            ["source_product", "open"],
            ["source_retain", "open"],
            ["source_texas", "open"],
            ["source_unapproved", "not approved"],
            ["source_unattached", "not attached"],
        ],
        "by id"
    );
    running.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_fit_the_terminal() {
    let running = Running::start().await;
    let id = running.post("source_123", "lp_source_key");
    running.settled();
    for columns in [60, 80, 100, 140] {
        for arguments in [
            &["source", "list"][..],
            &["inbox", "business_1"],
            &["lead", "find", "--source=source_123", "--external-id=partner-lead-88391"],
            &["key", "list", "source_123"],
            &["report", "--from=today"],
        ] {
            let text = running.on_terminal(columns, arguments);
            let widest = text
                .lines()
                .filter(|line| !line.starts_with("Ledger: "))
                .map(|line| line.chars().count())
                .max()
                .unwrap();
            assert!(widest <= usize::from(columns), "{arguments:?} in {columns} columns: {text}");
        }
        let inbox = running.on_terminal(columns, &["inbox", "business_1"]);
        assert!(inbox.contains(&id) && inbox.contains(" ago"), "{inbox}");
    }
    let wide = running.text(&["inbox", "business_1", "--output", "wide"]);
    assert!(wide.starts_with("LEAD ") && wide.contains("Jordan@example.com"), "{wide}");
    assert!(!wide.contains(" ago"), "{wide}");
    let piped = running.text(&["inbox", "business_1"]);
    let cells: Vec<_> = piped.trim_end().split('\t').collect();
    assert_eq!((cells[0], cells[2], cells[4]), (id.as_str(), "unread", "+15555550123"), "{piped}");
    assert!(cells[1].ends_with('Z'), "{piped}");
    running.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payload_is_posted_for_real() {
    let running = Running::start().await;
    let file = running.data.path().join("lead.json");
    std::fs::write(&file, lead("posted", "+15555550123", "jordan@example.com").to_string()).unwrap();
    let path = file.to_str().unwrap();
    let post = ["post", path, "--source=source_123", "--key=lp_source_key", "--idempotency-key=k-1"];
    let answer = running.json(&post);
    assert_eq!(answer["status"], 201, "{answer}");
    let id = answer["body"]["id"].as_str().unwrap().to_owned();
    let text = running.text(&post);
    assert!(text.starts_with("201\n") && text.contains("idempotent-replayed: true") && text.contains(&id), "{text}");
    assert_eq!(running.json(&["lead", "show", &id])["lead"]["metadata"]["externalId"], "posted");

    let form = ["post", "-", "--source=source_exempt", "--key=lp_source_key", "--form", "-ojson"];
    let output = running.piped(&form, "email=jordan%40example.com");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    for (arguments, exit, says) in [
        (&["post", path, "--source=source_123", "--key=lp_wrong"][..], 1, "answered 401"),
        (&["post", path, "--source=source_123", "--key=lp_source_key", "--flat"], 1, "answered 400"),
        (&["post", "/nonexistent", "--source=source_123", "--key=lp_source_key"], 1, "No such file or directory"),
        (&["post", path, "--source=source_123"], 2, "--key"),
        (&["post", path, "--source=source_123", "--key=lp_\u{1}"], 2, "no header can have"),
    ] {
        let output = running.run(arguments);
        assert_eq!(output.status.code(), Some(exit), "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(says) && !stderr(&output).contains("lp_wrong"), "{}", stderr(&output));
    }
    running.stack.stop().await;
}

#[test]
fn a_stack_is_named_once_and_local_is_still_local() {
    let empty = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_leadctl"));
        for name in ["SOURCES_TABLE", "LEADS_TABLE", "LEDGER_TABLE"] {
            command.env_remove(name);
        }
        let command = command.env("LEADCTL_STACK", "leadping-dev").env("AWS_REGION", "us-east-1");
        let command = command.env("AWS_ENDPOINT_URL", "http://127.0.0.1:1").env("AWS_ACCESS_KEY_ID", "test");
        command.env("AWS_SECRET_ACCESS_KEY", "test").current_dir(empty.path()).args(arguments).output().unwrap()
    };
    let stack = run(&["source", "list"]);
    assert!(stderr(&stack).contains("CloudFormation is out of reach"), "{}", stderr(&stack));
    let local = run(&["--local", "source", "list"]);
    assert!(stderr(&local).contains("no local stack runs here"), "{}", stderr(&local));
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
