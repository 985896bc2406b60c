//! Logs and metrics: JSON lines in Lambda, a line for each step of a lead, and the metrics of the alarms and the
//! dashboard.
//!
//! No line contains personal data or a secret (contract, section 8). Libraries log at `warn` and above only, because
//! their lower levels may quote a request.

pub mod metric;
mod outcome;
pub mod step;

pub use outcome::{LookupEnd, PostEnd};

use std::{io, panic, thread};

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::settings;

/// The log filter: `RUST_LOG`, or else `info` for our own code and `warn` for libraries.
pub fn filter() -> Targets {
    let chosen = settings::optional("RUST_LOG").and_then(|filter| filter.parse().ok());
    chosen.unwrap_or_else(|| Targets::new().with_default(Level::WARN).with_target("leadping", Level::INFO))
}

/// Logs where a panic happens, but not its message, which can quote the input.
pub fn log_panics() {
    panic::set_hook(Box::new(|panicked| {
        let (file, line) = panicked.location().map_or(("unknown", 0), |place| (place.file(), place.line()));
        tracing::error!(file, line, thread = thread::current().name(), "panicked");
    }));
}

/// Starts logging in a Lambda function: one JSON object per line, panics included, and metrics in CloudWatch's embedded
/// format.
pub fn init() {
    log_panics();
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_writer(io::stdout)
        .with_filter(filter());
    // Each layer needs a filter. Without one, every span of every library is created and then dropped, which is 5 % of
    // the work for a lead.
    let metrics = metric::Embedded::from_env().with_filter(Targets::new().with_target(metric::TARGET, Level::INFO));
    tracing_subscriber::registry().with(lines).with(metrics).init();
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A log that the test can read.
    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_panic_is_logged_without_its_message() {
        let kept = Kept::default();
        let writer = kept.clone();
        let subscriber = tracing_subscriber::fmt().json().with_writer(move || writer.clone()).finish();
        tracing::subscriber::with_default(subscriber, || {
            let before = panic::take_hook();
            log_panics();
            let panicked = panic::catch_unwind(|| panic!("jordan@example.com"));
            panic::set_hook(before);
            assert!(panicked.is_err());
        });
        let log = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        assert!(log.contains("panicked") && log.contains("telemetry.rs") && !log.contains("jordan"), "{log}");
    }
}
