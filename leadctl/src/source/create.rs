//! `leadctl source create`.

use std::io;

use clap::Args;
use data_encoding::BASE32_NOPAD;
use leadping::check::spec::{example, quoted};
use leadping::id::{AccountId, BusinessId, SourceId};
use leadping::source::{self, Mode, Source, SourceKey};
use leadping::time::Timestamp;
use serde::Serialize;

use super::change;
use super::limits::LimitArguments;
use super::rules::{GIVEN, MAX_NAME, RuleArguments, line};
use crate::error::Error;
use crate::output::escape::{self, Shown};
use crate::output::{Output, Page};
use crate::target::Target;

const EXAMPLES: &str = "\
The source is enabled. Its leads are refused until it is compliance-approved.

Examples:
  leadctl --local source create --name 'Acme forms' \\
      --account account_1 --business business_1 --approved
  leadctl --local source create --name 'Gulf coast' \\
      --account account_1 --business business_1 --allowed-state TX \\
      --allowed-state Louisiana --allowed-product 'Auto insurance'
  leadctl --local source create --name CRM --account account_1 \\
      --business business_1 --output json | jq -r .key";

/// What partners call their own source in a path: `/sources/me`.
const RESERVED: &str = "me";

/// What to create.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
#[group(id = GIVEN, multiple = true)]
pub(crate) struct Arguments {
    /// What people call it
    #[arg(long, value_parser = line::<MAX_NAME>)]
    name: String,

    /// The account that it is attached to
    #[arg(long)]
    account: AccountId,

    /// The business that its leads belong to
    #[arg(long)]
    business: BusinessId,

    /// Its id: 1 to 64 letters, digits, hyphens and underscores; generated when not given
    #[arg(long)]
    id: Option<SourceId>,

    /// It has passed its compliance review
    #[arg(long)]
    approved: bool,

    #[command(flatten)]
    rules: RuleArguments,

    #[command(flatten)]
    limits: LimitArguments,
}

/// What a partner needs.
#[derive(Serialize)]
struct Credentials<'a> {
    id: &'a SourceId,
    key: &'a str,
}

/// Creates a source and its first key.
///
/// # Errors
/// [`Error::Refused`] for too many tags, [`Error::Conflict`] for an id that is taken; else when the table does not
/// answer, or the output cannot be written.
pub(super) async fn run(arguments: Arguments, target: &Target, output: &mut Output) -> Result<(), Error> {
    let key = SourceKey::generate(Mode::Live)?;
    let source = arguments.source(&key, Timestamp::now())?;
    target.confirm(&format!("create the source {}", source.id))?;
    change::confirm_revealing(target, None, &source)?;
    let change = change::noted(target, "create", None, Some(&source)).await?;
    let written = target.sources.change(&source.id, None, Some(&source), &change, &target.ledger).await;
    let Some(head) = written.map_err(|error| target.store_error(error))? else {
        let id = &source.id;
        return Err(Error::Conflict(format!(
            "there is a source {id} already, and it was left as it is: choose another --id, or leave --id out; \
             `leadctl source show {id}` shows it"
        )));
    };
    output.acted(head);
    let credentials = Credentials { id: &source.id, key: key.reveal() };
    output.show(&credentials, |page, credentials| welcome(page, credentials, &source, target.gateway.as_deref()))
}

impl Arguments {
    fn source(self, key: &SourceKey, now: Timestamp) -> Result<Source, Error> {
        let id = self.id.map_or_else(random_id, Ok)?;
        if id.as_str() == RESERVED {
            return Err(Error::Usage(format!("{RESERVED} is no source's id: partners reach their own source by it")));
        }
        if id.as_str().starts_with("lp_") {
            return Err(Error::Usage(
                "a source's id does not begin with lp_: keys do, and are refused as ids".to_owned(),
            ));
        }
        let mut source = Source {
            account_id: Some(self.account),
            business_id: Some(self.business),
            approved: self.approved,
            keys: vec![key.stored(now)],
            ..Source::new(id, self.name, source::random()?, now)
        };
        self.rules.apply(&mut source)?;
        self.limits.apply(&mut source)?;
        Ok(source)
    }
}

/// `source_` and 80 random bits.
fn random_id() -> Result<SourceId, Error> {
    let mut bits = [0; 10];
    getrandom::fill(&mut bits)?;
    let id = format!("source_{}", BASE32_NOPAD.encode(&bits).to_ascii_lowercase());
    SourceId::parse(&id).map_err(|error| Error::Refused(error.to_string()))
}

fn welcome(
    page: &mut Page<'_>,
    credentials: &Credentials<'_>,
    source: &Source,
    gateway: Option<&str>,
) -> io::Result<()> {
    let Credentials { id, key } = credentials;
    write!(page, "Source ")?;
    page.bold(id)?;
    write!(page, " ({}) is created. Its key is\n\n  ", Shown(&source.name))?;
    page.bold(key)?;
    writeln!(page, "\n\nThe key will not be shown again: only its digest is kept. Send it over a secure channel.")?;
    if !source.approved {
        writeln!(
            page,
            "\nIt is not compliance-approved yet: its leads are refused (source.not_approved) until it is."
        )?;
    }
    let url = match gateway {
        Some(gateway) => format!("{gateway}/leads"),
        None => "$LEADPING_URL/leads".to_owned(),
    };
    // A key on a command line stays in the shell's history.
    writeln!(page, "\nA first lead, with the key in LEADPING_KEY:\n")?;
    writeln!(page, "  read -rs LEADPING_KEY    # paste the key, and press Enter")?;
    writeln!(page, "  curl -i \"{url}\" \\")?;
    writeln!(page, "    -H 'Content-Type: application/json' \\")?;
    writeln!(page, "    -H 'X-Leadping-Source-Id: {id}' \\")?;
    writeln!(page, "    -H \"X-Leadping-Source-Key: $LEADPING_KEY\" \\")?;
    writeln!(page, "    -d {}", quoted(&escape::json(&example(source).to_string())))?;
    if gateway.is_none() {
        writeln!(page, "\nSet LEADPING_URL to the API's address first.")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use leadping::lead::state::State;

    use super::super::rules::{self, MAX_TAGS, MAX_TEXT};
    use super::*;

    #[derive(Debug, Parser)]
    struct CommandLine {
        #[command(flatten)]
        arguments: Arguments,
    }

    const REQUIRED: [&str; 7] =
        ["create", "--name", " Acme\tforms ", "--account", "account_1", "--business", "business_1"];

    fn source(more: &[&str]) -> Source {
        let arguments = CommandLine::try_parse_from(REQUIRED.iter().chain(more)).unwrap().arguments;
        arguments.source(&SourceKey::generate(Mode::Live).unwrap(), Timestamp::now()).unwrap()
    }

    #[test]
    fn a_plain_source_is_enabled_unapproved_and_without_rules() {
        let plain = source(&[]);
        assert_eq!(plain.name, "Acme forms");
        assert!(plain.enabled && !plain.approved && plain.requires_trusted_form);
        assert!(plain.allowed_states.is_empty() && plain.allowed_products.is_empty());
        assert_eq!(plain.id.as_str().len(), "source_".len() + 16);
        let base32 = |c: char| c.is_ascii_lowercase() || ('2'..='7').contains(&c);
        assert!(plain.id.as_str().trim_start_matches("source_").chars().all(base32));
        assert_ne!(plain.id, source(&[]).id);
    }

    #[test]
    fn rules_are_normalised_and_stand_once() {
        let ruled = source(&[
            "--id=source_acme",
            "--approved",
            "--no-trusted-form",
            "--allowed-state=texas",
            "--allowed-state= ca ",
            "--allowed-state=TX",
            "--allowed-product= Auto ",
            "--allowed-product=AUTO",
            "--allowed-product=Home",
            "--default-tag-id=b",
            "--default-tag-id=a",
            "--default-tag-id=b",
            "--default-tag-name=New",
            "--default-tag-name=new",
        ]);
        assert_eq!(ruled.id.as_str(), "source_acme");
        assert!(ruled.approved && !ruled.requires_trusted_form);
        assert_eq!(ruled.allowed_states, ["CA", "TX"].map(|code| State::parse(code).unwrap()));
        assert_eq!(ruled.allowed_products, ["Auto", "Home"]);
        assert_eq!(ruled.default_tag_ids, ["b", "a"]);
        assert_eq!(ruled.default_tag_names, ["New", "new"], "a tag is taken by its letters");
    }

    #[test]
    fn what_the_intake_could_not_use_is_refused() {
        let long = format!("--allowed-product={}", "a".repeat(MAX_TEXT + 1));
        for (argument, says) in [
            ("--id=source 1", "an id is"),
            ("--allowed-state=Ontario", "not a state"),
            ("--allowed-product= ", "blank"),
            ("--allowed-product=a\u{1b}", "control characters"),
            (&long, "too long"),
            ("--default-tag-name=\t", "blank"),
        ] {
            let error = CommandLine::try_parse_from(REQUIRED.iter().chain(&[argument])).unwrap_err().to_string();
            assert!(error.contains(says), "{argument}: {error}");
        }
        let many: Vec<_> = (0..=MAX_TAGS).map(|number| number.to_string()).collect();
        assert!(matches!(rules::tags(many), Err(Error::Refused(_))));
    }

    #[test]
    fn me_is_no_source_s_id() {
        let arguments = CommandLine::try_parse_from(REQUIRED.iter().chain(&["--id=me"])).unwrap().arguments;
        let made = arguments.source(&SourceKey::generate(Mode::Live).unwrap(), Timestamp::now());
        assert!(matches!(made, Err(Error::Usage(_))));
        assert_eq!(source(&["--id=Me"]).id.as_str(), "Me");
        let arguments = CommandLine::try_parse_from(REQUIRED.iter().chain(&["--id=lp_acme"])).unwrap().arguments;
        let made = arguments.source(&SourceKey::generate(Mode::Live).unwrap(), Timestamp::now());
        assert!(matches!(made, Err(Error::Usage(_))), "it would be taken for a key");
    }

    #[test]
    fn the_example_keeps_the_source_s_rules_in_a_shell_too() {
        assert!(example(&source(&[])).to_string().contains("trustedFormUrl"));
        let ruled = source(&["--no-trusted-form", "--allowed-state=TX", "--allowed-product=Driver's"]);
        let example = quoted(&example(&ruled).to_string());
        assert!(!example.contains("trustedFormUrl") && example.contains(r#""state":"TX""#), "{example}");
        assert!(example.contains(r"Driver'\''s"), "{example}");
    }
}
