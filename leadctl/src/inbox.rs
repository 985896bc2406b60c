//! `leadctl inbox`: a business's conversations.

use std::io;

use clap::{Args, value_parser};
use leadping::conversation::Conversation;
use leadping::id::BusinessId;
use leadping::ledger::Subject;
use leadping::store::InboxPlace;

use crate::error::Error;
use crate::known;
use crate::ledger::MAX_SHOWN;
use crate::output::{self, Column, Output, Page, Tone};
use crate::target::Target;

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
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = value_parser!(u16).range(1..=i64::from(MAX_SHOWN)))]
    most: u16,

    /// Continue after this conversation: its lastEventAt, ~ and its leadId
    #[arg(long, value_name = "TIME~LEAD")]
    after: Option<InboxPlace>,
}

/// Shows the newest conversations of a business.
///
/// # Errors
/// [`Error::NotFound`] for a business that no source was ever attached to; else when the table does not answer, or the
/// output cannot be written.
pub(crate) async fn run(arguments: &Arguments, target: &Target, output: &mut Output) -> Result<(), Error> {
    let Arguments { business, most, after } = arguments;
    let most = usize::from(*most);
    let inbox = target.leads.inbox(business, after.as_ref(), most).await;
    let inbox = inbox.map_err(|error| target.store_error(error))?;
    if inbox.is_empty() && after.is_none() {
        known::sources_of(target, business).await?;
    }
    let leads = inbox.iter().map(|conversation| conversation.lead_id.clone()).collect();
    let subject = Subject { business_id: Some(business.clone()), leads, ..Subject::default() };
    output.acted(target.note("inbox", subject).await?);
    output.show(&inbox, |page, inbox| {
        write(page, inbox)?;
        match inbox.last() {
            None if after.is_some() => output::note("There are no more."),
            None => output::note(format_args!("The inbox of {business} is empty.")),
            Some(last) if inbox.len() == most => {
                let place = InboxPlace { last_event_at: last.last_event_at, lead_id: last.lead_id.clone() };
                output::note(format_args!("\nThere may be more: --after {place}"));
            }
            Some(_) => {}
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
