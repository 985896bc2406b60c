//! The published reference of the API, written from the tables that the functions themselves read through.
//!
//! Three files come of it, and `cargo run --bin reference` writes them:
//!
//! | file | for | made by |
//! | --- | --- | --- |
//! | `openapi.yaml` | partners: every request and every answer, OpenAPI 3.1 | [`openapi`] |
//! | `docs/lead-created.schema.json` | whoever reads the queue: the `lead.created` message | [`message`] |
//! | `docs/api.md` | partners: the page to begin with; the parts between markers are generated | [`page`] |
//!
//! `cargo run --bin reference -- --check` writes nothing and fails when one of them differs, and so does a test.
//! [`Validator`] holds requests and answers against the first, for the suites.

mod kind;
pub mod message;
pub mod openapi;
pub mod page;
mod payload;
mod problem;
mod validator;
mod yaml;

use std::fs;
use std::path::Path;

use anyhow::Context;

pub use validator::Validator;

/// A generated file.
#[derive(Debug)]
pub struct File {
    /// Its path from the root of the repository.
    pub path: &'static str,
    /// What belongs into it.
    pub text: String,
}

/// Every generated file, for a repository at `root`.
///
/// # Errors
/// When `docs/api.md`, whose words are written by hand, cannot be read or has lost a marker.
pub fn files(root: &Path) -> anyhow::Result<Vec<File>> {
    let page = "docs/api.md";
    let written = fs::read_to_string(root.join(page)).with_context(|| format!("reading {page}"))?;
    Ok(vec![
        File { path: "openapi.yaml", text: yaml::to_string(&openapi::document())? },
        File { path: "docs/lead-created.schema.json", text: yaml::to_json(&message::schema())? },
        File { path: page, text: page::fill(&written)? },
    ])
}

/// The files that differ from what belongs into them, each with the first line that does.
///
/// # Errors
/// As [`files`].
pub fn differences(root: &Path) -> anyhow::Result<Vec<String>> {
    let differing = files(root)?.into_iter().filter_map(|file| {
        let found = fs::read_to_string(root.join(file.path)).unwrap_or_default();
        (found != file.text).then(|| {
            let same = found.lines().zip(file.text.lines()).take_while(|(found, wanted)| found == wanted).count();
            let wanted = file.text.lines().nth(same).unwrap_or("the end of the file");
            format!("{}:{}: expected: {}", file.path, same + 1, wanted.trim())
        })
    });
    Ok(differing.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_files_are_the_generated_ones() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let differences = differences(&root).unwrap();
        assert!(differences.is_empty(), "{differences:#?}\nwrite them anew: cargo run --bin reference");
    }
}
