use serde_json::json;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn source(keys: Vec<StoredKey>) -> Source {
    let id = SourceId::parse("source_1").unwrap();
    Source {
        account_id: AccountId::parse("account_1").ok(),
        business_id: BusinessId::parse("business_1").ok(),
        approved: true,
        keys,
        ..Source::new(id, "One", "salt".into(), at("2026-01-01T00:00:00Z"))
    }
}

#[test]
fn a_key_works_until_it_expires() {
    let (old, new) = (SourceKey::generate(Mode::Live).unwrap(), SourceKey::generate(Mode::Live).unwrap());
    let born = at("2026-01-01T00:00:00Z");
    let source =
        source(vec![StoredKey { expires_at: Some(at("2026-02-01T00:00:00Z")), ..old.stored(born) }, new.stored(born)]);
    let cases = [
        (&old, "2026-01-31T23:59:59Z", true),
        (&old, "2026-02-01T00:00:00Z", false),
        (&new, "2026-02-01T00:00:00Z", true),
        (&SourceKey::presented(""), "2026-01-31T00:00:00Z", false),
        (&SourceKey::presented("lp_source_key"), "2026-01-31T00:00:00Z", false),
    ];
    for (key, now, accepted) in cases {
        assert_eq!(source.accepts(key, at(now)).is_some(), accepted, "{now}");
    }
    let absent = Source::absent().unwrap();
    assert!(absent.accepts(&new, born).is_none() && absent.ended(&new, born).is_none());

    let ended = |key, now| source.ended(key, at(now)).map(|stored| stored.shown().to_owned());
    assert_eq!(ended(&old, "2026-01-31T23:59:59Z"), None);
    assert_eq!(ended(&old, "2026-02-01T00:00:00Z").as_deref(), Some(old.stored(born).shown()));
    assert_eq!(ended(&new, "2026-02-01T00:00:00Z"), None);
    assert_eq!(ended(&SourceKey::presented("lp_other"), "2026-02-01T00:00:00Z"), None);
}

#[test]
fn a_key_is_for_what_its_list_says() {
    let [live, test, lost] = [Mode::Live, Mode::Test, Mode::Test].map(|mode| SourceKey::generate(mode).unwrap());
    let now = at("2026-01-01T00:00:00Z");
    let ended = StoredKey { expires_at: Some(now), ..lost.stored(now) };
    let source = Source { test_keys: vec![test.stored(now), ended], ..source(vec![live.stored(now)]) };
    let mode = |key: &SourceKey| source.accepts(key, now).map(|(mode, _)| mode);
    assert_eq!([&live, &test, &lost].map(mode), [Some(Mode::Live), Some(Mode::Test), None]);
    assert!(test.reveal().starts_with("lp_test_"));
    let kept: Source = serde_json::from_str(&serde_json::to_string(&source).unwrap()).unwrap();
    assert_eq!((kept.keys.len(), kept.test_keys.len()), (1, 2));
}

#[test]
fn a_key_is_told_apart_by_eight_characters_after_its_sort() {
    for (key, prefix) in [
        ("lp_LNxSfL9a-jVXw9aq", "lp_LNxSfL9a"),
        ("lp_test_LNxSfL9a-jVXw9aq", "lp_test_LNxSfL9a"),
        ("lp_source_key", "lp_source_k"),
        ("secret-of-old", "secret-o"),
        ("lp_", "lp_"),
        ("lp_ééééééééé", "lp_éééééééé"),
    ] {
        let key = SourceKey::presented(key);
        let stored = key.stored(at("2026-01-01T00:00:00Z"));
        assert_eq!(stored.prefix, prefix);
        assert_eq!(stored.shown(), prefix.trim_start_matches("lp_").trim_start_matches("test_"));
        assert!(stored.is_of(&key) && !stored.is_of(&SourceKey::presented("lp_another")));
    }
}

#[test]
fn keys_are_random_and_debug_hides_them() {
    let key = SourceKey::generate(Mode::Live).unwrap();
    assert_eq!(key.reveal().len(), "lp_".len() + 43);
    assert_ne!(key.reveal(), SourceKey::generate(Mode::Live).unwrap().reveal());
    let stored = key.stored(Timestamp::now());
    let shown = format!("{key:?} {stored:?} {:?}", source(vec![stored.clone()]));
    assert!(![key.reveal(), &stored.sha256, "salt"].iter().any(|secret| shown.contains(secret)), "{shown}");
}

#[test]
fn only_an_enabled_and_attached_source_may_send() {
    let whole = source(Vec::new());
    assert!(whole.attachment().is_ok());
    let cases = [
        (Source { enabled: false, ..whole.clone() }, Barred::Disabled),
        (Source { account_id: None, ..whole.clone() }, Barred::NotAttached),
        (Source { business_id: None, ..whole.clone() }, Barred::NotAttached),
        (Source { enabled: false, account_id: None, ..whole }, Barred::Disabled),
    ];
    for (source, barred) in cases {
        assert_eq!(source.attachment().unwrap_err(), barred);
    }
}

#[test]
fn a_stored_limit_that_limits_nothing_is_none() {
    let whole = serde_json::to_value(source(Vec::new())).unwrap();
    for (member, value, is_limit) in [
        ("limits", json!(null), false),
        ("limits", json!({}), false),
        ("limits", json!({"timeZone": "America/New_York"}), false),
        ("limits", json!({"week": 7}), false),
        ("limits", json!({"day": 0}), true),
        ("limits", json!({"hour": 1, "day": null}), true),
        ("duplicates", json!({"by": [], "days": 30, "scope": "source", "action": "refuse"}), false),
        ("duplicates", json!({"by": ["email"], "days": 30, "scope": "source", "action": "refuse"}), true),
    ] {
        let mut stored = whole.clone();
        stored[member] = value.clone();
        let read: Source = serde_json::from_value(stored).unwrap();
        assert_eq!(read.limits.is_some() || read.duplicates.is_some(), is_limit, "{member}: {value}");
    }
}
