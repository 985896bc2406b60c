//! Payloads that a command is given.

use std::io::{self, Read};
use std::path::Path;

use crate::error::{Error, reason};

/// Reads a file, or standard input for `-`.
///
/// # Errors
/// [`Error::Refused`] when it cannot be read.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    let read = match path.to_str() {
        Some("-") => io::stdin().lock().read_to_end(&mut body).map(|_| ()),
        _ => std::fs::read(path).map(|read| body = read),
    };
    read.map_err(|error| Error::Refused(format!("{} cannot be read: {}", path.display(), reason(&error))))?;
    Ok(body)
}
