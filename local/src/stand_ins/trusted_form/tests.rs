use super::*;
use crate::testing;
use axum::body::{Body, Bytes};
use axum::http::Request;
use axum::http::response::Parts;
use data_encoding::BASE64;

/// Asks for one certificate with this user and password; `None` when no answer comes.
async fn ask(stand_in: &FakeTrustedForm, id: &str, credentials: &str) -> Option<(Parts, Bytes)> {
    let request = Request::get(format!("{}/{id}/validate", stand_in.url()))
        .header("authorization", format!("Basic {}", BASE64.encode(credentials.as_bytes())))
        .body(Body::empty())
        .unwrap();
    testing::send(request).await.ok()
}

#[tokio::test]
async fn the_beginning_of_the_id_decides() {
    let stand_in = FakeTrustedForm::start(0, Duration::ZERO).await.unwrap();
    let cases = [
        ("0123456789abcdef", 200, "success"),
        ("example", 200, "success"), // of the partner specification
        ("slow-1", 200, "success"),
        ("invalid", 200, "failure"),
        ("invalid-and-more", 200, "failure"),
        ("expired-1", 200, "failure"),
        ("gone-1", 404, "error"),
        ("unfunded-1", 402, "error"),
    ];
    for (id, status, outcome) in cases {
        let (parts, body) = ask(&stand_in, id, "API:key").await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((parts.status.as_u16(), body["outcome"].as_str()), (status, Some(outcome)), "{id}");
        assert_eq!(parts.headers["content-type"], "application/json", "{id}");
    }
    assert_eq!(stand_in.calls(), cases.len() as u64);
    stand_in.stop().await;
}

#[tokio::test]
async fn it_can_be_down_or_send_garbage_or_nothing() {
    let stand_in = FakeTrustedForm::start(0, Duration::ZERO).await.unwrap();
    assert_eq!(ask(&stand_in, "down", "API:key").await.unwrap().0.status, 503);
    let (parts, body) = ask(&stand_in, "garbage", "API:key").await.unwrap();
    assert_eq!(parts.status, 200);
    assert!(serde_json::from_slice::<Value>(&body).is_err());
    assert!(ask(&stand_in, "cut", "API:key").await.is_none());
    assert_eq!(stand_in.calls(), 3);
    stand_in.stop().await;
}

/// Matches and, with a reference, retains a certificate. The status, the two matches and whether it was retained before.
async fn matched(stand_in: &FakeTrustedForm, id: &str, phone: &str, retains: bool) -> (u16, Value, Value, Value) {
    let mut body = json!({"match_lead": {"email": "jordan@example.com", "phone": phone}});
    if retains {
        body["retain"] = json!({"reference": "lead_a", "vendor": "Acme"});
    }
    let request = Request::post(format!("{}/{id}", stand_in.url()))
        .header("authorization", format!("Basic {}", BASE64.encode(b"API:key")))
        .header("api-version", "4.0")
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    let (parts, body) = testing::send(request).await.unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let result = &body["match_lead"]["result"];
    let before = body["retain"]["results"]["previously_retained"].clone();
    (parts.status.as_u16(), result["email_match"].clone(), result["phone_match"].clone(), before)
}

#[tokio::test]
async fn a_certificate_is_matched_and_retained_as_its_id_says() {
    let stand_in = FakeTrustedForm::start(0, Duration::ZERO).await.unwrap();
    let (yes, no, null) = (json!(true), json!(false), Value::Null);
    let cases = [
        ("plain", true, (200, &yes, &yes, &no)),
        ("plain", true, (200, &yes, &yes, &yes)),
        ("plain", false, (200, &yes, &yes, &null)),
        ("mismatch-1", true, (200, &no, &no, &no)),
        ("mismatch-1", false, (200, &no, &no, &null)),
        ("late-1", true, (200, &yes, &no, &no)),
        ("late-1", false, (200, &yes, &yes, &null)),
        ("nophone-1", true, (200, &yes, &null, &no)),
        ("reused-1", true, (200, &yes, &yes, &yes)),
        ("sandbox-1", true, (405, &null, &null, &null)),
        ("often-1", true, (422, &null, &null, &null)),
        ("retaindown-1", true, (503, &null, &null, &null)),
        ("retainunfunded-1", true, (402, &null, &null, &null)),
    ];
    for (id, retains, expected) in cases {
        let phone = if retains { "5125550123" } else { "15125550123" };
        let (status, email, phone, before) = matched(&stand_in, id, phone, retains).await;
        assert_eq!((status, &email, &phone, &before), expected, "{id} {retains}");
    }
    assert_eq!(matched(&stand_in, "plain", "15125550123", true).await.0, 400, "ten digits to retain");
    assert_eq!(matched(&stand_in, "plain", "15125550199", false).await.2, no, "another number than before");
    assert_eq!(stand_in.retain_calls(), 15);
    stand_in.stop().await;
}

#[tokio::test]
async fn only_the_user_api_with_a_password_is_accepted() {
    let stand_in = FakeTrustedForm::start(0, Duration::ZERO).await.unwrap();
    let cases = [("API:key", 200), ("API:", 401), ("api:key", 401), ("someone:key", 401), ("API", 401)];
    for (credentials, status) in cases {
        let (parts, _) = ask(&stand_in, "example", credentials).await.unwrap();
        assert_eq!(parts.status.as_u16(), status, "{credentials}");
    }
    stand_in.stop().await;
}
