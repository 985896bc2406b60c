//! `leadctl report --consent`: what became of the certificates of accepted leads, by source and day.

use std::io;

use futures_util::{StreamExt, TryStreamExt, stream};
use indicatif::ProgressBar;
use leadping::id::{LeadId, SourceId};
use leadping::lead::consent::ConsentStatus;
use leadping::store::schema;
use serde::Serialize;

use crate::error::Error;
use crate::output::{Column, Output, Page, Tone, csv};
use crate::target::Target;

/// How many days are read at once.
const AT_ONCE: usize = 8;

const COLUMNS: [Column<'_>; 8] = [
    Column::whole("SOURCE"),
    Column::whole("DAY"),
    Column::number("LEADS"),
    Column::number("VERIFIED"),
    Column::number("MISMATCHED"),
    Column::number("UNVERIFIED"),
    Column::number("PENDING"),
    Column::number("EXEMPT"),
];

/// A source's day. Leads whose source did not retain certificates then are in none of the last five.
#[derive(Debug, Serialize)]
struct Row {
    day: String,
    source: SourceId,
    leads: u64,
    verified: u64,
    mismatched: u64,
    unverified: u64,
    pending: u64,
    exempt: u64,
}

/// Counts leads by their consent. It reads each lead.
///
/// # Errors
/// When a table does not answer, or the output cannot be written.
pub(super) async fn run(wanted: Vec<(SourceId, String)>, target: &Target, output: &mut Output) -> Result<(), Error> {
    let bar = ProgressBar::new(u64::try_from(wanted.len()).unwrap_or_default());
    let rows = stream::iter(wanted).map(|(source, day)| {
        let bar = &bar;
        async move {
            let row = count(source, day, target).await?;
            bar.inc(1);
            Ok::<_, Error>(row)
        }
    });
    let rows: Vec<Row> = rows.buffered(AT_ONCE).try_collect().await?;
    bar.finish_and_clear();
    output.show(&rows, |page, rows| {
        if page.screen().width.is_some() || page.screen().wide { table(page, rows) } else { values(page, rows) }
    })
}

async fn count(source: SourceId, day: String, target: &Target) -> Result<Row, Error> {
    let mut row = Row { day, source, leads: 0, verified: 0, mismatched: 0, unverified: 0, pending: 0, exempt: 0 };
    for shard in 0..schema::DAY_SHARDS {
        let mut after = None;
        loop {
            let page = target.leads.day_page(&row.source, &row.day, shard, after.as_ref()).await;
            let page = page.map_err(|error| target.store_error(error))?;
            let Some(last) = page.last().cloned() else { break };
            let ids: Vec<LeadId> = page.into_iter().map(|listed| listed.id).collect();
            for lead in target.leads.get_many(&ids).await.map_err(|error| target.store_error(error))? {
                row.leads += 1;
                match lead.view().consent.map(|consent| consent.status) {
                    Some(ConsentStatus::Verified) => row.verified += 1,
                    Some(ConsentStatus::Mismatched) => row.mismatched += 1,
                    Some(ConsentStatus::Unverified) => row.unverified += 1,
                    Some(ConsentStatus::Pending) => row.pending += 1,
                    Some(ConsentStatus::Exempt) => row.exempt += 1,
                    None => {}
                }
            }
            after = Some(last);
        }
    }
    Ok(row)
}

fn cells(row: &Row) -> [String; 8] {
    let counts = [row.leads, row.verified, row.mismatched, row.unverified, row.pending, row.exempt];
    let [leads, verified, mismatched, unverified, pending, exempt] = counts.map(|count| count.to_string());
    [row.source.to_string(), row.day.clone(), leads, verified, mismatched, unverified, pending, exempt]
}

/// Days without a lead say nothing on a terminal.
fn table(page: &mut Page<'_>, rows: &[Row]) -> io::Result<()> {
    let rows = rows.iter().filter(|row| row.leads > 0).map(|row| (Tone::Plain, cells(row)));
    page.table(COLUMNS, rows)
}

fn values(page: &mut Page<'_>, rows: &[Row]) -> io::Result<()> {
    let head = ["source", "day", "leads", "verified", "mismatched", "unverified", "pending", "exempt"];
    write!(page, "{}", csv::plain(head)?)?;
    for row in rows {
        let cells = cells(row);
        write!(page, "{}", csv::plain(cells.each_ref().map(String::as_str))?)?;
    }
    Ok(())
}
