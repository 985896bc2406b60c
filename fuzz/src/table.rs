//! DynamoDB as a list needs it: a few stored items, and an answer at once.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{Credentials, Region};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use leadping::client::aws;
use serde_json::{Value, json};

/// The business of the stored items.
pub const BUSINESS: &str = "business_stored";

/// How many queries of an index find something in one request. A list then has an end.
const FULL_PAGES: usize = 3;

/// The items of the tables by their keys.
static ITEMS: LazyLock<HashMap<(String, String), Value>> = LazyLock::new(|| {
    let stored: Value = serde_json::from_str(include_str!("../../tests/stored/first-release.json")).expect("JSON");
    let mut items: HashMap<_, _> = ["sources", "leads"]
        .iter()
        .flat_map(|table| stored[table].as_array().expect("a table is a list"))
        .map(|item| (key(item), item.clone()))
        .collect();
    // What later releases write next to the document.
    for ((_, sk), item) in &mut items {
        if sk == "LEAD" {
            item["nameKey"] = json!({"S": "person"});
        }
    }
    items
});

/// The tables of one request.
#[derive(Debug)]
pub struct Table {
    /// The business whose lists may be asked for.
    business: String,
    pages: Mutex<usize>,
}

impl Table {
    /// A client of tables, in which only the lists of this business may be asked for.
    pub fn client(business: &str) -> Client {
        let connector = SharedHttpConnector::new(Self { business: business.to_owned(), pages: Mutex::new(0) });
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(aws::behavior())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(Credentials::new("id", "key", None, None, "fuzz"))
            .retry_config(aws_sdk_dynamodb::config::retry::RetryConfig::disabled())
            .http_client(http_client_fn(move |_, _| connector.clone()));
        Client::from_conf(config.build())
    }

    fn answer(&self, operation: &str, asked: &Value) -> Value {
        match operation {
            "GetItem" => {
                let key = key(&asked["Key"]);
                ITEMS.get(&key).map_or_else(|| json!({}), |item| json!({"Item": item}))
            }
            "BatchGetItem" => {
                let mut responses = serde_json::Map::new();
                for (table, wanted) in asked["RequestItems"].as_object().expect("tables") {
                    let keys = wanted["Keys"].as_array().expect("keys").iter().map(key);
                    responses.insert(table.clone(), keys.filter_map(|key| ITEMS.get(&key).cloned()).collect());
                }
                json!({"Responses": responses})
            }
            "Query" if asked["IndexName"].is_null() => {
                let pk = asked["ExpressionAttributeValues"][":pk"]["S"].as_str().expect("a partition");
                let found: Vec<_> = ITEMS.iter().filter(|((of, _), _)| of == pk).map(|(_, item)| item).collect();
                json!({"Count": found.len(), "Items": found})
            }
            "Query" => self.page(asked),
            "UpdateItem" => {
                let values = &asked["ExpressionAttributeValues"];
                assert_eq!(values[":business"]["S"], self.business, "an update of another business");
                let found = ITEMS.get(&key(&asked["Key"]));
                let fits = |item: &&Value| {
                    item["businessId"] == values[":business"] && item["eventVersion"] == values[":version"]
                };
                match found.filter(fits) {
                    Some(_) => json!({}),
                    None => json!({"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"}),
                }
            }
            other => panic!("{other} is not what a read needs"),
        }
    }

    /// A place of an index, and another one after it; or the end.
    fn page(&self, asked: &Value) -> Value {
        let values = asked["ExpressionAttributeValues"].as_object().expect("values");
        let index = asked["IndexName"].as_str().expect("an index");
        // The erased leads of a business are under `#business`, and others under `business` or `business#value`.
        let of_business = |value: &Value| {
            let key = value["S"].as_str().map(|value| value.strip_prefix('#').unwrap_or(value));
            let rest = key.and_then(|key| key.strip_prefix(self.business.as_str()));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('#'))
        };
        // An external id is its source's, and a day of a source is counted; both sources are read before.
        let is_own = matches!(index, "externalId" | "day") || values.values().any(of_business);
        assert!(is_own, "a list of another business");
        let mut pages = self.pages.lock().expect("no panic");
        *pages += 1;
        if *pages > FULL_PAGES || asked["Select"] == "COUNT" {
            return json!({"Count": 7, "Items": []});
        }
        let (pk, sk) = match (index, values.contains_key(":from")) {
            ("business", false) => ("SOURCE#source_stored", "SOURCE"),
            ("inbox", _) => ("LEAD#lead_htym5xng3vy637y7azkvarue7rot5o6e", "CONVERSATION"),
            _ => ("LEAD#lead_htym5xng3vy637y7azkvarue7rot5o6e", "LEAD"),
        };
        let mut place = ITEMS[&(pk.to_owned(), sk.to_owned())].clone();
        // The place is within what is asked for.
        if let (Some(sort), Some(to)) = (asked["ExpressionAttributeNames"]["#sort"].as_str(), values.get(":to")) {
            place[sort] = to.clone();
        }
        json!({"Count": 1, "Items": [place], "LastEvaluatedKey": place})
    }
}

impl HttpConnector for Table {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let operation = request.headers().get("x-amz-target").and_then(|target| target.rsplit('.').next());
        let asked = serde_json::from_slice(request.body().bytes().unwrap_or_default()).expect("a request is JSON");
        let answer = self.answer(operation.expect("a request has a target"), &asked);
        let status = if answer["__type"].is_null() { 200 } else { 400 };
        let status = aws_smithy_runtime_api::http::StatusCode::try_from(status).expect("a status");
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(answer.to_string()))))
    }
}

fn key(item: &Value) -> (String, String) {
    let part = |name: &str| item[name]["S"].as_str().unwrap_or_default().to_owned();
    (part("pk"), part("sk"))
}
