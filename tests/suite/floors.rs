//! Checks that imports only go down. Each module has a floor, and imports from its own floor and those below it
//! (architecture, "Floors").
//!
//! The sources are parsed, so paths inside functions and macros count as well as `use` lines. Code that is compiled only for
//! unit tests may import anything.

mod scan;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use scan::Scanned;
use table::{CRATES, TARGETS, Target};

/// Describes what is wrong with one target.
fn findings(target: &Target, scanned: &Scanned) -> Vec<String> {
    let floor = |module: &str| target.floors.iter().position(|floor| floor.contains(&module));
    let mut findings = Vec::new();
    let mut circles: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let units: BTreeSet<_> = scanned.modules.iter().map(|module| target.unit(module)).collect();
    for unit in units.into_iter().filter(|unit| !unit.is_empty() && floor(unit).is_none()) {
        findings.push(format!("{}: the module {unit} has no floor", target.root));
    }
    for import in &scanned.imports {
        let (from, to) = (target.unit(&import.from), target.unit(&import.to));
        if from == to {
            continue;
        }
        // The root of a crate is above all its modules, unless it has a floor of its own.
        match (floor(from), floor(to)) {
            (from_floor, Some(to_floor)) if from_floor.is_none_or(|from_floor| from_floor < to_floor) => {}
            (Some(from_floor), Some(to_floor)) if from_floor == to_floor => {
                circles.entry(from).or_default().insert(to);
            }
            // The missing floor has been reported.
            (_, None) if !to.is_empty() => {}
            _ => findings.push(format!("{}: {from} imports {}, which is above it", import.file, import.path)),
        }
    }
    findings.extend(circle(&circles).map(|circle| format!("{}: a circle on one floor: {circle}", target.root)));
    let own = CRATES.iter().position(|floor| floor.contains(&target.name));
    for (file, other) in scanned.crates.iter().filter(|(_, other)| other != target.name && !target.is_test) {
        let other_floor = CRATES.iter().position(|floor| floor.contains(&other.as_str()));
        if other_floor.is_some() && other_floor <= own {
            findings.push(format!("{file}: {} imports the crate {other}, which is not below it", target.name));
        }
    }
    findings
}

/// Describes a circle among these imports, if there is one.
fn circle(imports: &BTreeMap<&str, BTreeSet<&str>>) -> Option<String> {
    fn walk<'a>(imports: &BTreeMap<&'a str, BTreeSet<&'a str>>, way: &mut Vec<&'a str>) -> Option<String> {
        for next in imports.get(way.last()?).into_iter().flatten() {
            way.push(next);
            if way[0] == *next {
                return Some(way.join(" -> "));
            }
            let seen = way[..way.len() - 1].contains(next);
            if let Some(found) = (!seen).then(|| walk(imports, way)).flatten() {
                return Some(found);
            }
            way.pop();
        }
        None
    }
    imports.keys().find_map(|start| walk(imports, &mut vec![start]))
}

#[test]
fn imports_only_go_down() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut unseen = BTreeSet::new();
    sources(&repository, &mut unseen);
    let mut wrong = Vec::new();
    for target in TARGETS {
        let scanned = scan::scan(target.root, &|file| fs::read_to_string(repository.join(file)).ok());
        for file in &scanned.files {
            unseen.remove(&repository.join(file));
        }
        wrong.extend(findings(target, &scanned));
    }
    wrong.extend(unseen.iter().map(|file| format!("{}: no target of the table has this file", file.display())));
    assert!(wrong.is_empty(), "see tests/suite/floors/table.rs:\n{}", wrong.join("\n"));
}

#[test]
fn the_documented_floors_are_these() {
    let page = fs::read_to_string(format!("{}/../docs/architecture.md", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let (_, rows) = page.split_once("| Floor | Modules |\n| --- | --- |\n").unwrap();
    let core = TARGETS.iter().find(|target| target.name == "leadping").unwrap();
    let modules = core.floors.concat();
    // A row also names what is inside of a module.
    let of_row = |row: &str| -> BTreeSet<String> {
        let words = row.split('`').skip(1).step_by(2);
        words.filter(|word| modules.contains(word)).map(str::to_owned).collect()
    };
    let documented: Vec<_> = rows.lines().take_while(|line| line.starts_with('|')).map(of_row).collect();
    let floors: Vec<BTreeSet<_>> =
        core.floors.iter().map(|it| it.iter().map(|name| name.to_string()).collect()).collect();
    assert_eq!(documented, floors);
}

/// Collects every Rust file below a directory.
fn sources(directory: &Path, found: &mut BTreeSet<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            sources(&path, found);
        } else if name.ends_with(".rs") {
            found.insert(path);
        }
    }
}

/// The findings in a small crate of three floors, with one file replaced or added.
fn found(file: &str, text: &str) -> Vec<String> {
    let files = BTreeMap::from([
        ("src/lib.rs", "mod top; mod left; mod right; mod bottom;"),
        ("src/top.rs", "use crate::{bottom, left::Left}; mod part;"),
        ("src/top/part.rs", "use super::Top;"),
        ("src/left.rs", "use crate::right::Right;"),
        ("src/right.rs", ""),
        ("src/bottom.rs", "#[cfg(test)] mod tests { use crate::top::Top; }"),
        ("src/new.rs", ""),
    ]);
    let floors: &[&[&str]] = &[&["top"], &["left", "right"], &["bottom"]];
    let target = Target { root: "src/lib.rs", name: "local", floors, each_file: false, is_test: false };
    let read =
        |asked: &str| if asked == file { Some(text.to_owned()) } else { files.get(asked).map(|text| (*text).into()) };
    findings(&target, &scan::scan(target.root, &read))
}

#[test]
fn finds_wrong_imports() {
    assert_eq!(found("", ""), Vec::<String>::new());
    let up = |module: &str, path: &str| format!("src/{module}.rs: {module} imports {path}, which is above it");
    for (file, text, expected) in [
        ("src/bottom.rs", "use crate::top::Top;", up("bottom", "top::Top")),
        ("src/bottom.rs", "use super::{left as other};", up("bottom", "left")),
        ("src/bottom.rs", "fn f() { let _: crate::top::Top; }", up("bottom", "top::Top")),
        ("src/bottom.rs", "fn f() { println!(\"{}\", crate::left::x()); }", up("bottom", "left::x")),
        ("src/bottom.rs", "mod inner { use super::super::right::Right; }", up("bottom", "right::Right")),
        ("src/bottom.rs", "use crate::Anything;", up("bottom", "Anything")),
        ("src/bottom.rs", "#[cfg(not(test))] use crate::top::Top;", up("bottom", "top::Top")),
        ("src/right.rs", "use crate::left::Left;", "src/lib.rs: a circle on one floor: left -> right -> left".into()),
        ("src/lib.rs", "mod new;", "src/lib.rs: the module new has no floor".into()),
        (
            "src/right.rs",
            "use leadctl::x;",
            "src/right.rs: local imports the crate leadctl, which is not below it".into(),
        ),
    ] {
        assert_eq!(found(file, text), [expected], "{file}: {text}");
    }
    for allowed in [
        "use crate::bottom::B;",
        "use leadping::store;",
        "use std::fmt;",
        "#[cfg(test)] use crate::top::Top;",
        "#[cfg(all(unix, test))] mod tests { use crate::top::Top; }",
    ] {
        assert_eq!(found("src/right.rs", allowed), Vec::<String>::new(), "{allowed}");
    }
}
