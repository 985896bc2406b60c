//! The ledger: every act is in it, and what is done to it by other means is found, by `leadctl` and by a verifier in
//! another language.

use std::collections::HashMap;
use std::io::Write;
use std::process::{Command, Stdio};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

use crate::running::{Running, lead, stderr, stdout};

pub(crate) type Item = HashMap<String, AttributeValue>;

const VERIFIER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/ledger/verify.py");

/// The items of the ledger, by their numbers.
pub(crate) async fn items(client: &Client, table: &str) -> Vec<Item> {
    let mut items = client.scan().table_name(table).send().await.unwrap().items.unwrap();
    items.sort_by(|one, other| text(one, "sk").cmp(text(other, "sk")));
    items
}

pub(crate) fn text<'a>(item: &'a Item, name: &str) -> &'a str {
    item[name].as_s().unwrap()
}

pub(crate) fn with(item: &Item, name: &str, value: &str) -> Item {
    let mut item = item.clone();
    item.insert(name.to_owned(), AttributeValue::S(value.to_owned()));
    item
}

/// Puts these items in the place of all others.
pub(crate) async fn replace(client: &Client, table: &str, by: &[Item]) {
    for item in items(client, table).await {
        let key = ["pk", "sk"].map(|name| (name.to_owned(), item[name].clone()));
        client.delete_item().table_name(table).set_key(Some(key.into())).send().await.unwrap();
    }
    for item in by {
        client.put_item().table_name(table).set_item(Some(item.clone())).send().await.unwrap();
    }
}

/// Whether the verifier in Python finds that the ledger holds; none without Python.
fn holds(items: &[Item], head: &str) -> Option<bool> {
    let member = |item: &Item, name: &str| json!({"S": item[name].as_s().map_or("", String::as_str)});
    let items = items.iter().map(|item| json!({"sk": member(item, "sk"), "document": member(item, "document")}));
    let mut command = Command::new("python3");
    let command = command.args([VERIFIER, head]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().ok()?;
    let input = json!({"Items": items.collect::<Vec<_>>()}).to_string();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = stdout(&output);
    assert_eq!(said == "the ledger holds\n", output.status.success(), "{said}");
    Some(output.status.success())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_act_is_an_entry_and_prints_the_head() {
    let running = Running::start().await;
    let id = running.post("source_123", "lp_source_key");
    running.settled();
    let create = ["source", "create", "--id=source_x", "--name=X", "--account=account_1", "--business=business_1"];
    let find = ["lead", "find", "--business=business_1", "--phone=+15555550123"];
    let nothing = ["lead", "find", "--business=business_1", "--email=none@example.com"];
    let export = ["lead", "export", "--source=source_123", "--from=yesterday"];
    for (arguments, exit, action) in [
        (&create[..], 0, "source create"),
        (&["source", "approve", "source_x"], 0, "source approve"),
        (&["source", "disable", "source_x"], 0, "source disable"),
        (&["source", "enable", "source_x"], 0, "source enable"),
        (&["source", "update", "source_x", "--add-state=TX"], 0, "source update"),
        (&["key", "create", "source_x"], 0, "key create"),
        (&["key", "rotate", "source_x"], 0, "key rotate"),
        (&["source", "disable", "source_x"], 0, "source disable"),
        (&["source", "delete", "source_x"], 0, "source delete"),
        (&["key", "revoke", "source_texas", "lp_source_key"], 0, "key revoke"),
        (&["lead", "show", &id], 0, "lead show"),
        (&find, 0, "lead find"),
        (&nothing, 3, "lead find"),
        (&["inbox", "business_1"], 0, "inbox"),
        (&["inbox", "business_1", "--most=1000"], 0, "inbox"),
        (&["inbox", "business_1", "--most=1001"], 2, ""),
        (&[&find[..], &["--most=1000"]].concat(), 0, "lead find"),
        (&[&find[..], &["--most=1001"]].concat(), 2, ""),
        (&export, 0, "lead export"),
        (&["lead", "erase", &id], 0, "lead erase"),
        // These read or change nothing of a person or a source.
        (&["source", "list"], 0, ""),
        (&["source", "history", "source_x"], 0, ""),
        (&["source", "enable", "source_123"], 0, ""),
        (&["lead", "show", "lead_none"], 3, ""),
        (&["lead", "erase", "lead_none"], 3, ""),
        (&["lead", "erase", &id], 0, ""),
        (&["doctor"], 1, ""),
        (&["ledger", "list"], 0, ""),
    ] {
        let before = running.json(&["ledger", "list", "--most=1"]);
        let output = running.run(arguments);
        assert_eq!(output.status.code(), Some(exit), "{arguments:?}: {}", stderr(&output));
        let after = running.json(&["ledger", "list", "--most=1"]);
        if action.is_empty() {
            assert_eq!(after, before, "{arguments:?}");
            continue;
        }
        let number = before[0]["number"].as_u64().unwrap_or_default() + 1;
        let entry = &after[0]["entry"];
        assert_eq!((entry["number"].as_u64(), &entry["action"]), (Some(number), &json!(action)), "{arguments:?}");
        assert_eq!(entry["by"], "local");
        let told = format!("Ledger: entry {number}, {}\n", after[0]["digest"].as_str().unwrap());
        assert!(stderr(&output).contains(&told), "{arguments:?}: {}", stderr(&output));
    }

    // Programs get the head as a member, or on standard error next to a list.
    let shown = running.json(&["lead", "show", &id]);
    let head = running.json(&["ledger", "list", "--most=1"])[0]["digest"].clone();
    assert_eq!(shown["ledgerHead"]["digest"], head);
    let found = running.run(&[&find[..], &["--output=json"]].concat());
    assert_eq!(found.status.code(), Some(3), "it is erased");
    let inbox = running.run(&["inbox", "business_1", "--output=json"]);
    assert_eq!(stdout(&inbox), "[]\n");
    let of_lists: [&[&str]; 3] = [
        &["inbox", "business_1"],
        &["lead", "find", "--source=source_exempt", "--external-id=other"],
        &["lead", "export", "--source=source_123", "--from=today"],
    ];
    assert_eq!(running.send("source_exempt", "lp_source_key", &lead("other", "+15555550199", "b@example.com")).0, 201);
    for arguments in of_lists {
        let told = stderr(&running.run(&[arguments, &["--output=json"]].concat()));
        let head = &running.json(&["ledger", "list", "--most=1"])[0];
        let head = json!({"ledgerHead": {"number": head["number"], "digest": head["digest"]}});
        assert_eq!(serde_json::from_str::<Value>(&told).unwrap(), head, "{arguments:?}: {told}");
    }

    let all = running.json(&["ledger", "list", "--most=100"]).to_string();
    for personal in ["Jordan", "xample.com", "5555550123", "partner-lead", "lp_", "Texas", "sha256"] {
        assert!(!all.contains(personal), "{personal}: {all}");
    }
    assert!(all.contains(&id) && all.contains("allowedStates"));
    let verified = running.json(&["ledger", "verify", "--head", head.as_str().unwrap()]);
    assert_eq!(verified["faults"], json!([]));
    running.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_operators_at_the_same_moment_each_has_an_entry() {
    let running = Running::start().await;
    std::thread::scope(|scope| {
        for number in 0..8 {
            let running = &running;
            scope.spawn(move || {
                let id = format!("--id=source_{number}");
                running.json(&["source", "create", "--name=x", "--account=a", "--business=b", &id]);
            });
        }
    });
    let verified = running.json(&["ledger", "verify"]);
    let entries = local::demo::ALL.len() + 8;
    assert_eq!((&verified["number"], &verified["faults"]), (&json!(entries), &json!([])));
    running.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_was_edited_is_found() {
    let running = Running::start().await;
    for change in ["approve", "unapprove", "approve", "unapprove", "approve"] {
        running.json(&["source", change, "source_unapproved"]);
    }
    let client = &running.stack.clients().dynamodb;
    let table = running.stack.addresses().ledger_table.clone();
    let whole = items(client, &table).await;
    assert_eq!(whole.len(), 13, "the demo sources have entries 1 to 8");
    let head = running.json(&["ledger", "list", "--most=1"])[0]["digest"].as_str().unwrap().to_owned();
    let python = holds(&whole, &head);
    assert!(python.is_some() || std::env::var_os("CI").is_none(), "CI has Python");
    assert!(python.unwrap_or(true), "the verifier in Python reads the digests as we write them");

    let forged = |place: usize, from: &str, to: &str| {
        let mut items = whole.clone();
        items[place] = with(&whole[place], "document", &text(&whole[place], "document").replace(from, to));
        items
    };
    let without = |places: &[usize]| -> Vec<Item> {
        let kept = whole.iter().enumerate().filter(|(place, _)| !places.contains(place));
        kept.map(|(_, item)| item.clone()).collect()
    };
    let swapped = |one: usize, other: usize| {
        let mut items = whole.clone();
        items[one] = with(&whole[one], "document", text(&whole[other], "document"));
        items[other] = with(&whole[other], "document", text(&whole[one], "document"));
        items
    };
    let cases = [
        ("untouched", whole.clone(), ""),
        ("another caller", forged(9, "\"local\"", "\"arn:aws:iam::1:user/other\""), "entry 11 does not continue"),
        ("the last one", forged(12, "\"local\"", "\"other\""), "the given head"),
        ("removed", without(&[10]), "entry 11 is missing"),
        ("the first ones removed", without(&[0, 1]), "entries 1 to 2 are missing"),
        ("truncated", without(&[11, 12]), "the given head"),
        ("all removed", Vec::new(), "the given head"),
        ("reordered", swapped(9, 11), "entry 10 is not an entry of this number"),
        ("one added", [&whole[..], &[with(&whole[12], "sk", "000000000015")]].concat(), "entry 14 is missing"),
    ];
    for (name, items, says) in cases {
        replace(client, &table, &items).await;
        let output = running.run(&["ledger", "verify", "--head", &head]);
        let holds_here = says.is_empty();
        assert_eq!(output.status.code(), Some(i32::from(!holds_here)), "{name}: {}", stdout(&output));
        assert!(stdout(&output).contains(says), "{name}: {}", stdout(&output));
        if python.is_some() {
            assert_eq!(holds(&items, &head), Some(holds_here), "{name}");
        }
        // Without a head from elsewhere, the sources' revisions and histories hold the end of the ledger, but no text of it.
        let found = running.json_of(&["doctor"], "ledger");
        assert_eq!(found["healthy"], holds_here || name == "the last one", "{name}: {found}");
    }
    running.stack.stop().await;
}

/// What a person who may put items there adds to the ledger stops no operator, and is named.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_put_next_to_the_entries_stops_no_operator_and_is_named() {
    let running = Running::start().await;
    let lead = running.post("source_123", "lp_source_key");
    running.settled();
    let client = &running.stack.clients().dynamodb;
    let table = running.stack.addresses().ledger_table.clone();
    let whole = items(client, &table).await;
    let (last, entries) = (&whole[whole.len() - 1], whole.len());
    let document = text(last, "document").to_owned();
    let stray = |key: &str| with(last, "sk", key);
    let numbered = |number: u64| {
        let document = document.replace(&format!(":{entries},"), &format!(":{number},"));
        with(&stray(&format!("{number:012}")), "document", &document)
    };
    let mut no_text = stray("~");
    no_text.insert("document".to_owned(), AttributeValue::Bool(true));
    let many: Vec<_> = (0..150).map(|number| stray(&format!("x{number:03}"))).collect();
    let top: Vec<_> = (0..130).map(|back| numbered(999_999_999_999 - back)).collect();
    for (name, added, says, next) in [
        ("a word", vec![stray("zzz")], "the item zzz is not an entry", entries + 1),
        ("no text", vec![no_text], "the item ~ is not an entry", entries + 1),
        ("between", vec![stray("0000000000010")], "the item 0000000000010 is not an entry", entries + 1),
        ("zero", vec![stray("000000000000")], "the item 000000000000 is not an entry", entries + 1),
        ("a number too long", vec![stray("9999999999999")], "the item 9999999999999 is not an entry", entries + 1),
        ("many", many, "the item x149 is not an entry", entries + 1),
        ("the last number", vec![numbered(999_999_999_999)], "to 999999999998 are missing", entries + 1),
        ("the last numbers", top, "to 999999999869 are missing", entries + 1),
        ("a later number", vec![numbered(500)], "to 499 are missing", 501),
        ("the number before the last", vec![numbered(999_999_999_998)], "to 999999999997 are missing", 999_999_999_999),
        (
            "no entry at the next number",
            vec![with(&numbered(entries as u64 + 1), "document", "{}")],
            "is not an entry of this",
            entries + 2,
        ),
    ] {
        replace(client, &table, &[&whole[..], &added[..]].concat()).await;
        for number in [Some(next), None] {
            let shown = running.run(&["lead", "show", &lead, "-ojson"]);
            assert_eq!(shown.status.code(), Some(0), "{name}: {}", stderr(&shown));
            let shown: Value = serde_json::from_str(&stdout(&shown)).unwrap();
            assert!(number.is_none_or(|it| shown["ledgerHead"]["number"] == it), "{name}: {}", shown["ledgerHead"]);
        }
        let output = running.run(&["ledger", "verify"]);
        assert_eq!(output.status.code(), Some(1), "{name}");
        assert!(stdout(&output).contains(says), "{name}: {}", stdout(&output));
        assert_ne!(holds(&items(client, &table).await, ""), Some(true), "{name}");
        let found = running.json_of(&["doctor"], "ledger");
        assert!(found["healthy"] == false && found["found"].as_str().unwrap().len() < 600, "{name}: {found}");
        // No item hides an entry.
        let listed = running.json(&["ledger", "list", "--most=1000"]);
        let acts = listed.as_array().unwrap().iter().filter(|row| row["entry"]["action"] == "lead show");
        assert_eq!(acts.count(), 2, "{name}");
        assert_eq!(running.run(&["ledger", "list"]).status.code(), Some(0), "{name}");
    }
    replace(client, &table, &[&whole[..], &[stray("zzz")]].concat()).await;
    let listed = running.text(&["ledger", "list", "--most=1"]);
    assert!(listed.contains("not an entry") && listed.contains("zzz") && listed.contains("source create"), "{listed}");
    running.json(&["lead", "erase", &lead]);
    replace(client, &table, &[stray("zzz")]).await;
    running.json(&["lead", "show", &lead]);
    let numbers: Vec<_> = items(client, &table).await.iter().map(|item| text(item, "sk").to_owned()).collect();
    assert_eq!(numbers, ["000000000001", "zzz"], "the first entry of a ledger");
    running.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_that_was_edited_is_found() {
    let running = Running::start().await;
    running.json(&["source", "approve", "source_unapproved"]);
    running.json(&["source", "unapprove", "source_unapproved"]);
    let client = &running.stack.clients().dynamodb;
    let table = running.stack.addresses().sources_table.clone();
    let source = AttributeValue::S("SOURCE#source_unapproved".to_owned());
    let query = client.query().table_name(&table).key_condition_expression("pk = :pk AND begins_with(sk, :change)");
    let query = query.expression_attribute_values(":pk", source);
    let query = query.expression_attribute_values(":change", AttributeValue::S("CHANGE#".to_owned()));
    let change = query.send().await.unwrap().items.unwrap().remove(0);
    let put = async |item: Item| client.put_item().table_name(&table).set_item(Some(item)).send().await.unwrap();
    let verify = || stdout(&running.run(&["ledger", "verify"]));

    assert!(verify().starts_with("The ledger holds."));
    put(with(&change, "document", &text(&change, "document").replace("\"local\"", "\"other\""))).await;
    assert!(verify().contains("the history of the source source_unapproved"), "{}", verify());
    put(change.clone()).await;
    assert!(verify().starts_with("The ledger holds."));
    let key = ["pk", "sk"].map(|name| (name.to_owned(), change[name].clone()));
    client.delete_item().table_name(&table).set_key(Some(key.into())).send().await.unwrap();
    assert!(verify().contains("says: 1 change removed or edited\n"), "{}", verify());
    running.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_was_written_by_other_means_is_found() {
    let running = Running::start().await;
    let client = &running.stack.clients().dynamodb;
    let table = running.stack.addresses().sources_table.clone();
    let source = async |id: &str| {
        let key = [("pk", format!("SOURCE#{id}")), ("sk", "SOURCE".to_owned())];
        let key = key.map(|(name, value)| (name.to_owned(), AttributeValue::S(value)));
        client.get_item().table_name(&table).set_key(Some(key.into())).send().await.unwrap().item.unwrap()
    };
    let put =
        async |item: &Item| client.put_item().table_name(&table).set_item(Some(item.clone())).send().await.unwrap();
    let delete = async |item: &Item| {
        let key = ["pk", "sk"].map(|name| (name.to_owned(), item[name].clone()));
        client.delete_item().table_name(&table).set_key(Some(key.into())).send().await.unwrap()
    };
    let found = || -> Vec<Value> {
        serde_json::from_str(&stdout(&running.run(&["ledger", "verify", "-ojson"])))
            .map(|it: Value| it["faults"].as_array().unwrap().clone())
            .unwrap()
    };
    assert_eq!(found(), [] as [Value; 0]);

    let older = source("source_unapproved").await;
    running.json(&["source", "approve", "source_unapproved"]);
    let now = source("source_unapproved").await;
    let deleted = source("source_texas").await;
    running.json(&["source", "disable", "source_texas"]);
    running.json(&["source", "delete", "source_texas"]);
    assert_eq!(found(), [] as [Value; 0]);

    let document = text(&now, "document");
    let forged = with(
        &with(&now, "pk", "SOURCE#source_forged"),
        "document",
        &document.replace("source_unapproved", "source_forged"),
    );
    let mut unlisted = forged.clone();
    unlisted.remove("listed");
    let edited = with(&now, "document", &document.replace("\"approved\":true", "\"approved\":false"));
    assert_ne!(edited, now);
    for (name, item, says) in [
        ("forged", &forged, "source_forged exists, and the ledger does not know it"),
        ("forged, and in no index", &unlisted, "source_forged exists, and the ledger does not know it"),
        ("set back", &older, "source_unapproved is at revision 0, and the ledger knows 1"),
        ("edited", &edited, "source_unapproved was edited after revision 1"),
        ("put back", &deleted, "source_texas exists, and the ledger says that it was deleted"),
    ] {
        put(item).await;
        let faults = found();
        assert_eq!(faults.len(), 1, "{name}: {faults:?}");
        assert!(faults[0].as_str().unwrap().contains(says), "{name}: {faults:?}");
        assert_eq!(running.json_of(&["doctor"], "ledger")["healthy"], false, "{name}");
        delete(item).await;
        put(&now).await;
    }
    delete(&now).await;
    assert!(found()[0].as_str().unwrap().contains("source_unapproved does not exist"), "{:?}", found());

    put(&edited).await;
    running.json(&["source", "update", "source_unapproved", "--name", "Another name"]);
    let now = source("source_unapproved").await;
    put(&with(&now, "document", &text(&now, "document").replace("\"enabled\":true", "\"enabled\":false"))).await;
    running.json(&["source", "delete", "source_unapproved"]);
    let faults = found();
    let of = ["source_unapproved was edited before revision 2", "source_unapproved was edited before revision 3"];
    assert_eq!(faults.len(), of.len(), "the next change hides no edit: {faults:?}");
    for (fault, says) in faults.iter().zip(of) {
        assert!(fault.as_str().unwrap().contains(says), "{faults:?}");
    }
    running.stack.stop().await;
}
