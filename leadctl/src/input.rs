//! Payloads and numbers that a command is given.

use std::fmt::Display;
use std::io::{self, Read};
use std::ops::RangeInclusive;
use std::path::Path;
use std::str::FromStr;

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

/// Parses a whole number of the command line, and says which ones are expected.
pub(crate) fn whole<N>(expected: RangeInclusive<N>) -> impl Fn(&str) -> Result<N, String> + Clone
where
    N: Copy + Display + FromStr + PartialOrd,
{
    move |text| {
        let number = text.parse().ok().filter(|number| expected.contains(number));
        number.ok_or_else(|| format!("give a whole number from {} to {}", expected.start(), expected.end()))
    }
}
