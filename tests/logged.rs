//! Keeps what the product logs while the suites run, so that they can search it.

use std::io::{self, Write};
use std::sync::{Mutex, Once, PoisonError};

use leadping::telemetry::metric;
use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static START: Once = Once::new();

/// The product's own targets. All their lines are kept, even those below the deployed level.
const OURS: [&str; 5] = ["leadping", "create_lead", "intake_lead", "process_lead", metric::TARGET];

/// From now on, keeps what this process logs, in the functions' format.
pub fn start() {
    START.call_once(|| {
        let filter = Targets::new().with_default(Level::WARN).with_targets(OURS.map(|target| (target, Level::TRACE)));
        let lines = tracing_subscriber::fmt::layer().json().flatten_event(true);
        tracing_subscriber::registry().with(lines.with_writer(|| Log).with_filter(filter)).init();
    });
}

/// The log so far.
pub fn text() -> String {
    String::from_utf8_lossy(&LOG.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
}

struct Log;

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
