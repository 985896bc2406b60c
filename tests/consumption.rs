//! The table capacity that one lead consumes in all, next to any number of other leads.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use leadping::http::UserRoute;
use leadping::payload::Entrance;
use local::demo;
use local::event::HttpEvent;
use local::stack::{Options, Stack};
use serde_json::{Value, json};

use crate::proxy::{Point, Proxy};

/// The most items that DynamoDB accepts in one batch write.
const MAX_WRITE: usize = 25;

/// The capacity that each call consumes for a lead, in read or write units. `docs/operating.md` computes costs from it.
pub const UNITS: [(Point, f64); 6] = [
    (Point::SourceRead, 0.5),
    (Point::Put, 9.0),
    (Point::LeadRead, 1.0),
    (Point::Open, 14.0),
    (Point::Finish, 17.0),
    (Point::Published, 2.0),
];

/// Measures the read and write units that each call consumes, with indexes, for the flat example of the partner
/// specification when `stored` other leads exist. The engine reports the units.
///
/// # Panics
/// When the lead does not become ready.
pub async fn of_one_lead_among(stored: usize) -> BTreeMap<Point, f64> {
    let proxy = Proxy::start().await;
    let options = Options { port: 0, worker: false, front: Some(proxy.front()), ..Options::default() };
    let stack = Stack::start(&options).await.expect("the stack starts");
    proxy.forward_to(&stack);
    process(&stack, "among-the-others").await;
    fill(&stack.clients().dynamodb, &stack.addresses().leads_table, stored).await;
    proxy.meter();
    process(&stack, "the-one").await;
    let consumed = proxy.consumed();
    stack.stop().await;
    assert!(consumed.contains_key(&Point::Finish), "the lead is ready");
    consumed
}

/// What a page of a list costs.
#[derive(Debug)]
pub struct PageCost {
    /// The number of calls of each operation of DynamoDB.
    pub calls: BTreeMap<String, u64>,
    /// The read units that they consume together.
    pub units: f64,
    /// How long each page took, sorted.
    pub times: Vec<Duration>,
}

/// Measures a page of 50 leads of a business that has `stored` leads: its calls and read units once, and its time `times`
/// times.
///
/// # Panics
/// When the page is not full.
pub async fn of_one_page_among(stored: usize, times: usize) -> PageCost {
    let proxy = Proxy::start().await;
    let options = Options { port: 0, worker: false, front: Some(proxy.front()), ..Options::default() };
    let stack = Stack::start(&options).await.expect("the stack starts");
    proxy.forward_to(&stack);
    process(&stack, "among-the-others").await;
    fill(&stack.clients().dynamodb, &stack.addresses().leads_table, stored).await;
    proxy.meter();
    let before = proxy.operations();
    page(&stack).await;
    let after = proxy.operations().into_iter();
    let calls = after.map(|(operation, calls)| (operation.1.clone(), calls - before.get(&operation).unwrap_or(&0)));
    let calls = calls.filter(|(_, calls)| *calls > 0).collect();
    let units = proxy.consumed().values().sum();
    let mut taken = Vec::with_capacity(times);
    for _ in 0..times {
        let begun = Instant::now();
        page(&stack).await;
        taken.push(begun.elapsed());
    }
    taken.sort();
    stack.stop().await;
    PageCost { calls, units, times: taken }
}

/// Reads the newest 50 leads of the demo sources' business.
async fn page(stack: &Stack) {
    let page = HttpEvent {
        route: UserRoute::Leads.path().to_owned(),
        path: UserRoute::Leads.path().to_owned(),
        authorizer: Some(json!({"jwt": {"claims": {"business_id": demo::BUSINESS}, "scopes": []}})),
        ..HttpEvent::post(Entrance::Flat, demo::SOURCE_ID, "page", r#"{"pageSize":50}"#)
    };
    let answer = stack.functions().read_leads.run(&page.to_json()).await.expect("the function answers");
    let body: Value = serde_json::from_str(answer["body"].as_str().unwrap_or_default()).unwrap_or_default();
    assert_eq!(body["items"].as_array().map(Vec::len), Some(50), "{body}");
}

/// Posts the flat example of the partner specification under this external id, and lets the worker make it ready.
async fn process(stack: &Stack, external_id: &str) {
    let lead = include_str!("examples/flat.json").replace("partner-lead-88391", external_id);
    let post = HttpEvent::post(Entrance::Flat, demo::SOURCE_ID, external_id, lead).to_json();
    let answer = stack.functions().intake_lead.run(&post).await.expect("intake answers");
    assert_eq!(answer.get("statusCode"), Some(&json!(201)), "the example is accepted");
    let queue = &stack.addresses().queue_url;
    let received = stack.clients().sqs.receive_message().queue_url(queue).send().await.expect("the queue answers");
    let messages = received.messages.unwrap_or_default();
    let records: Vec<Value> =
        messages.iter().map(|message| json!({"messageId": "0", "body": message.body()})).collect();
    let batch = json!({ "Records": records });
    let answer = stack.functions().process_lead.run(&batch).await.expect("the worker answers");
    assert_eq!((records.len(), answer), (1, json!({"batchItemFailures": []})));
    // As the event source does. Otherwise the next receive may return this message instead of the next lead's.
    for handle in messages.iter().filter_map(|message| message.receipt_handle()) {
        let deleted = stack.clients().sqs.delete_message().queue_url(queue).receipt_handle(handle).send().await;
        deleted.expect("the queue answers");
    }
}

/// Copies the only lead, with its index keys.
async fn fill(dynamodb: &Client, table: &str, copies: usize) {
    let found = dynamodb.scan().table_name(table).send().await.expect("the table answers");
    let items = found.items.unwrap_or_default();
    let is_lead = |item: &&std::collections::HashMap<String, AttributeValue>| {
        item.get("sk").is_some_and(|sk| *sk == AttributeValue::S("LEAD".to_owned()))
    };
    let lead = items.iter().find(is_lead).expect("there is a lead");
    let text = |name: &str| lead.get(name).and_then(|value| value.as_s().ok()).expect("a lead has it").clone();
    let (pk, document) = (text("pk"), text("document"));
    let id = pk.trim_start_matches("LEAD#");
    let copy = |number: usize| {
        let mut item = lead.clone();
        let copied = format!("lead_copy{number}");
        item.insert("pk".to_owned(), AttributeValue::S(format!("LEAD#{copied}")));
        item.insert("document".to_owned(), AttributeValue::S(document.replace(id, &copied)));
        let put = PutRequest::builder().set_item(Some(item)).build().expect("an item is given");
        WriteRequest::builder().put_request(put).build()
    };
    let numbers: Vec<usize> = (0..copies).collect();
    for numbers in numbers.chunks(MAX_WRITE) {
        let copies: Vec<_> = numbers.iter().map(|number| copy(*number)).collect();
        let written = dynamodb.batch_write_item().request_items(table, copies).send().await;
        assert!(written.expect("the table answers").unprocessed_items.unwrap_or_default().is_empty());
    }
}
