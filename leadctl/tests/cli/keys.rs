//! Keys, and that nobody's leads are refused while one is rotated.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use serde_json::json;

use crate::running::{Running, failure, lead};

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_made_listed_and_revoked() {
    let running = Running::start().await;
    let first = "lp_source_key";
    let second = running.json(&["key", "create", "source_123"])["key"].as_str().unwrap().to_owned();
    running.post("source_123", first);
    running.post("source_123", &second);

    let keys = running.json(&["key", "list", "source_123"]);
    assert_eq!(keys.as_array().unwrap().len(), 2);
    assert_eq!(keys[1]["prefix"].as_str(), second.get(..8));
    let text = running.text(&["key", "list", "source_123"]);
    assert!(text.contains("works") && !text.contains(&second) && !text.contains(first), "{text}");

    let revoked = running.json(&["key", "revoke", "source_123", "lp_sourc..."]);
    assert_eq!((&revoked["revoked"], &revoked["working"]), (&json!(1), &json!(1)));
    let refused = running.send("source_123", first, &lead("x", "+15555550123", "a@example.com"));
    assert_eq!(refused.0, 401);
    running.post("source_123", &second);

    let (status, _, message) = failure(&running.run(&["key", "revoke", "source_123", &second, "-ojson"]));
    assert_eq!(status, Some(3));
    assert!(!message.contains(&second), "a key typed whole is not repeated: {message}");
    let last = running.text(&["key", "revoke", "source_123", second.get(..8).unwrap()]);
    assert!(last.contains("key create source_123"), "{last}");
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
