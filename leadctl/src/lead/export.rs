//! `leadctl lead export`: a day after the other, a page after the other, so that memory stays flat.

mod rows;
mod sink;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use leadping::id::{BusinessId, LeadId, SourceId};
use leadping::store::{StoredLead, schema};

use crate::days::{Day, Days};
use crate::error::Error;
use crate::target::Target;
use sink::{Cursor, Sink};

const EXAMPLES: &str = "\
Days are UTC days, by when leads were accepted; both ends are in. One lead a line.
Erased leads are in it as what is left of them. In a business's export are the
sources that are or once were attached to it.

Examples:
  leadctl --local lead export --source source_123 --from 2026-06-01 --to 2026-06-30
  leadctl --local lead export --business business_1 --from yesterday --format csv \\
      --into leads.csv
  leadctl --local lead export --business business_1 --from yesterday --format csv \\
      --into leads.csv --resume    # goes on where it was interrupted";

/// What `lead export` is asked.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The source whose leads are wanted
    #[arg(long, required_unless_present = "business", conflicts_with = "business")]
    source: Option<SourceId>,

    /// The business whose leads are wanted
    #[arg(long)]
    business: Option<BusinessId>,

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

    /// Go on with an export into FILE that was interrupted
    #[arg(long, requires = "into")]
    resume: bool,
}

/// The form of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Ndjson,
    Csv,
}

/// Writes the leads out.
///
/// # Errors
/// [`Error::Usage`] for days in the wrong order, [`Error::NotFound`] when there is nothing to go on with,
/// [`Error::Conflict`] when a file is in the way; else when a table does not answer, or the output cannot be written.
pub(super) async fn run(arguments: &Arguments, target: &Target) -> Result<(), Error> {
    if arguments.from > arguments.to {
        return Err(Error::Usage("--from is a later day than --to".to_owned()));
    }
    let mut sources = match (&arguments.source, &arguments.business) {
        (Some(source), _) => vec![source.clone()],
        (None, Some(business)) => sources_of(business, target).await?,
        (None, None) => Vec::new(),
    };
    sources.sort();
    let mut sink = Sink::open(arguments.into.as_deref(), arguments.resume, arguments.format == Format::Csv)?;
    let bar = bar(arguments, &sources, target).await?;
    let begun = sink.cursor().cloned();
    let shards = sources.iter().flat_map(|source| {
        let days = Days::new(arguments.from, arguments.to);
        days.flat_map(move |day| (0..schema::DAY_SHARDS).map(move |shard| (source, day.clone(), shard)))
    });
    for (source, day, shard) in shards {
        if begun.as_ref().is_some_and(|cursor| cursor.is_behind(source, &day, shard)) {
            continue;
        }
        let here = begun.as_ref().filter(|cursor| cursor.is_at(source, &day, shard));
        let mut after = here.map(|cursor| cursor.after.clone());
        // Nobody reads on behind `| head`.
        while !sink.is_closed() {
            let page = target.leads.day_page(source, &day, shard, after.as_ref()).await;
            let page = page.map_err(|error| target.failed(error))?;
            let Some(last) = page.last().cloned() else { break };
            let ids: Vec<LeadId> = page.into_iter().map(|listed| listed.id).collect();
            let leads = target.leads.get_many(&ids).await.map_err(|error| target.failed(error))?;
            for lead in leads.iter().filter(|lead| belongs(lead, arguments.business.as_ref())) {
                sink.write(lead)?;
            }
            sink.keep(&Cursor { source: source.clone(), day: day.clone(), shard, after: last.clone() })?;
            bar.inc(u64::try_from(ids.len()).unwrap_or_default());
            after = Some(last);
        }
    }
    bar.finish_and_clear();
    sink.finish()
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
async fn bar(arguments: &Arguments, sources: &[SourceId], target: &Target) -> Result<ProgressBar, Error> {
    let bar = ProgressBar::new(0);
    if bar.is_hidden() {
        return Ok(bar);
    }
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} leads, {per_sec}, {eta} left") {
        bar.set_style(style);
    }
    for source in sources {
        for day in Days::new(arguments.from, arguments.to) {
            bar.inc_length(target.leads.count(source, &day).await.map_err(|error| target.failed(error))?);
        }
    }
    Ok(bar)
}
