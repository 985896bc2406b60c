//! The functions of the template: their code, their versions and their routes.

use std::collections::BTreeSet;

use leadping::http::Route;
use serde_json::Value;
use tests::template::{self, resources, text};

use super::strings;

/// Without its new description, a function's alias would stay on the version with the old value.
#[test]
fn a_new_value_of_a_parameter_publishes_a_version() {
    let template = template::read();
    let parameters: Vec<_> = template["Parameters"].as_object().unwrap().keys().collect();
    let named = |value: &Value| -> BTreeSet<String> {
        let texts = strings(value);
        let is_named = |name: &&&String| texts.iter().any(|it| it == **name || it.contains(&format!("${{{name}}}")));
        parameters.iter().filter(is_named).map(ToString::to_string).collect()
    };
    for (name, function) in resources(&template, "AWS::Serverless::Function") {
        let global = &template["Globals"]["Function"];
        let used = [&global["MemorySize"], &global["Environment"], &function["Properties"]["Environment"]];
        let used: BTreeSet<_> = used.into_iter().flat_map(named).collect();
        let described = named(&function["Properties"]["VersionDescription"]);
        assert_eq!(used.difference(&described).collect::<Vec<_>>(), Vec::<&String>::new(), "{name}");
    }
}

/// The template and `cargo lambda watch` serve the routes of the code, each by its function.
#[test]
fn every_route_is_served_by_its_function() {
    let page = show_app::PATHS.map(|path| ("show-app".to_owned(), format!("GET {path}")));
    let of_apis = Route::all().map(|route| (route.function().to_owned(), route.key()));
    let expected: BTreeSet<_> = of_apis.chain(page).collect();
    let mut deployed = BTreeSet::new();
    for (_, function) in resources(&template::read(), "AWS::Serverless::Function") {
        let name = function["Properties"]["CodeUri"].as_str().unwrap().replace("functions/", "");
        for event in function["Properties"]["Events"].as_object().unwrap().values() {
            if let (Some(method), Some(path)) =
                (event["Properties"]["Method"].as_str(), event["Properties"]["Path"].as_str())
            {
                deployed.insert((name.clone(), format!("{method} {path}")));
            }
        }
    }
    assert_eq!(deployed, expected, "template.yaml");

    let manifest = text("Cargo.toml");
    let (_, router) = manifest.split_once("[workspace.metadata.lambda.watch.router]\n").unwrap();
    let mut watched = BTreeSet::new();
    for line in router.lines().take_while(|line| line.starts_with('"')) {
        let (path, functions) = line.split_once(" = ").unwrap();
        for function in functions.split('{').skip(1) {
            let quoted: Vec<_> = function.split('"').skip(1).step_by(2).collect();
            watched.insert((quoted[0].to_owned(), format!("{} {}", quoted[1], path.trim_matches('"'))));
        }
    }
    assert_eq!(watched, expected, "Cargo.toml");
}
