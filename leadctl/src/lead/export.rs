//! `leadctl lead export`: one day after another, one page after another, so that memory stays flat.

mod cursor;
mod extent;
mod file;
mod rows;
mod sink;

use std::fmt::Write;
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use indicatif::{HumanCount, ProgressBar, ProgressFinish, ProgressState, ProgressStyle};
use jiff::civil::Date;
use leadping::id::{BusinessId, LeadId};
use leadping::store::StoredLead;
use leadping::time::Timestamp;
use serde_json::json;

use crate::days::{self, Day};
use crate::error::Error;
use crate::known;
use crate::output::escape::Shown;
use crate::output::screen::duration;
use crate::output::{Output, note};
use crate::target::Target;
use cursor::{Cursor, Place};
use extent::{Extent, Format, Whose};
use sink::Sink;

const EXAMPLES: &str = "\
Days are UTC days, by when leads were accepted; both ends are included. One lead
a line. Erased leads are in it as what is left of them. A business's export has
the sources that are or once were attached to it.

A file is for its owner alone (mode 0600) and never replaces another. An
interrupted export into a file continues by the same command with --resume. It
remains what it was started as: its sources are those of then, today and
yesterday are the days that they were then, and other arguments are refused.

Examples:
  leadctl --local lead export --source source_123 \\
      --from 2026-06-01 --to 2026-06-30
  leadctl --local lead export --business business_1 --from yesterday \\
      --format csv --into leads.csv
  leadctl --local lead export --business business_1 --from yesterday \\
      --format csv --into leads.csv --resume";

/// What to export.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    whose: Whose,

    /// The first day: 2026-06-15, today or yesterday
    #[arg(long, value_name = "DAY")]
    from: Day,

    /// The last day; today when not given
    #[arg(long, value_name = "DAY")]
    to: Option<Day>,

    /// Lines of JSON, or comma-separated values
    #[arg(long, default_value = "ndjson")]
    format: Format,

    /// Write to FILE instead of standard output; FILE.cursor holds how far it has come
    #[arg(long, value_name = "FILE")]
    into: Option<PathBuf>,

    /// Continue an export into FILE that was interrupted, by the command that started it
    #[arg(long, requires = "into")]
    resume: bool,
}

/// Writes the leads out.
///
/// # Errors
/// [`Error::Usage`] for days in the wrong order, or when something else was started than is to be continued;
/// [`Error::NotFound`] for a source or business that does not exist, and when there is nothing to continue;
/// [`Error::Conflict`] when the file exists; [`Error::Interrupted`] on Ctrl-C; else when a table does not answer, or the
/// output cannot be written.
pub(super) async fn run(arguments: &Arguments, target: &Target, output: &mut Output) -> Result<(), Error> {
    let started = Instant::now();
    let asked = |today| extent(arguments, today);
    let mut sink = match &arguments.into {
        Some(into) if arguments.resume => Sink::resume(into, Cursor::read(into, asked)?)?,
        into => Sink::begin(into.as_deref(), begin(arguments, target).await?)?,
    };
    let begun = sink.cursor().clone();
    output.note_head(target.note("lead export", begun.extent.subject()).await?);
    match &arguments.into {
        // A file says how far it has come; standard output is simply cut off.
        Some(into) => {
            tokio::select! {
                written = write(&mut sink, target) => written?,
                _ = tokio::signal::ctrl_c() => return Err(interrupted(&sink)),
            }
            let leads = sink.finish()?;
            let took = duration(started.elapsed().as_secs());
            let file = into.display().to_string();
            output.show(&json!({"leads": leads, "file": file}), |_, _| {
                let what = if leads == 1 { "lead" } else { "leads" };
                note(format_args!("{} {what} in {} ({took})", HumanCount(leads), Shown(&file)));
                Ok(())
            })?;
        }
        None => {
            write(&mut sink, target).await?;
            if sink.finish()? == 0 {
                note(format_args!("0 leads of {}.", begun.extent.range()));
            }
        }
    }
    Ok(())
}

fn interrupted(sink: &Sink) -> Error {
    let leads = if sink.kept() == 1 { "lead" } else { "leads" };
    Error::Interrupted(format!(
        "interrupted after {} {leads}; run the same command with --resume",
        HumanCount(sink.kept())
    ))
}

/// Writes page after page, from where the cursor is.
async fn write(sink: &mut Sink, target: &Target) -> Result<(), Error> {
    let begun = sink.cursor().clone();
    let bar = bar(&begun, target).await?;
    let (at, mut after) = begun.place.clone().map(Place::into_parts).unzip();
    for shard in begun.shards().skip_while(|shard| at.as_ref().is_some_and(|at| at != shard)) {
        let mut last_read = after.take();
        // `| head` reads no further.
        while !sink.is_closed() {
            let page = target.leads.day_page(&shard.source, &shard.day, shard.number, last_read.as_ref()).await;
            let page = page.map_err(|error| target.store_error(error))?;
            let Some(last) = page.last().cloned() else { break };
            let ids: Vec<LeadId> = page.into_iter().map(|listed| listed.id).collect();
            let leads = target.leads.get_many(&ids).await.map_err(|error| target.store_error(error))?;
            for lead in leads.iter().filter(|lead| belongs(lead, begun.extent.whose.business.as_ref())) {
                sink.write(lead)?;
            }
            sink.keep(Place::after(&shard, &last))?;
            bar.inc(u64::try_from(ids.len()).unwrap_or_default());
            last_read = Some(last);
        }
    }
    bar.finish_and_clear();
    Ok(())
}

/// What the command line asks for, when today is this day.
fn extent(arguments: &Arguments, today: Date) -> Result<Extent, Error> {
    let (from, to) = days::range(arguments.from, arguments.to, today)?;
    Ok(Extent { whose: arguments.whose.clone(), from, to, format: arguments.format })
}

/// What a new export is of.
async fn begin(arguments: &Arguments, target: &Target) -> Result<Cursor, Error> {
    let today = days::date(Timestamp::now());
    let extent = extent(arguments, today)?;
    let sources = match &arguments.whose {
        Whose { business: Some(business), .. } => known::sources_of(target, business).await?,
        Whose { source: Some(source), .. } => vec![known::source(target, source).await?.id],
        Whose { .. } => Vec::new(),
    };
    Ok(Cursor::new(today, extent, sources))
}

/// An erased lead does not say whose it was: it is in its source's export alone.
fn belongs(lead: &StoredLead, business: Option<&BusinessId>) -> bool {
    match (lead, business) {
        (_, None) => true,
        (StoredLead::Kept(kept), Some(business)) => kept.business_id == *business,
        (StoredLead::Erased(_), Some(_)) => false,
    }
}

/// Shows on a terminal how far it has come; the leads are counted for that alone.
async fn bar(cursor: &Cursor, target: &Target) -> Result<ProgressBar, Error> {
    let bar = ProgressBar::new(0).with_finish(ProgressFinish::AndClear);
    if bar.is_hidden() {
        return Ok(bar);
    }
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {human_pos}/{human_len} leads, {rate}/s, {eta} left") {
        bar.set_style(style.with_key("rate", |state: &ProgressState, to: &mut dyn Write| {
            // A bar that cannot be drawn is no reason to stop.
            let _ = write!(to, "{}", HumanCount(state.per_sec().round() as u64));
        }));
    }
    for source in &cursor.sources {
        for day in cursor.extent.days() {
            bar.inc_length(target.leads.count(source, &day).await.map_err(|error| target.store_error(error))?);
        }
    }
    Ok(bar)
}
