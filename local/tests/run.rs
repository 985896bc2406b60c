//! The binary of `cargo run`, and the files by which other programs find it.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test may")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// A running stack. It is killed when its test fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    /// Stops it as Ctrl-C or a service manager does.
    fn stop(mut self) {
        assert!(Command::new("kill").arg(self.0.id().to_string()).status().unwrap().success());
        assert!(self.0.wait().unwrap().success());
    }

    /// The directory that its banner tells `leadctl` to use.
    fn printed_directory(&mut self) -> PathBuf {
        let lines = BufReader::new(self.0.stdout.take().unwrap()).lines();
        let line = lines.map(Result::unwrap).find(|line| line.contains("leadctl -- --data")).unwrap();
        line.split_whitespace().skip_while(|word| *word != "--data").nth(1).unwrap().into()
    }
}

/// The stack with its files in this directory. A proxy that does not answer must not matter.
fn command(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
    command.arg("--data").arg(data).args(arguments).stdout(Stdio::piped()).stderr(Stdio::null());
    command.env("http_proxy", "http://127.0.0.1:9").env_remove("no_proxy").env_remove("NO_PROXY");
    command
}

/// Starts a stack and waits until its directory, in the given one or printed, has its own `running.json`.
fn start(data: &Path, arguments: &[&str]) -> (Running, PathBuf, Value) {
    let mut running = Running(command(data, arguments).spawn().unwrap());
    let directory = running.printed_directory();
    let addresses: Value = serde_json::from_str(&fs::read_to_string(directory.join("running.json")).unwrap()).unwrap();
    assert_eq!(addresses["pid"], running.0.id());
    (running, directory, addresses)
}

/// The process id in the `running.json` of a directory.
fn pid(directory: &Path) -> Option<u64> {
    let text = fs::read_to_string(directory.join("running.json")).ok()?;
    serde_json::from_str::<Value>(&text).unwrap()["pid"].as_u64()
}

/// `functions.env` as `cargo lambda` and a shell read it.
fn environment(directory: &Path) -> BTreeMap<String, String> {
    let text = fs::read_to_string(directory.join("functions.env")).unwrap();
    let pair = |line: &str| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())).unwrap();
    text.lines().map(pair).collect()
}

#[test]
fn a_stack_has_its_addresses_in_a_file_until_it_stops() {
    let data = tempfile::tempdir().unwrap();
    for (arguments, api) in [(&["--memory", "--port", "0"][..], true), (&["--memory", "--backends-only"], false)] {
        let (running, directory, addresses) = start(data.path(), arguments);
        assert_eq!(directory, data.path());
        assert_eq!(addresses.get("gateway").is_some(), api, "{addresses}");
        let environment = environment(&directory);
        for (variable, address) in [
            ("AWS_ENDPOINT_URL_DYNAMODB", "dynamodb"),
            ("LEAD_CREATED_QUEUE_URL", "queueUrl"),
            ("LEADS_TABLE", "leadsTable"),
            ("LIMITS_TABLE", "limitsTable"),
        ] {
            assert_eq!(environment.get(variable).unwrap().as_str(), addresses[address], "{variable}");
        }
        running.stop();
        let left: Vec<_> = fs::read_dir(data.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["running.lock"]);
    }
}

/// Whichever stack comes first keeps the directory. The other one runs, too, and neither touches the other's files.
#[test]
fn two_stacks_in_one_directory_keep_apart() {
    let (kept, memory) = (&["--port", "0"][..], &["--memory", "--port", "0"][..]);
    for (first, second, first_ends_first) in [
        (kept, memory, false),
        (kept, memory, true),
        (memory, kept, false),
        (memory, kept, true),
        (memory, memory, true),
    ] {
        let data = tempfile::tempdir().unwrap();
        let (first, first_directory, first_addresses) = start(data.path(), first);
        let (second, second_directory, second_addresses) = start(data.path(), second);
        assert_eq!(first_directory, data.path());
        assert_ne!(second_directory, data.path());
        assert_ne!(first_addresses["gateway"], second_addresses["gateway"]);
        let (first_pid, second_pid) = (first_addresses["pid"].as_u64(), second_addresses["pid"].as_u64());
        assert_eq!((pid(&first_directory), pid(&second_directory)), (first_pid, second_pid));

        let (ends, stays, (gone, left, left_pid)) = if first_ends_first {
            (first, second, (&first_directory, &second_directory, second_pid))
        } else {
            (second, first, (&second_directory, &first_directory, first_pid))
        };
        ends.stop();
        assert_eq!((pid(gone), pid(left)), (None, left_pid));
        stays.stop();
        assert_eq!(pid(data.path()), None);
        assert!(!second_directory.exists(), "the temporary directory is deleted");
    }
}

#[test]
fn two_stacks_never_share_their_tables() {
    let data = tempfile::tempdir().unwrap();
    let (first, ..) = start(data.path(), &["--port", "0"]);
    let refused = command(data.path(), &["--port", "0"]).stderr(Stdio::piped()).output().unwrap();
    let error = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success() && error.contains("in use by another running stack"), "{error}");
    assert_eq!(pid(data.path()), Some(first.0.id().into()));
    first.stop();
}

/// After a kill the file is still there, but the lock is not.
#[test]
fn the_file_of_a_killed_stack_is_replaced() {
    let data = tempfile::tempdir().unwrap();
    let (killed, ..) = start(data.path(), &["--memory", "--port", "0"]);
    drop(killed);
    assert!(pid(data.path()).is_some());
    let (next, directory, _) = start(data.path(), &["--memory", "--port", "0"]);
    assert_eq!(directory, data.path());
    next.stop();
}

#[test]
fn a_taken_port_is_one_line_without_a_backtrace() {
    let data = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let mut command = command(data.path(), &["--memory", "--port", &port]);
    let refused = command.env("RUST_BACKTRACE", "1").stderr(Stdio::piped()).output().unwrap();
    let error = String::from_utf8(refused.stderr).unwrap();
    assert_eq!((refused.status.code(), error.lines().count()), (Some(1), 1), "{error}");
    assert!(error.starts_with(&format!("error: port {port} is taken; choose another one with --port")), "{error}");
}

#[test]
fn options_that_do_not_apply_to_the_backends_are_refused() {
    for option in ["--port=0", "--sweep=1"] {
        let refused = Command::new(env!("CARGO_BIN_EXE_local")).args(["--backends-only", option]).output().unwrap();
        assert_eq!(refused.status.code(), Some(2));
    }
}

#[test]
fn the_help_says_how_to_make_the_stand_ins_fail() {
    let help = Command::new(env!("CARGO_BIN_EXE_local")).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    for knob in ["unfunded", "garbage", "0107", "503 trusted_form.unavailable", "RUST_LOG=leadping=debug,local=debug"] {
        assert!(help.contains(knob), "{knob}: {help}");
    }
}

#[test]
fn data_of_an_earlier_version_is_left_alone_and_named() {
    let data = tempfile::tempdir().unwrap();
    fs::write(data.path().join("tables.sqlite"), "of an earlier version").unwrap();
    let mut running = Running(command(data.path(), &["--port", "0"]).spawn().unwrap());
    let lines = BufReader::new(running.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    // The line that the banner ends with comes in any case.
    let banner: Vec<_> = lines.take_while(|line| !line.contains("leadctl -- --data")).collect();
    assert!(banner.iter().any(|line| line.contains("empty tables")), "{banner:?}");
    assert!(data.path().join("tables-3.sqlite").exists());
    assert_eq!(fs::read_to_string(data.path().join("tables.sqlite")).unwrap(), "of an earlier version");
    running.stop();
}
