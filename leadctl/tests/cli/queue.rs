//! The queue, its dead letters, and what is unfinished.

use local::stack::Options;
use serde_json::{Value, json};

use crate::front::{Mishap, before_sqs};
use crate::running::{Running, failure, lead, leadctl, stderr, stdout};

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_looked_at_and_given_to_the_worker_again() {
    let running = Running::with(Options { worker: false, ..Options::default() }).await;
    let id = running.post("source_123", "lp_source_key");
    let addresses = running.stack.addresses();
    let dead = &addresses.dead_letter_queue_url;
    let message = json!({
        "type": "lead.created", "version": 1, "leadId": id, "sourceId": "source_123", "accountId": "account_1",
        "businessId": "business_1", "createdAt": "2026-06-15T12:00:00.000Z", "requestId": "r",
    });
    for body in ["jordan@example.com".to_owned(), message.to_string(), "poison".to_owned()] {
        let sent = running.stack.clients().sqs.send_message().queue_url(dead).message_body(body).send().await;
        sent.unwrap();
    }
    let status = running.json(&["queue", "status"]);
    assert_eq!((&status["waiting"], &status["dead"]), (&json!(1), &json!(3)), "{status}");
    assert!(stderr(&running.run(&["queue", "status"])).contains("dlq peek"));

    let letters = running.json(&["dlq", "peek"]);
    assert_eq!(letters.as_array().unwrap().len(), 3);
    let letter = letters.as_array().unwrap().iter().find(|letter| letter["leadId"] == id.as_str()).unwrap();
    let text = running.text(&["dlq", "peek"]);
    let told = ["none: the worker failed on it", "not JSON at line 1, column 1"];
    assert!(text.contains(&id) && told.iter().all(|told| text.contains(told)) && !text.contains("jordan"), "{text}");
    assert_eq!(running.json(&["dlq", "peek", "--most=2"]).as_array().unwrap().len(), 2);

    assert_eq!(running.json(&["dlq", "redrive", "--all", "--dry-run"]), json!({"messages": 3, "dryRun": true}));
    let (code, ..) = failure(&running.run(&["dlq", "redrive", "--message=none", "-ojson"]));
    assert_eq!(code, Some(3));
    assert_eq!(running.json(&["queue", "status"])["dead"], 3, "nothing has been moved yet");

    let one = letter["messageId"].as_str().unwrap();
    assert_eq!(running.json(&["dlq", "redrive", "--message", one])["messages"], 1);
    let status = running.json(&["queue", "status"]);
    assert_eq!((&status["waiting"], &status["dead"]), (&json!(2), &json!(2)), "{status}");
    assert_eq!(running.json(&["dlq", "redrive", "--all"])["messages"], 2);
    let status = running.json(&["queue", "status"]);
    assert_eq!((&status["waiting"], &status["dead"]), (&json!(4), &json!(0)), "{status}");
    assert!(running.text(&["dlq", "redrive", "--all"]).contains("no dead letters"));
    running.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_is_shown_without_its_values_and_deleted() {
    let running = Running::with(Options { worker: false, ..Options::default() }).await;
    let dead = &running.stack.addresses().dead_letter_queue_url;
    let poison = json!({
        "type": "lead.created", "version": 2, "leadId": "jordan@example.com", "accountId": "account_1",
        "businessId": "business_1", "createdAt": "2026-06-15T12:00:00.000Z", "requestId": "r", "email": ["jordan"],
    });
    for body in ["first".to_owned(), poison.to_string(), "last".to_owned()] {
        running.stack.clients().sqs.send_message().queue_url(dead).message_body(body).send().await.unwrap();
    }
    let letters = running.json(&["dlq", "peek"]);
    let letter = letters.as_array().unwrap().iter().find(|letter| letter["members"]["email"].is_string()).unwrap();
    let id = letter["messageId"].as_str().unwrap();

    let shown = running.json(&["dlq", "show", id]);
    assert_eq!(&shown, letter, "as it is listed");
    assert_eq!(shown["problem"], "missing: sourceId; wrong: leadId, version");
    assert_eq!((&shown["members"]["email"], &shown["members"]["version"]), (&json!("array"), &json!("number")));
    assert!(shown["senderId"].is_string() && shown["sentAt"].is_string() && shown["leadId"].is_null(), "{shown}");
    let text = running.text(&["dlq", "show", id]);
    for part in [id, "missing: sourceId; wrong: leadId, version", "email", "array", "sender"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("jordan") && !shown.to_string().contains("jordan"), "{text}");

    assert!(running.text(&["dlq", "delete", id]).contains("is deleted"));
    for gone in [["dlq", "show", id], ["dlq", "delete", id], ["dlq", "delete", "none"]] {
        let (code, _, message) = failure(&running.run(&[&gone[..], &["-ojson"]].concat()));
        assert_eq!(code, Some(3), "{message}");
    }
    let status = running.json(&["queue", "status"]);
    assert_eq!((&status["waiting"], &status["dead"]), (&json!(0), &json!(2)), "the others stay: {status}");
    assert_eq!(running.json(&["dlq", "peek"]).as_array().unwrap().len(), 2, "and are visible at once");
    running.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_that_is_no_longer_held_is_let_go_already() {
    let running = Running::with(Options { worker: false, ..Options::default() }).await;
    let dead = &running.stack.addresses().dead_letter_queue_url;
    // More than one call lets go.
    for number in 0..12 {
        let sent = running.stack.clients().sqs.send_message().queue_url(dead).message_body(number.to_string()).send();
        sent.await.unwrap();
    }
    let ended = before_sqs(&running, "ChangeMessageVisibility", Mishap::Forestalled);
    let on = |arguments: &[&str]| {
        let output = leadctl(ended.path(), &[arguments, &["-ojson"]].concat());
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
        serde_json::from_str::<Value>(&stdout(&output)).unwrap()
    };
    let letters = on(&["dlq", "peek", "--most=12"]);
    let id = |number: usize| letters[number]["messageId"].as_str().unwrap();
    assert_eq!(on(&["dlq", "redrive", "--all", "--dry-run"])["messages"], 12);
    assert_eq!(on(&["dlq", "redrive", "--message", id(0)])["messages"], 1);

    // Only a service that does not answer is a failure, and the chosen one has been moved before.
    let broken = before_sqs(&running, "ChangeMessageVisibility", Mishap::Broken);
    let (code, _, message) = failure(&leadctl(broken.path(), &["dlq", "redrive", "--message", id(1), "-ojson"]));
    assert_eq!(code, Some(5), "{message}");
    let status = running.json(&["queue", "status"]);
    assert_eq!((&status["waiting"], &status["dead"]), (&json!(2), &json!(10)), "{status}");
    running.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_unfinished_is_told_and_announced() {
    let running = Running::with(Options { worker: false, ..Options::default() }).await;
    assert!(stderr(&running.run(&["unfinished"])).contains("Every lead is Ready"));
    let ids: Vec<_> = ["one", "two"]
        .map(|name| {
            let (_, answer) = running.send("source_123", "lp_source_key", &lead(name, "+15555550123", "a@example.com"));
            answer["id"].clone()
        })
        .into();
    let listing = running.json(&["unfinished"]);
    assert_eq!((&listing["unfinished"], &listing["due"]), (&json!(2), &json!(0)));
    assert_eq!((&listing["oldest"][0]["leadId"], &listing["oldest"][1]["leadId"]), (&ids[0], &ids[1]), "oldest first");
    assert_eq!(listing["oldest"][0]["waitsFor"], "its conversation");
    assert_eq!(running.json(&["unfinished", "--most=1"])["oldest"].as_array().unwrap().len(), 1);
    assert!(running.on_terminal(100, &["unfinished"]).contains("2 unfinished, 0 of them due"));

    assert_eq!(running.json(&["unfinished", "announce"])["announced"], 0, "none is due");
    assert_eq!(running.json(&["unfinished", "announce", "--all"])["announced"], 2);
    assert_eq!(running.json(&["queue", "status"])["waiting"], 4);
    running.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_far_away_announces_too() {
    let running = Running::with(Options { worker: false, ..Options::default() }).await;
    running.post("source_123", "lp_source_key");
    let announce = ["unfinished", "announce", "--all", "-ojson"];
    let broken = before_sqs(&running, "SendMessage", Mishap::Broken);
    let (code, _, message) = failure(&leadctl(broken.path(), &announce));
    assert_eq!(code, Some(5), "{message}");
    assert!(message.contains("out of reach") && message.contains("0 were announced"), "{message}");

    let late = before_sqs(&running, "SendMessage", Mishap::Late);
    let output = leadctl(late.path(), &announce);
    assert_eq!(stdout(&output), "{\"announced\":1}\n", "{}", stderr(&output));
    assert_eq!(running.json(&["queue", "status"])["waiting"], 2);
    running.stack.stop().await;
}
