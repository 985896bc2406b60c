//! `template.yaml` as data, for the suites that compare it with the code, the runbooks and what a stack logs.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

/// A file of the repository.
///
/// # Panics
/// When it cannot be read.
pub fn text(file: &str) -> String {
    fs::read_to_string(format!("{}/../{file}", env!("CARGO_MANIFEST_DIR"))).expect("the file is there")
}

/// The template. Tags are dropped: `!Ref X` is `X`, and `!If [A, b, c]` is a list of three.
///
/// # Panics
/// When it is not YAML.
pub fn read() -> Value {
    let options = serde_saphyr::options! { strict_booleans: true }; // as for AWS, the `N` of a number is text
    serde_saphyr::from_str_with_options(&text("template.yaml"), options).expect("the template is YAML")
}

/// The template's resources of a type, by name.
pub fn resources(template: &Value, kind: &str) -> BTreeMap<String, Value> {
    let all = template["Resources"].as_object().into_iter().flatten();
    all.filter(|(_, resource)| resource["Type"] == kind).map(|(name, it)| (name.clone(), it.clone())).collect()
}
