//! What ops deploy and what the code asks for are one.

use std::collections::BTreeSet;
use std::fmt::Write;

use leadping::store::schema::{self, Index};

/// The template's text. Whether it is a sound one is the stack test's to say.
fn template() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml");
    std::fs::read_to_string(path).unwrap()
}

/// A table's keys and indexes, as the template writes them.
fn keys_and_indexes(indexes: &[Index]) -> String {
    let keys = indexes.iter().flat_map(|index| [index.partition, index.sort]);
    let attributes: BTreeSet<_> = [schema::PK, schema::SK].into_iter().chain(keys).collect();
    let mut text = "      AttributeDefinitions:\n".to_owned();
    for name in attributes {
        let kind = if name.ends_with("Shard") { "N" } else { "S" };
        writeln!(text, "        - {{ AttributeName: {name}, AttributeType: {kind} }}").unwrap();
    }
    let key = |text: &mut String, indent: &str, partition: &str, sort: &str| {
        writeln!(text, "{indent}KeySchema:").unwrap();
        for (name, kind) in [(partition, "HASH"), (sort, "RANGE")] {
            writeln!(text, "{indent}  - {{ AttributeName: {name}, KeyType: {kind} }}").unwrap();
        }
    };
    key(&mut text, "      ", schema::PK, schema::SK);
    text.push_str("      GlobalSecondaryIndexes:\n");
    for index in indexes {
        writeln!(text, "        - IndexName: {}", index.name).unwrap();
        key(&mut text, "          ", index.partition, index.sort);
        let projection = match index.includes {
            [] => "ProjectionType: KEYS_ONLY".to_owned(),
            includes => format!("ProjectionType: INCLUDE, NonKeyAttributes: [{}]", includes.join(", ")),
        };
        writeln!(text, "          Projection: {{ {projection} }}").unwrap();
    }
    text
}

#[test]
fn its_tables_are_those_of_the_store() {
    let template = template();
    for (table, indexes) in [("SourcesTable", schema::SOURCE_INDEXES), ("LeadsTable", schema::LEAD_INDEXES)] {
        let (_, resource) = template.split_once(&format!("\n  {table}:\n")).unwrap();
        // A resource ends with a blank line: nothing may stand behind the indexes.
        let (resource, _) = resource.split_once("\n\n").unwrap();
        let expected = keys_and_indexes(indexes);
        assert!(format!("{resource}\n").ends_with(&expected), "{table} in template.yaml shall end in\n{expected}");
    }
}

#[test]
fn its_worker_may_query_the_index_of_the_sweep() {
    let index = format!("${{LeadsTable.Arn}}/index/{}\n", schema::UNFINISHED.name);
    assert!(template().contains(&index), "{index}");
}

#[test]
fn its_roles_know_no_wildcard() {
    let template = template();
    let wild: Vec<_> = template.lines().filter(|line| line.contains("Action:") || line.contains("Resource:")).collect();
    assert!(!wild.is_empty());
    assert!(!wild.iter().any(|line| line.contains('*')), "{wild:#?}");
}
