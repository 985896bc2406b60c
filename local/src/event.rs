//! The event that an HTTP API passes to a function, in payload format 2.0. The gateway, tests and benchmarks create theirs
//! here.
//!
//! It is written as JSON and not through the type that functions read: that type also serializes members of older formats,
//! which no gateway sends.

use std::collections::BTreeMap;

use data_encoding::{BASE64, HEXLOWER};
use leadping::payload::Entrance;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use crate::{demo, random};

/// A request, as a gateway sees it.
#[derive(Clone, Debug)]
pub struct HttpEvent {
    /// The method, in upper case.
    pub method: String,
    /// The path of the route, with its parameters in braces.
    pub route: String,
    /// The path, as it was sent.
    pub path: String,
    /// The decoded parameters of the path.
    pub path_parameters: BTreeMap<String, String>,
    /// The query string, not decoded and without the question mark.
    pub query: String,
    /// The protocol's version, as in `HTTP/1.1`.
    pub protocol: String,
    /// The API's host name.
    pub domain: String,
    /// The headers of the request, with lowercase names.
    pub headers: BTreeMap<String, String>,
    /// The cookies of the request.
    pub cookies: Vec<String>,
    /// The client's address.
    pub source_ip: String,
    /// The gateway's id of the request.
    pub request_id: String,
    /// What the authorizer says, on routes that need a token.
    pub authorizer: Option<Value>,
    /// The body.
    pub body: Vec<u8>,
}

impl HttpEvent {
    /// A post of JSON from a demo source.
    pub fn post(entrance: Entrance, source: &str, request_id: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        let headers = [
            ("accept", "*/*"),
            ("content-type", "application/json"),
            ("host", "api.leadping.ai"),
            ("user-agent", "partner-poster/2.1"),
            ("x-leadping-source-id", source),
            ("x-leadping-source-key", demo::SOURCE_KEY),
        ];
        Self {
            method: "POST".to_owned(),
            route: entrance.path().to_owned(),
            path: entrance.path().to_owned(),
            path_parameters: BTreeMap::new(),
            query: String::new(),
            protocol: "HTTP/1.1".to_owned(),
            domain: "api.leadping.ai".to_owned(),
            headers: headers.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            cookies: Vec::new(),
            source_ip: "203.0.113.7".to_owned(),
            request_id: request_id.into(),
            authorizer: None,
            body: body.into(),
        }
    }

    /// Adds or replaces a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The event, including what the gateway adds.
    pub fn to_json(&self) -> Value {
        let route_key = format!("{} {}", self.method, self.route);
        let now = jiff::Timestamp::now();
        let mut event = json!({
            "version": "2.0",
            "routeKey": route_key,
            "rawPath": self.path,
            "rawQueryString": self.query,
            "headers": self.all_headers(),
            "requestContext": {
                "accountId": "123456789012",
                "apiId": "a1b2c3d4e5",
                "domainName": self.domain,
                "domainPrefix": self.domain.split('.').next(),
                "http": {
                    "method": self.method,
                    "path": self.path,
                    "protocol": self.protocol,
                    "sourceIp": self.source_ip,
                    "userAgent": self.headers.get("user-agent").map(String::as_str).unwrap_or_default(),
                },
                "requestId": self.request_id,
                "routeKey": route_key,
                "stage": "$default",
                "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
                "timeEpoch": now.as_millisecond(),
            },
            "isBase64Encoded": false,
        });
        // Members without a value are absent, not empty.
        if let Some(authorizer) = &self.authorizer {
            event["requestContext"]["authorizer"] = authorizer.clone();
        }
        if !self.cookies.is_empty() {
            event["cookies"] = json!(self.cookies);
        }
        if !self.path_parameters.is_empty() {
            event["pathParameters"] = json!(self.path_parameters);
        }
        let query = self.query_parameters();
        if !query.is_empty() {
            event["queryStringParameters"] = Value::Object(query);
        }
        if !self.body.is_empty() {
            let as_text = self.is_text();
            event["isBase64Encoded"] = json!(!as_text);
            event["body"] =
                if as_text { json!(String::from_utf8_lossy(&self.body)) } else { json!(BASE64.encode(&self.body)) };
        }
        event
    }

    /// Whether a body of this content type is passed as text. As in the real service, the list is short: a form, a `+json` type
    /// and a body without a type are passed as Base64.
    fn is_text(&self) -> bool {
        let content_type = self.headers.get("content-type").map(String::as_str).unwrap_or_default();
        let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        media_type.starts_with("text/")
            || ["application/json", "application/xml", "application/javascript"].contains(&media_type.as_str())
    }

    fn all_headers(&self) -> BTreeMap<String, String> {
        let mut headers = self.headers.clone();
        headers.insert("content-length".to_owned(), self.body.len().to_string());
        headers
            .entry("x-forwarded-for".to_owned())
            .and_modify(|hops| *hops = format!("{hops}, {}", self.source_ip))
            .or_insert_with(|| self.source_ip.clone());
        headers.insert("x-forwarded-port".to_owned(), "443".to_owned());
        headers.insert("x-forwarded-proto".to_owned(), "https".to_owned());
        headers.entry("x-amzn-trace-id".to_owned()).or_insert_with(|| {
            let id = HEXLOWER.encode(&random::bytes::<16>());
            let (time, rest) = id.split_at(8);
            format!("Root=1-{time}-{rest}")
        });
        headers
    }

    /// The decoded members of the query, with the values of one name joined by commas.
    fn query_parameters(&self) -> Map<String, Value> {
        let mut joined: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(self.query.as_bytes()) {
            joined.entry(name.into_owned()).or_default().push(value.into_owned());
        }
        joined.into_iter().map(|(name, values)| (name, json!(values.join(",")))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sample events have the shape that AWS sends.
    #[test]
    fn an_event_is_like_the_samples() {
        let samples = [
            (include_str!("../../events/create-lead.json"), Entrance::Structured),
            (include_str!("../../events/intake-lead.json"), Entrance::Flat),
            (include_str!("../../events/intake-lead-form.json"), Entrance::Flat),
            (include_str!("../../events/intake-lead-query.json"), Entrance::Flat),
        ];
        for (sample, entrance) in samples {
            let mut sample: Value = serde_json::from_str(sample).unwrap();
            let text = |pointer: &str| sample.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
            let body = if sample["isBase64Encoded"] == true {
                BASE64.decode(text("/body").as_bytes()).unwrap()
            } else {
                text("/body").into_bytes()
            };
            let mut post = HttpEvent {
                method: text("/requestContext/http/method"),
                query: text("/rawQueryString"),
                ..HttpEvent::post(entrance, demo::SOURCE_ID, text("/requestContext/requestId"), body)
            };
            match text("/headers/content-type").as_str() {
                "" => drop(post.headers.remove("content-type")),
                content_type => post = post.header("content-type", content_type),
            }
            let mut event = post.to_json();
            // Time and trace differ for every request.
            for (context, value) in [("time", json!("now")), ("timeEpoch", json!(0))] {
                event["requestContext"][context] = value.clone();
                sample["requestContext"][context] = value;
            }
            event["headers"].as_object_mut().unwrap().remove("x-amzn-trace-id");
            assert_eq!(event, sample);
        }
    }

    #[test]
    fn only_some_content_types_are_text() {
        let cases = [
            (Some("application/json"), true),
            (Some("Application/JSON; charset=utf-8"), true),
            (Some("text/csv"), true),
            (Some("application/xml"), true),
            (Some("application/javascript"), true),
            (Some("application/x-www-form-urlencoded"), false),
            (Some("application/vnd.api+json"), false),
            (Some("application/octet-stream"), false),
            (Some("application/jsonlines"), false), // the whole type is compared
            (None, false),
        ];
        for (content_type, as_text) in cases {
            let mut post = HttpEvent::post(Entrance::Structured, demo::SOURCE_ID, "id", "a=1");
            post.headers.remove("content-type");
            let post = content_type.into_iter().fold(post, |post, value| post.header("content-type", value));
            let event = post.to_json();
            assert_eq!(event["isBase64Encoded"], !as_text, "{content_type:?}");
            assert_eq!(event["body"], if as_text { "a=1" } else { "YT0x" }, "{content_type:?}");
        }
    }
}
