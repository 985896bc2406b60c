//! Finding leads, exporting and counting them.

use jiff::civil::Date;
use leadping::source::Source;
use leadping::source::change::{Change, MemberChange};
use leadping::time::Timestamp;
use local::stack::Options;
use serde_json::{Value, json};

use crate::front::stuck_after;
use crate::running::{Running, command, failure, lead, stderr, stdout};
use crate::volume::{created_on, fill};

#[tokio::test(flavor = "multi_thread")]
async fn leads_are_found_by_what_people_know_of_them() {
    let running = Running::start().await;
    let (_, first) = running.send("source_123", "lp_source_key", &lead("one", "+15555550123", "Jordan@example.com"));
    let (_, second) = running.send("source_123", "lp_source_key", &lead("one", "+15555550124", "jordan@Example.com"));
    let (first, second) = (&first["id"], &second["id"]);
    for (arguments, found) in [
        (&["--source=source_123", "--external-id= one "][..], &[second, first][..]),
        (&["--source=source_123", "--external-id=one", "--most=1"], &[second]),
        (&["--business=business_1", "--phone=(555) 555-0123"], &[first]),
        (&["--business=business_1", "--email=JORDAN@example.com"], &[second, first]),
    ] {
        let listed = running.json(&[&["lead", "find"], arguments].concat());
        assert_eq!(
            listed.as_array().unwrap().iter().map(|lead| &lead["id"]).collect::<Vec<_>>(),
            found,
            "{arguments:?}"
        );
    }
    assert!(running.text(&["lead", "find", "--business=business_1", "--phone=5555550124"]).contains("Jordan Example"));
    for (arguments, exit) in [
        (&["--business=business_2", "--email=jordan@example.com"][..], 3),
        (&["--source=source_texas", "--external-id=one"], 3),
        (&["--business=business_1"], 2),
        (&["--business=business_1", "--phone=jordan@example.com"], 2),
        (&["--email=jordan@example.com"], 2),
    ] {
        let (status, _, message) = failure(&running.run(&[&["lead", "find", "-ojson"], arguments].concat()));
        assert_eq!(status, Some(exit), "{arguments:?}: {message}");
        assert!(!message.contains("jordan@"), "{message}");
    }
    running.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inbox_is_read_page_by_page() {
    let running = Running::start().await;
    for number in 0..5 {
        let payload = lead(&number.to_string(), "+15555550123", "jordan@example.com");
        assert_eq!(running.send("source_123", "lp_source_key", &payload).0, 201);
    }
    running.settled();
    let whole = running.json(&["inbox", "business_1"]);
    let (mut pages, mut after) = (Vec::new(), None::<String>);
    loop {
        let mut command = vec!["inbox", "business_1", "--most=2"];
        command.extend(after.as_deref().map(|place| ["--after", place]).into_iter().flatten());
        let page = running.json(&command);
        let Some(last) = page.as_array().unwrap().last() else { break };
        let place = format!("{}~{}", last["lastEventAt"].as_str().unwrap(), last["leadId"].as_str().unwrap());
        if page.as_array().unwrap().len() == 2 {
            assert!(running.on_terminal(80, &command).contains(&format!("--after {place}")));
        }
        after = Some(place);
        pages.extend(page.as_array().unwrap().clone());
    }
    assert_eq!(json!(pages), whole);
    assert_eq!(pages.len(), 5);
    running.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn leads_are_exported_and_counted() {
    let running = Running::start().await;
    // More than a page of some shard, in two sources of one business.
    let ids: Vec<Value> = (0..12)
        .map(|number| {
            let source = if number % 3 == 0 { "source_exempt" } else { "source_123" };
            running.send(source, "lp_source_key", &lead(&number.to_string(), "+15125550123", "a@example.com")).1
        })
        .map(|answer| answer["id"].clone())
        .collect();
    running.settled();
    let sorted = |lines: &str| {
        let mut ids: Vec<_> =
            lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].clone()).collect();
        ids.sort_by_key(|id| id.as_str().unwrap().to_owned());
        ids
    };
    let mut all = ids.clone();
    all.sort_by_key(|id| id.as_str().unwrap().to_owned());

    // Days are UTC days, and the test may run across midnight.
    let export = |of: &str| running.text(&["lead", "export", of, "--from=yesterday"]);
    assert_eq!(sorted(&export("--business=business_1")), all);
    assert_eq!(export("--source=source_123").lines().count(), 8);
    assert_eq!(export("--source=source_texas"), "");
    let line: Value = serde_json::from_str(export("--source=source_exempt").lines().next().unwrap()).unwrap();
    assert_eq!(line["contact"]["phone"]["lookup"]["lineType"], "Wireless");
    assert_eq!(line["contact"]["phone"]["region"], "US");

    let csv = running.text(&["lead", "export", "--business=business_1", "--from=yesterday", "--format=csv"]);
    assert_eq!(csv.lines().count(), 13);
    assert!(csv.starts_with("\"id\",\"createdAt\",\"processingStatus\","), "{csv}");
    assert!(
        csv.contains("\"+15125550123\",\"US\",") && csv.contains(r#""{""placement"":""homepage-form""}""#),
        "{csv}"
    );

    // A source that has moved to another business is still in what it sent for the first.
    // leadctl no longer moves one that had leads.
    let sources = running.stack.sources();
    let before = sources.latest(&"source_exempt".parse().unwrap()).await.unwrap().unwrap();
    let after = Source { business_id: Some("business_2".parse().unwrap()), ..before.clone() };
    let member = MemberChange { member: "businessId".into(), before: json!("business_1"), after: json!("business_2") };
    let (by, action) = ("local".to_owned(), "update".to_owned());
    let change = Change { at: Timestamp::now(), by, action, revision: before.revision + 1, members: vec![member] };
    let moved = sources.change(&before.id, Some(&before), Some(&after), &change, &running.stack.ledger()).await;
    assert!(moved.unwrap().is_some());
    assert_eq!(sorted(&export("--business=business_1")), all);
    assert_eq!(export("--business=business_2"), "");

    let file = running.data.path().join("leads.ndjson");
    let into = format!("--into={}", file.display());
    let command = ["lead", "export", "--business=business_1", "--from=yesterday", &into];
    let output = running.run(&command);
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(0), ""));
    let told = stderr(&output);
    assert!(told.contains("\n12 leads in ") && told.contains("leads.ndjson (") && told.ends_with(" s)\n"), "{told}");
    assert_eq!(sorted(&std::fs::read_to_string(&file).unwrap()), all);
    assert_eq!(failure(&running.run(&[&command[..], &["-ojson"]].concat())).0, Some(4), "it is there already");

    let report = running.json(&["report", "--from=yesterday"]);
    assert_eq!(report.as_array().unwrap().iter().map(|row| row["leads"].as_u64().unwrap()).sum::<u64>(), 12);
    let csv = running.text(&["report", "--source=source_123", "--from=yesterday"]);
    assert!(csv.starts_with("source,day,leads\nsource_123,"), "{csv}");
    let backwards = ["report", "--from=today", "--to=yesterday", "-ojson"];
    assert_eq!(failure(&running.run(&backwards)).0, Some(2));
    running.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_goes_on_where_it_was_interrupted() {
    let running = Running::with(Options { worker: false, ..Options::default() }).await;
    for number in 0..10 {
        running.send("source_123", "lp_source_key", &lead(&number.to_string(), "+15555550123", "a@example.com"));
    }
    let file = running.data.path().join("leads.ndjson");
    let into = format!("--into={}", file.display());
    let command = ["lead", "export", "--source=source_123", "--from=yesterday", &into];
    running.text(&command);
    let whole = std::fs::read_to_string(&file).unwrap();
    assert_eq!(whole.lines().count(), 10);

    let today: Date = Timestamp::now().day().parse().unwrap();
    // As when the process dies after a page: the cursor is that page's, and half a line more is written.
    for done in 1..10 {
        let kept: String = whole.lines().take(done).map(|line| format!("{line}\n")).collect();
        let last: Value = serde_json::from_str(kept.lines().last().unwrap()).unwrap();
        let id: leadping::id::LeadId = last["id"].as_str().unwrap().parse().unwrap();
        let day = last["createdAt"].as_str().unwrap().get(..10);
        let shard = json!({"source": "source_123", "day": day, "number": id.shard(4)});
        let cursor = json!({
            "today": today,
            "extent": {
                "whose": {"source": "source_123"}, "from": today.yesterday().unwrap(), "to": today, "format": "ndjson",
            },
            "sources": ["source_123"],
            "place": {"shard": shard, "lead": id, "createdAt": last["createdAt"]},
            "length": kept.len(),
        });
        std::fs::write(&file, format!("{kept}{{\"id\":\"lea")).unwrap();
        std::fs::write(running.data.path().join("leads.ndjson.cursor"), cursor.to_string()).unwrap();
        running.text(&[&command[..], &["--resume"]].concat());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), whole, "from line {done}");
    }
    let done = failure(&running.run(&[&command[..], &["--resume", "-ojson"]].concat()));
    assert_eq!(done.0, Some(3), "nothing is left to continue");
    running.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_remains_what_it_was_started_as() {
    let running = Running::with(Options { worker: false, ..Options::default() }).await;
    let (first, second) = (running.post("source_123", "lp_source_key"), running.post("source_exempt", "lp_source_key"));
    fill(&running, &first, "2025-01-01", 25).await;
    fill(&running, &second, "2025-01-02", 25).await;
    let whole = running.text(&["lead", "export", "--source=source_123", "--from=2025-01-01", "--to=2025-01-02"]);
    assert_eq!(whole.lines().count(), 25);

    // Of the business's two sources one was not there yet, and the days are over that it was begun on.
    let file = running.data.path().join("leads.ndjson");
    let into = format!("--into={}", file.display());
    let begun = json!({
        "today": "2025-01-02",
        "extent": {
            "whose": {"business": "business_1"}, "from": "2025-01-01", "to": "2025-01-02", "format": "ndjson",
        },
        "sources": ["source_123"],
        "length": 0,
    });
    let go_on = |extent: &[&str]| {
        std::fs::write(&file, "{\"id\":\"lea").unwrap();
        std::fs::write(running.data.path().join("leads.ndjson.cursor"), begun.to_string()).unwrap();
        running.run(&[&["lead", "export", &into, "--resume", "-ojson"], extent].concat())
    };
    for same in [
        &["--business=business_1", "--from=yesterday"][..],
        &["--business=business_1", "--from=2025-01-01", "--to=2025-01-02"],
    ] {
        assert_eq!(go_on(same).status.code(), Some(0), "{same:?}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), whole, "{same:?}");
    }
    for another in [
        &["--business=business_1", "--from=yesterday", "--format=csv"][..],
        &["--business=business_2", "--from=yesterday"],
        &["--source=source_123", "--from=yesterday"],
        &["--business=business_1", "--from=2025-01-02"],
        &["--business=business_1", "--from=yesterday", "--to=2025-01-03"],
    ] {
        let (status, code, message) = failure(&go_on(another));
        assert_eq!((status, code.as_str()), (Some(2), "usage"), "{another:?}: {message}");
        let begun = "`--business business_1 --from 2025-01-01 --to 2025-01-02 --format ndjson`";
        assert!(message.contains(begun), "{another:?}: {message}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "{\"id\":\"lea", "{another:?}");
    }
    std::fs::write(running.data.path().join("leads.ndjson.cursor"), r#"{"source":"source_123"}"#).unwrap();
    let unread = ["lead", "export", &into, "--resume", "-ojson", "--source=source_123", "--from=yesterday"];
    let (status, _, message) = failure(&running.run(&unread));
    assert_eq!(status, Some(1), "{message}");
    assert!(message.contains("not what this release writes"), "{message}");
    running.stack.stop().await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_is_interrupted_says_how_to_continue() {
    use std::process::{Command, Stdio};

    let running = Running::with(Options { worker: false, ..Options::default() }).await;
    let id = running.post("source_123", "lp_source_key");
    fill(&running, &id, "2025-01-01", 1_000).await;
    let export = ["lead", "export", "--source=source_123", "--from=2025-01-01", "--to=2025-01-01"];
    let whole = running.text(&export);
    assert_eq!(whole.lines().count(), 1_000);

    let stuck = stuck_after(&running, "BatchGetItem", 3);
    let file = stuck.path().join("leads.ndjson");
    let into = format!("--into={}", file.display());
    let mut process = command(stuck.path(), &[&export[..], &[&into]].concat());
    let child = process.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let cursor = stuck.path().join("leads.ndjson.cursor");
    let kept = || -> Option<u64> {
        let cursor: Value = serde_json::from_slice(&std::fs::read(&cursor).ok()?).ok()?;
        cursor["leads"].as_u64().filter(|leads| *leads > 200)
    };
    let leads = loop {
        match kept() {
            Some(leads) => break leads,
            None => std::thread::yield_now(),
        }
    };
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    let told = stderr(&output);
    let told = told.split_once('\n').filter(|(head, _)| head.starts_with("Ledger: ")).unwrap().1;
    assert_eq!(
        told.trim_end(),
        format!("error: interrupted after {leads} leads; run the same command with --resume"),
        "{told}"
    );

    let resume = [&export[..], &[&into, "--resume"]].concat();
    let output = running.run(&resume);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stderr(&output).contains("\n1,000 leads in "), "{}", stderr(&output));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), whole);
    running.stack.stop().await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_its_owner_s_alone_and_follows_no_link() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let running = Running::with(Options { worker: false, ..Options::default() }).await;
    let id = running.post("source_123", "lp_source_key");
    fill(&running, &id, "2025-01-01", 25).await;
    let path = |name: &str| running.data.path().join(name);
    let export = |name: &str, more: &[&str]| {
        let into = format!("--into={}", path(name).display());
        let export = ["lead", "export", "--source=source_123", "--from=2025-01-01", "--to=2025-01-01", &into];
        running.run(&[&export[..], more].concat())
    };
    std::fs::write(path("precious"), "precious").unwrap();
    symlink(path("precious"), path("leads.cursor.next")).unwrap();
    assert_eq!(export("leads", &[]).status.code(), Some(0));
    assert_eq!(std::fs::metadata(path("leads")).unwrap().permissions().mode() & 0o777, 0o600);

    symlink(path("precious"), path("link")).unwrap();
    symlink(path("nowhere"), path("dangling")).unwrap();
    for link in ["link", "dangling"] {
        let output = export(link, &[]);
        assert_eq!(output.status.code(), Some(4), "{}", stderr(&output));
    }
    std::fs::write(path("resumed"), "").unwrap();
    symlink(path("precious"), path("resumed.cursor")).unwrap();
    assert_eq!(export("resumed", &["--resume"]).status.code(), Some(1));
    assert_eq!(std::fs::read_to_string(path("precious")).unwrap(), "precious");
    assert!(!path("nowhere").exists());
    running.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_a_row_a_source_and_a_column_a_day() {
    let running = Running::with(Options { worker: false, ..Options::default() }).await;
    let id = running.post("source_123", "lp_source_key");
    created_on(&running, "source_123", "2025-01-01").await;
    fill(&running, &id, "2025-01-01", 25).await;
    fill(&running, &id, "2025-01-03", 50).await;
    let report = ["report", "--source=source_123", "--source=source_texas", "--from=2024-12-30", "--to=2025-01-03"];
    let table = running.on_terminal(80, &report);
    let rows: Vec<Vec<_>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(
        rows,
        [
            vec!["SOURCE", "01-01", "01-02", "01-03", "SUM"],
            vec!["source_123", "25", "0", "50", "75"],
            vec!["source_texas", "0"],
            vec!["SUM", "25", "0", "50", "75"],
        ],
        "{table}"
    );
    // Before it was created, a source has no days at all.
    assert_eq!(
        running.text(&report),
        "source,day,leads\nsource_123,2025-01-01,25\nsource_123,2025-01-02,0\nsource_123,2025-01-03,50\n"
    );
    let long = running.on_terminal(80, &["report", "--source=source_123", "--from=2020-01-01", "--to=2025-12-31"]);
    let header: Vec<_> = long.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(header, ["SOURCE", "2025", "SUM"], "a year of days does not fit, nor do its months: {long}");
    let months = running.on_terminal(200, &["report", "--source=source_123", "--from=2020-01-01", "--to=2025-12-31"]);
    assert!(months.lines().next().unwrap().contains("2025-12"), "{months}");
    running.stack.stop().await;
}
