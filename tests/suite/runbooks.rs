//! What the runbooks and saved queries search for in the logs is what the code writes there.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use tests::template::{self, resources, text};

/// Every text literal of the product's code, outside of its tests' own files.
fn code(directory: &Path, found: &mut String) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            code(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

/// The queries for CloudWatch Logs Insights of the page and of the template.
fn queries() -> Vec<String> {
    let page = text("docs/operating.md");
    let of_page = page.split("insights '").skip(1).filter_map(|rest| rest.split('\'').next()).map(str::to_owned);
    let template = template::read();
    let saved = resources(&template, "AWS::Logs::QueryDefinition");
    let of_template = saved.values().map(|query| query["Properties"]["QueryString"].as_str().unwrap().to_owned());
    of_page.chain(of_template).collect()
}

/// The texts in double quotes that a query compares these fields with.
fn compared<'a>(query: &'a str, field: &str) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    for operator in [" = ", " like ", " in ["] {
        for rest in query.split(&format!("{field}{operator}")).skip(1) {
            let end = if operator == " in [" { rest.find(']') } else { rest[1..].find('"').map(|at| at + 2) };
            found.extend(rest[..end.unwrap()].split('"').skip(1).step_by(2));
        }
    }
    found
}

#[test]
fn reads_what_a_query_compares() {
    for (query, field, texts) in [
        (r#"filter step = "login failed" | stats count(*)"#, "step", &["login failed"][..]),
        (r#"filter step in ["accepted", "refused"] | sort"#, "step", &["accepted", "refused"]),
        (r#"filter a = "b" and message like "be read""#, "message", &["be read"]),
        (r#"filter a = "b""#, "message", &[]),
    ] {
        assert_eq!(compared(query, field).into_iter().collect::<Vec<_>>(), texts, "{query}");
    }
}

/// A text that the code no longer logs would find nothing in the night in which it is needed.
#[test]
fn every_text_of_a_query_is_in_the_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut written = String::new();
    for directory in ["shared/src", "functions"] {
        code(&root.join(directory), &mut written);
    }
    let queries = queries();
    assert!(queries.len() > 25, "{}", queries.len());
    let mut count = 0;
    for query in &queries {
        for step in compared(query, "step") {
            assert!(written.contains(&format!("step = \"{step}\"")), "no step {step}: {query}");
            count += 1;
        }
        for message in compared(query, "message").into_iter().chain(compared(query, "error")) {
            assert!(written.contains(message), "no message {message}: {query}");
            count += 1;
        }
    }
    assert!(count > 20, "{count}");
}

/// The function that asks the logs knows every function.
#[test]
fn the_queries_of_the_page_ask_every_function() {
    let page = text("docs/operating.md");
    for (name, function) in resources(&template::read(), "AWS::Serverless::Function") {
        let code = function["Properties"]["CodeUri"].as_str().unwrap().replace("functions/", "");
        let loops = page.lines().find(|line| line.trim_start().starts_with("for name in ")).unwrap();
        assert!(loops.contains(&format!(" {code}")), "{name}");
    }
}

/// Each link within the page, and each place that a message of the product names, is a heading.
#[test]
fn every_anchor_of_the_operators_page_is_a_heading() {
    let page = text("docs/operating.md");
    let headings = page.lines().filter(|line| line.starts_with('#')).map(|line| {
        let heading = line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        heading.chars().filter(|character| character.is_alphanumeric() || *character == '-').collect::<String>()
    });
    let headings: BTreeSet<String> = headings.collect();
    let mut named: Vec<String> = page.split("](#").skip(1).map(str::to_owned).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut written = text("template.yaml");
    for directory in ["shared/src", "functions", "leadctl/src", "local/src"] {
        code(&root.join(directory), &mut written);
    }
    for file in [
        "README.md",
        "SECURITY.md",
        "CONTRIBUTING.md",
        "docs/architecture.md",
        "docs/api.md",
        "docs/contract.md",
        "docs/decisions.md",
        "docs/developing.md",
        "docs/events.md",
        "docs/leadctl.md",
        "docs/performance.md",
        "docs/reading.md",
        "docs/reliability.md",
    ] {
        written.push_str(&text(file));
    }
    named.extend(written.split("operating.md#").skip(1).map(str::to_owned));
    assert!(named.len() > 100, "{}", named.len());
    for named in named {
        let anchor: String =
            named.chars().take_while(|it| it.is_ascii_lowercase() || *it == '-' || it.is_ascii_digit()).collect();
        // The template's tests and leadctl put an alarm's name there.
        assert!(anchor.is_empty() || headings.contains(&anchor), "docs/operating.md has no heading #{anchor}");
    }
}
