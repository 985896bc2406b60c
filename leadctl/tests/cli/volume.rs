//! Many leads, little memory.
//!
//! `cargo test --workspace --test cli volume -- --ignored --nocapture` prints the figures; it takes minutes, and reads
//! `/proc`, so it runs on Linux. `LEADS=20000` makes it shorter.

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use leadping::source::Source;
use leadping::source::change::Change;
use leadping::time::Timestamp;
use local::stack::Options;

use crate::running::Running;

const FEW: usize = 1_000;
const MANY: &str = "100000";

/// How much more memory many leads may take than few, in KiB: no lead is kept.
const FLAT: u64 = 16 * 1_024;

type Item = HashMap<String, AttributeValue>;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes"]
async fn a_hundred_thousand_leads_are_exported_and_counted_with_flat_memory() {
    let running = Running::with(Options { worker: false, ..Options::default() }).await;
    let id = running.post("source_123", "lp_source_key");
    let many: usize = std::env::var("LEADS").as_deref().unwrap_or(MANY).parse().unwrap();
    let days = [("2025-01-01", FEW), ("2025-01-02", many)];
    for (day, count) in days {
        fill(&running, &id, day, count).await;
    }
    created_on(&running, "source_123", "2025-01-01").await;

    let file = running.data.path().join("leads");
    let mut peaks = Vec::new();
    for (day, count) in days {
        for format in ["ndjson", "csv"] {
            let command = ["lead", "export", "--source=source_123", "--from", day, "--to", day, "--format", format];
            let (peak, took) = measured(running.data.path(), &command, &file);
            let lines = fs::read_to_string(&file).unwrap().lines().count();
            assert_eq!(lines, count + usize::from(format == "csv"));
            println!("export of {count} leads as {format}: {took:.1?}, {} MiB at most", peak / 1_024);
            peaks.push(peak);
        }
        let command = ["report", "--source=source_123", "--from", day, "--to", day];
        let (peak, took) = measured(running.data.path(), &command, &file);
        assert_eq!(fs::read_to_string(&file).unwrap(), format!("source,day,leads\nsource_123,{day},{count}\n"));
        println!("report of {count} leads: {took:.1?}, {} MiB at most", peak / 1_024);
        peaks.push(peak);
    }
    for (small, large) in peaks[..3].iter().zip(&peaks[3..]) {
        assert!(*large < small + FLAT, "{peaks:?}");
    }
    running.stack.stop().await;
}

/// Makes a source older: a report leaves out the days before its creation.
pub(crate) async fn created_on(running: &Running, id: &str, day: &str) {
    let (sources, id) = (running.stack.sources(), id.parse().unwrap());
    let source = sources.latest(&id).await.unwrap().unwrap();
    let older = Source { created_at: format!("{day}T00:00:00Z").parse().unwrap(), ..source.clone() };
    let change = Change {
        at: Timestamp::now(),
        by: "test".to_owned(),
        action: "update".to_owned(),
        revision: source.revision + 1,
        members: Vec::new(),
    };
    assert!(
        sources.change(&id, Some(&source), Some(&older), &change, &running.stack.ledger()).await.unwrap().is_some()
    );
}

/// Stores leads like one that is there, of another day; their number is a multiple of 25.
pub(crate) async fn fill(running: &Running, id: &str, day: &str, count: usize) {
    let (client, table) = (&running.stack.clients().dynamodb, &running.stack.addresses().leads_table);
    let key = |name: &str, value: String| (name.to_owned(), AttributeValue::S(value));
    let found = client
        .get_item()
        .table_name(table)
        .set_key(Some([key("pk", format!("LEAD#{id}")), key("sk", "LEAD".to_owned())].into()));
    let pattern = found.send().await.unwrap().item.unwrap();
    for first in (0..count).step_by(25) {
        let batch = (first..first + 25).map(|number| copy(&pattern, id, day, number)).collect();
        client.batch_write_item().request_items(table, batch).send().await.unwrap();
    }
}

/// A lead like another, of another day.
fn copy(pattern: &Item, id: &str, day: &str, number: usize) -> WriteRequest {
    let new_id: leadping::id::LeadId = format!("lead_{}{number:022}", day.replace('-', "")).parse().unwrap();
    let mut item = pattern.clone();
    for name in ["unfinishedShard", "dueAt"] {
        item.remove(name);
    }
    let (source, _) = pattern["dayKey"].as_s().unwrap().split_once('#').unwrap();
    let document = pattern["document"].as_s().unwrap().replace(id, new_id.as_str());
    for (name, value) in [
        ("pk", format!("LEAD#{new_id}")),
        ("document", document),
        ("processingStatus", "Ready".to_owned()),
        ("createdAt", format!("{day}T12:00:00.{:03}Z", number % 1_000)),
        ("dayKey", format!("{source}#{day}#{}", new_id.shard(4))),
    ] {
        item.insert(name.to_owned(), AttributeValue::S(value));
    }
    WriteRequest::builder().put_request(PutRequest::builder().set_item(Some(item)).build().unwrap()).build()
}

/// Runs a command, and returns how much memory it had at most, in KiB, and how long it took.
fn measured(data: &Path, arguments: &[&str], to: &Path) -> (u64, Duration) {
    let started = Instant::now();
    let mut process = Command::new(env!("CARGO_BIN_EXE_leadctl"))
        .arg("--data")
        .arg(data)
        .args(arguments)
        .stdout(File::create(to).unwrap())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", process.id());
    let mut peak = 0;
    let ended = loop {
        // The kernel keeps the peak itself; it is gone with the process.
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0).max(peak);
        if let Some(ended) = process.try_wait().unwrap() {
            break ended;
        }
        // Only how often it is measured, which costs time too.
        std::thread::sleep(Duration::from_millis(10));
    };
    assert!(ended.success());
    (peak, started.elapsed())
}
