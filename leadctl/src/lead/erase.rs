//! `leadctl lead erase`: a person's right to be forgotten (contract, sections 5 and 14).

use std::collections::BTreeSet;
use std::io;
use std::pin::pin;
use std::time::Duration;

use clap::{ArgGroup, Args};
use leadping::id::{BusinessId, LeadId, SourceId};
use leadping::lead::email::Email;
use leadping::lead::phone_number::PhoneNumber;
use leadping::ledger::Stored;
use leadping::store::{AllSources, ERASE, Erasure, StoreError, StoredLead, schema};
use leadping::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::find::{email, phone};
use crate::days::{self, Days};
use crate::error::Error;
use crate::known;
use crate::output::{Output, Page, count, note};
use crate::target::Target;

const USAGE: &str = "\
leadctl lead erase <ID>
       leadctl lead erase --business <BUSINESS> --phone <NUMBER>
       leadctl lead erase --business <BUSINESS> --email <ADDRESS>
       leadctl lead erase --again
       leadctl lead erase --older-than <TIME> [--source <SOURCE>]";

const EXAMPLES: &str = "\
For a person's right to be forgotten: everything that was sent of the person is
removed, and so is the lookup's result. Id, source, account and times stay, and
an event records it. It cannot be undone. Backups of the tables (point-in-time
recovery) and exports keep their data until they expire: docs/operating.md.

Examples:
  leadctl --local lead find --business business_1 --email jordan@example.com
  leadctl --local lead erase lead_4m7q...
  leadctl --local lead erase --business business_1 --email jordan@example.com
  leadctl --local lead erase --again              # after a table was restored
  leadctl --local lead erase --older-than 730d    # retention, in days";

/// Whose data to erase.
#[derive(Args)]
#[command(after_help = EXAMPLES, override_usage = USAGE, group = ArgGroup::new("what").required(true))]
#[group(skip)]
pub(crate) struct Arguments {
    /// The lead's id
    #[arg(group = "what")]
    id: Option<LeadId>,

    /// The business whose leads of a person are erased
    #[arg(long, value_name = "BUSINESS", requires = "what", conflicts_with_all = ["id", "again", "older_than"])]
    business: Option<BusinessId>,

    /// All leads of the business with this number, as people write it
    #[arg(long, group = "what", value_name = "NUMBER", value_parser = phone, requires = "business")]
    phone: Option<PhoneNumber>,

    /// All leads of the business with this address, in any spelling
    #[arg(long, group = "what", value_name = "ADDRESS", value_parser = email, requires = "business")]
    email: Option<Email>,

    /// Erase again what the ledger says was erased, and a restored table has again
    #[arg(long, group = "what")]
    again: bool,

    /// All leads that were accepted longer ago: 730d
    #[arg(long, group = "what", value_name = "TIME", value_parser = age, allow_hyphen_values = true)]
    older_than: Option<Duration>,

    /// Of this source only
    #[arg(long, value_name = "SOURCE", requires = "older_than", conflicts_with_all = ["id", "again", "phone", "email"])]
    source: Option<SourceId>,
}

/// The person is personal data.
impl std::fmt::Debug for Arguments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Arguments").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A retention time, in days of 24 hours. Not less than a day: a unit that was forgotten erases everything.
fn age(text: &str) -> Result<Duration, &'static str> {
    let days = text.strip_suffix('d').and_then(|days| days.parse::<u64>().ok()).filter(|days| *days > 0);
    let seconds = days.and_then(|days| days.checked_mul(24 * 60 * 60));
    seconds.map(Duration::from_secs).ok_or("give a whole number of days from 1d, for example 730d")
}

/// What an erasure of several leads did.
#[derive(Serialize)]
struct Erased {
    erased: Vec<LeadId>,
    /// The leads that this release cannot read. They still have the person's data.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unreadable: Vec<LeadId>,
}

/// What an erasure of one lead did.
#[derive(Serialize)]
struct ErasedLead<'a> {
    id: &'a LeadId,
    erased: bool,
    before: bool,
}

/// Erases personal data.
///
/// # Errors
/// [`Error::NotFound`] for a lead or business that does not exist, and when no lead matches; [`Error::Conflict`] for a
/// lead that is updated again and again; [`Error::Interrupted`] on Ctrl-C; [`Error::Refused`] for leads, sources or entries of the
/// ledger that cannot be read, after the erasures of all others; else when a table does not answer. What is erased by
/// then stays erased.
pub(super) async fn run(arguments: Arguments, target: &Target, output: &mut Output) -> Result<(), Error> {
    if let Some(id) = arguments.id {
        known::not_a_key(id.as_str())?;
        target.confirm(&format!("erase the personal data of the lead {id} for good"))?;
        let by = target.caller().await?;
        let before = !erase(&id, &by, target, output).await.map_err(|failed| failed.error(target))?;
        return output.show(&ErasedLead { id: &id, erased: true, before }, |page, _| {
            if before {
                writeln!(page, "The personal data of {id} was erased before; nothing was written.")
            } else {
                writeln!(page, "The personal data of {id} is erased; id, source, account and times are kept.")
            }
        });
    }
    // What the command cannot know, because something cannot be read.
    let mut left_out = Vec::new();
    let found = match (&arguments.business, arguments.older_than) {
        (Some(business), _) => of_person(business, &arguments, target).await?,
        (None, Some(age)) => {
            let (found, unsearched) = older(age, arguments.source.as_ref(), target).await?;
            if !unsearched.is_empty() {
                left_out.push(format!(
                    "these sources cannot be read, and no lead of theirs was erased: {}. Restore them and run the same command \
                     again (docs/operating.md#a-source-cannot-be-read)",
                    listed(&unsearched)
                ));
            }
            found
        }
        (None, None) => {
            let noted = noted(target).await?;
            left_out.extend(noted.unread());
            still_kept(noted.leads.into_iter().collect(), target).await?
        }
    };
    let mut result = Erased { erased: Vec::new(), unreadable: Vec::new() };
    if !found.is_empty() {
        target.confirm(&format!("erase personal data of {} for good", count(found.len(), "lead")))?;
        let by = target.caller().await?;
        let mut interrupt = pin!(tokio::signal::ctrl_c());
        for id in found {
            let erased = tokio::select! {
                erased = erase(&id, &by, target, output) => erased,
                _ = &mut interrupt => {
                    let erased = count(result.erased.len(), "lead");
                    return Err(Error::Interrupted(format!(
                        "interrupted after {erased}, whose personal data is erased; run the same command again for the rest"
                    )));
                }
            };
            match erased {
                Ok(true) => result.erased.push(id),
                Ok(false) => {}
                Err(Failed::Unreadable(_)) => result.unreadable.push(id),
                Err(Failed::Other(error)) => {
                    note(format_args!("{} erased before the error.", count(result.erased.len(), "lead")));
                    return Err(error);
                }
            }
        }
    }
    output.show(&result, write)?;
    if !result.unreadable.is_empty() {
        left_out.push(format!(
            "{} cannot be read and still {} the person's data: {}. All others are erased. A later release's leadctl may \
             read more",
            count(result.unreadable.len(), "lead"),
            if result.unreadable.len() == 1 { "has" } else { "have" },
            listed(&result.unreadable)
        ));
    }
    if left_out.is_empty() { Ok(()) } else { Err(Error::Refused(left_out.join(". "))) }
}

fn listed(ids: &[impl ToString]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn write(page: &mut Page<'_>, result: &Erased) -> io::Result<()> {
    match result.erased.as_slice() {
        [] if result.unreadable.is_empty() => writeln!(page, "There is nothing to erase."),
        [] => writeln!(page, "No person's data is erased."),
        erased => {
            erased.iter().try_for_each(|id| writeln!(page, "{id}"))?;
            writeln!(page, "Personal data of {} erased.", count(erased.len(), "lead"))
        }
    }
}

/// Why a lead is not erased.
enum Failed {
    /// This release cannot read one of its items.
    Unreadable(StoreError),
    Other(Error),
}

impl Failed {
    fn error(self, target: &Target) -> Error {
        match self {
            Self::Unreadable(error) => target.store_error(error),
            Self::Other(error) => error,
        }
    }
}

/// Erases a lead. Returns `false` when it was erased before.
async fn erase(id: &LeadId, by: &str, target: &Target, output: &mut Output) -> Result<bool, Failed> {
    match target.leads.erase(&target.limits, &target.ledger, id, by, Timestamp::now()).await {
        Ok(Erasure::Erased(head)) => {
            output.acted(head);
            Ok(true)
        }
        Ok(Erasure::ErasedBefore) => Ok(false),
        Ok(Erasure::NotFound) => Err(Failed::Other(known::no_lead(id))),
        Ok(Erasure::Busy) => Err(Failed::Other(Error::Conflict(format!(
            "the lead {id} is being updated concurrently; it was not erased, try again"
        )))),
        Err(error @ StoreError::Unreadable(_)) => Err(Failed::Unreadable(error)),
        Err(error) => Err(Failed::Other(target.store_error(error))),
    }
}

/// All leads of a person, by the number or the address.
async fn of_person(business: &BusinessId, arguments: &Arguments, target: &Target) -> Result<Vec<LeadId>, Error> {
    let leads = &target.leads;
    let found = match (&arguments.phone, &arguments.email) {
        (Some(phone), _) => leads.ids_by_phone(business, phone).await,
        (None, Some(email)) => leads.ids_by_email(business, email).await,
        (None, None) => Ok(Vec::new()),
    };
    let found = still_kept(found.map_err(|error| target.store_error(error))?, target).await?;
    if found.is_empty() {
        known::sources_of(target, business).await?;
        return Err(Error::NotFound(format!("no lead of {business} matches; nothing was erased")));
    }
    Ok(found)
}

/// The leads that are older than a retention time, by the index of days, and the sources whose leads are not searched:
/// the first day of a source that cannot be read is not known.
async fn older(
    age: Duration,
    source: Option<&SourceId>,
    target: &Target,
) -> Result<(Vec<LeadId>, Vec<SourceId>), Error> {
    let AllSources { sources, unreadable } = match source {
        Some(source) => AllSources { sources: vec![known::source(target, source).await?], ..AllSources::default() },
        None => known::all_sources(target).await?,
    };
    let end = Timestamp::now().before(age);
    let mut found = Vec::new();
    for source in sources {
        for day in Days::new(days::date(source.created_at), days::date(end)) {
            for shard in 0..schema::DAY_SHARDS {
                let mut last = None;
                loop {
                    let page = target.leads.day_page(&source.id, &day, shard, last.as_ref()).await;
                    let page = page.map_err(|error| target.store_error(error))?;
                    let old = page.iter().filter(|listed| listed.created_at < end);
                    found.extend(still_kept(old.map(|listed| listed.id.clone()).collect(), target).await?);
                    last = page.into_iter().next_back();
                    if last.is_none() {
                        break;
                    }
                }
            }
        }
    }
    Ok((found, unreadable))
}

/// What the ledger says was erased.
#[derive(Default)]
struct Noted {
    leads: BTreeSet<LeadId>,
    /// Entries that cannot be read, or that name no lead, and may be of an erasure.
    unreadable: Vec<String>,
}

impl Noted {
    /// Takes an entry. A later release's may have other members; those of an erasure are enough.
    fn take(&mut self, stored: &Stored) {
        #[derive(Deserialize)]
        struct Act {
            action: String,
            #[serde(default)]
            leads: Value,
        }
        let leads: Vec<LeadId> = match serde_json::from_str(&stored.document) {
            Ok(Act { action, .. }) if action != ERASE => return,
            Ok(Act { leads, .. }) => serde_json::from_value(leads).unwrap_or_default(),
            Err(_) => Vec::new(),
        };
        if leads.is_empty() {
            self.unreadable.push(stored.number().map_or_else(|| stored.key.clone(), |number| number.to_string()));
        }
        self.leads.extend(leads);
    }

    /// Names the entries that cannot be read, if an erasure may be left out.
    fn unread(&self) -> Option<String> {
        let (entries, erasures) = match self.unreadable.len() {
            0 => return None,
            1 => ("1 entry".to_owned(), "an erasure"),
            number => (format!("{number} entries"), "erasures"),
        };
        Some(format!(
            "{entries} of the ledger cannot be read, and may be of {erasures}: {}. All others are repeated. `leadctl \
             ledger list --output json` shows the text, `leadctl ledger verify` finds what was changed, and a later \
             release's leadctl may read more",
            self.unreadable.join(", ")
        ))
    }
}

/// Reads all erasures of the ledger.
async fn noted(target: &Target) -> Result<Noted, Error> {
    let mut noted = Noted::default();
    target.ledger.read(|stored| noted.take(&stored)).await.map_err(|error| target.store_error(error))?;
    Ok(noted)
}

/// Those of the leads that are not erased. One that cannot be read may not be, either.
async fn still_kept(ids: Vec<LeadId>, target: &Target) -> Result<Vec<LeadId>, Error> {
    let leads = target.leads.each(&ids).await.map_err(|error| target.store_error(error))?;
    let kept = leads.into_iter().filter(|(_, read)| !matches!(read, Ok(StoredLead::Erased(_))));
    Ok(kept.map(|(id, _)| id).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_that_may_be_an_erasure_is_never_skipped_silently() {
        for (document, leads, unreadable) in [
            (r#"{"number":1,"action":"lead erase","leads":["lead_a","lead_b"]}"#, 2, false),
            (r#"{"number":1,"action":"lead show","leads":["lead_a"]}"#, 0, false),
            (r#"{"action":"lead merge","leads":{"kept":"lead_a"}}"#, 0, false),
            // Of a later release.
            (r#"{"number":1,"action":"lead erase","leads":["lead_a"],"by":{"arn":"a"},"revision":"x"}"#, 1, false),
            (r#"{"number":1,"action":"lead erase","persons":["person_a"]}"#, 0, true),
            (r#"{"number":1,"action":"lead erase","leads":["a b"]}"#, 0, true),
            (r#"{"number":1,"action":"lead erase","leads":["lead_a"]"#, 0, true),
            ("", 0, true),
        ] {
            let mut noted = Noted::default();
            noted.take(&Stored { key: "000000000007".to_owned(), document: document.to_owned() });
            assert_eq!((noted.leads.len(), noted.unread().is_some()), (leads, unreadable), "{document}");
            assert!(noted.unread().is_none_or(|unread| unread.contains(": 7.")), "{document}");
        }
    }

    #[test]
    fn a_retention_time_is_in_days() {
        assert_eq!(age("730d"), Ok(Duration::from_secs(730 * 86_400)));
        for text in ["", "d", "0d", "730", "12h", "-1d", "1.5d", "99999999999999999999d"] {
            assert!(age(text).is_err(), "{text}");
        }
    }
}
