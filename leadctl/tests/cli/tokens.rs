//! `leadctl token`: what is mistyped is told, not put into a token that reads nothing.

use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;

use crate::running::{Running, stderr, stdout};

/// The claims of a token.
fn claims(token: &str) -> Value {
    let claims = token.trim().split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64URL_NOPAD.decode(claims.as_bytes()).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_known_scopes_get_into_a_token() {
    let running = Running::start().await;
    let both = "leads:read conversations:write";
    for (scope, granted) in [
        (None, Some(both)),
        (Some("leads:read"), Some("leads:read")),
        (Some("conversations:write"), Some("conversations:write")),
        (Some(both), Some(both)),
        (Some("lead:read"), None),
        (Some("leads:read conversation:write"), None),
        (Some("leads:read,conversations:write"), None),
        (Some("LEADS:READ"), None),
        (Some("leads:write"), None),
        (Some("leadping/leads:read"), None),
        (Some(""), None),
    ] {
        let mut arguments = vec!["token", "--business=business_1"];
        arguments.extend(scope.iter().flat_map(|scope| ["--scope", scope]));
        let output = running.run(&arguments);
        let text = stderr(&output);
        match granted {
            Some(granted) => assert_eq!((claims(&stdout(&output))["scope"].as_str(), &*text), (Some(granted), "")),
            None => {
                assert_eq!((output.status.code(), &*stdout(&output)), (Some(2), ""), "{scope:?}");
                assert!(text.contains("leads:read, conversations:write"), "{scope:?}: the known ones: {text}");
            }
        }
    }
    running.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_business_without_a_source_is_told() {
    let running = Running::start().await;
    for (business, warning) in [
        ("business_1", ""),
        ("busines_1", "(did you mean business_1?)"),
        ("Business_1", "(did you mean business_1?)"),
        ("acme", "no source was ever attached to a business acme"),
    ] {
        for format in [&[][..], &["--output=json"]] {
            let output = running.run(&[&["token", "--business", business], format].concat());
            assert_eq!(output.status.code(), Some(0), "{business}: {}", stderr(&output));
            assert!(stderr(&output).contains(warning), "{business}: {}", stderr(&output));
            assert_eq!(stderr(&output).is_empty(), warning.is_empty(), "{business}: {}", stderr(&output));
            if format.is_empty() {
                assert_eq!(claims(&stdout(&output))["business_id"], business);
            }
        }
    }
    let key = running.run(&["token", "--business=lp_source_key"]);
    assert_eq!((key.status.code(), &*stdout(&key)), (Some(3), ""));
    assert!(stderr(&key).contains("that is a key") && !stderr(&key).contains("lp_source_key"), "{}", stderr(&key));
    running.stack.stop().await;
}
