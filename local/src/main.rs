//! `cargo run`: the whole product on this machine, with nothing to install.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use leadping::settings::{LookupSettings, Secret, SecretSetting, TRUSTED_FORM, optional};
use leadping::telemetry;
use local::running::Claim;
use local::stack::{Options, Stack, left_by_earlier_versions};
use local::{stand_ins, terminal};
use tracing::Level;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Runs Leadping's lead intake on this machine: the API, its functions, DynamoDB, SQS, and stand-ins for EventBridge,
/// TrustedForm and the phone lookup.
///
/// The functions and their clients are the ones that run on AWS. Only the addresses differ.
#[derive(Parser)]
#[command(version, after_help = after_help())]
struct Arguments {
    /// The API's port on 127.0.0.1; 0 for any free port.
    #[arg(long, default_value_t = 3000)]
    port: u16,
    /// Runs only what the functions call, for functions that run elsewhere: under `cargo lambda watch`, `sam local` or a
    /// debugger. Their environment is in functions.env, next to running.json.
    #[arg(long, conflicts_with_all = ["port", "sweep"])]
    backends_only: bool,
    /// Keeps the leads in memory. They are gone when it stops.
    #[arg(long)]
    memory: bool,
    /// The directory of the leads, and of running.json, by which `leadctl --local` finds the stack. If another running
    /// stack has its running.json there, this one's is in a temporary directory, which is printed.
    #[arg(long, value_name = "DIRECTORY", default_value = terminal::DATA)]
    data: PathBuf,
    /// Seconds between two sweeps for unfinished leads; 60 on AWS.
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    sweep: u64,
    /// Prints one JSON object a line, as on AWS, instead of lines for people.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  cargo run                         start it; the leads are kept in .leadping
  cargo run -- --memory --port 0    leads in memory, any free port
  cargo run -- --backends-only      only DynamoDB, SQS and the stand-ins; then
  cargo lambda watch --env-file .leadping/functions.env
                                    runs the functions as AWS does, on port 9000
  RUST_LOG=leadping=debug,local=debug cargo run
                                    print more; RUST_LOG=debug: libraries, too
  CARGO_PROFILE_DEV_DEBUG=full cargo run
                                    build with variables for a debugger; all
                                    functions are in this one process

Environment:
  TRUSTED_FORM_API_KEY              use the real TrustedForm; TRUSTED_FORM_URL:
                                    at another address
  PHONE_LOOKUP=twilio               use Twilio, with TWILIO_ACCOUNT_SID and
                                    TWILIO_AUTH_TOKEN
  PHONE_LOOKUP=telnyx               use Telnyx, with TELNYX_API_KEY
  PHONE_LOOKUP=none                 look up nothing";

fn after_help() -> String {
    format!(
        "{EXAMPLES}\n\nTo make the stand-ins fail, send a lead with one of these.\n{}",
        stand_ins::help().trim_end()
    )
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One line, even with RUST_BACKTRACE: it is about the machine and not about the code.
            let _ = writeln!(anstream::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    // The engine warns of every condition that does not hold. Each repeated lead is one.
    let filter =
        telemetry::filter().with_target("dynoxide", Level::ERROR).with_target("local::stand_ins::bus", Level::INFO);
    let lines = if arguments.json {
        tracing_subscriber::fmt::layer().json().flatten_event(true).with_current_span(true).boxed()
    } else {
        terminal::Lines(terminal::print).boxed()
    };
    tracing_subscriber::registry().with(lines.with_filter(filter)).init();

    let interrupted = interrupted()?;
    let claim = Claim::take(&arguments.data)?;
    let stack = Stack::start(&options(arguments)?).await?;
    claim.announce(stack.addresses())?;
    if !arguments.json {
        let kept = if arguments.memory { "in memory".to_owned() } else { format!("in {}", arguments.data.display()) };
        let old = if arguments.memory { Vec::new() } else { left_by_earlier_versions(&arguments.data) };
        // The stack also runs without a terminal.
        let _ = terminal::welcome(stack.addresses(), &kept, &old, &claim);
    }

    interrupted.await;
    writeln!(anstream::stderr(), "\nStopping. Open requests are answered first.")?;
    stack.stop().await;
    claim.release()?;
    Ok(())
}

fn options(arguments: &Arguments) -> anyhow::Result<Options> {
    let trusted_form = optional("TRUSTED_FORM_API_KEY").map(|key| -> anyhow::Result<_> {
        let url = optional("TRUSTED_FORM_URL").unwrap_or_else(|| TRUSTED_FORM.to_owned());
        Ok((url.parse().context("TRUSTED_FORM_URL is not a URL")?, SecretSetting::Value(Secret::new(key))))
    });
    Ok(Options {
        port: arguments.port,
        gateway: !arguments.backends_only,
        worker: !arguments.backends_only,
        data: (!arguments.memory).then(|| arguments.data.clone()),
        sweep: Duration::from_secs(arguments.sweep),
        trusted_form: trusted_form.transpose()?,
        lookup: optional("PHONE_LOOKUP").map(|_| LookupSettings::from_env()).transpose()?,
        ..Options::default()
    })
}

/// The signals to stop: Ctrl-C, and SIGTERM, by which service managers stop a process. They are caught from now on.
#[cfg(unix)]
fn interrupted() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn interrupted() -> std::io::Result<impl Future<Output = ()>> {
    let mut interrupt = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        let _ = interrupt.recv().await;
    })
}
