//! `leadctl lead find`: each question by its index.

use std::io::{self, Write};

use clap::{Args, value_parser};
use leadping::id::{BusinessId, SourceId};
use leadping::lead::email::Email;
use leadping::lead::phone_number::PhoneNumber;
use leadping::store::StoredLead;

use super::view::LeadView;
use crate::error::Error;
use crate::output::{self, Output};
use crate::source::rules::line;
use crate::target::Target;

const EXAMPLES: &str = "\
Examples:
  leadctl --local lead find --source source_123 --external-id partner-lead-88391
  leadctl --local lead find --business business_1 --phone '(555) 555-0123'
  leadctl --local lead find --business business_1 --email jordan@example.com -o json";

/// What `lead find` is asked.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The source that sent it
    #[arg(long, requires = "external_id")]
    source: Option<SourceId>,

    /// The partner's own id of it, to the letter
    #[arg(long, value_name = "ID", value_parser = line::<1_024>, requires = "source", conflicts_with = "business",
          required_unless_present_any = ["phone", "email"])]
    external_id: Option<String>,

    /// The business that it belongs to
    #[arg(long)]
    business: Option<BusinessId>,

    /// The person's phone number, as people write it
    #[arg(long, value_name = "NUMBER", value_parser = phone, requires = "business", conflicts_with = "email")]
    phone: Option<PhoneNumber>,

    /// The person's e-mail address, in any letter case
    #[arg(long, value_name = "ADDRESS", value_parser = email, requires = "business")]
    email: Option<Email>,

    /// How many to show at most
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = value_parser!(u16).range(1..))]
    most: u16,
}

/// Who is looked for is personal data.
impl std::fmt::Debug for Arguments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Arguments").field("source", &self.source).finish_non_exhaustive()
    }
}

fn phone(text: &str) -> Result<PhoneNumber, &'static str> {
    PhoneNumber::parse(text).map(|parsed| parsed.number).map_err(|_| "not a possible U.S. phone number of ten digits")
}

fn email(text: &str) -> Result<Email, &'static str> {
    Email::parse(text.trim()).ok_or("not one plain e-mail address")
}

/// Shows the leads that are found, the newest first.
///
/// # Errors
/// [`Error::NotFound`] when there are none; else when the table does not answer.
pub(super) async fn run(arguments: &Arguments, target: &Target, output: &mut Output) -> Result<(), Error> {
    let leads = &target.leads;
    let most = usize::from(arguments.most);
    let found = match arguments {
        Arguments { source: Some(source), external_id: Some(id), .. } => leads.by_external_id(source, id, most).await,
        Arguments { business: Some(business), phone: Some(phone), .. } => leads.by_phone(business, phone, most).await,
        Arguments { business: Some(business), email: Some(email), .. } => leads.by_email(business, email, most).await,
        _ => return Err(Error::Usage("give --source and --external-id, or --business and --phone or --email".into())),
    };
    let found = found.map_err(|error| target.failed(error))?;
    if found.is_empty() {
        return Err(Error::NotFound(
            "no lead is found by that; a number or address is found within its business, an external id within its \
             source"
                .to_owned(),
        ));
    }
    output.show(&found.iter().map(LeadView::of).collect::<Vec<_>>(), |out, _| {
        write(out, &found)?;
        if found.len() == most {
            writeln!(out, "\nThere may be more; --most N shows them.")?;
        }
        Ok(())
    })
}

fn write(out: &mut dyn Write, leads: &[StoredLead]) -> io::Result<()> {
    let rows = leads.iter().map(|stored| {
        let lead = stored.lead();
        let name = [&lead.contact.first_name, &lead.contact.last_name].map(|name| name.as_deref().unwrap_or_default());
        [
            lead.created_at.to_string(),
            lead.processing_status.as_str().to_owned(),
            lead.source_id.to_string(),
            lead.metadata.external_id.clone().unwrap_or_default(),
            name.join(" ").trim().to_owned(),
            lead.phone_number().map(ToString::to_string).unwrap_or_default(),
            lead.contact.email.as_ref().map(|email| email.as_str().to_owned()).unwrap_or_default(),
            lead.id.to_string(),
        ]
    });
    output::table(out, ["ACCEPTED", "STATUS", "SOURCE", "EXTERNAL ID", "NAME", "PHONE", "E-MAIL", "LEAD"], rows)
}
