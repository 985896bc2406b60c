//! When a partner captured a lead.

use jiff::Timestamp;

/// The moment from which a partner can have captured anything, 1900-01-01T00:00:00Z: what is older is a slip.
const EARLIEST: Timestamp = Timestamp::constant(-2_208_988_800, 0);

/// Reads RFC 3339 with an offset, and gives it back in UTC (contract, section 3.1, `createdAt`).
///
/// The looser ISO 8601 forms of an offset (`+0000`, `+00`) are read as well, since they leave no doubt. `None` without an
/// offset, for a day or time that does not exist, and before 1900.
#[must_use]
pub fn parse(text: &str) -> Option<Timestamp> {
    // A time-zone name in brackets is RFC 9557.
    if text.contains('[') {
        return None;
    }
    text.parse().ok().filter(|moment| *moment >= EARLIEST)
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
            ("1900-01-01T00:00:00Z", "1900-01-01T00:00:00Z"),
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
            "1899-12-31T23:59:59Z",
            "10000-01-01T00:00:00Z",
            "1781524800",
            "06/15/2026 12:00",
            "now",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
