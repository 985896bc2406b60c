//! When a partner captured a lead.

use jiff::Timestamp;
use jiff::tz::Offset;

/// Reads RFC 3339 with an offset from 00:00 to 23:59, and returns the time in UTC (contract, section 3.1).
///
/// Also reads the ISO 8601 offsets `+0000` and `+00`, because they are unambiguous. `None` without an offset, and for a
/// day or time that does not exist. Any age is valid: some systems print the year 1 for an unknown time, and their
/// leads are fine.
pub fn parse(text: &str) -> Option<Timestamp> {
    let moment: Timestamp = text.parse().ok().filter(|_| is_written_out(text))?;
    // An offset can move the year 0 to a year before it, which four digits cannot express.
    (Offset::UTC.to_datetime(moment).year() >= 0).then_some(moment)
}

/// Whether the text has the form of RFC 3339. The parser also accepts compact and shortened dates, signed years,
/// decimal commas, offsets of more than a day or with seconds, and time-zone names.
fn is_written_out(text: &str) -> bool {
    const SHAPE: &[u8; 19] = b"0000-00-00T00:00:00";
    let fits = |(sent, shape): (u8, &u8)| match shape {
        b'0' => sent.is_ascii_digit(),
        b'T' => matches!(sent, b'T' | b't' | b' '),
        sign => sent == *sign,
    };
    let offset = text.get(SHAPE.len()..).unwrap_or_default();
    let offset = offset.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    let is_offset = match offset.strip_prefix(['+', '-']) {
        Some(time) => time.len() <= "00:00".len() && time.get(..2).is_some_and(|hours| hours <= "23"),
        None => matches!(offset, "Z" | "z"),
    };
    text.bytes().zip(SHAPE).all(fits) && is_offset
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_stored_in_utc() {
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
            ("2026-06-15T12:00:00+0000", "2026-06-15T12:00:00Z"),
            ("2026-06-15 12:00:00+00", "2026-06-15T12:00:00Z"), // what PostgreSQL prints
            ("2026-06-15T07:00:00-0500", "2026-06-15T12:00:00Z"),
            ("2026-06-16T11:59:00+23:59", "2026-06-15T12:00:00Z"),
            ("2026-06-14T12:01:00-23:59", "2026-06-15T12:00:00Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"), // what .NET prints for "not known"
            ("0001-01-01T00:00:00+05:00", "0000-12-31T19:00:00Z"), // and what it prints in Asia
        ] {
            let moment = parse(text).map(|moment| moment.to_string());
            assert_eq!(moment.as_deref(), Some(utc), "{text}");
            assert_eq!(parse(utc), parse(text), "again: {utc}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "2026-06-15",
            "2026-06-15T12:00:00",
            "2026-06-15 12:00:00",
            "2026-06-15Z",
            "2026-02-30T12:00:00Z",
            "2026-06-15T25:00:00Z",
            "2026-06-15T12:60:00Z",
            "2026-06-15T12:00:00+24:00",
            "2026-06-15T12:00:00-24:00",
            "2026-06-15T12:00:00+2400",
            "2026-06-15T12:00:00+24",
            "2026-06-15T12:00:00+25:59",
            "2026-06-15T12:00:00+99:00",
            "2026-06-15T12:00:00+05:60",
            "2026-06-15T12:00:00+05:30:15",
            "2026-06-15T12:00:00+053015",
            "2026-06-15T12:00:00+5:30",
            "2026-06-15T12:00:00+5",
            "2026-06-15T12:00:00+",
            "2026-06-15T12:00:00 05:00", // a form turned the plus sign into a space
            "2026-06-15T12:00:00 +05:00",
            "2026-06-15T12:00:00\u{2212}05:00",
            "0000-01-01T00:00:00+00:01",
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
