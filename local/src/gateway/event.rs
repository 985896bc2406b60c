//! The conversions of an HTTP API with a Lambda proxy integration, payload format 2.0.

use std::collections::BTreeMap;
use std::net::IpAddr;

use axum::body::Body;
use axum::http::header::{self, Entry};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use data_encoding::BASE64;
use serde::Deserialize;
use serde_json::Value;

use crate::event::HttpEvent;

/// The event for a request from this address.
pub(super) fn from_request(parts: &Parts, body: &[u8], peer: IpAddr, request_id: &str) -> HttpEvent {
    HttpEvent {
        method: parts.method.to_string(),
        route: parts.uri.path().to_owned(),
        path: parts.uri.path().to_owned(),
        path_parameters: BTreeMap::new(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        protocol: format!("{:?}", parts.version),
        domain: "localhost".to_owned(),
        headers: headers(&parts.headers),
        cookies: cookies(&parts.headers),
        // A listener of both protocol families reports IPv4 as IPv4-mapped IPv6.
        source_ip: peer.to_canonical().to_string(),
        request_id: request_id.to_owned(),
        authorizer: None,
        body: body.to_vec(),
    }
}

fn text(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

/// The headers with lowercase names, and the values of one name joined by commas.
fn headers(sent: &HeaderMap) -> BTreeMap<String, String> {
    /// The gateway drops headers of the connection. Cookies have their own member.
    const DROPPED: [HeaderName; 6] =
        [header::CONNECTION, header::COOKIE, header::EXPECT, header::TE, header::TRANSFER_ENCODING, header::UPGRADE];
    let joined = |name| sent.get_all(name).iter().map(text).collect::<Vec<_>>().join(",");
    sent.keys().filter(|name| !DROPPED.contains(name)).map(|name| (name.to_string(), joined(name))).collect()
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .flat_map(|value| text(value).split(';').map(|cookie| cookie.trim().to_owned()).collect::<Vec<_>>())
        .filter(|cookie| !cookie.is_empty())
        .collect()
}

/// A function's answer. In format 2.0 only cookies can have several values.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    status_code: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    cookies: Vec<String>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// The response for a function's answer, or `None` if the answer is not valid. That includes the short form of format 2.0, a
/// bare body without a status code, because no function here uses it.
pub(super) fn into_response(answer: Value) -> Option<Response> {
    let answer: Answer = serde_json::from_value(answer).ok()?;
    let body = answer.body.unwrap_or_default();
    let body = if answer.is_base64_encoded { BASE64.decode(body.as_bytes()).ok()? } else { body.into_bytes() };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(answer.status_code).ok()?;
    let headers = response.headers_mut();
    for (name, value) in answer.headers {
        headers.insert(HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?);
    }
    // This server computes the length itself.
    headers.remove(header::CONTENT_LENGTH);
    if let Entry::Vacant(entry) = headers.entry(header::CONTENT_TYPE) {
        entry.insert(HeaderValue::from_static("text/plain;charset=UTF-8"));
    }
    for cookie in answer.cookies {
        headers.append(header::SET_COOKIE, HeaderValue::try_from(cookie).ok()?);
    }
    Some(response)
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use serde_json::json;

    use super::*;

    const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 7));

    fn event(request: axum::http::request::Builder, body: &[u8]) -> Value {
        from_request(&request.body(()).unwrap().into_parts().0, body, PEER, "id=").to_json()
    }

    #[test]
    fn an_event_has_the_shape_of_format_2() {
        let request = Request::post("/leads/intake?a=1&b=x%20y&a=2")
            .header("Host", "localhost:3000")
            .header("User-Agent", "tester/1")
            .header("Content-Type", "text/plain")
            .header("X-Twice", "one")
            .header("X-Twice", "two")
            .header("Cookie", "a=1; b=2")
            .header("Connection", "keep-alive")
            .header("X-Forwarded-For", "198.51.100.1");
        let mut event = event(request, b"hello");
        let context = &mut event["requestContext"];
        assert!(context["timeEpoch"].as_i64().is_some_and(|time| time > 0));
        assert_eq!(context["time"].as_str().unwrap().len(), "12/Mar/2020:19:03:58 +0000".len());
        context["time"] = json!("now");
        context["timeEpoch"] = json!(0);
        assert!(event["headers"]["x-amzn-trace-id"].as_str().unwrap().starts_with("Root=1-"));
        event["headers"]["x-amzn-trace-id"] = json!("trace");
        assert_eq!(
            event,
            json!({
                "version": "2.0",
                "routeKey": "POST /leads/intake",
                "rawPath": "/leads/intake",
                "rawQueryString": "a=1&b=x%20y&a=2",
                "cookies": ["a=1", "b=2"],
                "headers": {
                    "host": "localhost:3000",
                    "user-agent": "tester/1",
                    "content-type": "text/plain",
                    "content-length": "5",
                    "x-twice": "one,two",
                    "x-forwarded-for": "198.51.100.1, 203.0.113.7",
                    "x-forwarded-port": "443",
                    "x-forwarded-proto": "https",
                    "x-amzn-trace-id": "trace",
                },
                "queryStringParameters": {"a": "1,2", "b": "x y"},
                "requestContext": {
                    "accountId": "123456789012",
                    "apiId": "a1b2c3d4e5",
                    "domainName": "localhost",
                    "domainPrefix": "localhost",
                    "http": {
                        "method": "POST",
                        "path": "/leads/intake",
                        "protocol": "HTTP/1.1",
                        "sourceIp": "203.0.113.7",
                        "userAgent": "tester/1",
                    },
                    "requestId": "id=",
                    "routeKey": "POST /leads/intake",
                    "stage": "$default",
                    "time": "now",
                    "timeEpoch": 0,
                },
                "body": "hello",
                "isBase64Encoded": false,
            })
        );
    }

    #[test]
    fn absent_members_are_left_out() {
        let event = event(Request::get("/leads/intake"), b"");
        assert_eq!(event["rawQueryString"], "");
        assert_eq!(event["isBase64Encoded"], false);
        for absent in ["cookies", "queryStringParameters", "body"] {
            assert!(event.get(absent).is_none(), "{absent}");
        }
    }

    #[test]
    fn an_answer_becomes_a_response() {
        let response = into_response(json!({
            "statusCode": 201,
            "headers": {"content-type": "application/json", "x-a": "1"},
            "cookies": ["a=1", "b=2"],
            "body": "e30=",
            "isBase64Encoded": true,
        }));
        let response = response.unwrap();
        assert_eq!(response.status(), 201);
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!(response.headers()["x-a"], "1");
        assert_eq!(response.headers().get_all("set-cookie").iter().count(), 2);
        let plain = into_response(json!({"statusCode": 204})).unwrap();
        assert_eq!(plain.headers()["content-type"], "text/plain;charset=UTF-8");
    }

    #[test]
    fn an_invalid_answer_is_none() {
        let cases = [
            json!(null),
            json!({}),
            json!({"statusCode": 99}),
            json!({"statusCode": 200, "body": "%", "isBase64Encoded": true}),
            json!({"statusCode": 200, "headers": {"no good": "1"}}),
            json!({"statusCode": 200, "headers": {"x-a": "1\n2"}}),
        ];
        for case in cases {
            assert!(into_response(case.clone()).is_none(), "{case}");
        }
    }
}
