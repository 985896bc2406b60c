//! The API of users: the real function over a table that answers at once.
//!
//! An input that is not an event is a request of a user: the method and path with a query, then after a line break the
//! body. A body alone asks for leads.

use std::sync::{Arc, LazyLock};

use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use data_encoding::BASE64URL_NOPAD;
use lambda_http::request::LambdaRequest;
use lambda_http::{Context, LambdaEvent, Service};
use leadping::client::aws::{self, Clients, Endpoints};
use leadping::http::{self, Route};
use leadping::read::Reading;
use leadping::settings::{ReadSettings, Secret, SecretSetting};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::table::{BUSINESS, Table};

/// An event as AWS sends it, with checked claims.
const SAMPLE: &str = include_str!("../../events/read-leads-list.json");

/// What only the business of the stored items may read.
const PERSONAL: [&str; 3] = ["stored@example.com", "+15125550101", "source_stored"];

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime"));

static CLIENTS: LazyLock<Clients> = LazyLock::new(|| {
    let credentials = SharedCredentialsProvider::new(Credentials::new("id", "key", None, None, "fuzz"));
    let http = aws::http(aws::CONNECT_TIMEOUT).expect("a client");
    Clients::new(http, "us-east-1".to_owned(), credentials, Endpoints::default())
});

/// Runs an input through the API of users, and checks the answer. If it has a token, the request is sent again with the
/// place of the input's own token.
///
/// # Panics
/// When the answer breaks the contract, which is what the fuzzer looks for.
pub fn answer(input: &[u8]) {
    let event: Option<Value> = serde_json::from_slice(input).ok();
    let event = event.filter(|event| serde_json::from_value::<LambdaRequest>(event.clone()).is_ok());
    let event = event.unwrap_or_else(|| asking(input));
    let Some(body) = answered(&event) else { return };
    let Some(token) = body["continuationToken"].as_str() else { return };
    let token = BASE64URL_NOPAD.decode(token.as_bytes()).expect("a token is base64url");
    let mut token: Value = serde_json::from_slice(&token).expect("a token is JSON");
    for place in [token["p"].clone(), forged(input)] {
        token["p"] = place;
        let mut next = event.clone();
        if continued(&mut next, &token) {
            answered(&next);
        }
    }
}

/// The place that the input has in its last line after `place`, or any.
fn forged(input: &[u8]) -> Value {
    let text = String::from_utf8_lossy(input);
    let place = text.rsplit_once("\nplace ").and_then(|(_, place)| serde_json::from_str(place).ok());
    place.unwrap_or_else(|| json!({"s": text, "l": "lead_a"}))
}

/// Puts the token into the body. Returns whether the body can have one.
fn continued(event: &mut Value, token: &Value) -> bool {
    let text = event["body"].as_str().unwrap_or_default();
    let members: Value =
        if text.trim().is_empty() { json!({}) } else { serde_json::from_str(text).unwrap_or_default() };
    let Value::Object(mut members) = members else { return false };
    members.insert("continuationToken".to_owned(), BASE64URL_NOPAD.encode(token.to_string().as_bytes()).into());
    event["body"] = Value::Object(members).to_string().into();
    event["isBase64Encoded"] = false.into();
    true
}

/// A request of a user of the stored business.
fn asking(input: &[u8]) -> Value {
    let text = String::from_utf8_lossy(input);
    let text = text.rsplit_once("\nplace ").map_or(&*text, |(request, _)| request);
    let (line, body) = text.split_once('\n').unwrap_or((text, ""));
    let is_request = line.starts_with("GET /") || line.starts_with("POST /");
    let (line, body) = if is_request { (line, body) } else { ("POST /leads/all/my", text) };
    let (method, target) = line.split_once(' ').unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut event: Value = serde_json::from_str(SAMPLE).expect("the sample is JSON");
    event["routeKey"] = "$default".into();
    event["requestContext"]["http"]["method"] = method.into();
    event["requestContext"]["authorizer"]["jwt"]["claims"]["business_id"] = BUSINESS.into();
    event["rawPath"] = path.into();
    event["rawQueryString"] = query.into();
    event["body"] = body.into();
    event
}

/// The body of an answer that is no problem.
fn answered(event: &Value) -> Option<Value> {
    let event: LambdaRequest = serde_json::from_value(event.clone()).ok()?;
    let business = business(&event);
    let mut clients = CLIENTS.clone();
    clients.dynamodb = Table::client(&business);
    let settings = ReadSettings {
        sources_table: "sources".to_owned(),
        leads_table: "leads".to_owned(),
        limits_table: "limits".to_owned(),
        business_claim: "business_id".to_owned(),
        reader_digest_key: SecretSetting::Value(Secret::new("digest")),
        connects_ahead: false,
    };
    let answer = RUNTIME.block_on(async {
        let reading = Arc::new(Reading::new(&settings, &clients).await.expect("the settings are complete"));
        let of_users = |route| match route {
            Route::User(route) => Some(route),
            _ => None,
        };
        let mut service =
            http::routed(of_users, move |route, id, request| Arc::clone(&reading).answer(route, id, request));
        service.call(LambdaEvent::new(event, Context::default())).await.expect("the function answers")
    });
    check(&serde_json::to_value(answer).expect("the answer is JSON"), &business)
}

fn business(event: &LambdaRequest) -> String {
    let LambdaRequest::ApiGatewayV2(event) = event else { return String::new() };
    let authorizer = event.request_context.authorizer.as_ref();
    let claims = authorizer.and_then(|authorizer| authorizer.jwt.as_ref()).map(|jwt| &jwt.claims);
    claims.and_then(|claims| claims.get("business_id")).cloned().unwrap_or_default()
}

/// Checks that the answer is one of the contract, section 12. Returns its body if it is no problem and of a route.
fn check(answer: &Value, business: &str) -> Option<Value> {
    let text = answer["body"].as_str().unwrap_or_default();
    let body: Value = serde_json::from_str(text).expect("the body is JSON");
    if body == json!({"message": "Not Found"}) {
        return None; // no route of this function
    }
    let headers = &answer["headers"];
    assert_eq!(headers["cache-control"], "no-store");
    let codes: &[&str] = match answer["statusCode"].as_u64() {
        Some(200) => {
            assert_eq!(headers["content-type"], "application/json");
            assert!(business == BUSINESS || !PERSONAL.iter().any(|it| text.contains(it)), "another business's data");
            return Some(body);
        }
        Some(400) => &["query.unsupported", "query.invalid", "cursor.invalid", "payload.malformed"],
        Some(403) => &["business.none"],
        Some(404) => &["lead.not_found", "source.not_found", "conversation.not_found"],
        Some(413) => &["payload.too_large"],
        status => panic!("not a status of the contract: {status:?}"),
    };
    assert_eq!(headers["content-type"], "application/problem+json");
    assert!(body["code"].as_str().is_some_and(|code| codes.contains(&code)), "{}", body["code"]);
    assert_eq!(body["status"], answer["statusCode"]);
    None
}
