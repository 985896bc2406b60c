//! What operators see when something breaks. A fault without a metric or log line would go unnoticed.

use std::process::Command;

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
        assert!(line["error"].as_str().unwrap().contains("_TABLE is not set"), "{function}: {line}");
    }
}
