//! The ledger: every act is in it, and what is done to it by other means is found, by `leadctl` and by a verifier in
//! another language.

use std::collections::HashMap;
use std::io::Write;
use std::process::{Command, Stdio};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use local::stack::Options;
use serde_json::{Value, json};

use crate::running::{Running, lead, stderr, stdout};

type Item = HashMap<String, AttributeValue>;

const VERIFIER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/ledger/verify.py");

/// The items of the ledger, by their numbers.
pub(crate) async fn items(client: &Client, table: &str) -> Vec<Item> {
    let mut items = client.scan().table_name(table).send().await.unwrap().items.unwrap();
    items.sort_by(|one, other| text(one, "sk").cmp(text(other, "sk")));
    items
}

fn text<'a>(item: &'a Item, name: &str) -> &'a str {
    item[name].as_s().unwrap()
}

fn with(item: &Item, name: &str, value: &str) -> Item {
    let mut item = item.clone();
    item.insert(name.to_owned(), AttributeValue::S(value.to_owned()));
    item
}

/// Puts these items in the place of all others.
async fn replace(client: &Client, table: &str, by: &[Item]) {
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
    let member = |item: &Item, name: &str| json!({"S": text(item, name)});
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
    assert!(stderr(&inbox).starts_with("Ledger: entry "), "{}", stderr(&inbox));

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
    assert_eq!((&verified["number"], &verified["faults"]), (&json!(8), &json!([])));
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
    assert_eq!(whole.len(), 5);
    let head = running.json(&["ledger", "list", "--most=1"])[0]["digest"].as_str().unwrap().to_owned();
    let python = holds(&whole, &head);
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
        ("another caller", forged(1, "\"local\"", "\"arn:aws:iam::1:user/other\""), "entry 3 does not continue"),
        ("the last one", forged(4, "\"local\"", "\"other\""), "the given head"),
        ("removed", without(&[2]), "entries 3 to 3 are missing"),
        ("the first ones removed", without(&[0, 1]), "entries 1 to 2 are missing"),
        ("truncated", without(&[3, 4]), "the given head"),
        ("all removed", Vec::new(), "the given head"),
        ("reordered", swapped(1, 3), "entry 2 is not an entry of this number"),
        ("one added", [&whole[..], &[with(&whole[4], "sk", "000000000007")]].concat(), "entries 6 to 6 are missing"),
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
    assert!(verify().contains("1 of its changes removed"), "{}", verify());
    running.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_erased_from_all_leads_in_any_spelling() {
    let running = Running::with(Options { worker: false, ..Options::default() }).await;
    let spellings = ["Zoe@bücher.example", "zoe@xn--bcher-kva.example", "zoe@BU\u{308}CHER.example"];
    for (number, email) in spellings.iter().enumerate() {
        let sent = lead(&format!("person-{number}"), &format!("+1555555010{number}"), email);
        assert_eq!(running.send("source_123", "lp_source_key", &sent).0, 201);
    }
    let other = running.send("source_123", "lp_source_key", &lead("other", "+15555550100", "zoe@example.com")).1;
    for email in spellings {
        let found = running.json(&["lead", "find", "--business=business_1", "--email", email]);
        assert_eq!(found.as_array().unwrap().len(), 3, "{email}");
    }
    let erased = running.json(&["lead", "erase", "--business=business_1", "--email=zoe@bücher.example"]);
    assert_eq!(erased["erased"].as_array().unwrap().len(), 3);
    let none = running.run(&["lead", "erase", "--business=business_1", "--email=zoe@bücher.example"]);
    assert_eq!(none.status.code(), Some(3), "{}", stderr(&none));

    // By number: one of the person's leads had it, too, and is erased already.
    let erased = running.json(&["lead", "erase", "--business=business_1", "--phone=(555) 555-0100"]);
    assert_eq!(erased["erased"], json!([other["id"]]));
    for wrong in [
        &["lead", "erase"][..],
        &["lead", "erase", "--phone=(555) 555-0100"],
        &["lead", "erase", "--business=business_1"],
        &["lead", "erase", "lead_1", "--again"],
        &["lead", "erase", "lead_1", "--business=business_1"],
        &["lead", "erase", "--again", "--older-than=730d"],
        &["lead", "erase", "--older-than=730"],
        &["lead", "erase", "--again", "--source=source_123"],
    ] {
        assert_eq!(running.run(wrong).status.code(), Some(2), "{wrong:?}");
    }
    running.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn leads_older_than_the_retention_time_are_erased() {
    let running = Running::with(Options { worker: false, ..Options::default() }).await;
    let id = running.post("source_123", "lp_source_key");
    let erase = |age: &str| running.json(&["lead", "erase", "--older-than", age]);
    assert_eq!(erase("1d")["erased"], json!([]));
    assert_eq!(erase("99999999999d")["erased"], json!([]), "an age that no time has erases nothing");

    // The lead and its source are three days older.
    let client = &running.stack.clients().dynamodb;
    let addresses = running.stack.addresses();
    let now = jiff::Timestamp::now();
    let (today, then) = (now.to_string(), (now - jiff::SignedDuration::from_hours(72)).to_string());
    for (table, pk, sk) in [
        (&addresses.leads_table, format!("LEAD#{id}"), "LEAD"),
        (&addresses.sources_table, "SOURCE#source_123".to_owned(), "SOURCE"),
    ] {
        let key =
            [("pk", pk.as_str()), ("sk", sk)].map(|(name, value)| (name.to_owned(), AttributeValue::S(value.into())));
        let read = client.get_item().table_name(table).set_key(Some(key.into())).send().await.unwrap();
        let mut item = read.item.unwrap();
        for name in ["document", "createdAt", "dayKey"] {
            if item.contains_key(name) {
                let older = text(&item, name).replace(&today[..10], &then[..10]);
                item = with(&item, name, &older);
            }
        }
        client.put_item().table_name(table).set_item(Some(item)).send().await.unwrap();
    }
    assert_eq!(erase("4d")["erased"], json!([]));
    assert_eq!(erase("2d")["erased"], json!([id]));
    assert_eq!(erase("2d")["erased"], json!([]));
    running.stack.stop().await;
}

/// What `docs/operating.md` says about a restore: the table comes back from a copy that is older than the erasures, and
/// they are repeated.
#[tokio::test(flavor = "multi_thread")]
async fn after_a_restore_the_erasures_are_repeated() {
    let running = Running::start().await;
    let sent = |number: u32| {
        let payload = lead(&format!("partner-{number}"), &format!("+1555555010{number}"), "jordan@example.com");
        running.send("source_123", "lp_source_key", &payload).1["id"].as_str().unwrap().to_owned()
    };
    let ids: Vec<_> = (0..4).map(sent).collect();
    running.settled();
    let client = &running.stack.clients().dynamodb;
    let table = running.stack.addresses().leads_table.clone();
    let copy = items(client, &table).await;
    running.json(&["lead", "erase", &ids[0]]);
    running.json(&["lead", "erase", "--business=business_1", "--phone=+15555550101"]);
    // This one came after the copy, and is lost with the table.
    let lost = sent(4);
    running.json(&["lead", "erase", &lost]);
    running.settled();

    replace(client, &table, &copy).await;
    let status = |id: &str| running.json(&["lead", "show", id])["lead"]["processingStatus"].clone();
    assert_eq!(status(&ids[0]), "Ready", "the person is back");
    let again = running.json(&["lead", "erase", "--again"]);
    let mut erased: Vec<_> = again["erased"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    erased.sort_unstable();
    let mut expected = vec![ids[0].as_str(), ids[1].as_str()];
    expected.sort_unstable();
    assert_eq!(erased, expected);
    assert_eq!(ids.iter().map(|id| status(id)).collect::<Vec<_>>(), ["Erased", "Erased", "Ready", "Ready"]);
    assert_eq!(running.json(&["lead", "erase", "--again"])["erased"], json!([]));
    let verified: Value = running.json(&["ledger", "verify"]);
    assert_eq!(verified["faults"], json!([]));
    running.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_had_leads_stays_with_its_business() {
    let running = Running::with(Options { worker: false, ..Options::default() }).await;
    let moved = running.json(&["source", "update", "source_123", "--business=business_2"]);
    assert_eq!(moved["businessId"], "business_2", "it had none");
    running.json(&["source", "update", "source_123", "--business=business_1"]);
    running.post("source_123", "lp_source_key");
    let refused = running.run(&["source", "update", "source_123", "--business=business_2", "--name=New"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("create another source for business_2"), "{}", stderr(&refused));
    assert_eq!(running.json(&["source", "show", "source_123"])["revision"], 2);
    running.json(&["source", "update", "source_123", "--business=business_1", "--name=New"]);
    running.stack.stop().await;
}
