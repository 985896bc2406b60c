//! The limits of a source: how many leads it may send, and what happens when it sends a person twice (contract, section
//! 10).

use std::collections::BTreeSet;
use std::fmt::Write;
use std::str::FromStr;
use std::time::Duration;

use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize};
use serde_with::skip_serializing_none;

use crate::time::Timestamp;

/// How many new leads of a source are accepted. At least one of the caps is given.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Caps {
    /// The most new leads in a day. 0 pauses the source.
    pub day: Option<u32>,
    /// The most new leads in an hour. 0 pauses the source.
    pub hour: Option<u32>,
    /// Where the day and the hour begin.
    #[serde(default)]
    pub time_zone: Zone,
}

/// A time zone of the IANA database, by its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Zone(String);

/// The text names no time zone.
#[derive(Debug, thiserror::Error)]
#[error("not a time zone; give its name in the IANA database, for example America/New_York")]
pub struct InvalidZone;

/// A day and an hour of a zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Windows {
    /// The date of the day in its zone: `2026-06-15`.
    pub date: String,
    /// The day, which has 23 or 25 hours twice a year in most zones.
    pub day: Window,
    /// The hour, by the clock of the zone.
    pub hour: Window,
}

/// A time from its start up to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what it is called")]
pub struct Window {
    pub start: Timestamp,
    pub end: Timestamp,
}

/// How many new leads were counted in the windows of a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what it is called")]
pub struct Counts {
    pub day: u32,
    pub hour: u32,
}

/// How far a source has used up its caps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage(Vec<Policy>);

/// How far one cap is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Policy {
    name: &'static str,
    quota: u32,
    remaining: u32,
    /// The length of the window, in seconds.
    window: u64,
    /// The time until the next window begins, in seconds.
    reset: u64,
}

/// What counts as the same person, and what follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Duplicates {
    /// What identifies a person. A lead without it is not compared by it.
    pub by: BTreeSet<PersonKey>,
    /// How long a lead counts as an earlier one.
    pub days: u16,
    /// Whose earlier leads count.
    pub scope: Scope,
    /// What happens to the later lead.
    pub action: Action,
}

/// What identifies a person, in the order in which it is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "each is what it is called")]
pub enum PersonKey {
    Phone,
    Email,
}

/// Whose earlier leads count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Those of the same source.
    Source,
    /// Those of every source of the business that compares in this scope.
    Business,
}

/// What happens to the later lead of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is accepted and marked.
    Flag,
    /// It is refused with 409, and nothing is stored.
    Refuse,
}

/// Reads the caps of a stored source. Without a number there is nothing to compare with.
pub(super) fn stored_caps<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Caps>, D::Error> {
    Ok(Option::<Caps>::deserialize(from)?.and_then(Caps::given))
}

/// Reads the same for duplicates. Without a key, no person is the same as another.
pub(super) fn stored_duplicates<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duplicates>, D::Error> {
    Ok(Option::<Duplicates>::deserialize(from)?.filter(|duplicates| !duplicates.by.is_empty()))
}

impl Caps {
    /// The caps, if there is at least one.
    pub fn given(self) -> Option<Self> {
        (self.day.is_some() || self.hour.is_some()).then_some(self)
    }

    /// The day and the hour of a moment.
    pub fn windows(&self, now: Timestamp) -> Windows {
        let instant = jiff::Timestamp::from(now);
        let local = jiff::ZonedDateTime::new(instant, self.time_zone.time_zone());
        // Only the first and the last day of the calendar have no beginning or no next day.
        let day = Window {
            start: local.start_of_day().map_or(now, |start| start.timestamp().into()),
            end: local.tomorrow().and_then(|next| next.start_of_day()).map_or(now, |end| end.timestamp().into()),
        };
        let into_the_hour = jiff::SignedDuration::new(
            i64::from(local.minute()) * 60 + i64::from(local.second()),
            local.subsec_nanosecond(),
        );
        let start: Timestamp = instant.saturating_sub(into_the_hour).unwrap_or(instant).into();
        let hour = Window { start, end: start.after(HOUR) };
        Windows { date: local.date().to_string(), day, hour }
    }

    /// Whether a cap is 0, so that no lead is accepted.
    pub fn is_paused(&self) -> bool {
        self.day == Some(0) || self.hour == Some(0)
    }

    /// How far the caps are used up at `now`, when this many leads were counted in its windows. Without counts, only the caps
    /// of 0 are known to be used up, and no others are told.
    pub fn usage(&self, windows: &Windows, counts: Option<Counts>, now: Timestamp) -> Usage {
        let policy = |name, quota: Option<u32>, count: Option<u32>, window: Window| {
            let quota = quota.filter(|quota| count.is_some() || *quota == 0)?;
            Some(Policy {
                name,
                quota,
                remaining: quota.saturating_sub(count.unwrap_or(0)),
                window: seconds_up(window.end.since(window.start)),
                reset: seconds_up(window.end.since(now)),
            })
        };
        let day = policy("day", self.day, counts.map(|counts| counts.day), windows.day);
        let hour = policy("hour", self.hour, counts.map(|counts| counts.hour), windows.hour);
        Usage(day.into_iter().chain(hour).collect())
    }
}

/// The length of an hour.
const HOUR: Duration = Duration::from_secs(60 * 60);

/// Whole seconds, rounded up, so that the wait is long enough.
fn seconds_up(duration: Duration) -> u64 {
    duration.as_secs().saturating_add(u64::from(duration.subsec_nanos() > 0))
}

impl Usage {
    /// The caps that are used up: `day`, `hour`.
    pub fn used_up(&self) -> impl Iterator<Item = &'static str> {
        self.used_up_policies().map(|policy| policy.name)
    }

    /// Whether a cap of 0 pauses the source.
    pub fn is_paused(&self) -> bool {
        self.0.iter().any(|policy| policy.quota == 0)
    }

    /// How many seconds to wait until the windows of all caps that are used up have ended.
    pub fn retry_after(&self) -> u64 {
        self.used_up_policies().map(|policy| policy.reset).max().unwrap_or_default()
    }

    /// The value of `RateLimit-Policy`: `"day";q=500;w=86400`.
    pub fn policy_header(&self) -> String {
        self.header(|policy| [('q', policy.quota.into()), ('w', policy.window)])
    }

    /// The value of `RateLimit`: `"day";r=12;t=36120`.
    pub fn header_of_rest(&self) -> String {
        self.header(|policy| [('r', policy.remaining.into()), ('t', policy.reset)])
    }

    fn used_up_policies(&self) -> impl Iterator<Item = &Policy> {
        self.0.iter().filter(|policy| policy.remaining == 0)
    }

    fn header(&self, parameters: impl Fn(&Policy) -> [(char, u64); 2]) -> String {
        let mut value = String::new();
        for policy in &self.0 {
            let separator = if value.is_empty() { "" } else { ", " };
            let [(one, first), (other, second)] = parameters(policy);
            // Writing to a text never fails.
            let _ = write!(value, "{separator}\"{}\";{one}={first};{other}={second}", policy.name);
        }
        value
    }
}

impl Zone {
    /// The zone as `jiff` knows it. A stored name that this release does not know counts as UTC, so that the source can
    /// still send.
    fn time_zone(&self) -> TimeZone {
        TimeZone::get(&self.0).unwrap_or(TimeZone::UTC)
    }

    /// Whether this release knows the zone. A later release may know more names.
    pub fn is_known(&self) -> bool {
        TimeZone::get(&self.0).is_ok()
    }

    /// The name in the database, as operators gave it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Zone {
    fn default() -> Self {
        Self("UTC".to_owned())
    }
}

impl FromStr for Zone {
    type Err = InvalidZone;

    fn from_str(name: &str) -> Result<Self, InvalidZone> {
        let zone = TimeZone::get(name.trim()).map_err(|_| InvalidZone)?;
        zone.iana_name().map(|name| Self(name.to_owned())).ok_or(InvalidZone)
    }
}

impl Duplicates {
    /// The longest time for which a lead counts as an earlier one, in days.
    pub const MAX_DAYS: u16 = 3_650;

    /// The length of [`Self::MAX_DAYS`]. Guards are kept this long, whatever their source compares by.
    pub const MAX_LENGTH: Duration = days(Self::MAX_DAYS);

    /// When the leads were accepted that no longer count at `now`, at the latest.
    pub fn cutoff(&self, now: Timestamp) -> Timestamp {
        now.before(days(self.days))
    }
}

const fn days(days: u16) -> Duration {
    // `u64::from` is not for constants.
    Duration::from_secs(days as u64 * 24 * 60 * 60)
}

impl PersonKey {
    /// The name in settings and keys.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Email => "email",
        }
    }
}

#[cfg(test)]
mod tests;
