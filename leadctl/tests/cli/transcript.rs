//! `docs/leadctl.md`: every command, as it answers. Times, ids and keys are masked; everything else is compared with the
//! page.
//!
//! `LEADCTL_TRANSCRIPT=write cargo test --workspace --test cli transcript` writes the page again.

mod mask;

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use local::stack::Options;
use serde_json::Value;

use crate::running::{Running, command, lead, stderr, stdout};
use mask::mask;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/leadctl.md");

/// The columns of the terminal that the page shows.
const COLUMNS: &str = "100";

const INTRODUCTION: &str = "\
# leadctl

The operator's command line. `cargo install --locked --profile light --path leadctl` installs it; without that,
`cargo run --bin leadctl --` runs it from the repository.

Below is every command with its answer, from a session with the local stack on a terminal of 100 columns; times, ids and
keys are masked. A test writes the page (`leadctl/tests/cli/transcript.rs`) and fails when a command answers something
else; `LEADCTL_TRANSCRIPT=write cargo test --workspace --test cli transcript` writes it again.

Run any command with `--help` for more. On a terminal, tables fit its width and times are relative; `--output wide` shows
every column and time in full. In a pipe, tables are tab-separated, without a header. `--output json` gives programs the
whole result on one line, and errors too. The ledger's head after an act is `ledgerHead` in the result; where the result is
a list or rows of leads, it is a line of JSON on standard error. `NO_COLOR` turns colors off, and `LEADCTL_FORCE_TTY=100`
arranges all output as on a terminal of 100 columns.

The exit code is 0 for success, 1 when something is refused, 2 for a wrong command line, 3 when an id does not exist, 4 for
a conflict, 5 when AWS or the local stack does not answer or no local stack runs, and 130 after Ctrl-C. `event tail` waits for
events until Ctrl-C, and ends with 0.

`--local` acts on the stack that `cargo run` started; `--stack NAME` on a deployed one, by its name in CloudFormation.
leadctl asks before changing production (`--yes` for scripts). `LEADCTL_STACK` names a deployed stack for every command.
Without any of them, `SOURCES_TABLE`, `LEADS_TABLE`, `LEDGER_TABLE`, `LEAD_CREATED_QUEUE_URL` and `DEAD_LETTER_QUEUE_URL`
name the tables and queues.
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

    /// Runs a command and takes down its answer.
    fn run(&mut self, line: &str, exit: i32) {
        let words = words(line, self.running.data.path());
        let arguments: Vec<_> = words.iter().map(String::as_str).collect();
        let mut command = command(self.running.data.path(), &arguments);
        let output = command.env("LEADCTL_FORCE_TTY", COLUMNS).env("LEADPING_KEY", "lp_source_key").output().unwrap();
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

/// A line's words, as a shell reads them. Files are those of the stack's directory.
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
        if matches!(words[place - 1].as_str(), "--payload" | "--into" | "post") {
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
    it.says("The last allowed state does not silently become \"any\":");
    it.run("source update source_acme --remove-state TX --remove-state LA", 1);
    it.run("source update source_acme --any-state --any-product --name Acme", 0);
    it.says("Limits: at most 500 new leads a day and 50 an hour, and repeat leads are flagged:");
    it.run(
        "source update source_acme --cap-day 500 --cap-hour 50 --cap-zone America/New_York --duplicates phone,email",
        0,
    );
    it.run("source approve source_acme", 0);
    it.run("source unapprove source_acme", 0);
    it.run("source disable source_acme", 0);
    it.run("source enable source_acme", 0);
    it.run("source history source_acme --most 3", 0);
    it.says("Of two operators one wins. The other looked at revision 3, and is told what has changed since:");
    it.run("source update source_acme --trusted-form off --revision 3", 4);
    it.says("Only a source that never had a lead can be deleted, and its history is kept:");
    it.run("source delete source_acme", 1);
    it.json(&["source", "disable", "source_acme"]);
    it.run("source delete source_acme", 0);
    it.run("source show source_acme", 3);
    it.says("A mistyped id is an error everywhere, with the nearest one:");
    it.run("source show source_tx", 3);

    it.says("What would the intake answer to this payload? Nothing is written.");
    it.file("lead.json", &lead("partner-lead-88391", "+15555550123", "jordan@example.com"));
    it.file("broken.json", &serde_json::json!({"email": "jordan", "phone": "555-0123", "price": "$5"}));
    it.run("source check source_123 --payload lead.json --trusted-form", 0);
    it.run("source check source_texas --payload broken.json --flat", 1);
    it.says("What a partner needs to know, as a page to send: what this source must send, with commands to try it.");
    it.run("source spec source_texas --into texas.html", 0);
    it.says("`post` sends it for real, with the key in `LEADPING_KEY`:");
    it.run("post broken.json --source source_texas --flat", 1);

    it.says("## Keys\n\nA new key is shown once; `key list` shows keys by their beginnings.");
    it.run("key create source_exempt", 0);
    it.run("key rotate source_exempt --overlap 7d", 0);
    it.run("key list source_exempt", 0);
    it.says(
        "Revoke a leaked key by giving all of it, or its first 8 characters or more; `-` reads it from standard input.",
    );
    let prefix = it.json(&["key", "list", "source_exempt"])[1]["prefix"].as_str().unwrap().to_owned();
    it.run(&format!("key revoke source_exempt lp_{prefix}..."), 0);
    it.says("A test key is for integrating: its leads cost no money, are in no list, and are deleted after 30 days.");
    it.run("key create source_unapproved --test", 0);
    it.run("key list source_unapproved", 0);

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
    it.run("lead find --business business_1 --email none@example.com", 3);
    it.run("inbox business_1 --most 1", 0);
    it.says("Exports are written page by page; one into a file can be continued after an interruption.");
    it.run("lead export --source source_123 --from yesterday", 0);
    it.run("lead export --business business_1 --from yesterday --format csv --into leads.csv", 0);
    it.run("lead export --business business_1 --from yesterday --format csv --into leads.csv --resume", 3);
    it.says("## Events\n\nWhat calling, SMS and automations are told. `event tail` shows what the local stack's bus receives.");
    it.run("event tail --last 3 --no-follow", 0);
    it.run(&format!("event replay --lead {first}"), 0);
    it.run("event replay --from today --business business_1", 0);
    it.says("A person's right to be forgotten:");
    it.run(&format!("lead erase {first}"), 0);
    it.run(&format!("lead show {first}"), 0);

    it.says(
        "All leads of a person in a business, in any spelling of the address; and what a restored table has again:",
    );
    it.run("lead erase --business business_1 --email Casey@EXAMPLE.com", 0);
    it.run("lead erase --again", 0);
    it.run("lead erase --older-than 730d", 0);

    it.says(
        "## Ledger\n\nWhat operators did, in entries that are chained by their digests. Keep a digest where no operator can \
         write,\nand give it to `verify`.",
    );
    it.run("ledger list --most 5", 0);
    it.run("ledger verify", 0);
    it.run(&format!("ledger verify --head {}", "0a".repeat(32)), 1);

    it.says(
        "## Health\n\n`doctor` runs all checks at once, each for five seconds at most. On a deployed stack it also names the alarms\n\
         that are raised, and looks at the deployment, the sweep's schedule and the worker's event source.",
    );
    it.run("doctor", 0);
    it.json(&["key", "revoke", "source_texas", "lp_source_key"]);
    it.run("doctor", 1);

    it.says("## Queue");
    it.run("queue status", 0);
    it.run("dlq peek", 0);
    let dead = it.running.stack.addresses().dead_letter_queue_url.clone();
    let poison = "{\"type\":\"lead.created\",\"version\":2,\"leadId\":\"lead_a\",\"email\":\"jordan@example.com\"}";
    it.running.stack.clients().sqs.send_message().queue_url(dead).message_body(poison).send().await.unwrap();
    it.run("dlq peek", 0);
    let letter = it.json(&["dlq", "peek"])[0]["messageId"].as_str().unwrap().to_owned();
    it.run(&format!("dlq show {letter}"), 0);
    it.run("dlq redrive --all --dry-run", 0);
    it.run(&format!("dlq delete {letter}"), 0);
    it.run("dlq redrive --all", 0);
    it.run("dlq redrive --message none", 3);
    it.says("The event of the erasure above waits for the sweep, which `announce` does by hand:");
    it.run("unfinished announce", 0);
    it.running.settled();
    it.run("unfinished", 0);

    it.says(
        "## Report\n\nOn a terminal the report is a table with a column a day, or a month or a year where days do not fit; elsewhere it\n\
         is CSV, or JSON.",
    );
    it.run("report --source source_123 --source source_exempt --from today", 0);
    it.run("report --source source_123 --refused --from today", 0);
    it.says(
        "Completions: `source <(leadctl completions bash)`, and likewise for `zsh`, `fish`, `elvish` and `powershell`.",
    );

    let Transcript { running, page } = it;
    running.stack.stop().await;
    if std::env::var_os("LEADCTL_TRANSCRIPT").is_some() {
        std::fs::write(PAGE, page).unwrap();
        return;
    }
    let kept = std::fs::read_to_string(PAGE).unwrap();
    let differs = kept.lines().zip(page.lines()).find(|(kept, is)| kept != is);
    assert!(kept == page, "docs/leadctl.md is stale (see the top of this file): {differs:#?}");
}
