//! Changing sources: by one operator, by two at once, and what is kept of it.

use std::thread;

use local::stack::Options;
use serde_json::{Value, json};

use crate::running::{Running, failure, lead, stderr, stdout};

#[tokio::test(flavor = "multi_thread")]
async fn a_source_is_changed_and_every_change_is_kept() {
    let running = Running::start().await;
    let made =
        running.json(&["source", "create", "--name=Acme", "--account=a_1", "--business=b_1", "--id=source_acme"]);
    let updated = running.json(&[
        "source",
        "update",
        "source_acme",
        "--name=Acme forms",
        "--add-state=texas",
        "--trusted-form=off",
        "--add-default-tag-name=New",
    ]);
    assert_eq!(updated["allowedStates"], json!(["TX"]));
    assert_eq!((&updated["revision"], &updated["requiresTrustedForm"]), (&json!(1), &json!(false)));
    for (command, member, value) in [
        ("approve", "approved", true),
        ("unapprove", "approved", false),
        ("disable", "enabled", false),
        ("enable", "enabled", true),
    ] {
        assert_eq!(running.json(&["source", command, "source_acme"])[member], value, "{command}");
    }
    let text = running.text(&["source", "approve", "source_acme"]);
    assert!(text.contains("approved no -> yes"), "{text}");
    let text = running.text(&["source", "approve", "source_acme"]);
    assert!(text.contains("nothing was written"), "{text}");
    let key = running.json(&["key", "create", "source_acme"])["key"].as_str().unwrap().to_owned();

    let history = running.json(&["source", "history", "source_acme"]);
    let actions: Vec<_> = history.as_array().unwrap().iter().map(|change| change["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["key create", "approve", "enable", "disable", "unapprove", "approve", "update", "create"]);
    assert!(history.as_array().unwrap().iter().all(|change| change["by"] == "local"));
    assert_eq!(history[1]["members"], json!([{"member": "approved", "before": false, "after": true}]));
    let people = running.text(&["source", "history", "source_acme"]);
    assert!(!people.contains("none -> none") && people.contains("approved none -> no\n"), "{people}");
    let people = running.text(&["source", "history", "source_acme", "--most=7"]);
    assert!(people.contains("name Acme -> Acme forms"), "{people}");
    // Of the keys, the one that changed alone.
    assert!(people.contains(&format!("  key {}... added\n", key.get(3..11).unwrap())), "{people}");

    let stored = running.stack.sources().get(&"source_acme".parse().unwrap()).await.unwrap().unwrap();
    for text in [history.to_string(), people] {
        for secret in [made["key"].as_str().unwrap(), &stored.salt, &stored.keys[0].sha256, &stored.keys[1].sha256] {
            assert!(!text.contains(secret), "{text}");
        }
    }
    running.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_operators_one_wins_and_the_other_is_told() {
    let running = Running::start().await;
    // Both look, then both change.
    let read = running.json(&["source", "show", "source_123"])["revision"].to_string();
    let revision = format!("--revision={read}");
    running.json(&["source", "update", "source_123", "--add-state=TX", &revision]);
    for second in [
        &["source", "update", "source_123", "--name=Mine", &revision][..],
        &["source", "disable", "source_123", &revision],
        &["key", "rotate", "source_123", &revision],
        &["source", "delete", "source_123", &revision],
    ] {
        let (status, code, message) = failure(&running.run(&[second, &["--output=json"]].concat()));
        assert_eq!((status, code.as_str()), (Some(4), "conflict"), "{message}");
        assert!(message.contains("allowedStates none -> TX") && message.contains("update by local"), "{message}");
    }

    // Many at once: whatever was answered with success is there.
    let states = ["CA", "NV", "NY", "OR", "WA", "UT"];
    let outcomes: Vec<_> = thread::scope(|scope| {
        let add = |state| running.run(&["source", "update", "source_123", &format!("--add-state={state}"), "-ojson"]);
        let threads: Vec<_> = states.iter().map(|state| scope.spawn(move || (*state, add(state)))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let stored = running.json(&["source", "show", "source_123"])["allowedStates"].clone();
    for (state, output) in outcomes {
        let held = stored.as_array().unwrap().contains(&json!(state));
        match output.status.code() {
            Some(0) => assert!(held, "{state} was overwritten: {stored}"),
            Some(4) => assert!(!held && stderr(&output).contains("another operator"), "{}", stderr(&output)),
            other => panic!("{other:?}: {}", stderr(&output)),
        }
    }
    running.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_source_that_never_had_a_lead_is_deleted() {
    let running = Running::start().await;
    let refused = |arguments: &[&str], says: &str| {
        let (status, code, message) = failure(&running.run(&[arguments, &["-ojson"]].concat()));
        assert_eq!((status, code.as_str()), (Some(1), "refused"), "{message}");
        assert!(message.contains(says), "{message}");
    };
    refused(&["source", "delete", "source_123"], "disable it first");
    running.post("source_123", "lp_source_key");
    running.json(&["source", "disable", "source_123"]);
    refused(&["source", "delete", "source_123"], "had leads");

    assert_eq!(running.json(&["source", "delete", "source_disabled"])["deleted"], true);
    let (status, ..) = failure(&running.run(&["source", "show", "source_disabled", "-ojson"]));
    assert_eq!(status, Some(3));
    let history = running.json(&["source", "history", "source_disabled"]);
    assert_eq!((&history[0]["action"], &history[0]["members"][0]["after"]), (&json!("delete"), &Value::Null));
    let again = ["source", "create", "--name=x", "--account=a", "--business=b", "--id=source_disabled"];
    running.json(&again);
    running.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payload_is_judged_as_the_intake_would_and_nothing_is_written() {
    let running = Running::with(Options { worker: false, ..Options::default() }).await;
    let whole = lead("one", "+15555550123", "jordan@example.com");
    let mut broken = whole.clone();
    broken["contact"]["email"] = json!("jordan");
    broken["metadata"]["price"] = json!("$5");
    let mut invalid = whole.clone();
    invalid["metadata"]["trustedFormUrl"] = json!("https://cert.trustedform.com/invalid");
    let flat = json!({"email": "jordan@example.com", "trustedFormUrl": "https://cert.trustedform.com/example"});

    let file = running.data.path().join("payload.json");
    let path = file.to_str().unwrap().to_owned();
    for (payload, source, flags, status, codes) in [
        (&whole, "source_123", &[][..], 201, &[][..]),
        (&flat, "source_123", &["--flat"], 201, &[]),
        (&flat, "source_123", &[], 400, &["payload.unrecognized"]),
        (&broken, "source_123", &[], 400, &["email.invalid", "price.invalid"]),
        (&broken, "source_texas", &[], 400, &["email.invalid", "state.required", "price.invalid"]),
        (&whole, "source_unapproved", &[], 400, &["source.not_approved"]),
        (&whole, "source_disabled", &[], 403, &[]),
        (&invalid, "source_123", &[], 201, &[]),
        (&invalid, "source_123", &["--trusted-form"], 400, &["trusted_form.rejected"]),
    ] {
        std::fs::write(&file, payload.to_string()).unwrap();
        let check = [&["source", "check", source, "--payload", &path][..], flags].concat();
        let output = running.run(&[&check[..], &["-ojson"]].concat());
        let answer: Value = serde_json::from_str(&stdout(&output)).unwrap();
        assert_eq!(answer["status"], status, "{answer}");
        assert_eq!(output.status.code(), Some(i32::from(status != 201)));
        let errors = answer["problem"]["errors"].as_array().cloned().unwrap_or_default();
        assert_eq!(errors.iter().map(|error| error["code"].as_str().unwrap()).collect::<Vec<_>>(), codes);
        // The intake itself, where TrustedForm is no matter.
        if flags.is_empty() && payload != &invalid && status != 201 {
            let (real, said) = running.send(source, "lp_source_key", payload);
            assert_eq!((real, &said["errors"]), (status, &answer["problem"]["errors"]), "{said}");
        }
        let people = running.run(&check);
        assert!(codes.iter().all(|code| stdout(&people).contains(code)), "{}", stdout(&people));
        assert!(!stdout(&people).lines().any(|line| line.ends_with(' ')), "{:?}", stdout(&people));
    }
    for (payload, source, says) in [
        ("{bad", "source_123", "at line 1, column 2"),
        ("{\"a\":1}{}", "source_123", "at line 1, column 8"),
        ("[]", "source_123", "object"),
        ("{}", "source_disabled", "disabled"),
    ] {
        std::fs::write(&file, payload).unwrap();
        let check = ["source", "check", source, "--payload", &path];
        let problem: Value = serde_json::from_str(&stdout(&running.run(&[&check[..], &["-ojson"]].concat()))).unwrap();
        let detail = problem["problem"]["detail"].as_str().unwrap();
        let people = stdout(&running.run(&check));
        assert!(people.contains(detail) && detail.contains(says), "{people}: {detail}");
    }
    assert_eq!(running.json(&["unfinished"])["unfinished"], 0, "nothing was written");

    let id = running.send("source_123", "lp_source_key", &whole).1["id"].clone();
    std::fs::write(&file, whole.to_string()).unwrap();
    let check = ["source", "check", "source_123", "--payload", &path];
    assert_eq!(running.json(&check)["leadId"], id, "a repeat is the lead that is held");
    running.json(&["source", "unapprove", "source_123"]);
    assert_eq!(running.json(&check)["leadId"], id, "whatever the rules say by now");

    let (status, _, message) = failure(&running.run(&["source", "check", "source_123", "--payload=/none", "-ojson"]));
    assert_eq!(status, Some(1));
    assert!(message.contains("cannot be read"), "{message}");
    running.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_set_shown_kept_and_removed() {
    let running = Running::start().await;
    let made = running.json(&[
        "source",
        "create",
        "--name=Acme",
        "--account=a_1",
        "--business=b_1",
        "--id=source_acme",
        "--cap-day=500",
        "--cap-zone=America/New_York",
    ]);
    assert_eq!(made["id"], "source_acme");
    let updated = running.json(&["source", "update", "source_acme", "--cap-hour=50", "--duplicates=phone,email"]);
    assert_eq!(updated["limits"], json!({"day": 500, "hour": 50, "timeZone": "America/New_York"}));
    let window = json!({"by": ["phone", "email"], "days": 30, "scope": "source", "action": "flag"});
    assert_eq!(updated["duplicates"], window);
    let shown = running.text(&["source", "show", "source_acme"]);
    assert!(shown.contains("500 a day, 50 an hour (America/New_York)"), "{shown}");
    assert!(shown.contains("by phone or email within 30 days in this source: accepted and marked"), "{shown}");
    let history = running.text(&["source", "history", "source_acme"]);
    assert!(history.contains("limits day 500, timeZone America/New_York -> day 500, hour 50"), "{history}");
    assert!(history.contains("duplicates none -> action flag, by phone email, days 30, scope source"), "{history}");

    // No terminal can be asked here, and the local stack holds no real people.
    let scope = ["--duplicate-scope=business", "--duplicate-action=refuse"];
    let refuses = running.json(&["source", "update", "source_acme", scope[0], scope[1]]);
    assert_eq!((&refuses["duplicates"]["scope"], &refuses["duplicates"]["days"]), (&json!("business"), &json!(30)));
    let removed =
        running.json(&["source", "update", "source_acme", "--no-cap-day", "--no-cap-hour", "--no-duplicates"]);
    assert_eq!((&removed["limits"], &removed["duplicates"]), (&Value::Null, &Value::Null));
    running.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_had_leads_stays_with_its_business() {
    let running = Running::with(Options { worker: false, ..Options::default() }).await;
    let to_other = ["source", "update", "source_123", "--business=business_2", "--name=New"];
    let refused = running.run(&to_other);
    assert_eq!(refused.status.code(), Some(1), "it could have leads meanwhile");
    assert!(stderr(&refused).contains("leadctl source disable source_123"), "{}", stderr(&refused));
    running.json(&["source", "disable", "source_123"]);
    let moved = running.json(&["source", "update", "source_123", "--business=business_2"]);
    assert_eq!(moved["businessId"], "business_2", "it had none");
    running.json(&["source", "update", "source_123", "--business=business_1"]);
    running.json(&["source", "enable", "source_123"]);
    running.post("source_123", "lp_source_key");
    running.json(&["source", "disable", "source_123"]);
    let refused = running.run(&to_other);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("create another source for business_2"), "{}", stderr(&refused));
    assert_eq!(running.json(&["source", "show", "source_123"])["revision"], 5);
    let (exit, _, message) = failure(&running.run(&[&to_other[..], &["--revision=1", "-ojson"]].concat()));
    assert_eq!(exit, Some(4), "{message}");
    running.json(&["source", "update", "source_123", "--business=business_1", "--name=New"]);
    running.stack.stop().await;
}
