//! The binary against a whole running stack, and against none.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may, and so may its helpers")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use local::stack::{Options, Stack};
use serde_json::{Value, json};

/// A stack on free ports, and the directory in which its `running.json` stands.
struct Running {
    stack: Stack,
    data: tempfile::TempDir,
}

impl Running {
    async fn start() -> Self {
        let stack = Stack::start(&Options { port: 0, ..Options::default() }).await.unwrap();
        let data = tempfile::tempdir().unwrap();
        let addresses = serde_json::to_string(stack.addresses()).unwrap();
        std::fs::write(data.path().join("running.json"), addresses).unwrap();
        Self { stack, data }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        leadctl(self.data.path(), arguments)
    }

    /// What a successful command prints with `--output json`.
    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--output", "json"]].concat());
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
        assert_eq!(stdout(&output).lines().count(), 1, "one line for programs");
        serde_json::from_str(&stdout(&output)).unwrap()
    }

    /// What a successful command prints for people.
    fn text(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
        assert!(!stdout(&output).contains('\u{1b}'), "no colours but on a terminal");
        stdout(&output)
    }

    /// Posts a lead and gives back its id.
    fn post(&self, source: &str, key: &str) -> String {
        let lead = json!({
            "metadata": {
                "externalId": "partner-lead-88391",
                "price": 18.5,
                "trustedFormUrl": "https://cert.trustedform.com/example",
            },
            "contact": {"firstName": "Jordan", "lastName": "Example", "phone": {"number": "+15555550123"}},
            "customer": {},
        })
        .to_string();
        let host = self.stack.addresses().gateway.trim_start_matches("http://");
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
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str::<Value>(body).unwrap()["id"].as_str().unwrap().to_owned()
    }
}

fn leadctl(data: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_leadctl"));
    command.env_remove("SOURCES_TABLE").env_remove("LEADS_TABLE").arg("--data").arg(data).args(arguments);
    command.output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Exit code, and code and message of the error in JSON; nothing on standard output.
fn failure(output: &Output) -> (Option<i32>, String, String) {
    assert_eq!(stdout(output), "");
    let error: Value = serde_json::from_str(&stderr(output)).unwrap();
    let member = |name: &str| error["error"][name].as_str().unwrap().to_owned();
    (output.status.code(), member("code"), member("message"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_is_made_and_looked_at() {
    let running = Running::start().await;
    let created = running.json(&[
        "source",
        "create",
        "--name=Acme forms",
        "--account=account_7",
        "--business=business_7",
        "--id=source_acme",
        "--allowed-state=texas",
        "--allowed-product= Auto ",
    ]);
    assert_eq!(created.as_object().unwrap().len(), 2, "the id and the key");
    assert_eq!(created["id"], "source_acme");
    let key = created["key"].as_str().unwrap();
    assert!(key.starts_with("lp_"));

    let shown = running.json(&["source", "show", "source_acme"]);
    assert_eq!(shown["name"], "Acme forms");
    assert_eq!(shown["businessId"], "business_7");
    assert_eq!(shown["allowedStates"], json!(["TX"]));
    assert_eq!(shown["allowedProducts"], json!(["Auto"]));
    assert_eq!(shown["approved"], false);
    assert_eq!(shown["keys"][0]["prefix"].as_str(), key.get(..8));

    let all = running.json(&["source", "list"]);
    assert!(all.as_array().unwrap().contains(&shown));

    let stored = running.stack.sources().get(&"source_acme".parse().unwrap()).await.unwrap().unwrap();
    for text in [
        shown.to_string(),
        all.to_string(),
        running.text(&["source", "show", "source_acme"]),
        running.text(&["source", "list"]),
    ] {
        assert!(text.contains("source_acme"), "{text}");
        for secret in [key, &stored.salt, &stored.keys[0].sha256] {
            assert!(!text.contains(secret), "{text}");
        }
    }
    running.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_get_a_key_that_works_and_a_first_lead_to_paste() {
    let running = Running::start().await;
    let text = running.text(&[
        "source",
        "create",
        "--name=Acme",
        "--account=account_7",
        "--business=business_7",
        "--approved",
    ]);
    let word = |start: &str| {
        text.split(|c: char| c.is_whitespace() || c == '\'').find(|word| word.starts_with(start)).unwrap()
    };
    assert!(text.contains("only this once") && text.contains(&running.stack.addresses().gateway), "{text}");
    running.post(word("source_"), word("lp_"));
    running.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_is_shown_with_all_that_came_of_it() {
    let running = Running::start().await;
    let id = running.post("source_123", "lp_source_key");
    let deadline = Instant::now() + Duration::from_secs(30);
    let record = loop {
        let record = running.json(&["lead", "show", &id]);
        if record["lead"]["processingStatus"] == "Ready" {
            break record;
        }
        assert!(Instant::now() < deadline, "never ready: {record}");
    };
    assert_eq!(record["lead"]["id"], id.as_str());
    assert_eq!(record["lead"]["metadata"]["price"], 18.5);
    assert_eq!(record["lead"]["contact"]["phone"]["number"], "+15555550123");
    assert_eq!(record["lead"]["contact"]["phone"]["lookup"]["lineType"], "Wireless");
    assert_eq!(record["conversation"]["leadId"], id.as_str());
    let events: Vec<_> = record["timeline"].as_array().unwrap().iter().map(|event| &event["eventType"]).collect();
    assert_eq!(events, ["lead.created", "phone.lookup.succeeded"]);

    let text = running.text(&["lead", "show", &id]);
    for part in [&id, "Ready", "phone.lookup.lineType", "Wireless", "Conversation", "lead.created", "externalId"] {
        assert!(text.contains(part), "{part}: {text}");
    }

    let inbox = running.json(&["inbox", "business_1"]);
    assert_eq!(inbox[0]["leadId"], id.as_str());
    assert!(running.text(&["inbox", "business_1", "--most", "1"]).contains("Jordan Example"));
    assert_eq!(running.json(&["inbox", "business_none"]), json!([]));
    running.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_says_why_and_what_to_do() {
    let running = Running::start().await;
    let create = ["source", "create", "--name=Acme", "--account=account_7", "--business=business_7"];
    let taken = [&create[..], &["--id=source_123"]].concat();
    let ontario = [&create[..], &["--allowed-state=Ontario"]].concat();
    let tags: Vec<_> = (0..51).map(|number| format!("--default-tag-id={number}")).collect();
    let tagged: Vec<_> = create.iter().copied().chain(tags.iter().map(String::as_str)).collect();
    let cases: [(&[&str], i32, &str, &str); 7] = [
        (&tagged, 1, "refused", "at most 50"),
        (&["source", "create", "--name=Acme"], 2, "usage", "--account"),
        (&ontario, 2, "usage", "not a state"),
        (&["lead", "show", "jordan@example.com"], 2, "usage", "an id is"),
        (&["source", "show", "source_none"], 3, "not_found", "source list"),
        (&["lead", "show", "lead_none"], 3, "not_found", "lead_none"),
        (&taken, 4, "conflict", "another --id"),
    ];
    for (arguments, exit, code, says) in cases {
        let (status, named, message) = failure(&running.run(&[arguments, &["--output=json"]].concat()));
        assert_eq!((status, named.as_str()), (Some(exit), code), "{arguments:?}: {message}");
        assert!(message.contains(says) && !message.contains("jordan"), "{message}");

        let people = running.run(arguments);
        assert_eq!(people.status.code(), Some(exit));
        assert!(stderr(&people).starts_with("error: ") && stderr(&people).contains(says), "{}", stderr(&people));
    }

    running.stack.stop().await;
    let gone = leadctl(running.data.path(), &["source", "list", "-o", "json"]);
    let (status, code, message) = failure(&gone);
    assert_eq!((status, code.as_str()), (Some(5), "aws"), "{message}");
    assert!(message.contains("Nothing listens") && message.contains("cargo run"), "{message}");
}

#[test]
fn without_a_place_to_act_the_way_to_one_is_told() {
    let empty = tempfile::tempdir().unwrap();
    let none = leadctl(empty.path(), &["source", "list", "-o", "json"]);
    let (status, code, message) = failure(&none);
    assert_eq!((status, code.as_str()), (Some(2), "usage"));
    assert!(message.contains("running.json") && message.contains("cargo run"), "{message}");

    std::fs::write(empty.path().join("running.json"), "{}").unwrap();
    let other = leadctl(empty.path(), &["source", "list"]);
    assert_eq!(other.status.code(), Some(2));

    let mut nowhere = Command::new(env!("CARGO_BIN_EXE_leadctl"));
    let nowhere =
        nowhere.args(["source", "list"]).env_remove("SOURCES_TABLE").env_remove("LEADS_TABLE").output().unwrap();
    assert_eq!(nowhere.status.code(), Some(2));
    assert!(stderr(&nowhere).contains("--local") && stderr(&nowhere).contains("SOURCES_TABLE"), "{}", stderr(&nowhere));
}

#[test]
fn help_teaches_and_ends_well() {
    for (arguments, says) in [
        (&["--help"][..], "Exit codes:"),
        (&["source", "create", "--help"], "--allowed-state TX"),
        (&["lead", "show", "--help"], "jq"),
        (&["--version"], env!("CARGO_PKG_VERSION")),
    ] {
        let output = leadctl(Path::new("."), arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(stdout(&output).contains(says), "{}", stdout(&output));
    }
}
