//! What operators are told when something breaks: a fault that no alarm can see would last.

use std::process::Command;

use serde_json::Value;
use tests::binaries;
use tests::proxy::{Fault, Point, Side};

use crate::world::{Kill, World};

/// Intake may be well all the while: the worker has a role of its own.
#[tokio::test]
async fn a_worker_that_cannot_reach_its_table_is_counted_and_its_sweep_is_missed() {
    let scratch = tempfile::tempdir().unwrap();
    let log = scratch.path().join("log");
    let world = World::of_processes(&log).await;
    let message = world.message(&world.accepted(&world.submission()).await).await;
    let said = |metric: &str| std::fs::read_to_string(&log).unwrap().matches(metric).count();
    let storage = r#"{"ServiceUnavailable":1,"Service":"storage","#;

    world.proxy.break_all(Point::LeadRead, Side::Before, Fault::Broken);
    assert_eq!(world.work(&[&message], &mut Kill::nobody()).await, Some(vec![]), "it is no fault of the message");
    world.proxy.mend();
    assert_eq!(said(storage), 1, "the lead was not read");

    // One of the sixteen shards is enough.
    world.proxy.break_next_of(r#"{"N":"7"}"#, Point::Due, Side::Before, Fault::Broken, u64::MAX);
    world.sweep(&mut Kill::nobody()).await;
    world.proxy.mend();
    assert!(said(storage) > 1 && said("DueLeads") == 0, "a shard was not read");

    world.sweep(&mut Kill::nobody()).await;
    assert!(said(r#"{"DueLeads":0,"#) == 1, "all is well");
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
