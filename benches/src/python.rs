//! The Python reference, which has its own environment.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, ensure};

use crate::artifacts;

/// Creates the environment, unless it exists, and returns its interpreter. Needs `python3` with `venv`.
pub(crate) fn interpreter() -> anyhow::Result<PathBuf> {
    let requirements = artifacts::root().join("benches/python/requirements.txt");
    let home = artifacts::root().join("target/benches/python");
    let (python, installed) = (home.join("bin/python"), home.join("installed"));
    let wanted = fs::read_to_string(&requirements)?;
    if fs::read_to_string(&installed).is_ok_and(|found| found == wanted) {
        return Ok(python);
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&home))?;
    run(Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"])
        .arg(&requirements))?;
    fs::write(installed, wanted)?;
    Ok(python)
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("{} cannot be run", command.get_program().display()))?;
    ensure!(
        status.success(),
        "{} fails; use --without-python to leave the reference out",
        command.get_program().display()
    );
    Ok(())
}
