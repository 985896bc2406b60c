//! What a page is read on, and what depends on that: its width, and how times are told.

use std::io::IsTerminal;

use leadping::settings::optional;
use leadping::time::Timestamp;

/// Width of a terminal that does not tell.
const USUAL_WIDTH: u16 = 80;

/// Output is arranged as on a terminal of this many columns when this is set, wherever it goes.
pub(crate) const FORCE_TTY: &str = "LEADCTL_FORCE_TTY";

/// What a page is read on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Screen {
    /// The columns of a terminal; none elsewhere.
    pub(crate) width: Option<u16>,
    /// Whether everything is shown, however wide it gets.
    pub(crate) wide: bool,
    pub(super) now: Timestamp,
}

impl Screen {
    /// Standard output.
    pub(crate) fn stdout(wide: bool) -> Self {
        let forced = optional(FORCE_TTY).map(|columns| columns.parse().unwrap_or(USUAL_WIDTH));
        let measured = || {
            let width = || terminal_size::terminal_size().map_or(USUAL_WIDTH, |(width, _)| width.0);
            std::io::stdout().is_terminal().then(width)
        };
        Self { width: forced.or_else(measured), wide, now: Timestamp::now() }
    }

    /// A moment: on a terminal how long ago it was, elsewhere the moment itself.
    pub(crate) fn time(&self, at: Timestamp) -> String {
        if self.width.is_some() && !self.wide { relative(at, self.now) } else { at.to_string() }
    }

    /// A moment in the past within a sentence: its time of today, or its day.
    pub(crate) fn brief(&self, at: Timestamp) -> String {
        let text = at.to_string();
        match at.day() == self.now.day() {
            true => text.get(11..16).unwrap_or(&text).to_owned(),
            false => at.day(),
        }
    }
}

/// `2 min ago`, `in 7 d`; after two months the day.
fn relative(at: Timestamp, now: Timestamp) -> String {
    let (past, future) = (now.since(at).as_secs(), at.since(now).as_secs());
    // The end of seven days is in seven days still a moment after they began.
    let length = past.max(future + future / 100);
    let length = match (length, length / 60, length / 3_600, length / 86_400) {
        (seconds, 0, ..) => format!("{seconds} s"),
        (_, minutes, 0, _) => format!("{minutes} min"),
        (_, _, hours, 0) => format!("{hours} h"),
        (.., days) if days <= 60 => format!("{days} d"),
        _ => return at.day(),
    };
    if future > past { format!("in {length}") } else { format!("{length} ago") }
}

/// A length of time in two units at most: `1 h 5 min`.
pub(crate) fn duration(seconds: u64) -> String {
    match (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0, seconds) => format!("{seconds} s"),
        (0, 0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (0, hours, minutes, _) => format!("{hours} h {minutes} min"),
        (days, hours, ..) => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_time_is_relative_on_a_terminal_alone() {
        let now = at("2026-06-15T12:00:00Z");
        for (moment, told) in [
            ("2026-06-15T12:00:00.500Z", "0 s ago"),
            ("2026-06-15T11:59:01Z", "59 s ago"),
            ("2026-06-15T11:58:00Z", "2 min ago"),
            ("2026-06-15T09:00:00Z", "3 h ago"),
            ("2026-06-13T12:00:00Z", "2 d ago"),
            ("2026-04-01T12:00:00Z", "2026-04-01"),
            ("2026-06-22T12:00:00Z", "in 7 d"),
            ("2026-06-22T11:59:58Z", "in 7 d"),
            ("2026-06-21T23:00:00Z", "in 6 d"),
            ("2026-06-15T12:00:40Z", "in 40 s"),
            ("2026-12-24T12:00:00Z", "2026-12-24"),
        ] {
            assert_eq!(relative(at(moment), now), told, "{moment}");
            let screen = Screen { width: Some(80), wide: false, now };
            assert_eq!(screen.time(at(moment)), told);
            for screen in [Screen { width: None, ..screen }, Screen { wide: true, ..screen }] {
                assert_eq!(screen.time(at(moment)), at(moment).to_string());
            }
        }
        let screen = Screen { width: None, wide: false, now };
        assert_eq!(screen.brief(at("2026-06-15T08:09:10Z")), "08:09");
        assert_eq!(screen.brief(at("2026-06-14T08:09:10Z")), "2026-06-14");
    }

    #[test]
    fn a_duration_has_two_units_at_most() {
        for (seconds, text) in [(0, "0 s"), (61, "1 min 1 s"), (3_660, "1 h 1 min"), (90_000, "1 d 1 h")] {
            assert_eq!(duration(seconds), text);
        }
    }
}
