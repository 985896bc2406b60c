//! `leadctl lead find`: each question by its index.

use std::io;

use clap::{ArgGroup, Args};
use leadping::id::{BusinessId, SourceId};
use leadping::lead::email::Email;
use leadping::lead::phone_number::PhoneNumber;
use leadping::ledger::{Head, Subject};
use leadping::payload::fields::MAX_TEXT;
use leadping::source::Mode;
use leadping::store::StoredLead;

use crate::error::Error;
use crate::input::whole;
use crate::known;
use crate::output::{self, Column, Format, Output, Page, Tone};
use crate::source::rules::line;
use crate::target::{MAX_SHOWN, Target};

const USAGE: &str = "\
leadctl lead find --source <SOURCE> --external-id <EXTERNAL_ID>
       leadctl lead find --business <BUSINESS> --phone <NUMBER>
       leadctl lead find --business <BUSINESS> --email <ADDRESS>";

const EXAMPLES: &str = "\
Examples:
  leadctl --local lead find --source source_123 --external-id partner-lead-88391
  leadctl --local lead find --business business_1 --phone '(555) 555-0123'
  leadctl --local lead find --business business_1 --email jordan@example.com \\
      --output json";

const COLUMNS: [Column<'_>; 8] = [
    Column::whole("LEAD"),
    Column::time("ACCEPTED"),
    Column::whole("STATUS"),
    Column::cut("NAME", 10).spare(1),
    Column::cut("EXTERNAL ID", 12).spare(4),
    Column::whole("PHONE").spare(2),
    Column::cut("E-MAIL", 12).spare(3),
    Column::cut("SOURCE", 10).spare(5),
];

/// What to find leads by.
#[derive(Args)]
#[command(after_help = EXAMPLES, override_usage = USAGE, group = ArgGroup::new("by").required(true))]
#[group(skip)]
pub(crate) struct Arguments {
    /// The source that sent it
    #[arg(long, value_name = "SOURCE", requires = "external_id")]
    source: Option<SourceId>,

    /// The partner's own id of it, exactly
    #[arg(long, group = "by", value_name = "EXTERNAL_ID", value_parser = line::<MAX_TEXT>, requires = "source", conflicts_with = "business")]
    external_id: Option<String>,

    /// The business that it belongs to
    #[arg(long, value_name = "BUSINESS")]
    business: Option<BusinessId>,

    /// The person's phone number, as people write it
    #[arg(long, group = "by", value_name = "NUMBER", value_parser = phone, requires = "business")]
    phone: Option<PhoneNumber>,

    /// The person's e-mail address, in any letter case
    #[arg(long, group = "by", value_name = "ADDRESS", value_parser = email, requires = "business")]
    email: Option<Email>,

    /// The most leads to show, up to 1000
    #[arg(long, value_name = "N", default_value_t = 20, allow_negative_numbers = true, value_parser = whole(1..=MAX_SHOWN))]
    most: u16,
}

/// The person who is looked for is personal data.
impl std::fmt::Debug for Arguments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Arguments").field("source", &self.source).finish_non_exhaustive()
    }
}

impl Arguments {
    /// Writes into the ledger what was found, and by what it was looked for, without the value.
    async fn note(&self, found: &[StoredLead], target: &Target) -> Result<Head, Error> {
        let by = match self {
            Self { phone: Some(_), .. } => "phone",
            Self { email: Some(_), .. } => "email",
            _ => "externalId",
        };
        let subject = Subject {
            source_id: self.source.clone(),
            business_id: self.business.clone(),
            leads: found.iter().map(|stored| stored.lead().id.clone()).collect(),
            extent: Some(by.to_owned()),
            ..Subject::default()
        };
        target.note("lead find", subject).await
    }
}

pub(super) fn phone(text: &str) -> Result<PhoneNumber, &'static str> {
    PhoneNumber::parse(text).map(|parsed| parsed.number).map_err(|_| "not a possible U.S. phone number of ten digits")
}

pub(super) fn email(text: &str) -> Result<Email, &'static str> {
    Email::parse(text.trim()).ok_or("not one plain e-mail address")
}

/// Shows the leads that are found, the newest first.
///
/// # Errors
/// [`Error::NotFound`] when none is found; else when the table does not answer.
pub(super) async fn run(arguments: &Arguments, target: &Target, output: &mut Output) -> Result<(), Error> {
    let leads = &target.leads;
    let most = usize::from(arguments.most);
    let found = match arguments {
        Arguments { source: Some(source), external_id: Some(id), .. } => {
            leads.by_external_id(source, id, Mode::Live, most).await
        }
        Arguments { business: Some(business), phone: Some(phone), .. } => leads.by_phone(business, phone, most).await,
        Arguments { business: Some(business), email: Some(email), .. } => leads.by_email(business, email, most).await,
        _ => return Err(Error::Usage("give --source and --external-id, or --business and --phone or --email".into())),
    };
    let found = found.map_err(|error| target.store_error(error))?;
    if found.is_empty() {
        // A mistyped source or business is the more likely reason.
        if let Some(source) = &arguments.source {
            known::source(target, source).await?;
        }
        if let Some(business) = &arguments.business {
            known::sources_of(target, business).await?;
        }
        let head = arguments.note(&found, target).await?;
        // A program reads the error alone.
        if output.format() != Format::Json {
            output.note_head(head);
        }
        return Err(Error::NotFound(
            "no lead matches; a number or address is looked for within its business, an external id within its source"
                .to_owned(),
        ));
    }
    output.acted(arguments.note(&found, target).await?);
    output.show(&found.iter().map(StoredLead::view).collect::<Vec<_>>(), |page, _| {
        write(page, &found)?;
        if found.len() == usize::from(MAX_SHOWN) {
            output::note("\nThere may be more; `leadctl lead export` has all of them.");
        } else if found.len() == most {
            output::note("\nThere may be more; --most N shows them.");
        }
        Ok(())
    })
}

fn write(page: &mut Page<'_>, leads: &[StoredLead]) -> io::Result<()> {
    let screen = page.screen();
    let rows = leads.iter().map(|stored| {
        let lead = stored.lead();
        let name = [&lead.contact.first_name, &lead.contact.last_name].map(|name| name.as_deref().unwrap_or_default());
        let tone = match stored {
            StoredLead::Kept(_) => Tone::Plain,
            StoredLead::Erased(_) => Tone::Faint,
        };
        let cells = [
            lead.id.to_string(),
            screen.time(lead.created_at),
            lead.processing_status.as_str().to_owned(),
            name.join(" ").trim().to_owned(),
            lead.metadata.external_id.clone().unwrap_or_default(),
            lead.phone_number().map(ToString::to_string).unwrap_or_default(),
            lead.contact.email.as_ref().map(|email| email.as_str().to_owned()).unwrap_or_default(),
            lead.source_id.to_string(),
        ];
        (tone, cells)
    });
    page.table(COLUMNS, rows)
}
