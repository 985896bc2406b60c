//! `leadctl token`: a token of the local stack's development issuer.

use std::io;
use std::time::Duration;

use clap::Args;
use clap::builder::PossibleValuesParser;
use leadping::client::web;
use leadping::http::Scope;
use leadping::id::BusinessId;
use serde::{Deserialize, Serialize};
use url::form_urlencoded;

use crate::error::Error;
use crate::known;
use crate::output::{self, Output, Page};
use crate::target::Target;

/// How long the issuer may take to answer.
const TIMEOUT: Duration = Duration::from_secs(5);

const EXAMPLES: &str = "\
The token is valid for 12 hours, and only for the local stack. Users of a
deployed stack sign in with your identity provider: see docs/operating.md.

Examples:
  leadctl --local token --business business_1
  leadctl --local token --business business_1 --scope leads:read \\
      --output json | jq -r .token
  curl -H \"Authorization: Bearer $(leadctl --local token \\
      --business business_1)\" http://127.0.0.1:3000/analytics/my";

/// What the token allows.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The business whose leads the token may read
    #[arg(long)]
    business: BusinessId,

    /// What it allows, separated by spaces [default: everything]
    #[arg(long, value_name = "SCOPES", value_delimiter = ' ',
        value_parser = PossibleValuesParser::new(Scope::ALL.map(Scope::as_str)))]
    scope: Vec<String>,
}

#[derive(Serialize)]
struct Token {
    token: String,
}

#[derive(Deserialize)]
struct Answer {
    access_token: String,
}

/// Prints a token. A business without a source gets one, too, with a warning: its inbox is empty.
///
/// # Errors
/// [`Error::Usage`] unless the target is a local stack with a gateway; [`Error::NotFound`] for a key in the place of the
/// business; [`Error::Aws`] when the issuer or a table does not answer.
pub(crate) async fn run(arguments: &Arguments, target: &Target, output: &mut Output) -> Result<(), Error> {
    let Some(issuer) = &target.issuer else {
        return Err(Error::Usage(match target.is_backends_only() {
            true => format!("{} runs no API and no issuer of tokens: start it without --backends-only", target.name),
            false => "only a local stack with a gateway has an issuer of tokens: give --local".to_owned(),
        }));
    };
    known::not_a_key(arguments.business.as_str())?;
    match known::sources_of(target, &arguments.business).await {
        Err(Error::NotFound(unknown)) => output::note(format_args!("Warning: {unknown}. The token reads nothing.")),
        known => drop(known?),
    }
    let scope = match arguments.scope.as_slice() {
        [] => Scope::ALL.map(Scope::as_str).join(" "),
        scopes => scopes.join(" "),
    };
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("business_id", arguments.business.as_str())
        .append_pair("scope", &scope)
        .finish();
    let client = web::client(None).map_err(|error| Error::Refused(error.to_string()))?;
    let post = client
        .post(format!("{issuer}/token"))
        .header("content-type", "application/x-www-form-urlencoded")
        .timeout(TIMEOUT)
        .body(form);
    let out_of_reach = |_| target.out_of_reach(format!("the issuer at {issuer} is out of reach"));
    let answer = post.send().await.map_err(out_of_reach)?.bytes().await.map_err(out_of_reach)?;
    let answer: Answer = serde_json::from_slice(&answer)
        .map_err(|_| Error::Refused(format!("the issuer at {issuer} answers with something else than a token")))?;
    output.show(&Token { token: answer.access_token }, write)
}

fn write(page: &mut Page<'_>, token: &Token) -> io::Result<()> {
    writeln!(page, "{}", token.token)
}
