//! Builds the functions' binaries, for suites that run them as processes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

/// The names of the functions' binaries.
pub const FUNCTIONS: [&str; 6] = ["check-lead", "create-lead", "intake-lead", "process-lead", "read-leads", "show-app"];

/// Prefixes of the variables that cargo sets for a running test. `CARGO_HOME`, `CARGO_BUILD_JOBS` and the like are the
/// developer's own, and are kept.
const SET_FOR_TESTS: [&str; 4] = ["CARGO_BIN_", "CARGO_CRATE_", "CARGO_MANIFEST_", "CARGO_PKG_"];

/// Builds the binaries and returns the path of each.
///
/// # Panics
/// When the build fails.
pub fn build() -> BTreeMap<String, PathBuf> {
    let built = cargo_build().stderr(Stdio::inherit()).output().expect("cargo can be run");
    assert!(built.status.success(), "the functions' binaries are built");
    let artifacts = String::from_utf8_lossy(&built.stdout).into_owned();
    let artifacts = artifacts.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    artifacts.filter_map(|artifact| binary(&artifact)).collect()
}

/// The build command. It reuses what `cargo test --workspace` has compiled. To do so, it also names all tests, which keeps
/// the features of shared crates the same, and removes the variables that cargo sets for a running test. Some build scripts
/// watch them (ring's does), so this build and the developer's next one would each recompile what the other built.
pub fn cargo_build() -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--workspace", "--tests", "--message-format=json"]);
    cargo.args(FUNCTIONS.iter().flat_map(|function| ["--bin", function]));
    cargo.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    for (name, _) in std::env::vars_os() {
        if SET_FOR_TESTS.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            cargo.env_remove(name);
        }
    }
    cargo
}

/// The name and path of a function's binary, if the message is about one.
fn binary(artifact: &Value) -> Option<(String, PathBuf)> {
    let name = artifact.pointer("/target/name")?.as_str()?;
    let is_binary = artifact.pointer("/target/kind/0")? == "bin" && artifact.pointer("/profile/test")? == false;
    let program = artifact.get("executable")?.as_str()?;
    (is_binary && FUNCTIONS.contains(&name)).then(|| (name.to_owned(), program.into()))
}
