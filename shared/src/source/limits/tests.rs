use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn caps(zone: &str) -> Caps {
    Caps { day: Some(500), hour: Some(50), time_zone: zone.parse().unwrap() }
}

#[test]
fn a_day_begins_and_ends_with_the_zone_s() {
    for (zone, now, date, start, hours, hour) in [
        ("UTC", "2026-06-15T12:30:01Z", "2026-06-15", "2026-06-15T00:00:00Z", 24., "2026-06-15T12:00:00Z"),
        ("America/New_York", "2026-06-15T03:59:59Z", "2026-06-14", "2026-06-14T04:00:00Z", 24., "2026-06-15T03:00:00Z"),
        ("America/New_York", "2026-06-15T04:00:00Z", "2026-06-15", "2026-06-15T04:00:00Z", 24., "2026-06-15T04:00:00Z"),
        // Daylight saving begins and ends.
        ("America/New_York", "2026-03-08T12:00:00Z", "2026-03-08", "2026-03-08T05:00:00Z", 23., "2026-03-08T12:00:00Z"),
        ("America/New_York", "2026-11-01T12:00:00Z", "2026-11-01", "2026-11-01T04:00:00Z", 25., "2026-11-01T12:00:00Z"),
        // The hour from one to two comes twice, and is two hours.
        ("America/New_York", "2026-11-01T05:30:00Z", "2026-11-01", "2026-11-01T04:00:00Z", 25., "2026-11-01T05:00:00Z"),
        ("America/New_York", "2026-11-01T06:30:00Z", "2026-11-01", "2026-11-01T04:00:00Z", 25., "2026-11-01T06:00:00Z"),
        // No daylight saving.
        ("America/Phoenix", "2026-03-08T12:00:00Z", "2026-03-08", "2026-03-08T07:00:00Z", 24., "2026-03-08T12:00:00Z"),
        // Half an hour off, and a day whose midnight does not exist.
        ("Asia/Kolkata", "2026-06-15T12:10:00Z", "2026-06-15", "2026-06-14T18:30:00Z", 24., "2026-06-15T11:30:00Z"),
        ("Asia/Beirut", "2026-03-29T12:00:00Z", "2026-03-29", "2026-03-28T22:00:00Z", 23., "2026-03-29T12:00:00Z"),
        (
            "Australia/Lord_Howe",
            "2026-04-04T20:00:00Z",
            "2026-04-05",
            "2026-04-04T13:00:00Z",
            24.5,
            "2026-04-04T19:30:00Z",
        ),
    ] {
        let windows = caps(zone).windows(at(now));
        let length = windows.day.end.since(windows.day.start).as_secs_f64() / 3600.;
        assert_eq!((windows.date.as_str(), windows.day.start, length), (date, at(start), hours), "{zone} {now}");
        let next = caps(zone).windows(windows.day.end);
        assert_eq!(next.day.start, windows.day.end, "{zone} {now}: days follow each other");
        assert_eq!(windows.hour, Window { start: at(hour), end: at(hour).after(HOUR) }, "{zone} {now}");
    }
}

#[test]
fn says_what_is_left_and_when_more_comes() {
    let now = at("2026-06-15T14:00:00.500Z");
    for (day, hour, counts, policy, rest, used_up, wait) in [
        (Some(500), None, Some((488, 9)), r#""day";q=500;w=86400"#, r#""day";r=12;t=36000"#, "", 0),
        (None, Some(50), Some((488, 50)), r#""hour";q=50;w=3600"#, r#""hour";r=0;t=3600"#, "hour", 3600),
        (
            Some(500),
            Some(50),
            Some((500, 50)),
            r#""day";q=500;w=86400, "hour";q=50;w=3600"#,
            r#""day";r=0;t=36000, "hour";r=0;t=3600"#,
            "day hour",
            36000,
        ),
        // A cap that was lowered below the count.
        (Some(10), None, Some((11, 1)), r#""day";q=10;w=86400"#, r#""day";r=0;t=36000"#, "day", 36000),
        // Paused: the other count is not read.
        (Some(0), Some(50), None, r#""day";q=0;w=86400"#, r#""day";r=0;t=36000"#, "day", 36000),
    ] {
        let caps = Caps { day, hour, time_zone: Zone::default() };
        let counts = counts.map(|(day, hour)| Counts { day, hour });
        let usage = caps.usage(&caps.windows(now), counts, now);
        assert_eq!((usage.policy_header().as_str(), usage.header_of_rest().as_str()), (policy, rest));
        assert_eq!((usage.used_up().collect::<Vec<_>>().join(" ").as_str(), usage.retry_after()), (used_up, wait));
    }
}

#[test]
fn a_zone_is_a_name_of_the_database() {
    for (given, name) in [
        ("America/New_York", Some("America/New_York")),
        (" america/new_york ", Some("America/New_York")),
        ("utc", Some("UTC")),
        ("", None),
        ("EST5EDT,M3.2.0,M11.1.0", None),
        ("+05:00", None),
        ("New York", None),
    ] {
        assert_eq!(given.parse::<Zone>().ok().as_ref().map(Zone::as_str), name, "{given}");
    }
    let later = Zone("Mars/Olympus".to_owned());
    assert_eq!((later.time_zone(), later.is_known()), (TimeZone::UTC, false));
    assert!(Zone::default().is_known());
}

#[test]
fn is_stored_as_the_contract_shows_it() {
    let text = r#"{"day":500,"hour":50,"timeZone":"America/New_York"}"#;
    assert_eq!(serde_json::to_string(&caps("America/New_York")).unwrap(), text);
    let text = r#"{"by":["phone","email"],"days":30,"scope":"business","action":"refuse"}"#;
    let duplicates: Duplicates = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&duplicates).unwrap(), text);
    let now = at("2026-06-15T12:00:00Z");
    assert_eq!(duplicates.cutoff(now), at("2026-05-16T12:00:00Z"));
}
