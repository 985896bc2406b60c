//! The limits of a source as the command line gives them (contract, section 10).

use std::collections::BTreeSet;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use leadping::source::Source;
use leadping::source::limits::{Action, Caps, Duplicates, InvalidZone, PersonKey, Scope, Zone};
use serde::de::value::StringDeserializer;
use serde::de::{DeserializeOwned, IntoDeserializer};

use super::rules::GIVEN;
use crate::error::Error;
use crate::input::whole;

/// How long a lead counts as an earlier one, unless the operator says.
const DAYS: u16 = 30;

/// Abbreviations that operators may type for the zone of a place, and that place. The IANA database has some of them, as zones
/// that are an hour off for half of the year.
const ABBREVIATIONS: [(&str, &str); 15] = [
    ("ET", "America/New_York"),
    ("EST", "America/New_York, or America/Panama for EST all year"),
    ("EDT", "America/New_York"),
    ("CT", "America/Chicago"),
    ("CST", "America/Chicago"),
    ("CDT", "America/Chicago"),
    ("MT", "America/Denver"),
    ("MST", "America/Denver, or America/Phoenix for MST all year"),
    ("MDT", "America/Denver"),
    ("PT", "America/Los_Angeles"),
    ("PST", "America/Los_Angeles"),
    ("PDT", "America/Los_Angeles"),
    ("AKST", "America/Anchorage"),
    ("AKDT", "America/Anchorage"),
    ("HST", "Pacific/Honolulu"),
];

/// Reads a time zone.
fn zone(text: &str) -> Result<Zone, String> {
    match ABBREVIATIONS.iter().find(|(name, _)| text.trim().eq_ignore_ascii_case(name)) {
        Some((_, place)) => Err(format!("an abbreviation, not the time zone of a place; give {place}")),
        None => text.parse().map_err(|error: InvalidZone| error.to_string()),
    }
}

/// Limits that are given when a source is created and when it is changed.
#[derive(Debug, Args)]
#[group(skip)]
#[command(next_help_heading = "Limits")]
pub(super) struct LimitArguments {
    /// Accept at most this many new leads a day; 0 pauses the source
    #[arg(long, group = GIVEN, value_name = "N", allow_negative_numbers = true, value_parser = whole(0..=u32::MAX))]
    cap_day: Option<u32>,

    /// Accept at most this many new leads an hour; 0 pauses the source
    #[arg(long, group = GIVEN, value_name = "N", allow_negative_numbers = true, value_parser = whole(0..=u32::MAX))]
    cap_hour: Option<u32>,

    /// Where days and hours begin, as America/New_York; UTC when not given
    #[arg(long, group = GIVEN, value_name = "ZONE", value_parser = zone)]
    cap_zone: Option<Zone>,

    /// Look for earlier leads of the same person, by phone, email or both
    #[arg(long, group = GIVEN, value_name = "KEY", value_delimiter = ',', value_parser = named::<PersonKey>(["phone", "email"]))]
    duplicates: Vec<PersonKey>,

    /// How many days a lead counts as an earlier one; 30 when not given
    #[arg(long, group = GIVEN, value_name = "N", allow_negative_numbers = true, value_parser = whole(1..=Duplicates::MAX_DAYS))]
    duplicate_days: Option<u16>,

    /// Whose earlier leads count: those of this source, or those of every source of the business with this scope
    #[arg(long, group = GIVEN, value_parser = named::<Scope>(["source", "business"]))]
    duplicate_scope: Option<Scope>,

    /// Whether a duplicate is accepted and marked, or refused
    #[arg(long, group = GIVEN, value_parser = named::<Action>(["flag", "refuse"]))]
    duplicate_action: Option<Action>,
}

/// Limits that a change removes.
#[derive(Debug, Args)]
#[group(skip)]
#[command(next_help_heading = "Limits")]
pub(super) struct RemovedLimits {
    /// Accept any number of leads a day
    #[arg(long, group = GIVEN, conflicts_with = "cap_day")]
    no_cap_day: bool,

    /// Accept any number of leads an hour
    #[arg(long, group = GIVEN, conflicts_with = "cap_hour")]
    no_cap_hour: bool,

    /// Do not look for earlier leads of the same person
    #[arg(long, group = GIVEN, conflicts_with_all = ["duplicates", "duplicate_days", "duplicate_scope", "duplicate_action"])]
    no_duplicates: bool,
}

/// One of these names, which a setting has in a stored source, too.
fn named<T>(names: [&'static str; 2]) -> impl TypedValueParser<Value = T>
where
    T: DeserializeOwned + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(names).try_map(|name| {
        let name: StringDeserializer<serde::de::value::Error> = name.into_deserializer();
        T::deserialize(name)
    })
}

impl LimitArguments {
    /// Gives a source the limits that are on the command line; the others stay.
    ///
    /// # Errors
    /// [`Error::Refused`] for a part of a limit that the source does not have.
    pub(super) fn apply(self, source: &mut Source) -> Result<(), Error> {
        let before = source.limits.take();
        let day = self.cap_day.or(before.as_ref().and_then(|caps| caps.day));
        let hour = self.cap_hour.or(before.as_ref().and_then(|caps| caps.hour));
        let is_zoned = self.cap_zone.is_some();
        let time_zone = self.cap_zone.or(before.map(|caps| caps.time_zone)).unwrap_or_default();
        source.limits = Caps { day, hour, time_zone }.given();
        if is_zoned && source.limits.is_none() {
            return Err(Error::Refused(
                "the source has no cap that --cap-zone could be for: give --cap-day or --cap-hour, too".to_owned(),
            ));
        }

        let by: BTreeSet<_> = self.duplicates.into_iter().collect();
        let (days, scope, action) = (self.duplicate_days, self.duplicate_scope, self.duplicate_action);
        match &mut source.duplicates {
            Some(duplicates) => {
                if !by.is_empty() {
                    duplicates.by = by;
                }
                duplicates.days = days.unwrap_or(duplicates.days);
                duplicates.scope = scope.unwrap_or(duplicates.scope);
                duplicates.action = action.unwrap_or(duplicates.action);
            }
            None if !by.is_empty() => {
                source.duplicates = Some(Duplicates {
                    by,
                    days: days.unwrap_or(DAYS),
                    scope: scope.unwrap_or(Scope::Source),
                    action: action.unwrap_or(Action::Flag),
                });
            }
            None if days.is_some() || scope.is_some() || action.is_some() => {
                return Err(Error::Refused(
                    "the source does not look for duplicates: say by what, as --duplicates phone,email".to_owned(),
                ));
            }
            None => {}
        }
        Ok(())
    }
}

impl RemovedLimits {
    /// Removes limits of a source.
    pub(super) fn apply(&self, source: &mut Source) {
        if let Some(caps) = &mut source.limits {
            caps.day = caps.day.filter(|_| !self.no_cap_day);
            caps.hour = caps.hour.filter(|_| !self.no_cap_hour);
        }
        source.limits = source.limits.take().and_then(Caps::given);
        source.duplicates = source.duplicates.take().filter(|_| !self.no_duplicates);
    }
}

/// What the operator has to confirm: partners of one business learn about each other's leads.
pub(super) fn reveals(before: Option<&Source>, after: &Source) -> Option<String> {
    let reveals = |source: &Source| {
        source.duplicates.as_ref().is_some_and(|it| it.scope == Scope::Business && it.action == Action::Refuse)
    };
    (reveals(after) && !before.is_some_and(reveals)).then(|| {
        format!(
            "let the partner of the source {} learn, by a refusal, that another source of the business has sent a person \
             before",
            after.id
        )
    })
}

/// The caps in a line.
pub(super) fn caps(caps: Option<&Caps>) -> String {
    let Some(caps) = caps else { return "none".to_owned() };
    let each = [(caps.day, "a day"), (caps.hour, "an hour")];
    let each = each.into_iter().filter_map(|(cap, window)| Some(format!("{} {window}", cap?)));
    format!("{} ({})", each.collect::<Vec<_>>().join(", "), caps.time_zone.as_str())
}

/// The duplicate window in a line.
pub(super) fn duplicates(duplicates: Option<&Duplicates>) -> String {
    let Some(Duplicates { by, days, scope, action }) = duplicates else { return "not looked for".to_owned() };
    let by: Vec<_> = by.iter().map(|key| key.as_str()).collect();
    let scope = match scope {
        Scope::Source => "this source",
        Scope::Business => "the business",
    };
    let action = match action {
        Action::Flag => "accepted and marked",
        Action::Refuse => "refused",
    };
    format!("by {} within {days} days in {scope}: {action}", by.join(" or "))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    #[group(id = GIVEN, multiple = true)]
    struct CommandLine {
        #[command(flatten)]
        given: LimitArguments,
        #[command(flatten)]
        removed: RemovedLimits,
    }

    /// Applies command lines one after the other, and returns the limits as `source show` has them.
    fn after(lines: &[&str]) -> Result<(String, String), String> {
        let now = "2026-06-15T12:00:00Z".parse().unwrap();
        let mut source = Source::new("source_1".parse().unwrap(), "One", "salt".into(), now);
        for line in lines {
            let line = CommandLine::try_parse_from(["x"].into_iter().chain(line.split_whitespace()));
            let line = line.map_err(|error| error.to_string())?;
            line.given.apply(&mut source).map_err(|error| error.to_string())?;
            line.removed.apply(&mut source);
        }
        Ok((caps(source.limits.as_ref()), duplicates(source.duplicates.as_ref())))
    }

    #[test]
    fn limits_are_set_changed_and_removed() {
        for (lines, caps, duplicates) in [
            (&["--cap-day 500"][..], "500 a day (UTC)", "not looked for"),
            (
                &["--cap-day 500 --cap-zone america/new_york", "--cap-hour 50", "--cap-day 0"],
                "0 a day, 50 an hour (America/New_York)",
                "not looked for",
            ),
            (&["--cap-day 500 --cap-hour 5", "--no-cap-day"], "5 an hour (UTC)", "not looked for"),
            (&["--cap-day 500 --cap-hour 5", "--no-cap-day --no-cap-hour"], "none", "not looked for"),
            (&["--no-cap-day --cap-hour 7"], "7 an hour (UTC)", "not looked for"),
            (
                &["--duplicates email,phone"],
                "none",
                "by phone or email within 30 days in this source: accepted and marked",
            ),
            (
                &["--duplicates phone", "--duplicate-days 7 --duplicate-scope business", "--duplicate-action refuse"],
                "none",
                "by phone within 7 days in the business: refused",
            ),
            (
                &["--duplicates email --duplicate-scope source --duplicate-action flag"],
                "none",
                "by email within 30 days in this source: accepted and marked",
            ),
            (&["--duplicates phone", "--no-duplicates"], "none", "not looked for"),
        ] {
            assert_eq!(after(lines), Ok((caps.to_owned(), duplicates.to_owned())), "{lines:?}");
        }
    }

    #[test]
    fn half_limits_and_contradictions_are_refused() {
        for (line, says) in [
            ("--cap-zone UTC", "--cap-day"),
            ("--cap-zone Mars/Olympus --cap-day 1", "not a time zone"),
            ("--cap-zone EST --cap-day 1", "give America/New_York, or America/Panama"),
            ("--cap-zone mst --cap-day 1", "give America/Denver, or America/Phoenix"),
            ("--cap-zone PST --cap-day 1", "give America/Los_Angeles"),
            ("--cap-zone ct --cap-day 1", "give America/Chicago"),
            ("--cap-zone Hst --cap-day 1", "give Pacific/Honolulu"),
            ("--cap-day -1", "give a whole number from 0 to 4294967295"),
            ("--cap-day=-1", "give a whole number from 0 to 4294967295"),
            ("--cap-hour abc", "give a whole number from 0 to 4294967295"),
            ("--cap-hour 1.5", "give a whole number from 0 to 4294967295"),
            ("--cap-hour 4294967296", "give a whole number from 0 to 4294967295"),
            ("--duplicate-days 7", "--duplicates"),
            ("--duplicates phone --duplicate-days 0", "give a whole number from 1 to"),
            ("--duplicates name", "[possible values: phone, email]"),
            ("--duplicates phone --duplicate-scope all", "[possible values: source, business]"),
            ("--duplicates phone --duplicate-action Refuse", "[possible values: flag, refuse]"),
            ("--cap-day 1 --no-cap-day", "cannot be used with"),
            ("--duplicates phone --no-duplicates", "cannot be used with"),
        ] {
            let refused = after(&[line]).unwrap_err();
            assert!(refused.contains(says), "{line}: {refused}");
        }
    }
}
