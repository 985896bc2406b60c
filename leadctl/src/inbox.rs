//! `leadctl inbox`: a business's conversations.

use std::io::{self, Write};

use clap::{Args, value_parser};
use leadping::conversation::Conversation;
use leadping::id::BusinessId;
use leadping::store::InboxPlace;

use crate::error::Error;
use crate::output::{self, Output};
use crate::target::Target;

const EXAMPLES: &str = "\
Examples:
  leadctl --local inbox business_1
  leadctl --local inbox business_1 --most 100 --output json | jq -r '.[].leadId'
  leadctl --local inbox business_1 --after 2026-06-15T12:00:00.000Z~lead_4m7q...";

/// What `inbox` is asked.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The business
    business: BusinessId,

    /// How many to show at most
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = value_parser!(u16).range(1..))]
    most: u16,

    /// Go on behind this conversation, as the page before named it: its lastEventAt, ~ and its leadId
    #[arg(long, value_name = "TIME~LEAD")]
    after: Option<InboxPlace>,
}

/// Shows the newest conversations of a business.
///
/// # Errors
/// When the table does not answer, or the output cannot be written.
pub(crate) async fn run(arguments: &Arguments, target: &Target, output: &mut Output) -> Result<(), Error> {
    let most = usize::from(arguments.most);
    let inbox = target
        .leads
        .inbox(&arguments.business, arguments.after.as_ref(), most)
        .await
        .map_err(|error| target.failed(error))?;
    output.show(&inbox, |out, inbox| {
        if inbox.is_empty() && arguments.after.is_some() {
            return writeln!(out, "There are no more.");
        }
        if inbox.is_empty() {
            return writeln!(out, "The inbox of {} is empty.", arguments.business);
        }
        write(out, inbox)?;
        match inbox.last() {
            Some(last) if inbox.len() == most => {
                let place = InboxPlace { last_event_at: last.last_event_at, lead_id: last.lead_id.clone() };
                writeln!(out, "\nThere may be more: --after {place}")
            }
            _ => Ok(()),
        }
    })
}

fn write(out: &mut dyn Write, inbox: &[Conversation]) -> io::Result<()> {
    let rows = inbox.iter().map(|conversation| {
        let name = [&conversation.first_name, &conversation.last_name].map(|name| name.as_deref().unwrap_or_default());
        [
            conversation.last_event_at.to_string(),
            if conversation.is_unread { "unread" } else { "" }.to_owned(),
            name.join(" ").trim().to_owned(),
            conversation.lead_phone_number.as_ref().map(ToString::to_string).unwrap_or_default(),
            conversation.email.as_ref().map(|email| email.as_str().to_owned()).unwrap_or_default(),
            conversation.last_snippet.clone(),
            conversation.lead_id.to_string(),
        ]
    });
    output::table(out, ["LAST EVENT", "", "NAME", "PHONE", "E-MAIL", "WHAT HAPPENED", "LEAD"], rows)
}
