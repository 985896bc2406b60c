//! When a partner captured a lead.

use jiff::Timestamp;

/// Reads RFC 3339 with an offset, and gives it back in UTC (contract, section 3.1, `createdAt`).
///
/// The looser ISO 8601 forms of an offset (`+0000`, `+00`) are read as well, since they leave no doubt. `None` without an
/// offset, and for a day or time that does not exist. How old it is does not matter: a system that does not know prints
/// the year 1, and its lead is no worse for that.
#[must_use]
pub fn parse(text: &str) -> Option<Timestamp> {
    // A time-zone name in brackets is RFC 9557.
    if text.contains('[') || !is_written_out(text) {
        return None;
    }
    text.parse().ok()
}

/// Whether date and time stand as RFC 3339 has them. The parser also takes compact and shortened ones, signed years and
/// decimal commas.
fn is_written_out(text: &str) -> bool {
    const SHAPE: &[u8; 19] = b"0000-00-00T00:00:00";
    let fits = |(sent, shape): (u8, &u8)| match shape {
        b'0' => sent.is_ascii_digit(),
        b'T' => matches!(sent, b'T' | b't' | b' '),
        sign => sent == *sign,
    };
    text.len() > SHAPE.len() && text.bytes().zip(SHAPE).all(fits) && !text.contains(',')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_stored_in_utc() {
        for (text, utc) in [
            ("2026-06-15T12:00:00Z", "2026-06-15T12:00:00Z"),
            ("2026-06-15t12:00:00z", "2026-06-15T12:00:00Z"),
            ("2026-06-15 12:00:00Z", "2026-06-15T12:00:00Z"),
            ("2026-06-15T12:00:00.25Z", "2026-06-15T12:00:00.25Z"),
            ("2026-06-15T07:00:00-05:00", "2026-06-15T12:00:00Z"),
            ("2026-06-16T01:30:00+13:30", "2026-06-15T12:00:00Z"),
            ("2026-06-15T12:00:00.000+0000", "2026-06-15T12:00:00Z"),
            ("2026-06-15T12:00:00-00:00", "2026-06-15T12:00:00Z"),
            ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"), // what .NET prints for "not known"
        ] {
            let moment = parse(text).map(|moment| moment.to_string());
            assert_eq!(moment.as_deref(), Some(utc), "{text}");
            assert_eq!(parse(utc), parse(text), "again: {utc}");
        }
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in [
            "",
            "2026-06-15",
            "2026-06-15T12:00:00",
            "2026-06-15 12:00:00",
            "2026-06-15Z",
            "2026-02-30T12:00:00Z",
            "2026-06-15T25:00:00Z",
            "2026-06-15T12:60:00Z",
            "2026-06-15T12:00:00+99:00",
            "2026-06-15T12:00:00 UTC",
            "2026-06-15T12:00:00Z[UTC]",
            "2026-06-15T07:00:00-05:00[America/Chicago]",
            "10000-01-01T00:00:00Z",
            "1781524800",
            "06/15/2026 12:00",
            "now",
            "20260615T120000Z",
            "2026-06-15T12:00Z",
            "2026-06-15T12Z",
            "2026-06-15T12:00:00,5Z",
            "+002026-06-15T12:00:00Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
