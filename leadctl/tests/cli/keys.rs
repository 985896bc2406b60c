//! Keys, and that no lead is refused while one is rotated.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use serde_json::json;

use crate::running::{Running, failure, lead, stderr, stdout};

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_made_listed_and_revoked() {
    let running = Running::start().await;
    let first = "lp_source_key";
    let second = running.json(&["key", "create", "source_123"])["key"].as_str().unwrap().to_owned();
    running.post("source_123", first);
    running.post("source_123", &second);

    let keys = running.json(&["key", "list", "source_123"]);
    assert_eq!(keys.as_array().unwrap().len(), 3);
    let shown = second.get(3..11).unwrap();
    assert_eq!(keys[1]["prefix"], shown, "eight characters after lp_");
    assert_eq!((&keys[1]["test"], &keys[2]["test"]), (&json!(false), &json!(true)));
    let text = running.text(&["key", "list", "source_123"]);
    assert!(text.contains("works") && !text.contains(&second) && !text.contains(first), "{text}");

    let revoked = running.json(&["key", "revoke", "source_123", "lp_source_k..."]);
    assert_eq!((&revoked["key"], &revoked["working"]), (&json!("source_k"), &json!(2)));
    let refused = running.send("source_123", first, &lead("x", "+15555550123", "a@example.com"));
    assert_eq!(refused.0, 401);
    running.post("source_123", &second);

    // A leaked key is at hand whole.
    let last = running.text(&["key", "revoke", "source_123", &second]);
    let says = format!("Key {shown}... (created ");
    assert!(last.starts_with(&says) && last.contains("is revoked; 1 key still works."), "{last}");
    assert!(!last.contains(&second), "{last}");
    let again = running.text(&["key", "revoke", "source_123", &second]);
    assert!(again.contains(" ended 20") && again.contains("nothing was written"), "{again}");
    running.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leaked_key_is_revoked_in_whatever_form_it_comes() {
    let running = Running::start().await;
    let forms: [fn(&str) -> String; 7] = [
        |key| format!("{}...", key.get(3..11).unwrap()),
        |key| key.to_owned(),
        |key| key.get(..11).unwrap().to_owned(),
        |key| key.get(..15).unwrap().to_owned(),
        |key| key.get(..45).unwrap().to_owned(),
        |key| format!("{}...", key.get(..11).unwrap()),
        |key| format!(" {key}\n"),
    ];
    for (number, form) in forms.iter().enumerate() {
        let key = running.json(&["key", "create", "source_texas"])["key"].as_str().unwrap().to_owned();
        let text = running.text(&["key", "revoke", "source_texas", "--", &form(&key)]);
        let says = format!("Key {}... (created ", key.get(3..11).unwrap());
        assert!(text.starts_with(&says) && text.contains("is revoked; 1 key still works."), "{number}: {text}");
        assert_eq!(running.send("source_texas", &key, &lead("x", "+15555550123", "a@example.com")).0, 401, "{number}");

        // The same from standard input, where no shell keeps it.
        let key = running.json(&["key", "create", "source_texas"])["key"].as_str().unwrap().to_owned();
        let output = running.piped(&["key", "revoke", "source_texas", "-"], &form(&key));
        assert!(stdout(&output).contains("is revoked; 1 key still works."), "{number}: {}", stderr(&output));
    }

    let key = running.json(&["key", "create", "source_product"])["key"].as_str().unwrap().to_owned();
    let changed = format!("{}{}", key.get(..45).unwrap(), if key.ends_with('A') { 'B' } else { 'A' });
    for (source, typed, exit, says) in [
        ("source_product", key.get(..10).unwrap(), 2, "at least 8 characters after lp_"),
        ("source_product", "lp_", 2, "at least 8"),
        ("source_product", "lp_no-source-has-this", 3, "no key of the source source_product matches"),
        ("source_product", changed.as_str(), 3, "begins the same"),
        ("source_exempt", &key, 3, "but one of source_product does"),
    ] {
        let (status, _, message) = failure(&running.run(&["key", "revoke", source, typed, "-ojson"]));
        assert_eq!(status, Some(exit), "{typed}: {message}");
        assert!(message.contains(says) && !message.contains(&key) && !message.contains(&changed), "{message}");
    }
    assert_eq!(running.send("source_product", &key, &lead("x", "+15555550123", "a@example.com")).0, 400, "it works");
    running.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_refuses_no_lead() {
    let running = Running::start().await;
    let current = Mutex::new("lp_source_key".to_owned());
    let (stop, old, new, refused) =
        (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    let partner = |number: usize| {
        let mut post = 0;
        while !stop.load(Ordering::SeqCst) {
            let key = current.lock().unwrap().clone();
            let payload = lead(&format!("{number}-{post}"), "+15555550123", "jordan@example.com");
            post += 1;
            let counter = match running.send("source_123", &key, &payload).0 {
                201 if key == "lp_source_key" => &old,
                201 => &new,
                _ => &refused,
            };
            counter.fetch_add(1, Ordering::SeqCst);
        }
    };
    let reach = |counter: &AtomicUsize, count: usize| {
        let from = counter.load(Ordering::SeqCst);
        while counter.load(Ordering::SeqCst) < from + count && refused.load(Ordering::SeqCst) == 0 {
            thread::yield_now();
        }
    };
    thread::scope(|scope| {
        let partner = &partner;
        for number in 0..2 {
            scope.spawn(move || partner(number));
        }
        reach(&old, 20);
        let rotated = running.json(&["key", "rotate", "source_123", "--overlap", "7d"]);
        reach(&old, 20);
        *current.lock().unwrap() = rotated["key"].as_str().unwrap().to_owned();
        reach(&new, 20);
        stop.store(true, Ordering::SeqCst);
    });
    let counts = [&old, &new, &refused].map(|counter| counter.load(Ordering::SeqCst));
    println!("with the old key {}, with the new one {}, refused {}", counts[0], counts[1], counts[2]);
    assert!(counts[0] >= 40 && counts[1] >= 20 && counts[2] == 0, "{counts:?}");

    let keys = running.json(&["key", "list", "source_123"]);
    assert!(keys[0]["expiresAt"].is_string() && keys[1]["expiresAt"].is_null(), "{keys}");
    running.json(&["key", "rotate", "source_123", "--overlap", "0s"]);
    let key = current.lock().unwrap().clone();
    assert_eq!(running.send("source_123", &key, &lead("x", "+15555550123", "a@example.com")).0, 401);
    running.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_key_is_made_rotated_and_revoked_apart_from_live_keys() {
    let running = Running::start().await;
    let first = running.json(&["key", "create", "source_unapproved", "--test"]);
    let first = first["key"].as_str().unwrap();
    assert!(first.starts_with("lp_test_"), "{first}");
    let post = |key: &str| running.send("source_unapproved", key, &lead("x", "+15555550123", "a@example.com"));
    let (status, answer) = post(first);
    assert_eq!((status, &answer["test"]), (201, &json!(true)), "{answer}");
    assert_eq!(post("lp_source_key").0, 400, "a live key waits for the approval");

    let keys = running.json(&["key", "list", "source_unapproved"]);
    assert_eq!(keys[1]["prefix"], first.get("lp_test_".len()..).and_then(|random| random.get(..8)).unwrap());
    let text = running.text(&["key", "list", "source_unapproved"]);
    assert!(text.contains("tests") && text.contains("leads"), "{text}");

    let second = running.json(&["key", "rotate", "source_unapproved", "--test", "--overlap=0s"]);
    let second = second["key"].as_str().unwrap();
    assert_eq!((post(first).0, post(second).0, post("lp_source_key").0), (401, 201, 400));
    running.json(&["key", "rotate", "source_unapproved", "--overlap=0s"]);
    assert_eq!((post(second).0, post("lp_source_key").0), (201, 401));
    let revoked = running.json(&["key", "revoke", "source_unapproved", second.get(..16).unwrap()]);
    assert_eq!((&revoked["revoked"], post(second).0), (&json!(1), 401));
    let history = running.text(&["source", "history", "source_unapproved"]);
    assert!(history.contains("test key"), "{history}");
    running.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_says_how_long_the_others_work() {
    let running = Running::start().await;
    for (arguments, says) in [
        (&["key", "create", "source_texas", "--test"][..], "No other test key of the source works."),
        (&["key", "create", "source_texas"], "The source's other keys continue to work."),
        (&["key", "rotate", "source_texas", "--overlap=1h"], "The source's other keys work until 2"),
        (&["key", "rotate", "source_texas", "--overlap=7d"], "Z; those that end earlier keep their end."),
        (&["key", "rotate", "source_texas", "--overlap=0s"], "No other key of the source works."),
    ] {
        let text = running.text(arguments);
        assert!(text.contains(says), "{arguments:?}: {text}");
    }
    running.stack.stop().await;
}
