//! The functions' binaries, built for a suite that runs them as processes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

/// The functions, by their binaries' names.
pub const FUNCTIONS: [&str; 3] = ["create-lead", "intake-lead", "process-lead"];

/// Builds the binaries, and gives back where each is. It takes what `cargo test --workspace` has compiled: hence all the
/// tests are named as well, or the features of what both use would differ and all of it be built again.
///
/// # Panics
/// When they do not build.
pub fn build() -> BTreeMap<String, PathBuf> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--workspace", "--tests", "--message-format=json"]);
    cargo.args(FUNCTIONS.iter().flat_map(|function| ["--bin", function]));
    let built = cargo.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).stderr(Stdio::inherit()).output();
    let built = built.expect("cargo can be run");
    assert!(built.status.success(), "the functions' binaries are built");
    let artifacts = String::from_utf8_lossy(&built.stdout).into_owned();
    let artifacts = artifacts.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    artifacts.filter_map(|artifact| binary(&artifact)).collect()
}

/// A function's name and binary, where that is what cargo tells of.
fn binary(artifact: &Value) -> Option<(String, PathBuf)> {
    let name = artifact.pointer("/target/name")?.as_str()?;
    let is_binary = artifact.pointer("/target/kind/0")? == "bin" && artifact.pointer("/profile/test")? == false;
    let program = artifact.get("executable")?.as_str()?;
    (is_binary && FUNCTIONS.contains(&name)).then(|| (name.to_owned(), program.into()))
}
