//! `leadctl source spec`: what a source must send, as a page for its partner.

mod html;

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use leadping::check::spec;
use leadping::id::SourceId;
use serde_json::json;

use crate::error::{Error, reason};
use crate::known;
use crate::output::escape::{self, Shown};
use crate::output::{Format, Output, note};
use crate::target::Target;

const EXAMPLES: &str = "\
The page is one file without scripts, and holds no key. It says what this source
must send: send it again when the rules change. A partner gets the same as JSON
from GET /sources/me/spec.

Examples:
  leadctl --local source spec source_123 --into acme.html
  leadctl --local source spec source_123 --output json | jq .required";

/// Which source, and where to.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The source's id
    id: SourceId,

    /// Write to FILE, which must not exist, instead of standard output
    #[arg(long, value_name = "FILE")]
    into: Option<PathBuf>,
}

/// Writes the specification.
///
/// # Errors
/// [`Error::NotFound`] for a source that does not exist, [`Error::Refused`] for a file that exists or cannot be written;
/// else when the table does not answer, or the output cannot be written.
pub(super) async fn run(arguments: Arguments, target: &Target, output: &mut Output) -> Result<(), Error> {
    let source = known::source(target, &arguments.id).await?;
    let spec = spec::of(&source);
    let page = || html::page(&spec, target.gateway.as_deref());
    let Some(path) = arguments.into else {
        return output.show(&spec, |to, _| write!(to, "{}", page()));
    };
    let text = match output.format() {
        Format::Json => escape::json(&serde_json::to_string_pretty(&spec).map_err(std::io::Error::from)?) + "\n",
        Format::Table | Format::Wide => page(),
    };
    create(&path, &text)?;
    let file = path.display().to_string();
    output.show(&json!({"id": source.id, "file": file}), |_, _| {
        note(format_args!("The specification of {} is in {}.", source.id, Shown(&file)));
        Ok(())
    })
}

fn create(path: &Path, text: &str) -> Result<(), Error> {
    let written = File::create_new(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| Error::Refused(format!("{} cannot be written: {}", path.display(), reason(&error))))
}
