//! The binary of `cargo run`, and the files that tell others where it is.
#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running one, killed when its test fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts it, and gives back what `running.json` says. A laptop's proxy, at which nobody listens here, is none of its business.
fn start(data: &Path, arguments: &[&str]) -> (Running, Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
    command.args(["--memory", "--data"]).arg(data).args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    command.env("http_proxy", "http://127.0.0.1:9").env_remove("no_proxy").env_remove("NO_PROXY");
    let running = Running(command.spawn().unwrap());
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        let text = std::fs::read_to_string(data.join("running.json")).unwrap_or_default();
        if let Ok(addresses) = serde_json::from_str(&text) {
            return (running, addresses);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("it does not start");
}

/// Stops it as a person or a service manager does.
fn stop(mut running: Running) {
    assert!(Command::new("kill").arg(running.0.id().to_string()).status().unwrap().success());
    assert!(running.0.wait().unwrap().success());
}

/// `functions.env` as `cargo lambda` and a shell read it.
fn environment(data: &Path) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(data.join("functions.env")).unwrap();
    let pair = |line: &str| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())).unwrap();
    text.lines().map(pair).collect()
}

#[test]
fn it_says_where_it_is_until_it_stops() {
    let data = tempfile::tempdir().unwrap();
    for (arguments, api) in [(&["--port", "0"][..], true), (&["--backends-only"], false)] {
        let (running, addresses) = start(data.path(), arguments);
        assert_eq!(addresses.get("gateway").is_some(), api, "{addresses}");
        let environment = environment(data.path());
        for (variable, address) in [
            ("AWS_ENDPOINT_URL_DYNAMODB", "dynamodb"),
            ("LEAD_CREATED_QUEUE_URL", "queueUrl"),
            ("LEADS_TABLE", "leadsTable"),
        ] {
            assert_eq!(environment.get(variable).unwrap().as_str(), addresses[address], "{variable}");
        }
        stop(running);
        assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 0, "nothing is left behind");
    }
}

#[test]
fn what_the_backends_alone_do_not_do_is_not_asked_of_them() {
    for arguments in [["--backends-only", "--port=0"], ["--backends-only", "--sweep=1"]] {
        let refused = Command::new(env!("CARGO_BIN_EXE_local")).args(arguments).output().unwrap();
        assert_eq!(refused.status.code(), Some(2));
    }
}
