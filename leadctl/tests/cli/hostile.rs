//! Text that acts on a terminal, wherever it comes from: no view, error or JSON prints it as it is.

use std::collections::HashMap;
use std::process::Stdio;

use aws_sdk_dynamodb::types::AttributeValue;
use leadping::source::change::{Change, MemberChange};
use leadping::source::{Source, SourceKey, StoredKey};
use leadping::time::Timestamp;
use serde_json::{Value, json};
use unicode_general_category::{GeneralCategory, get_general_category};

use crate::running::{Running, command};

fn acts(c: char) -> bool {
    use GeneralCategory::{Control, Format, LineSeparator, ParagraphSeparator};
    matches!(get_general_category(c), Control | Format | LineSeparator | ParagraphSeparator)
}

/// Sequences that a terminal obeys, and every character that acts.
fn hostile() -> String {
    let all: String = ('\0'..=char::MAX).filter(|c| acts(*c)).collect();
    format!("\u{1b}]0;pwned\u{7}\u{1b}[31mX\u{1b}[2J\u{9b}31mX\r\nerror: forged{all}")
}

/// Puts a text in place of others into every item of the table of leads.
async fn poison(running: &Running, replaced: &[&str], text: &str) {
    let client = &running.stack.clients().dynamodb;
    let table = &running.stack.addresses().leads_table;
    let quoted = serde_json::to_string(text).unwrap();
    let items = client.scan().table_name(table).send().await.unwrap().items.unwrap();
    for item in items {
        let poisoned = |(name, value): (String, AttributeValue)| match value {
            AttributeValue::S(value) if name == "document" || name == "lookup" => {
                let text = |value: String, part: &&str| value.replace(&format!("\"{part}\""), &quoted);
                (name, AttributeValue::S(replaced.iter().fold(value, text)))
            }
            value => (name, value),
        };
        let item: HashMap<_, _> = item.into_iter().map(poisoned).collect();
        client.put_item().table_name(table).set_item(Some(item)).send().await.unwrap();
    }
}

/// A source, and a change of it, with the text wherever a text can be.
async fn poisoned_source(running: &Running, text: &str) {
    let now = Timestamp::now();
    let key = SourceKey::presented("lp_source_key").stored(now);
    let id: leadping::id::SourceId = "source_hostile".parse().unwrap();
    let source = Source {
        account_id: "account_1".parse().ok(),
        business_id: "business_1".parse().ok(),
        allowed_products: vec![text.to_owned()],
        default_tag_names: vec![text.to_owned()],
        keys: vec![StoredKey { prefix: text.to_owned(), ..key }],
        ..Source::new(id.clone(), text, "salt".into(), now)
    };
    let member = |member: &str| MemberChange { member: member.to_owned(), before: text.into(), after: json!([text]) };
    let change = Change {
        at: now,
        by: text.to_owned(),
        action: text.to_owned(),
        revision: 0,
        members: vec![
            member("name"),
            member(text),
            MemberChange { before: Value::Null, after: json!([{"prefix": text}]), ..member("keys") },
        ],
    };
    assert!(
        running
            .stack
            .sources()
            .change(&id, None, Some(&source), &change, &running.stack.ledger())
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_view_prints_what_acts_on_a_terminal() {
    let running = Running::start().await;
    let text = hostile();
    poisoned_source(&running, &text).await;
    let id = running.post("source_123", "lp_source_key");
    running.settled();
    poison(&running, &["Jordan", "Example", "homepage-form", "Example Wireless", "open", "A new lead came in"], &text)
        .await;
    let dead = &running.stack.addresses().dead_letter_queue_url;
    let body = json!({&text: text, "leadId": text}).to_string();
    running.stack.clients().sqs.send_message().queue_url(dead).message_body(body).send().await.unwrap();
    let letter = running.json(&["dlq", "peek"])[0]["messageId"].as_str().unwrap().to_owned();
    let payload = running.data.path().join("payload.json");
    let free = json!({"metadata": {"sourceMetadata": {&text: []}}, "contact": {}, "customer": {}});
    std::fs::write(&payload, free.to_string()).unwrap();
    let payload = payload.to_str().unwrap();
    // An argument cannot hold a zero byte.
    let argument = text.replace('\0', "");

    let commands: Vec<Vec<&str>> = vec![
        vec!["source", "list"],
        vec!["source", "show", "source_hostile"],
        vec!["source", "history", "source_hostile"],
        vec!["source", "update", "source_hostile", "--name=x", "--revision=7"],
        vec!["source", "check", "source_123", "--payload", payload],
        vec!["source", "check", "source_123", "--payload", &argument],
        vec!["post", payload, "--source=source_123", "--key=lp_source_key"],
        vec!["key", "list", "source_hostile"],
        vec!["key", "revoke", "source_hostile", "lp_source_key"],
        vec!["key", "revoke", "source_hostile", "lp_something_else"],
        vec!["lead", "show", &id],
        vec!["lead", "find", "--source=source_123", "--external-id=partner-lead-88391"],
        vec!["lead", "export", "--source=source_123", "--from=yesterday"],
        vec!["lead", "export", "--source=source_123", "--from=yesterday", "--into", &argument],
        vec!["inbox", "business_1"],
        vec!["dlq", "peek"],
        vec!["dlq", "show", &letter],
        vec!["dlq", "show", &argument],
        vec!["unfinished"],
        vec!["report", "--from=today"],
        vec!["doctor"],
        // Wrong command lines.
        vec!["lead", "show", &argument],
        vec!["source", "create", "--allowed-state", &argument],
        vec!["report", "--from", &argument],
        vec![&argument],
        vec!["--stack", &argument, "source", "list"],
    ];
    for arguments in &commands {
        for (form, tty) in
            [("table", ""), ("table", "80"), ("table", "20000"), ("wide", ""), ("json", ""), ("json", "80")]
        {
            let mut process = command(running.data.path(), arguments);
            // Otherwise the sequences are taken out of what goes into a pipe.
            process.env("CLICOLOR_FORCE", "1").args(["--output", form]).stdin(Stdio::null());
            if !tty.is_empty() {
                process.env("LEADCTL_FORCE_TTY", tty);
            }
            let output = process.output().unwrap();
            for (place, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
                let printed = std::str::from_utf8(bytes).unwrap();
                let case = format!("{arguments:?} as {form} on {tty:?}, {place}: {printed:?}");
                assert!(!printed.contains("\u{1b}[31mX"), "{case}");
                assert!(!printed.lines().any(|line| line.starts_with("error: forged")), "{case}");
                let unstyled = without_styles(printed);
                assert_eq!(unstyled.chars().find(|c| acts(*c) && !"\n\t".contains(*c)), None, "{case}");
                if form == "json" && place == "stdout" && !printed.is_empty() {
                    for line in printed.lines() {
                        serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {case}"));
                    }
                }
            }
        }
    }
    let record = running.json(&["lead", "show", &id]);
    assert_eq!(record["lead"]["contact"]["firstName"], text, "programs get the value itself");
    running.stack.stop().await;
}

/// Takes out bold, dim and colors, as leadctl itself writes them.
fn without_styles(text: &str) -> String {
    let styles = ["\u{1b}[0m", "\u{1b}[1m", "\u{1b}[2m", "\u{1b}[31m", "\u{1b}[32m", "\u{1b}[33m"];
    styles.iter().fold(text.to_owned(), |text, style| text.replace(style, ""))
}
