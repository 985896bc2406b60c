//! `leadctl source check`: what the intake would answer to a payload, writing nothing.

use std::io;
use std::path::PathBuf;

use clap::Args;
use http::{HeaderMap, Method};
use leadping::failure::Failure;
use leadping::http::Problem;
use leadping::id::{LeadId, SourceId};
use leadping::intake::{Judged, Post, judge, refused_certificate};
use leadping::payload::Entrance;
use leadping::source::{Mode, Sender, Source, SourceKey};
use leadping::time::Timestamp;
use leadping::trusted_form::TrustedForm;
use leadping::validation::{Verdict, Visitor};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::error::Error;
use crate::input;
use crate::known;
use crate::output::escape::Shown;
use crate::output::{Output, Page};
use crate::target::Target;
use crate::trusted_form;

const EXAMPLES: &str = "\
Nothing is written and nothing is sent to the worker. TrustedForm is asked only
with --trusted-form; on AWS its key is read from TRUSTED_FORM_API_KEY, or from
the stack's secret. `leadctl post` sends the payload for real.

Examples:
  leadctl --local source check source_123 --payload lead.json
  leadctl --local source check source_123 --payload flat.json --flat
  pbpaste | leadctl --stack leadping-dev source check source_123 --payload -";

/// What to check.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The source's id
    id: SourceId,

    /// The file that holds the payload, as JSON; - for standard input
    #[arg(long, value_name = "FILE")]
    payload: PathBuf,

    /// It is of the structured form, as for POST /leads; this is the default
    #[arg(long)]
    structured: bool,

    /// It is of the flat form, as for /leads/intake
    #[arg(long, conflicts_with = "structured")]
    flat: bool,

    /// Ask TrustedForm for the certificate too
    #[arg(long)]
    trusted_form: bool,
}

/// What the intake would answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Judgement {
    status: u16,
    /// The lead that a repeat would be answered with.
    #[serde(skip_serializing_if = "Option::is_none")]
    lead_id: Option<LeadId>,
    /// Whether TrustedForm has been asked.
    asked_trusted_form: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Box<RawValue>>,
    /// Why the whole payload is refused, where no failure says it.
    #[serde(skip)]
    detail: String,
    #[serde(skip)]
    failures: Vec<Failure>,
    #[serde(skip)]
    code: &'static str,
}

/// Says what the intake would answer.
///
/// # Errors
/// [`Error::Refused`], after the answer, when it would be no 201, or for a file that cannot be read; [`Error::NotFound`]
/// for a source that does not exist; else when a table does not answer.
pub(super) async fn run(arguments: Arguments, target: &Target, output: &mut Output) -> Result<(), Error> {
    let body = input::read(&arguments.payload)?;
    let source = known::source(target, &arguments.id).await?;
    let entrance = if arguments.flat { Entrance::Flat } else { Entrance::Structured };
    let trusted_form = if arguments.trusted_form { Some(client(target).await?) } else { None };
    let post = Post {
        entrance,
        method: &Method::POST,
        query: "",
        headers: &HeaderMap::new(),
        body: &body,
        visitor: Visitor::default(),
    };
    let answer = match judged(&post, &source, trusted_form.as_ref(), target).await? {
        Ok(lead_id) => Judgement {
            status: 201,
            lead_id,
            asked_trusted_form: arguments.trusted_form,
            problem: None,
            detail: String::new(),
            failures: Vec::new(),
            code: "",
        },
        Err(problem) => Judgement {
            status: problem.status().as_u16(),
            lead_id: None,
            asked_trusted_form: arguments.trusted_form,
            code: problem.code(),
            problem: RawValue::from_string(problem.to_json(entrance.path(), "")).ok(),
            detail: match &problem {
                Problem::Validation(_) => String::new(),
                Problem::Malformed(malformed) => malformed.to_string(),
                problem => problem.detail().to_owned(),
            },
            failures: match problem {
                Problem::Validation(failures) => failures,
                _ => Vec::new(),
            },
        },
    };
    output.show(&answer, write)?;
    match answer.status {
        201 => Ok(()),
        status => Err(Error::Refused(format!("the intake would answer {status} {}", answer.code))),
    }
}

/// The intake's decision, without the post's key and without writing. Returns the lead that a repeat would be answered with.
async fn judged(
    post: &Post<'_>,
    source: &Source,
    trusted_form: Option<&TrustedForm>,
    target: &Target,
) -> Result<Result<Option<LeadId>, Problem>, Error> {
    // The partner's key is not known here; no payload holds this one.
    let key = SourceKey::generate(Mode::Live)?;
    let sender = Sender { source: source.clone(), key, mode: Mode::Live };
    let Judged { identity, submission, verdict, .. } = match judge(post, &sender, Timestamp::now()) {
        Ok(judged) => judged,
        Err(problem) => return Ok(Err(problem)),
    };
    let refused = match verdict {
        Verdict::Refused(failures) => return Ok(Err(Problem::Validation(failures))),
        Verdict::RefusedBySource(failures) => Some(Problem::Validation(failures)),
        Verdict::Valid(lead) => match trusted_form {
            Some(trusted_form) => {
                let refusal = trusted_form.verify(lead, Mode::Live).await.err();
                refusal.map(|refusal| refused_certificate(refusal, &submission))
            }
            None => None,
        },
    };
    let id = identity.lead_id;
    let held = target.leads.get(&id).await.map_err(|error| target.store_error(error))?.map(|_| id);
    Ok(match (held, refused) {
        (None, Some(problem)) => Err(problem),
        (held, _) => Ok(held),
    })
}

async fn client(target: &Target) -> Result<TrustedForm, Error> {
    let url = trusted_form::base(target).parse();
    let url = url.map_err(|_| Error::Usage("TRUSTED_FORM_URL is not a URL".to_owned()))?;
    let key = trusted_form::key(target).await?;
    Ok(TrustedForm::new(trusted_form::http()?, url, key))
}

fn write(page: &mut Page<'_>, judgement: &Judgement) -> io::Result<()> {
    let Judgement { status, code, detail, failures, .. } = judgement;
    page.bold(status)?;
    match (&judgement.lead_id, judgement.status) {
        (Some(id), _) => writeln!(page, ": it is a repeat of {id}, and would be answered with that lead.")?,
        (None, 201) if judgement.asked_trusted_form => writeln!(page, ": it would be accepted.")?,
        (None, 201) => {
            writeln!(page, ": it would be accepted, if TrustedForm accepts its certificate.")?;
            writeln!(page, "TrustedForm was not asked; --trusted-form does.")?;
        }
        _ => writeln!(page, " {code}")?,
    }
    if !detail.is_empty() {
        writeln!(page, "\n  {}", Shown(detail))?;
    }
    for failure in failures {
        writeln!(page)?;
        page.bold(failure.code.as_str())?;
        match failure.pointer.as_deref() {
            None | Some("") => writeln!(page)?,
            Some(pointer) => writeln!(page, "  {}", Shown(pointer))?,
        }
        writeln!(page, "  {}", Shown(failure.detail))?;
    }
    Ok(())
}
