//! What the product logs while the suites run, kept to be searched.

use std::io::{self, Write};
use std::sync::{Mutex, Once, PoisonError};

use leadping::telemetry::metric;
use tracing_subscriber::EnvFilter;

static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static START: Once = Once::new();

/// Of the product everything, even what a deployment does not log; of others what a deployment does.
const FILTER: &str = "warn,leadping=trace,create_lead=trace,intake_lead=trace,process_lead=trace";

/// Keeps from now on what this process logs, as the functions would write it.
pub fn start() {
    START.call_once(|| {
        let filter = EnvFilter::new(format!("{FILTER},{}=trace", metric::TARGET));
        // Without times, whose digits would be taken for a ZIP code's.
        let lines = tracing_subscriber::fmt().json().flatten_event(true).without_time().with_env_filter(filter);
        lines.with_writer(|| Log).init();
    });
}

/// What has been logged so far.
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
