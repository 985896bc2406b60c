//! Writes the generated files. With `--check`, lists those that are out of date instead.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

fn main() -> anyhow::Result<ExitCode> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut out = std::io::stdout();
    match std::env::args().skip(1).collect::<Vec<_>>().as_slice() {
        [] => {
            for file in reference::files(&root)? {
                std::fs::write(root.join(&file.path), file.text)?;
                writeln!(out, "{}", file.path)?;
            }
        }
        [flag] if flag == "--check" => {
            let differences = reference::differences(&root)?;
            for difference in &differences {
                writeln!(out, "{difference}")?;
            }
            if !differences.is_empty() {
                writeln!(out, "regenerate them: cargo run --bin reference")?;
                return Ok(ExitCode::FAILURE);
            }
        }
        _ => anyhow::bail!("usage: reference [--check]"),
    }
    Ok(ExitCode::SUCCESS)
}
