//! `leadctl report --refused`: refused posts by source, day and code (contract, section 10).

use std::collections::BTreeMap;
use std::io;

use leadping::id::SourceId;
use serde::Serialize;

use crate::error::Error;
use crate::output::{Column, Output, Page, Tone, csv, note};
use crate::target::Target;

const COLUMNS: [Column<'_>; 4] =
    [Column::whole("SOURCE"), Column::whole("DAY"), Column::whole("CODE"), Column::number("POSTS")];

/// What a line that counts all codes says.
const ALL: &str = "all";

/// A source's day with refusals.
#[derive(Debug, Serialize)]
struct Row {
    day: String,
    source: SourceId,
    posts: u64,
    /// How many of the posts had each code. A post can have several.
    codes: BTreeMap<String, u64>,
}

/// Shows what was refused of sources from one day to another, both of them in.
///
/// # Errors
/// When a table does not answer, or the output cannot be written.
pub(super) async fn run(
    sources: impl IntoIterator<Item = &SourceId>,
    (from, to): (String, String),
    target: &Target,
    output: &mut Output,
) -> Result<(), Error> {
    let mut rows = Vec::new();
    for source in sources {
        let days = target.limits.refusals(source, &from, &to).await.map_err(|error| target.store_error(error))?;
        let row = |it: leadping::store::Refusals| Row {
            day: it.day,
            source: source.clone(),
            posts: it.posts,
            codes: it.codes,
        };
        rows.extend(days.into_iter().map(row));
    }
    if rows.is_empty() {
        note("No post was refused.");
    }
    output.show(&rows, |page, rows| {
        if page.screen().width.is_some() || page.screen().wide {
            page.table(COLUMNS, lines(rows).map(|cells| (Tone::Plain, cells)))
        } else {
            values(page, rows)
        }
    })
}

/// The posts of each day, and then those with each code.
fn lines(rows: &[Row]) -> impl Iterator<Item = [String; 4]> {
    rows.iter().flat_map(|row| {
        let codes = row.codes.iter().map(|(code, posts)| (code.as_str(), *posts));
        [(ALL, row.posts)]
            .into_iter()
            .chain(codes)
            .map(|(code, posts)| [row.source.to_string(), row.day.clone(), code.to_owned(), posts.to_string()])
    })
}

fn values(page: &mut Page<'_>, rows: &[Row]) -> io::Result<()> {
    write!(page, "{}", csv::plain(["source", "day", "code", "posts"])?)?;
    for line in lines(rows) {
        write!(page, "{}", csv::plain(line.each_ref().map(String::as_str))?)?;
    }
    Ok(())
}
