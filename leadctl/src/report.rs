//! `leadctl report`: accepted leads by source and day, and what was refused.

mod consent;
mod refused;

use std::collections::BTreeMap;
use std::io;

use clap::Args;
use futures_util::{StreamExt, TryStreamExt, stream};
use indicatif::ProgressBar;
use leadping::id::SourceId;
use leadping::store::AllSources;
use leadping::time::Timestamp;
use serde::Serialize;

use crate::days::{self, Day, Days};
use crate::error::Error;
use crate::known;
use crate::output::{Column, Output, Page, Tone, csv};
use crate::target::Target;

/// How many days are counted at once.
const AT_ONCE: usize = 32;

const EXAMPLES: &str = "\
Days are UTC days, by when leads were accepted; days before a source was created
are left out. On a terminal the report is a table with a column a day, or a
month or a year where days do not fit (--output wide shows all days); elsewhere
it is comma-separated values, or JSON with --output json.

Examples:
  leadctl --local report --source source_123
  leadctl --local report --from 2026-06-01 --to 2026-06-30 > june.csv
  leadctl --local report --from today --output json | jq 'map(.leads) | add'
  leadctl --local report --consent --source source_retain
  leadctl --local report --refused --from yesterday";

/// What to count.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The source; all when not given; may be repeated
    #[arg(long = "source", value_name = "SOURCE")]
    sources: Vec<SourceId>,

    /// The first day: 2026-06-15, today or yesterday; six days before the last when not given
    #[arg(long, value_name = "DAY")]
    from: Option<Day>,

    /// The last day; today when not given
    #[arg(long, value_name = "DAY")]
    to: Option<Day>,

    /// Count what became of the certificates, for sources that retain them; reads each lead
    #[arg(long)]
    consent: bool,

    /// Count refused posts by their codes instead; they are kept for 400 days
    #[arg(long, conflicts_with = "consent")]
    refused: bool,
}

/// A source's day.
#[derive(Debug, Serialize)]
struct Row {
    day: String,
    source: SourceId,
    leads: u64,
}

/// Counts leads, by the index of days.
///
/// # Errors
/// [`Error::Usage`] for days in the wrong order, [`Error::NotFound`] for a source that does not exist; else when a table
/// does not answer, or the output cannot be written.
pub(crate) async fn run(arguments: Arguments, target: &Target, output: &mut Output) -> Result<(), Error> {
    let Arguments { sources: ids, from, to, consent, refused } = arguments;
    let today = days::date(Timestamp::now());
    let week = Day::Ago(6).date(to.map_or(today, |to| to.date(today)));
    let from = from.unwrap_or(Day::On(week));
    let (from, to) = days::range(from, to, today)?;
    let mut sources = AllSources::default();
    if ids.is_empty() {
        sources = known::all_sources(target).await?;
    }
    for id in &ids {
        sources.sources.push(known::source(target, id).await?);
    }
    // The leads of a source that cannot be read are counted, too; when it was created is not known.
    let AllSources { sources, unreadable } = sources;
    let sources = sources.into_iter().map(|source| (source.id, Some(source.created_at)));
    let sources: Vec<(SourceId, Option<Timestamp>)> =
        sources.chain(unreadable.into_iter().map(|id| (id, None))).collect();
    if refused {
        let days = (from.to_string(), to.to_string());
        return refused::run(sources.iter().map(|(id, _)| id), days, target, output).await;
    }
    let days_of = |created: Option<Timestamp>| Days::new(created.map_or(from, |at| from.max(days::date(at))), to);
    let wanted: Vec<(SourceId, String)> =
        sources.iter().flat_map(|(id, created)| days_of(*created).map(|day| (id.clone(), day))).collect();
    if consent {
        return consent::run(wanted, target, output).await;
    }
    let bar = ProgressBar::new(u64::try_from(wanted.len()).unwrap_or_default());
    let counts = stream::iter(wanted).map(|(source, day)| {
        let bar = &bar;
        async move {
            let leads = target.leads.count(&source, &day).await.map_err(|error| target.store_error(error))?;
            bar.inc(1);
            Ok::<_, Error>(Row { day, source, leads })
        }
    });
    let rows: Vec<Row> = counts.buffered(AT_ONCE).try_collect().await?;
    bar.finish_and_clear();
    let ids: Vec<_> = sources.iter().map(|(id, _)| id).collect();
    output.show(&rows, |page, rows| {
        if page.screen().width.is_some() || page.screen().wide { pivot(page, &ids, rows) } else { values(page, rows) }
    })
}

/// A period of a report, by how much of a day's text names it.
#[derive(Clone, Copy)]
enum Period {
    Day,
    Month,
    Year,
}

impl Period {
    fn of(self, day: &str) -> &str {
        let length = match self {
            Self::Day => 10,
            Self::Month => 7,
            Self::Year => 4,
        };
        day.get(..length).unwrap_or(day)
    }

    /// As a column is headed: the year of a day goes without saying.
    fn head(self, period: &str) -> &str {
        match self {
            Self::Day => period.get(5..).unwrap_or(period),
            Self::Month | Self::Year => period,
        }
    }
}

/// A row a source, a column a period: the shortest periods that fit.
fn pivot(page: &mut Page<'_>, sources: &[&SourceId], rows: &[Row]) -> io::Result<()> {
    let screen = page.screen();
    let id = sources.iter().map(|id| id.as_str().len()).max().unwrap_or_default().max("SOURCE".len());
    let available = screen.width.filter(|_| !screen.wide).map(usize::from);
    let sums = |period: Period| {
        let mut sums: BTreeMap<&str, BTreeMap<&SourceId, u64>> = BTreeMap::new();
        for row in rows {
            *sums.entry(period.of(&row.day)).or_default().entry(&row.source).or_default() += row.leads;
        }
        sums
    };
    let width = |sums: &BTreeMap<&str, BTreeMap<&SourceId, u64>>, period: Period| -> usize {
        let columns = sums
            .iter()
            .map(|(name, leads)| period.head(name).len().max(leads.values().sum::<u64>().to_string().len()) + 2);
        let sum = rows.iter().map(|row| row.leads).sum::<u64>().to_string().len().max("SUM".len());
        id + 2 + columns.sum::<usize>() + sum
    };
    let fits = |period: &Period| available.is_none_or(|available| width(&sums(*period), *period) <= available);
    let period = [Period::Day, Period::Month].into_iter().find(fits).unwrap_or(Period::Year);
    let sums = sums(period);

    let mut columns = vec![Column::whole("SOURCE")];
    columns.extend(sums.keys().map(|name| Column::number(period.head(name))));
    columns.push(Column::number("SUM"));
    let of = |source: &SourceId| -> Vec<String> {
        let cells = sums.values().map(|leads| leads.get(source).map(u64::to_string).unwrap_or_default());
        let sum: u64 = sums.values().filter_map(|leads| leads.get(source)).sum();
        [source.to_string()].into_iter().chain(cells).chain([sum.to_string()]).collect()
    };
    let mut lines: Vec<_> = sources.iter().map(|source| (Tone::Plain, of(source))).collect();
    if sources.len() > 1 {
        let cells = sums.values().map(|leads| leads.values().sum::<u64>().to_string());
        let sum = rows.iter().map(|row| row.leads).sum::<u64>();
        lines.push((Tone::Plain, ["SUM".to_owned()].into_iter().chain(cells).chain([sum.to_string()]).collect()));
    }
    page.lines(&columns, lines)
}

fn values(page: &mut Page<'_>, rows: &[Row]) -> io::Result<()> {
    write!(page, "{}", csv::plain(["source", "day", "leads"])?)?;
    for row in rows {
        write!(page, "{}", csv::plain([row.source.as_str(), &row.day, &row.leads.to_string()])?)?;
    }
    Ok(())
}
