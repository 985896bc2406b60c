//! What operators see when something breaks. A fault without a metric or log line would go unnoticed.

use std::process::Command;

use leadping::source::change::Change;
use leadping::time::Timestamp;
use serde_json::Value;
use tests::binaries;
use tests::proxy::{Fault, Point, Side};

use crate::world::{Kill, World};

/// Intake may work all the time, because the worker has its own role.
#[tokio::test]
async fn a_worker_without_its_table_is_counted_and_reports_no_sweep() {
    let scratch = tempfile::tempdir().unwrap();
    let log = scratch.path().join("log");
    let world = World::of_processes(&log).await;
    let message = world.message(&world.accepted(&world.submission()).await).await;
    let logged = |metric: &str| std::fs::read_to_string(&log).unwrap().matches(metric).count();
    let storage = r#"{"ServiceUnavailable":1,"Service":"storage","#;

    world.proxy.break_all(Point::LeadRead, Side::Before, Fault::Broken);
    assert_eq!(world.work(&[&message], &mut Kill::never()).await, Some(vec![]), "the message has not failed");
    world.proxy.repair();
    assert_eq!(logged(storage), 1, "the lead was not read");

    // One shard is enough.
    world.proxy.break_next_of(r#"{"N":"7"}"#, Point::Due, Side::Before, Fault::Broken, u64::MAX);
    world.sweep(&mut Kill::never()).await;
    world.proxy.repair();
    assert!(logged(storage) > 1 && logged("DueLeads") == 0, "a shard was not read");

    world.sweep(&mut Kill::never()).await;
    assert!(logged(r#"{"DueLeads":0,"#) == 1, "the sweep reports again");
    world.stop().await;
}

/// A failed login names its source and an ended key, and nothing that may be a secret.
#[tokio::test]
async fn failed_logins_name_the_source_that_exists() {
    let scratch = tempfile::tempdir().unwrap();
    let log = scratch.path().join("log");
    let world = World::of_processes(&log).await;
    let sources = world.stack.sources();
    let id = "source_texas".parse().unwrap();
    let before = sources.latest(&id).await.unwrap().unwrap();
    let mut after = before.clone();
    after.keys[0].expires_at = Some(Timestamp::now());
    let (by, action) = ("local".to_owned(), "key revoke".to_owned());
    let change = Change { at: Timestamp::now(), by, action, revision: before.revision + 1, members: Vec::new() };
    let changed = sources.change(&id, Some(&before), Some(&after), &change, &world.stack.ledger()).await;
    assert!(changed.unwrap().is_some());

    let reads = world.proxy.calls(Point::SourceRead);
    for (source, key, named, ended, read) in [
        ("source_123", "lp_wrong", "source_123", "", true),
        ("source_texas", "lp_source_key", "source_texas", "source_k", true),
        ("source_texas", "lp_wrong", "source_texas", "", true),
        ("source_none", "lp_source_key", "unknown", "", true),
        ("nobody", "lp_source_key", "unknown", "", true),
        // Keys in the place of an id.
        ("lp_source_key", "lp_source_key", "unknown", "", false),
        ("lp_source_key", "source_123", "unknown", "", false),
        ("source 123", "lp_source_key", "unknown", "", false),
    ] {
        std::fs::write(&log, "").unwrap();
        let before = world.proxy.calls(Point::SourceRead);
        assert_eq!(world.post(&world.submission().from(source).with_key(key)).await.status, 401, "{source}");
        assert_eq!(world.proxy.calls(Point::SourceRead) > before, read, "{source}");
        let lines = std::fs::read_to_string(&log).unwrap();
        let lines: Vec<Value> = lines.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let step = lines.iter().find(|line| line["step"] == "login failed").unwrap();
        assert_eq!((&step["source"], &step["ended_key"]), (&named.into(), &ended.into()), "{source} {key}");
        let metric = lines.iter().find(|line| line["FailedLogins"] == 1).unwrap();
        assert_eq!(metric["source"], named);
        let told = lines.iter().map(ToString::to_string).collect::<String>();
        assert!(!told.contains("lp_") && (named == source || !told.contains(source)), "{told}");
    }
    assert!(world.proxy.calls(Point::SourceRead) > reads);
    world.stop().await;
}

#[tokio::test]
async fn a_function_that_cannot_start_says_why() {
    let binaries = tokio::task::spawn_blocking(binaries::build).await.unwrap();
    for (function, program) in binaries {
        let ended = Command::new(program).env_clear().output().unwrap();
        assert!(!ended.status.success(), "{function}");
        let line: Value = serde_json::from_slice(&ended.stdout).unwrap();
        assert_eq!(
            (&line["level"], &line["message"]),
            (&"ERROR".into(), &"the function cannot start".into()),
            "{function}"
        );
        // The inbox page reads no table.
        let missing = if function == "show-app" { "USER_AUTHORIZE_URL is not set" } else { "_TABLE is not set" };
        assert!(line["error"].as_str().unwrap().contains(missing), "{function}: {line}");
    }
}
