//! A running stack, and the binary that acts on it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use local::stack::{Options, Stack};
use serde_json::{Value, json};

/// A stack on free ports, and the directory of its `running.json`.
pub(crate) struct Running {
    pub(crate) stack: Stack,
    pub(crate) data: tempfile::TempDir,
}

impl Running {
    pub(crate) async fn start() -> Self {
        Self::with(Options::default()).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let stack = Stack::start(&Options { port: 0, ..options }).await.unwrap();
        let data = tempfile::tempdir().unwrap();
        let addresses = serde_json::to_string(stack.addresses()).unwrap();
        std::fs::write(data.path().join("running.json"), addresses).unwrap();
        Self { stack, data }
    }

    /// Its API's address.
    pub(crate) fn gateway(&self) -> &str {
        self.stack.addresses().gateway.as_deref().unwrap()
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        leadctl(self.data.path(), arguments)
    }

    /// What a successful command prints with `--output json`.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--output", "json"]].concat());
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
        assert_eq!(stdout(&output).lines().count(), 1, "one line for programs");
        serde_json::from_str(&stdout(&output)).unwrap()
    }

    /// One of the findings of `doctor`, or rows of another list that have a `check`.
    pub(crate) fn json_of(&self, arguments: &[&str], check: &str) -> Value {
        let output = self.run(&[arguments, &["--output", "json"]].concat());
        let rows: Vec<Value> = serde_json::from_str(&stdout(&output)).unwrap();
        rows.into_iter().find(|row| row["check"] == check).unwrap()
    }

    /// What a successful command prints for people.
    pub(crate) fn text(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
        assert!(!stdout(&output).contains('\u{1b}'), "no colours but on a terminal");
        stdout(&output)
    }

    /// What a successful command prints on a terminal of this many columns, on both outputs.
    pub(crate) fn on_terminal(&self, columns: u16, arguments: &[&str]) -> String {
        let output =
            command(self.data.path(), arguments).env("LEADCTL_FORCE_TTY", columns.to_string()).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
        stdout(&output) + &stderr(&output)
    }

    /// Runs a command with this on its standard input.
    pub(crate) fn piped(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = command(self.data.path(), arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    /// Posts a lead and returns its id.
    pub(crate) fn post(&self, source: &str, key: &str) -> String {
        let lead = lead("partner-lead-88391", "+15555550123", "Jordan@example.com");
        let (status, answer) = self.send(source, key, &lead);
        assert_eq!(status, 201, "{answer}");
        answer["id"].as_str().unwrap().to_owned()
    }

    /// Posts a payload and returns the status and the answer.
    pub(crate) fn send(&self, source: &str, key: &str, lead: &Value) -> (u16, Value) {
        let lead = lead.to_string();
        let host = self.gateway().trim_start_matches("http://");
        let mut connection = TcpStream::connect(host).unwrap();
        write!(
            connection,
            "POST /leads HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: application/json\r\n\
             X-Leadping-Source-Id: {source}\r\nX-Leadping-Source-Key: {key}\r\nContent-Length: {}\r\n\r\n{lead}",
            lead.len(),
        )
        .unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head[9..12].parse().unwrap(), serde_json::from_str(body).unwrap())
    }

    /// Waits until nothing is unfinished, and nothing is in the queue.
    pub(crate) fn settled(&self) {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let unfinished = self.json(&["unfinished"]);
            let queue = self.json(&["queue", "status"]);
            if unfinished["unfinished"] == 0 && queue["waiting"] == 0 && queue["inFlight"] == 0 {
                return;
            }
            assert!(Instant::now() < deadline, "never settled: {unfinished} {queue}");
        }
    }
}

/// A structured payload.
pub(crate) fn lead(external_id: &str, phone: &str, email: &str) -> Value {
    json!({
        "metadata": {
            "externalId": external_id,
            "price": 18.5,
            "trustedFormUrl": "https://cert.trustedform.com/example",
            "sourceMetadata": {"placement": "homepage-form"},
        },
        "contact": {"firstName": "Jordan", "lastName": "Example", "email": email, "phone": {"number": phone}},
        "customer": {"birthDate": "1970-01-15"},
    })
}

/// The binary on a stack's directory, without anything of the tester's own environment.
pub(crate) fn command(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_leadctl"));
    for name in ["SOURCES_TABLE", "LEADS_TABLE", "LEDGER_TABLE", "LEADCTL_STACK", "LEADCTL_FORCE_TTY", "LEADPING_KEY"] {
        command.env_remove(name);
    }
    command.arg("--data").arg(data).args(arguments).stdin(Stdio::null());
    command
}

pub(crate) fn leadctl(data: &Path, arguments: &[&str]) -> Output {
    command(data, arguments).output().unwrap()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Exit code, and code and message of the error in JSON; nothing on standard output.
pub(crate) fn failure(output: &Output) -> (Option<i32>, String, String) {
    assert_eq!(stdout(output), "");
    let error: Value = serde_json::from_str(&stderr(output)).unwrap();
    let member = |name: &str| error["error"][name].as_str().unwrap().to_owned();
    (output.status.code(), member("code"), member("message"))
}
