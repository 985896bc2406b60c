//! `cargo run`: the whole product on this machine, with nothing to install.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use leadping::settings::{LookupSettings, Secret, SecretSetting, TRUSTED_FORM, optional};
use leadping::telemetry;
use local::stack::{Options, Stack};
use local::terminal;
use tracing::Level;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Runs Leadping's lead intake on this machine: the API, its three functions, DynamoDB, SQS, and stand-ins for
/// TrustedForm and the phone look-up.
///
/// The functions are the ones that run on AWS, and so are the clients they use; only the addresses differ.
#[derive(Parser)]
#[command(version, after_help = EXAMPLES)]
struct Arguments {
    /// The API's port on 127.0.0.1; 0 takes any free one.
    #[arg(long, default_value_t = 3000)]
    port: u16,
    /// Runs only what the functions call, for functions that run elsewhere: under `cargo lambda watch`, `sam local` or a
    /// debugger. Their environment stands in functions.env, beside the data.
    #[arg(long, conflicts_with_all = ["port", "sweep"])]
    backends_only: bool,
    /// Keeps nothing: the leads are gone when it stops.
    #[arg(long)]
    memory: bool,
    /// Where the leads are kept, and where `leadctl --local` finds what is running.
    #[arg(long, value_name = "DIRECTORY", default_value = ".leadping")]
    data: PathBuf,
    /// Seconds between two sweeps for unfinished leads; 60 on AWS.
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    sweep: u64,
    /// One JSON object a line, as on AWS, instead of lines for people.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  cargo run                         start it; the leads are kept in .leadping
  cargo run -- --memory --port 0    start it with nothing kept, on any free port
  cargo run -- --backends-only      start DynamoDB, SQS and the stand-ins alone; then, in another terminal,
  cargo lambda watch --env-file .leadping/functions.env
                                    the functions as AWS runs them, on port 9000
  RUST_LOG=debug cargo run          say more

Environment:
  TRUSTED_FORM_API_KEY                      use the real TrustedForm (TRUSTED_FORM_URL: at another address)
  PHONE_LOOKUP=twilio TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN
  PHONE_LOOKUP=telnyx TELNYX_API_KEY        use a real look-up provider
  PHONE_LOOKUP=none                         look nothing up";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    // The engine warns of each condition that does not hold, which is how repeats are met.
    let filter = telemetry::filter().with_target("dynoxide", Level::ERROR);
    let lines = if arguments.json {
        tracing_subscriber::fmt::layer().json().flatten_event(true).with_current_span(true).boxed()
    } else {
        terminal::Lines.boxed()
    };
    tracing_subscriber::registry().with(lines.with_filter(filter)).init();

    let stack = Stack::start(&options(&arguments)?).await?;
    let (running, environment) = (arguments.data.join("running.json"), arguments.data.join("functions.env"));
    let lines: String =
        stack.addresses().environment().iter().map(|(name, value)| format!("{name}={value}\n")).collect();
    write(&environment, &lines)?;
    write(&running, &serde_json::to_string_pretty(stack.addresses())?)?;
    let kept_in = if arguments.memory { "nowhere".to_owned() } else { format!("in {}", arguments.data.display()) };
    if !arguments.json {
        terminal::welcome(stack.addresses(), &kept_in, &environment)?;
    }

    interrupted().await?;
    writeln!(anstream::stderr(), "\nStopping: what is under way is answered first.")?;
    // Another stack may have started since and written its own.
    let mine = format!("\"pid\": {}", stack.addresses().pid);
    stack.stop().await;
    if fs::read_to_string(&running).is_ok_and(|text| text.contains(&mine)) {
        fs::remove_file(&running)?;
        fs::remove_file(&environment)?;
    }
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

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// Waits for Ctrl-C, or for the signal by which services are stopped.
async fn interrupted() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            pressed = tokio::signal::ctrl_c() => pressed,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
