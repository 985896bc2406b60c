//! What users read (contract, section 12).

mod analytics;
mod conversations;
mod filters;
mod indexes;
mod lists;
mod log;
mod pages;
mod reports;
mod tenancy;
mod tokens;

use leadping::id::{AccountId, BusinessId, LeadId, SourceId};
use leadping::source::{self, Source, SourceKey, StoredKey};
use leadping::time::Timestamp;
use local::demo;
use local::issuer::{self, Issuer};
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Answer, Api};

const FLAT: &str = include_str!("../examples/flat.json");

/// The claims of a token of the local issuer.
fn claims(api: &Api, business: &str) -> Value {
    let issuer = Issuer::of(api.stack.addresses().gateway.as_deref().unwrap());
    issuer.claims(&BusinessId::parse(business).unwrap(), "leads:read conversations:write")
}

fn token(api: &Api, business: &str) -> String {
    issuer::sign(&issuer::header(), &claims(api, business)).unwrap()
}

/// Asks with a token. Without a body, no body is sent.
async fn ask(api: &Api, token: &str, method: Method, path: &str, body: Option<Value>) -> Answer {
    let request = api.request(method, path).header("Authorization", &format!("Bearer {token}"));
    match body {
        Some(body) => request.json(body.to_string()).send().await,
        None => request.send().await,
    }
}

/// Asks for a list.
async fn list(api: &Api, token: &str, path: &str, body: Value) -> Answer {
    ask(api, token, Method::POST, path, Some(body)).await
}

/// The items of a page.
fn items(answer: &Answer) -> &Vec<Value> {
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
    answer.body["items"].as_array().unwrap()
}

/// The ids of a page's items.
fn ids(answer: &Answer) -> Vec<&str> {
    items(answer).iter().map(|item| item["id"].as_str().unwrap()).collect()
}

fn equal(field: &str, value: &str) -> Value {
    json!({"field": field, "value": value})
}

/// Creates a source of a business, whose key is that of the demo sources.
async fn create_source(api: &Api, id: &str, business: &str) {
    let key = SourceKey::presented(demo::SOURCE_KEY).stored(Timestamp::now());
    create_source_with(api, id, business, vec![key]).await;
}

/// Creates a source of a business with these keys.
async fn create_source_with(api: &Api, id: &str, business: &str, keys: Vec<StoredKey>) {
    let source = Source {
        account_id: Some(AccountId::parse("account_2").unwrap()),
        business_id: Some(BusinessId::parse(business).unwrap()),
        approved: true,
        keys,
        ..Source::new(SourceId::parse(id).unwrap(), "Other forms", source::random().unwrap(), Timestamp::now())
    };
    assert!(demo::create(&api.stack.sources(), &api.stack.ledger(), &source).await.unwrap());
}

/// Posts the flat example from a source, with other values of members.
async fn post(api: &Api, source: &str, members: &Value) -> LeadId {
    let mut lead: Value = serde_json::from_str(FLAT).unwrap();
    lead.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    let answer = api.request(Method::POST, "/leads/intake").from(source).json(lead.to_string()).send().await;
    assert_eq!(answer.status.as_u16(), 201, "{}", answer.text);
    answer.id()
}
