use super::*;
use crate::payload;
use crate::source::{Source, StoredKey};
use crate::time::Timestamp;
use crate::validation::Visitor;

#[test]
fn no_member_holds_any_key_of_the_source() {
    let now = Timestamp::now();
    let [key, live, test, foreign] =
        [Mode::Live, Mode::Live, Mode::Test, Mode::Live].map(|mode| SourceKey::generate(mode).unwrap());
    let old = StoredKey { expires_at: Some(now), ..SourceKey::presented("lp_old_key").stored(now) };
    let source = Source {
        keys: vec![key.stored(now), live.stored(now), old],
        test_keys: vec![test.stored(now)],
        requires_trusted_form: false,
        ..Source::absent().unwrap()
    };
    let sender = Sender { source, key: key.clone(), mode: Mode::Live };
    let caller = Caller { sender: &sender, visitor: &Visitor::default(), now };
    for (text, is_refused) in [
        (key.reveal(), true),
        (live.reveal(), true),
        (test.reveal(), true),
        ("lp_old_key", true),
        (foreign.reveal(), false),
        ("lp_old_key_of_summer", false),
        ("lp_", false),
        (&"lp_".repeat(100), false),
        (&format!("{} {}", "lp_".repeat(100), live.reveal()), true),
    ] {
        for text in [text.to_owned(), format!("https://example.com/lp_a?key={text}&x=lp_b")] {
            let body = serde_json::json!({"email": "a@example.com", "subId": text}).to_string();
            let submission = payload::read_json(Entrance::Flat, body.as_bytes()).unwrap();
            let (_, failures, _) = apply(&submission, &caller);
            let expected: Vec<_> =
                is_refused.then(|| Failure::at(Code::MetadataSecret, "/subId")).into_iter().collect();
            assert_eq!(failures, expected, "{text}");
        }
    }
}

#[test]
fn no_pointer_repeats_the_source_key() {
    let now = Timestamp::now();
    let key = SourceKey::presented("lp_some~key");
    let source: Source = serde_json::from_value(serde_json::json!({
        "id": "source_1", "name": "One", "accountId": "account_1", "businessId": "business_1", "enabled": true,
        "approved": true, "allowedStates": [], "allowedProducts": [], "requiresTrustedForm": false,
        "defaultTagIds": [], "defaultTagNames": [], "keys": [], "salt": "salt", "createdAt": now, "revision": 0,
    }))
    .unwrap();
    let sender = Sender { source, key, mode: Mode::Live };
    let caller = Caller { sender: &sender, visitor: &Visitor::default(), now };
    let long = format!("\"{}\"", "v".repeat(MAX_TEXT + 1));
    for (value, codes) in [
        ("\"x\"", [Code::MetadataSecret].as_slice()),
        ("{}", &[Code::PayloadType]),
        (&long, &[Code::SourceMetadataTooLarge, Code::MetadataSecret]),
    ] {
        let body = format!(r#"{{"email":"a@example.com","sourceMetadata":{{"x lp_some~key":{value}}}}}"#);
        let submission = payload::read_json(Entrance::Flat, body.as_bytes()).unwrap();
        let (_, failures, _) = apply(&submission, &caller);
        let expected: Vec<_> = codes.iter().map(|code| Failure::at(*code, "/sourceMetadata")).collect();
        assert_eq!(failures, expected, "{value:.9}");
    }
    // A pointer is cut, and may be a path of the structured payload.
    let at = |form: &str| {
        let submission = payload::read_form(format!("email=a@example.com&{form}").as_bytes(), b"").unwrap();
        let (_, failures, _) = apply(&submission, &caller);
        failures.first().and_then(|failure| failure.pointer.clone()).unwrap()
    };
    let long = "n".repeat(MAX_ENTRY_NAME - 5);
    for (form, pointer) in [
        (r#"metadata[sourceMetadata]={"lp_some~key":[]}"#.to_owned(), "/metadata/sourceMetadata".to_owned()),
        (format!("sourceMetadata[{long}lp_some~key]=x"), "/sourceMetadata".to_owned()),
        (format!("sourceMetadata[{long}lp_other]=x"), format!("/sourceMetadata/{long}lp_ot")),
    ] {
        assert_eq!(at(&form), pointer, "{form}");
    }
}
