//! `docs/leadctl.md`: every command, as it answers. Times, ids and keys are masked; all else is compared with the page.
//!
//! `LEADCTL_TRANSCRIPT=write cargo test -p leadctl --test cli transcript` writes the page anew.

mod mask;

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use local::stack::Options;
use serde_json::Value;

use crate::running::{Running, lead, leadctl, stderr, stdout};
use mask::mask;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/leadctl.md");

const INTRODUCTION: &str = "\
# leadctl

The operator's command line. Below is every command with what it answers, from a session with the local stack; times,
ids and keys are masked. The page is written by a test (`leadctl/tests/cli/transcript.rs`), which fails when a command
answers otherwise; `LEADCTL_TRANSCRIPT=write cargo test -p leadctl --test cli transcript` writes it anew.

Each command tells more with `--help`. `--output json` gives programs what they need, on one line, and errors too. The
exit code is 0 when all is well, 1 for what is refused, 2 for a wrong command line, 3 for what is not found, 4 for a
conflict and 5 when AWS or the local stack does not answer.

`--local` acts on the stack that `cargo run` started; `--stack NAME` on a deployed one, by its outputs, where production
asks before it is changed (`--yes` for scripts); without either, `SOURCES_TABLE`, `LEADS_TABLE`,
`LEAD_CREATED_QUEUE_URL` and `DEAD_LETTER_QUEUE_URL` name the tables and queues.
";

/// The page as it grows.
struct Transcript {
    running: Running,
    page: String,
}

impl Transcript {
    fn says(&mut self, text: &str) {
        writeln!(self.page, "\n{text}").unwrap();
    }

    /// Runs a command and takes down what it answers.
    fn run(&mut self, line: &str, exit: i32) {
        let words = words(line, self.running.data.path());
        let arguments: Vec<_> = words.iter().map(String::as_str).collect();
        let output = leadctl(self.running.data.path(), &arguments);
        assert_eq!(output.status.code(), Some(exit), "{line}: {} {}", stdout(&output), stderr(&output));
        let answer = stdout(&output) + &stderr(&output);
        let answer: Vec<_> = answer.lines().map(str::trim_end).collect();
        let answer = answer.join("\n").replace(&format!("{}/", self.running.data.path().display()), "");
        let (line, answer) = (mask(line), mask(&answer));
        let answer = if answer.is_empty() { answer } else { answer + "\n" };
        let exit = if exit == 0 { String::new() } else { format!("(exit code {exit})\n") };
        writeln!(self.page, "\n```text\n$ leadctl --local {line}\n{answer}{exit}```").unwrap();
    }

    fn json(&self, arguments: &[&str]) -> Value {
        self.running.json(arguments)
    }

    fn file(&self, name: &str, content: &Value) {
        std::fs::write(self.running.data.path().join(name), content.to_string()).unwrap();
    }
}

/// A line's words, as a shell takes them. Files are those of the stack's directory.
fn words(line: &str, directory: &Path) -> Vec<String> {
    let mut words = Vec::new();
    for (number, part) in line.split('\'').enumerate() {
        if number % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    let path = |name: &String| directory.join(name).to_string_lossy().into_owned();
    for place in 1..words.len() {
        if matches!(words[place - 1].as_str(), "--payload" | "--into") {
            words[place] = path(&words[place]);
        }
    }
    words
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_what_the_commands_answer() {
    // No sweep comes between.
    let running = Running::with(Options { sweep: Duration::from_secs(3_600), ..Options::default() }).await;
    let mut it = Transcript { running, page: INTRODUCTION.to_owned() };

    it.says("## Sources");
    it.run("source create --id source_acme --name 'Acme forms' --account account_7 --business business_7 --allowed-state Texas", 0);
    it.run("source list", 0);
    it.run("source show source_acme", 0);
    it.run(
        "source update source_acme --add-state Louisiana --add-product 'Auto insurance' --add-default-tag-name new",
        0,
    );
    it.says("An allowed state does not go unnoticed into \"any\":");
    it.run("source update source_acme --remove-state TX --remove-state LA", 1);
    it.run("source update source_acme --any-state --any-product --name Acme", 0);
    it.run("source approve source_acme", 0);
    it.run("source unapprove source_acme", 0);
    it.run("source disable source_acme", 0);
    it.run("source enable source_acme", 0);
    it.run("source history source_acme --most 3", 0);
    it.says("Of two operators one wins. The other looked at revision 2, and is told what has changed since:");
    it.run("source update source_acme --trusted-form off --revision 2", 4);
    it.says("Only a source that never had a lead is deleted, and what was done to it is kept:");
    it.run("source delete source_acme", 1);
    it.json(&["source", "disable", "source_acme"]);
    it.run("source delete source_acme", 0);
    it.run("source show source_acme", 3);

    it.says("What would the intake answer to this payload? Nothing is written.");
    it.file("lead.json", &lead("partner-lead-88391", "+15555550123", "jordan@example.com"));
    it.file("broken.json", &serde_json::json!({"email": "jordan", "phone": "555-0123", "price": "$5"}));
    it.run("source check source_123 --payload lead.json --trusted-form", 0);
    it.run("source check source_texas --payload broken.json --flat", 1);

    it.says("## Keys\n\nA new key is shown once; `key list` shows keys by their beginnings.");
    it.run("key create source_exempt", 0);
    it.run("key rotate source_exempt --overlap 7d", 0);
    it.run("key list source_exempt", 0);
    let prefix = it.json(&["key", "list", "source_exempt"])[1]["prefix"].as_str().unwrap().to_owned();
    it.run(&format!("key revoke source_exempt {prefix}"), 0);

    it.says("## Leads");
    let first = it.running.post("source_123", "lp_source_key");
    it.running.settled();
    let other = lead("partner-lead-88392", "+15555550199", "casey@example.com");
    assert_eq!(it.running.send("source_exempt", "lp_source_key", &other).0, 201);
    it.running.settled();
    it.run(&format!("lead show {first}"), 0);
    it.run("lead find --source source_123 --external-id partner-lead-88391", 0);
    it.run("lead find --business business_1 --phone '(555) 555-0199'", 0);
    it.run("lead find --business business_1 --email CASEY@example.com", 0);
    it.run("lead find --business business_1 --email nobody@example.com", 3);
    it.run("inbox business_1 --most 1", 0);
    it.says("Exports are written a page at a time; one into a file can be resumed.");
    it.run("lead export --source source_123 --from yesterday", 0);
    it.run("lead export --business business_1 --from yesterday --format csv --into leads.csv", 0);
    it.run("lead export --business business_1 --from yesterday --format csv --into leads.csv --resume", 3);
    it.says("A person's right to be forgotten:");
    it.run(&format!("lead erase {first}"), 0);
    it.run(&format!("lead show {first}"), 0);

    it.says("## Health");
    it.run("doctor", 0);
    it.json(&["key", "revoke", "source_texas", "lp_sourc"]);
    it.run("doctor", 1);

    it.says("## Queue");
    it.run("queue status", 0);
    it.run("dlq peek", 0);
    let dead = it.running.stack.addresses().dead_letter_queue_url.clone();
    it.running.stack.clients().sqs.send_message().queue_url(dead).message_body("poison").send().await.unwrap();
    it.run("dlq peek", 0);
    it.run("dlq redrive --all --dry-run", 0);
    it.run("dlq redrive --all", 0);
    it.run("dlq redrive --message none", 3);
    it.run("unfinished", 0);
    it.run("unfinished announce", 0);

    it.says("## Report\n\nOn a terminal the report is a table with bars; elsewhere it is CSV, or JSON.");
    it.run("report --source source_123 --source source_exempt --from today", 0);
    it.says("Completions: `source <(leadctl completions bash)`, and so for `zsh`, `fish`, `elvish` and `powershell`.");

    let Transcript { running, page } = it;
    running.stack.stop().await;
    if std::env::var_os("LEADCTL_TRANSCRIPT").is_some() {
        std::fs::write(PAGE, page).unwrap();
        return;
    }
    let stands = std::fs::read_to_string(PAGE).unwrap();
    let differs = stands.lines().zip(page.lines()).find(|(stands, is)| stands != is);
    assert!(stands == page, "docs/leadctl.md is stale (see the top of this file): {differs:#?}");
}
