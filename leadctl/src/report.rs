//! `leadctl report`: accepted leads by source and day.

use std::io::{self, Write};

use clap::Args;
use leadping::id::SourceId;
use leadping::time::Timestamp;
use serde::Serialize;

use crate::days::{self, Day, Days};
use crate::error::Error;
use crate::output::{self, Output};
use crate::target::Target;

/// The longest bar, in characters.
const LONGEST_BAR: u64 = 40;

const EXAMPLES: &str = "\
Days are UTC days, by when leads were accepted. On a terminal it is a table with
bars; elsewhere comma-separated values, or JSON with --output json.

Examples:
  leadctl --local report --source source_123
  leadctl --local report --from 2026-06-01 --to 2026-06-30 > june.csv
  leadctl --local report --from today --output json | jq 'map(.leads) | add'";

/// What `report` is asked.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The source, all when not given; may be repeated
    #[arg(long = "source", value_name = "ID")]
    sources: Vec<SourceId>,

    /// The first day: 2026-06-15, today or yesterday; a week ago when not given
    #[arg(long, value_name = "DAY")]
    from: Option<Day>,

    /// The last day
    #[arg(long, value_name = "DAY", default_value = "today")]
    to: Day,
}

/// A source's day.
#[derive(Serialize)]
struct Row<'a> {
    day: String,
    source: &'a SourceId,
    leads: u64,
}

/// Counts leads, by the index of days.
///
/// # Errors
/// [`Error::Usage`] for days in the wrong order; else when a table does not answer, or the output cannot be written.
pub(crate) async fn run(arguments: Arguments, target: &Target, output: &mut Output) -> Result<(), Error> {
    let today = days::date(Timestamp::now());
    let (from, to) = (arguments.from.unwrap_or(Day::Ago(6)).date(today), arguments.to.date(today));
    if from > to {
        return Err(Error::Usage("--from is a later day than --to".to_owned()));
    }
    let sources = if arguments.sources.is_empty() {
        let all = target.sources.list().await.map_err(|error| target.failed(error))?;
        all.into_iter().map(|source| source.id).collect()
    } else {
        arguments.sources
    };
    let mut rows = Vec::new();
    for source in &sources {
        for day in Days::new(from, to) {
            let leads = target.leads.count(source, &day).await.map_err(|error| target.failed(error))?;
            rows.push(Row { day, source, leads });
        }
    }
    let on_terminal = output.is_terminal();
    output.show(&rows, |out, rows| if on_terminal { chart(out, rows) } else { csv(out, rows) })
}

fn chart(out: &mut dyn Write, rows: &[Row<'_>]) -> io::Result<()> {
    let most = rows.iter().map(|row| row.leads).max().unwrap_or_default();
    let shown =
        rows.iter().map(|row| [row.source.to_string(), row.day.clone(), row.leads.to_string(), bar(row.leads, most)]);
    output::table(out, ["SOURCE", "DAY", "LEADS", ""], shown)?;
    writeln!(out, "\n{} leads", rows.iter().map(|row| row.leads).sum::<u64>())
}

/// As long as its share of the most; any lead at all is seen.
fn bar(leads: u64, most: u64) -> String {
    let length = (leads * LONGEST_BAR).div_ceil(most.max(1));
    "█".repeat(usize::try_from(length).unwrap_or_default())
}

fn csv(out: &mut dyn Write, rows: &[Row<'_>]) -> io::Result<()> {
    writeln!(out, "source,day,leads")?;
    // Ids, days and numbers need no quotation marks.
    rows.iter().try_for_each(|row| writeln!(out, "{},{},{}", row.source, row.day, row.leads))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_a_share_of_the_longest() {
        for (leads, most, length) in [(0, 0, 0), (0, 9, 0), (1, 100_000, 1), (50, 100, 20), (100, 100, 40)] {
            assert_eq!(bar(leads, most).chars().count(), length, "{leads} of {most}");
        }
    }

    #[test]
    fn people_get_bars_and_programs_get_values() {
        let source = "source_1".parse().unwrap();
        let day = |day: &str, leads| Row { day: day.to_owned(), source: &source, leads };
        let rows = [day("2026-06-14", 1), day("2026-06-15", 4)];
        let mut written = anstream::StripStream::new(Vec::new());
        chart(&mut written, &rows).unwrap();
        let text = String::from_utf8(written.into_inner()).unwrap();
        assert!(text.contains("2026-06-14  1") && text.contains(&"█".repeat(40)) && text.contains("5 leads"), "{text}");

        let mut written = Vec::new();
        csv(&mut written, &rows).unwrap();
        let expected = "source,day,leads\nsource_1,2026-06-14,1\nsource_1,2026-06-15,4\n";
        assert_eq!(String::from_utf8(written).unwrap(), expected);
    }
}
