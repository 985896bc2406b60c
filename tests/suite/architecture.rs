//! The lists of `docs/architecture.md` and `docs/operating.md` are those of the code and the template.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;
use tests::{Api, options};

fn text(file: &str) -> String {
    fs::read_to_string(format!("{}/../{file}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The words in backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The rows of the table with this header.
fn rows<'a>(page: &'a str, header: &str) -> impl Iterator<Item = &'a str> {
    let (_, table) = page.split_once(header).unwrap_or_else(|| panic!("no table {header}"));
    table.lines().skip(2).take_while(|line| line.starts_with('|'))
}

#[test]
fn every_metric_is_in_the_table() {
    let code = text("shared/src/telemetry/metric.rs");
    let (code, _) = code.split_once("#[cfg(test)]").unwrap();
    let names = ["name = \"", "Mode::Live => \"", "Mode::Test => \""];
    let written: BTreeSet<_> = names
        .iter()
        .flat_map(|before| code.split(before).skip(1))
        .filter_map(|rest| rest.split_once('"').map(|(name, _)| name))
        .collect();
    let page = text("docs/architecture.md");
    let cells = rows(&page, "| Metric | Dimension | Meaning |").map(|row| row.split('|').nth(1).unwrap());
    assert_eq!(cells.flat_map(quoted).collect::<BTreeSet<_>>(), written);
}

#[test]
fn every_setting_of_a_function_is_in_the_table() {
    let template: Value = serde_saphyr::from_str(&text("template.yaml")).unwrap();
    let functions = template["Resources"].as_object().unwrap().values();
    let environments = functions.map(|it| &it["Properties"]).chain([&template["Globals"]["Function"]]);
    let variables = environments.filter_map(|it| it["Environment"]["Variables"].as_object());
    let page = text("docs/architecture.md");
    let documented: BTreeSet<_> = rows(&page, "| Variable | Default |").flat_map(quoted).collect();
    for variable in variables.flat_map(|variables| variables.keys()).filter(|name| *name != "GLIBC_TUNABLES") {
        assert!(documented.contains(variable.as_str()), "{variable}");
    }
}

#[tokio::test]
async fn the_tables_are_counted_and_named() {
    let template: Value = serde_saphyr::from_str(&text("template.yaml")).unwrap();
    let all = template["Resources"].as_object().unwrap().iter();
    let tables: Vec<_> = all.filter(|(_, resource)| resource["Type"] == "AWS::DynamoDB::Table").collect();
    let (count, architecture, operating) = ("four", text("docs/architecture.md"), text("docs/operating.md"));
    assert_eq!(tables.len(), 4, "say the number in both pages");
    for says in [format!("There are {count} tables"), format!("- {count} on-demand tables: ")] {
        assert!(architecture.contains(&says), "{says}");
    }
    let says = format!(", {count} tables, ");
    assert!(operating.contains(&says), "{says}");
    let (_, named) = architecture.split_once("on-demand tables: ").unwrap();
    let (named, recovered) = named.split_once(". All but ").unwrap();
    let (excepted, _) = recovered.split_once(" have point-in-time recovery").unwrap();
    let documented = |list: &str| -> BTreeSet<String> {
        list.replace(" and ", ", ").split(", ").map(|name| format!("{name}Table")).collect()
    };
    let names = |of: &[&(&String, &Value)]| of.iter().map(|(name, _)| name.to_string()).collect::<BTreeSet<_>>();
    assert_eq!(documented(named), names(&tables.iter().collect::<Vec<_>>()));
    let lost = |table: &&(&String, &Value)| table.1["Properties"].get("PointInTimeRecoverySpecification").is_none();
    assert_eq!(documented(excepted), names(&tables.iter().filter(lost).collect::<Vec<_>>()));

    let api = Api::start(&options()).await;
    let addresses = api.stack.addresses();
    let local = [&addresses.sources_table, &addresses.leads_table, &addresses.limits_table, &addresses.ledger_table];
    let (_, listed) = architecture.split_once("The tables are\n").unwrap();
    let (listed, _) = listed.split_once('.').unwrap();
    assert_eq!(quoted(listed).collect::<Vec<_>>(), local);
    api.stack.stop().await;
}
