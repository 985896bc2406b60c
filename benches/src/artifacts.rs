//! Builds the release binaries as they are deployed, and measures their sizes.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use flate2::Compression;
use flate2::write::DeflateEncoder;
use serde_json::Value;

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Builds the binaries of these packages in the release profile, and returns their paths. Cargo builds only these packages,
/// so it does not link features that other packages enable.
pub(crate) fn build(packages: &[&str]) -> anyhow::Result<BTreeMap<String, PathBuf>> {
    cargo(&["--release", "--bins"], packages)
}

/// The paths of existing binaries.
pub(crate) fn existing(directory: &Path, names: &[&str]) -> BTreeMap<String, PathBuf> {
    names.iter().map(|name| ((*name).to_owned(), directory.join(name))).collect()
}

/// Builds the only binary of a package in the profile of the benchmarks.
pub(crate) fn build_light(package: &str) -> anyhow::Result<PathBuf> {
    cargo(&["--profile", "light", "--bins"], &[package])?.remove(package).context("cargo has not built the binary")
}

fn cargo(arguments: &[&str], packages: &[&str]) -> anyhow::Result<BTreeMap<String, PathBuf>> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--locked", "--message-format=json-render-diagnostics"]).args(arguments);
    cargo.args(packages.iter().flat_map(|package| ["-p", package]));
    let built = cargo.current_dir(root()).stderr(Stdio::inherit()).output().context("cargo cannot be run")?;
    ensure!(built.status.success(), "the binaries cannot be built");
    let artifacts = String::from_utf8(built.stdout)?;
    let artifacts = artifacts.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let binary = |artifact: Value| {
        let name = artifact.pointer("/target/name")?.as_str()?.to_owned();
        Some((name, PathBuf::from(artifact.get("executable")?.as_str()?)))
    };
    Ok(artifacts.filter_map(binary).collect())
}

/// The size of a file in bytes, plain and deflated. A deployed zip has about the deflated size.
pub(crate) fn sizes(file: &Path) -> anyhow::Result<(usize, usize)> {
    let content = std::fs::read(file)?;
    let mut deflated = DeflateEncoder::new(Vec::new(), Compression::default());
    deflated.write_all(&content)?;
    Ok((content.len(), deflated.finish()?.len()))
}
