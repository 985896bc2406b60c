//! `leadctl inbox`: a business's conversations.

use std::io;

use clap::Args;
use leadping::conversation::Conversation;
use leadping::id::BusinessId;
use leadping::ledger::Subject;
use leadping::store::{List, Place, Span};
use leadping::time::Timestamp;

use crate::error::Error;
use crate::input::whole;
use crate::known;
use crate::output::{self, Column, Output, Page, Tone};
use crate::target::{MAX_SHOWN, Target};

const EXAMPLES: &str = "\
Examples:
  leadctl --local inbox business_1
  leadctl --local inbox business_1 --most 100 --output json \\
      | jq -r '.[].leadId'
  leadctl --local inbox business_1 \\
      --after 2026-06-15T12:00:00.000Z~lead_4m7q...";

const COLUMNS: [Column<'_>; 7] = [
    Column::whole("LEAD"),
    Column::time("LAST EVENT"),
    Column::whole("READ"),
    Column::cut("NAME", 12).spare(1),
    Column::whole("PHONE").spare(2),
    Column::cut("EVENT", 12).spare(3),
    Column::cut("E-MAIL", 12).spare(4),
];

/// What to show of an inbox.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The business
    business: BusinessId,

    /// The most conversations to show, up to 1000
    #[arg(long, value_name = "N", default_value_t = 20, allow_negative_numbers = true, value_parser = whole(1..=MAX_SHOWN))]
    most: u16,

    /// Continue after this conversation: its lastEventAt, ~ and its leadId
    #[arg(long, value_name = "TIME~LEAD", value_parser = place)]
    after: Option<Place>,
}

/// Reads a place in an inbox.
fn place(text: &str) -> Result<Place, &'static str> {
    let read = || {
        let (time, lead) = text.split_once('~')?;
        Some(Place { sort: time.parse::<Timestamp>().ok()?.to_string(), lead_id: lead.parse().ok()? })
    };
    read().ok_or("not a cursor that an inbox returned")
}

/// Shows the newest conversations of a business.
///
/// # Errors
/// [`Error::NotFound`] for a business that no source was ever attached to; else when the table does not answer, or the
/// output cannot be written.
pub(crate) async fn run(arguments: &Arguments, target: &Target, output: &mut Output) -> Result<(), Error> {
    let Arguments { business, most, after } = arguments;
    let most = usize::from(*most);
    let span = Span::of_all_times();
    let mut inbox = Vec::new();
    let mut next = after.clone();
    loop {
        let left = most - inbox.len();
        let places = target.leads.places(List::Inbox(business), &span, false, next.as_ref(), left).await;
        let places = places.map_err(|error| target.store_error(error))?;
        let ids: Vec<_> = places.found.into_iter().map(|place| place.lead_id).collect();
        let found = target.leads.conversations(&ids).await;
        inbox.extend(found.map_err(|error| target.store_error(error))?);
        next = places.next;
        if next.is_none() || inbox.len() >= most {
            break;
        }
    }
    if inbox.is_empty() && after.is_none() {
        known::sources_of(target, business).await?;
    }
    let leads = inbox.iter().map(|conversation| conversation.lead_id.clone()).collect();
    let subject = Subject { business_id: Some(business.clone()), leads, ..Subject::default() };
    output.acted(target.note("inbox", subject).await?);
    output.show(&inbox, |page, inbox| {
        write(page, inbox)?;
        match &next {
            None if inbox.is_empty() && after.is_some() => output::note("There are no more."),
            None if inbox.is_empty() => output::note(format_args!("The inbox of {business} is empty.")),
            None => {}
            Some(Place { sort, lead_id }) => {
                output::note(format_args!("\nThere may be more: --after {sort}~{lead_id}"))
            }
        }
        Ok(())
    })
}

fn write(page: &mut Page<'_>, inbox: &[Conversation]) -> io::Result<()> {
    let screen = page.screen();
    let rows = inbox.iter().map(|conversation| {
        let name = [&conversation.first_name, &conversation.last_name].map(|name| name.as_deref().unwrap_or_default());
        let cells = [
            conversation.lead_id.to_string(),
            screen.time(conversation.last_event_at),
            if conversation.is_unread { "unread" } else { "read" }.to_owned(),
            name.join(" ").trim().to_owned(),
            conversation.lead_phone_number.as_ref().map(ToString::to_string).unwrap_or_default(),
            conversation.last_snippet.clone(),
            conversation.email.as_ref().map(|email| email.as_str().to_owned()).unwrap_or_default(),
        ];
        (Tone::Plain, cells)
    });
    page.table(COLUMNS, rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_a_time_and_a_lead() {
        let read = place("2026-06-15T12:00:00.000Z~lead_a").unwrap();
        assert_eq!((read.sort.as_str(), read.lead_id.as_str()), ("2026-06-15T12:00:00.000Z", "lead_a"));
        for text in ["", "lead_a", "2026-06-15T12:00:00.000Z", "noon~lead_a", "2026-06-15T12:00:00.000Z~a b"] {
            assert!(place(text).is_err(), "{text}");
        }
    }
}
