//! `leadctl source check`: what the intake would answer to a payload, writing nothing.

use std::io::{self, Read, Write};
use std::path::PathBuf;

use clap::Args;
use http::{HeaderMap, Method};
use leadping::client::credential::Credential;
use leadping::client::web;
use leadping::failure::Failure;
use leadping::http::Problem;
use leadping::id::{LeadId, SourceId};
use leadping::intake::{Judged, Post, judge, refused_certificate};
use leadping::payload::Entrance;
use leadping::settings::{Secret, SecretSetting, TRUSTED_FORM, optional};
use leadping::source::{Source, SourceKey};
use leadping::time::Timestamp;
use leadping::trusted_form::TrustedForm;
use leadping::validation::{Verdict, Visitor};
use serde::Serialize;
use serde_json::value::RawValue;

use super::change;
use crate::error::Error;
use crate::output::{self, BOLD, Output};
use crate::target::Target;

const EXAMPLES: &str = "\
Nothing is written and nothing is sent to the worker. TrustedForm is asked only
with --trusted-form; on AWS its key is read from TRUSTED_FORM_API_KEY, or from the
stack's secret.

Examples:
  leadctl --local source check source_123 --payload lead.json
  leadctl --local source check source_123 --payload flat.json --flat
  pbpaste | leadctl --stack leadping-dev source check source_123 --payload -";

/// What `source check` is asked.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The source's id
    id: SourceId,

    /// The file that holds the payload, as JSON; - for standard input
    #[arg(long, value_name = "FILE")]
    payload: PathBuf,

    /// It is of the structured form, as for POST /leads; so it is taken when neither is given
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
struct Answer {
    status: u16,
    /// The lead that a repeat would be answered with.
    #[serde(skip_serializing_if = "Option::is_none")]
    lead_id: Option<LeadId>,
    /// Whether TrustedForm has been asked.
    asked_trusted_form: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Box<RawValue>>,
    #[serde(skip)]
    failures: Vec<Failure>,
    #[serde(skip)]
    code: &'static str,
}

/// Says what the intake would answer.
///
/// # Errors
/// [`Error::Refused`], after the answer, when it would be no 201, or for a file that cannot be read; [`Error::NotFound`]
/// for a source that is not there; else when a table does not answer.
pub(crate) async fn run(arguments: Arguments, target: &Target, output: &mut Output) -> Result<(), Error> {
    let body = read(&arguments.payload)?;
    let source = change::read(target, &arguments.id).await?;
    let entrance = if arguments.flat { Entrance::Flat } else { Entrance::Structured };
    let trusted_form = if arguments.trusted_form { Some(trusted_form(target).await?) } else { None };
    let post = Post {
        entrance,
        method: &Method::POST,
        query: "",
        headers: &HeaderMap::new(),
        body: &body,
        visitor: Visitor::default(),
    };
    let answer = match judged(&post, &source, trusted_form.as_ref(), target).await? {
        Ok(lead_id) => Answer {
            status: 201,
            lead_id,
            asked_trusted_form: arguments.trusted_form,
            problem: None,
            failures: Vec::new(),
            code: "",
        },
        Err(problem) => Answer {
            status: problem.status().as_u16(),
            lead_id: None,
            asked_trusted_form: arguments.trusted_form,
            code: problem.code(),
            problem: RawValue::from_string(problem.to_json(entrance.path(), "")).ok(),
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

/// What the intake would come to, without the post's key and without writing. Returns the lead that a repeat would meet.
async fn judged(
    post: &Post<'_>,
    source: &Source,
    trusted_form: Option<&TrustedForm>,
    target: &Target,
) -> Result<Result<Option<LeadId>, Problem>, Error> {
    // The key itself is not known here, and no payload holds this one.
    let key = SourceKey::generate()?;
    let Judged { identity, submission, verdict, .. } = match judge(post, source, &key, Timestamp::now()) {
        Ok(judged) => judged,
        Err(problem) => return Ok(Err(problem)),
    };
    let refused = match verdict {
        Verdict::Refused(failures) => return Ok(Err(Problem::Validation(failures))),
        Verdict::RefusedBySource(failures) => Some(Problem::Validation(failures)),
        Verdict::Valid(lead) => match trusted_form {
            Some(trusted_form) => {
                let refusal = trusted_form.verify(lead).await.err();
                refusal.map(|refusal| refused_certificate(refusal, &submission))
            }
            None => None,
        },
    };
    let id = identity.lead_id;
    let held = target.leads.get(&id).await.map_err(|error| target.failed(error))?.map(|_| id);
    Ok(match (held, refused) {
        (None, Some(problem)) => Err(problem),
        (held, _) => Ok(held),
    })
}

async fn trusted_form(target: &Target) -> Result<TrustedForm, Error> {
    let url = target.trusted_form.clone().or_else(|| optional("TRUSTED_FORM_URL"));
    let url = url.unwrap_or_else(|| TRUSTED_FORM.to_owned());
    let url = url.parse().map_err(|_| Error::Usage("TRUSTED_FORM_URL is not a URL".to_owned()))?;
    let arn = target.secrets.iter().find(|(parameter, _)| parameter.starts_with("TrustedForm"));
    let setting = match (optional("TRUSTED_FORM_API_KEY"), arn) {
        (Some(key), _) => SecretSetting::Value(Secret::new(key)),
        (None, Some((_, arn))) => SecretSetting::Arn(arn.clone()),
        // The stand-in takes any.
        (None, None) if target.is_local() => SecretSetting::Value(Secret::new("local")),
        (None, None) => return Err(Error::Usage("set TRUSTED_FORM_API_KEY to ask TrustedForm".to_owned())),
    };
    let key = Credential::read(&setting, &target.secrets_manager()).await;
    let key = key.map_err(|error| Error::Aws(format!("{error}; check that you may read it")))?;
    let bundle = optional("TRUSTED_FORM_CA_BUNDLE").map(PathBuf::from);
    let client = web::client(bundle.as_deref()).map_err(|error| Error::Refused(error.to_string()))?;
    Ok(TrustedForm::new(client, url, key))
}

fn read(path: &PathBuf) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    let read = match path.to_str() {
        Some("-") => io::stdin().lock().read_to_end(&mut body).map(|_| ()),
        _ => std::fs::read(path).map(|read| body = read),
    };
    read.map_err(|error| Error::Refused(format!("{} cannot be read: {}", path.display(), error.kind())))?;
    Ok(body)
}

fn write(out: &mut dyn Write, answer: &Answer) -> io::Result<()> {
    let Answer { status, code, failures, .. } = answer;
    match (&answer.lead_id, answer.status) {
        (Some(id), _) => {
            writeln!(out, "{BOLD}{status}{BOLD:#}: it is a repeat of {id}, which would be answered again.")?
        }
        (None, 201) if answer.asked_trusted_form => writeln!(out, "{BOLD}{status}{BOLD:#}: it would be accepted.")?,
        (None, 201) => {
            writeln!(out, "{BOLD}{status}{BOLD:#}: it would be accepted, if TrustedForm accepts its certificate.")?;
            writeln!(out, "TrustedForm was not asked; --trusted-form does.")?;
        }
        _ => writeln!(out, "{BOLD}{status}{BOLD:#} {code}")?,
    }
    if failures.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    let rows = failures.iter().map(|failure| {
        [failure.code.as_str().to_owned(), failure.pointer.clone().unwrap_or_default(), failure.detail.to_owned()]
    });
    output::table(out, ["CODE", "WHERE", "WHAT IS EXPECTED"], rows)
}
