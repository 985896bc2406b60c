//! `leadctl event replay`: publishes the events of leads again, with the same ids.

use clap::{ArgGroup, Args};
use futures_util::{StreamExt, TryStreamExt, stream};
use indicatif::ProgressBar;
use leadping::id::{BusinessId, LeadId};
use leadping::store::{Record, schema};
use leadping::time::Timestamp;
use serde::Serialize;

use crate::days::{self, Day, Days};
use crate::error::Error;
use crate::known;
use crate::output::{Output, count};
use crate::target::Target;

/// How many leads are read and published at once.
const AT_ONCE: usize = 16;

const EXAMPLES: &str = "\
For a subscriber that has lost events, or a new one. --from and --to choose
leads by the UTC day on which they were accepted; both days are included. All
events of these leads are published again, whenever they happened: a lead of the
last evening may have become ready on the next day. Their ids are the same as
before, so other subscribers ignore them. EventBridge's own archive replays to
one rule alone: docs/events.md.

Examples:
  leadctl --local event replay --lead lead_4m7q...
  leadctl --local event replay --from 2026-06-01 --to 2026-06-15
  leadctl --stack leadping-production event replay --from yesterday \\
      --business business_1";

/// Which events to publish again.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, group = ArgGroup::new("which").required(true))]
pub(crate) struct Arguments {
    /// The events of one lead
    #[arg(long, group = "which", value_name = "ID", conflicts_with_all = ["to", "business"])]
    lead: Option<LeadId>,

    /// Leads accepted on this UTC day or later: 2026-06-15, today or yesterday
    #[arg(long, group = "which", value_name = "DAY")]
    from: Option<Day>,

    /// Leads accepted on this UTC day or earlier; today when not given
    #[arg(long, value_name = "DAY", requires = "from")]
    to: Option<Day>,

    /// Only leads of this business
    #[arg(long, value_name = "BUSINESS", requires = "from")]
    business: Option<BusinessId>,
}

/// What was published.
#[derive(Default, Serialize)]
struct Replayed {
    leads: usize,
    events: usize,
}

/// Publishes the events again.
///
/// # Errors
/// [`Error::Usage`] for days in the wrong order, or when the bus is not known; [`Error::NotFound`] for a lead or business
/// that does not exist; else when a table or the bus does not answer.
pub(super) async fn run(arguments: &Arguments, target: &Target, output: &mut Output) -> Result<(), Error> {
    let replayed = match (&arguments.lead, arguments.from) {
        (Some(id), _) => {
            known::not_a_key(id.as_str())?;
            let record = target.leads.record(id).await.map_err(|error| target.store_error(error))?;
            let record = record.ok_or_else(|| known::no_lead(id))?;
            if record.lead.lead().test {
                return Err(Error::Refused("it is a test lead, of which no subscriber is told".to_owned()));
            }
            target.confirm(&format!("publish the events of {id} again"))?;
            Replayed { leads: 1, events: publish(&record, target).await? }
        }
        (None, Some(from)) => days(from, arguments, target).await?,
        (None, None) => return Err(Error::Usage("give --lead or --from".to_owned())),
    };
    output.show(&replayed, |page, Replayed { leads, events }| {
        writeln!(page, "{} of {} published again.", count(*events, "event"), count(*leads, "lead"))
    })
}

/// Publishes the events of all leads that were accepted on these days.
async fn days(from: Day, arguments: &Arguments, target: &Target) -> Result<Replayed, Error> {
    let (from, to) = days::range(from, arguments.to, days::date(Timestamp::now()))?;
    let business = arguments.business.as_ref();
    let sources = match business {
        Some(business) => known::sources_of(target, business).await?,
        None => known::all_ids(target).await?,
    };
    target.confirm(&format!("publish the events of all leads from {from} to {to} again"))?;
    let bar = ProgressBar::new_spinner();
    let mut replayed = Replayed::default();
    for source in &sources {
        for day in Days::new(from, to) {
            for shard in 0..schema::DAY_SHARDS {
                let mut after = None;
                loop {
                    let page = target.leads.day_page(source, &day, shard, after.as_ref()).await;
                    let page = page.map_err(|error| target.store_error(error))?;
                    let Some(last) = page.last().cloned() else { break };
                    let done = stream::iter(page).map(|listed| lead(listed.id, business, target));
                    let done = done.buffer_unordered(AT_ONCE).try_collect::<Vec<_>>().await;
                    let done = done.map_err(|error| stopped(error, &replayed, &day))?;
                    replayed.leads += done.iter().flatten().count();
                    replayed.events += done.into_iter().flatten().sum::<usize>();
                    bar.set_message(format!("{day}  {} leads, {} events", replayed.leads, replayed.events));
                    bar.tick();
                    after = Some(last);
                }
            }
        }
    }
    bar.finish_and_clear();
    Ok(replayed)
}

/// Publishes the events of one lead. Returns how many, or `None` for a lead of another business.
async fn lead(id: LeadId, business: Option<&BusinessId>, target: &Target) -> Result<Option<usize>, Error> {
    let record = target.leads.record(&id).await.map_err(|error| target.store_error(error))?;
    match record.filter(|record| business.is_none_or(|business| record.lead.business_id() == business)) {
        Some(record) => publish(&record, target).await.map(Some),
        None => Ok(None),
    }
}

async fn publish(record: &Record, target: &Target) -> Result<usize, Error> {
    let published = target.bus()?.publish(&record.timeline).await;
    published.map_err(|error| Error::Aws {
        what: error.to_string(),
        remedy: "Check that you may put events on the stack's bus (docs/operating.md)".to_owned(),
    })?;
    Ok(record.timeline.len())
}

/// Says how far it came. To begin again is safe.
fn stopped(error: Error, replayed: &Replayed, day: &str) -> Error {
    match error {
        Error::Aws { what, remedy } => Error::Aws {
            what,
            remedy: format!(
                "{remedy}. The events of {} leads were published again; it stopped on {day}, and to repeat that day is safe",
                replayed.leads
            ),
        },
        other => other,
    }
}
