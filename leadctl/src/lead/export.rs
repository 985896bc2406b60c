//! `leadctl lead export`: a day after the other, a page after the other, so that memory stays flat.

mod cursor;
mod rows;
mod sink;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use leadping::id::{BusinessId, LeadId, SourceId};
use leadping::store::StoredLead;
use leadping::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::days::{self, Day};
use crate::error::Error;
use crate::target::Target;
use cursor::{Cursor, Extent, Place};
use sink::Sink;

const EXAMPLES: &str = "\
Days are UTC days, by when leads were accepted; both ends are in. One lead a line.
Erased leads are in it as what is left of them. In a business's export are the
sources that are or once were attached to it.

An interrupted export into a file goes on by the same command with --resume. It
remains what it was begun as: its sources are those of then, today and yesterday
are the days that they were then, and a command for anything else is refused.

Examples:
  leadctl --local lead export --source source_123 --from 2026-06-01 --to 2026-06-30
  leadctl --local lead export --business business_1 --from yesterday --format csv \\
      --into leads.csv
  leadctl --local lead export --business business_1 --from yesterday --format csv \\
      --into leads.csv --resume";

/// What `lead export` is asked.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    whose: Whose,

    /// The first day: 2026-06-15, today or yesterday
    #[arg(long, value_name = "DAY")]
    from: Day,

    /// The last day
    #[arg(long, value_name = "DAY", default_value = "today")]
    to: Day,

    /// Lines of JSON, or comma-separated values
    #[arg(long, default_value = "ndjson")]
    format: Format,

    /// Write to FILE instead of standard output; what is done stands in FILE.cursor until all is
    #[arg(long, value_name = "FILE")]
    into: Option<PathBuf>,

    /// Go on with an export into FILE that was interrupted, by the command that it was begun with
    #[arg(long, requires = "into")]
    resume: bool,
}

/// Whose leads are wanted.
#[derive(Clone, Debug, PartialEq, Eq, Args, Serialize, Deserialize)]
#[group(required = true, multiple = false)]
struct Whose {
    /// The source whose leads are wanted
    #[arg(long)]
    source: Option<SourceId>,

    /// The business whose leads are wanted
    #[arg(long)]
    business: Option<BusinessId>,
}

/// The form of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    Ndjson,
    Csv,
}

/// Writes the leads out.
///
/// # Errors
/// [`Error::Usage`] for days in the wrong order, or when something else was begun than is gone on with;
/// [`Error::NotFound`] when there is nothing to go on with, [`Error::Conflict`] when a file is in the way; else when a
/// table does not answer, or the output cannot be written.
pub(super) async fn run(arguments: &Arguments, target: &Target) -> Result<(), Error> {
    let mut sink = match &arguments.into {
        Some(into) if arguments.resume => Sink::go_on(into, Cursor::read(into, arguments)?)?,
        into => Sink::begin(into.as_deref(), begin(arguments, target).await?)?,
    };
    let begun = sink.cursor().clone();
    let bar = bar(&begun, target).await?;
    let (at, mut behind) = begun.place.clone().map(Place::into_parts).unzip();
    for shard in begun.shards().skip_while(|shard| at.as_ref().is_some_and(|at| at != shard)) {
        let mut after = behind.take();
        // Nobody reads on behind `| head`.
        while !sink.is_closed() {
            let page = target.leads.day_page(&shard.source, &shard.day, shard.number, after.as_ref()).await;
            let page = page.map_err(|error| target.failed(error))?;
            let Some(last) = page.last().cloned() else { break };
            let ids: Vec<LeadId> = page.into_iter().map(|listed| listed.id).collect();
            let leads = target.leads.get_many(&ids).await.map_err(|error| target.failed(error))?;
            for lead in leads.iter().filter(|lead| belongs(lead, begun.extent.whose.business.as_ref())) {
                sink.write(lead)?;
            }
            sink.keep(Place::behind(&shard, &last))?;
            bar.inc(u64::try_from(ids.len()).unwrap_or_default());
            after = Some(last);
        }
    }
    bar.finish_and_clear();
    sink.finish()
}

/// What a new export is of.
async fn begin(arguments: &Arguments, target: &Target) -> Result<Cursor, Error> {
    let today = days::date(Timestamp::now());
    let extent = Extent::of(arguments, today);
    if extent.from > extent.to {
        return Err(Error::Usage("--from is a later day than --to".to_owned()));
    }
    let sources = match &arguments.whose {
        Whose { business: Some(business), .. } => sources_of(business, target).await?,
        Whose { source, .. } => source.iter().cloned().collect(),
    };
    Ok(Cursor::new(today, extent, sources))
}

/// An erased lead does not say any more whose it was: it is in its source's export alone.
fn belongs(lead: &StoredLead, business: Option<&BusinessId>) -> bool {
    match (lead, business) {
        (_, None) => true,
        (StoredLead::Kept(kept), Some(business)) => kept.business_id == *business,
        (StoredLead::Erased(_), Some(_)) => false,
    }
}

/// The sources that are attached to a business, or once were: their changes tell.
async fn sources_of(business: &BusinessId, target: &Target) -> Result<Vec<SourceId>, Error> {
    let mut sources = Vec::new();
    for source in target.sources.list().await.map_err(|error| target.failed(error))? {
        let once = async || -> Result<bool, Error> {
            let changes = target.sources.history(&source.id, usize::MAX).await.map_err(|error| target.failed(error))?;
            let mut members = changes.iter().flat_map(|change| &change.members);
            Ok(members.any(|change| change.member == "businessId" && change.before == business.as_str()))
        };
        if source.business_id.as_ref() == Some(business) || once().await? {
            sources.push(source.id);
        }
    }
    Ok(sources)
}

/// On a terminal, how far it is; it is counted for that alone.
async fn bar(cursor: &Cursor, target: &Target) -> Result<ProgressBar, Error> {
    let bar = ProgressBar::new(0);
    if bar.is_hidden() {
        return Ok(bar);
    }
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} leads, {per_sec}, {eta} left") {
        bar.set_style(style);
    }
    for source in &cursor.sources {
        for day in cursor.extent.days() {
            bar.inc_length(target.leads.count(source, &day).await.map_err(|error| target.failed(error))?);
        }
    }
    Ok(bar)
}
