//! What the indexes hold that lists read.

use leadping::store::schema::{BUSINESS, Index, NAME};
use local::stack::Options;
use tests::{erase, options};

use super::*;

/// The items of an index for `business_1`: their attributes' names, and the leads.
async fn held(api: &Api, index: Index) -> (Vec<Vec<String>>, Vec<String>) {
    let found = api.stack.clients().dynamodb.query().table_name(&api.stack.addresses().leads_table);
    let found = found.index_name(index.name).key_condition_expression("#partition = :business");
    let found = found.expression_attribute_names("#partition", index.partition);
    let business = aws_sdk_dynamodb::types::AttributeValue::S("business_1".to_owned());
    let items = found.expression_attribute_values(":business", business).send().await.unwrap().items.unwrap();
    let names = |item: &std::collections::HashMap<String, _>| {
        let mut names: Vec<String> = item.keys().cloned().collect();
        names.sort();
        names
    };
    let leads = items.iter().map(|item| format!("{} {}", item["pk"].as_s().unwrap(), item["sk"].as_s().unwrap()));
    (items.iter().map(names).collect(), leads.collect())
}

#[tokio::test]
async fn the_indexes_of_leads_hold_keys_alone_and_live_leads_alone() {
    let api = Api::start(&Options { worker: true, ..options() }).await;
    let mut lead: Value = serde_json::from_str(FLAT).unwrap();
    lead["externalId"] = json!("test");
    let test = api.request(Method::POST, "/leads/intake").from_test(demo::SOURCE_ID).json(lead.to_string());
    let test = test.send().await.id();
    let kept = post(&api, demo::SOURCE_ID, &json!({"externalId": "kept", "lastName": "Muñoz"})).await;
    let nameless = post(&api, demo::SOURCE_ID, &json!({"externalId": "nameless", "lastName": ""})).await;
    let erased = post(&api, demo::SOURCE_ID, &json!({"externalId": "erased"})).await;
    for id in [&test, &kept, &nameless, &erased] {
        api.ready(id).await; // so that conversations and events are next to the leads
    }
    let own = |ids: &[&LeadId]| -> Vec<String> { ids.iter().map(|id| format!("LEAD#{id} LEAD")).collect() };
    assert_eq!(held(&api, BUSINESS).await.1, own(&[&kept, &nameless, &erased]));
    erase(&api.stack, &erased).await;
    for (index, leads) in [(BUSINESS, own(&[&kept, &nameless])), (NAME, own(&[&kept]))] {
        let (names, found) = held(&api, index).await;
        assert_eq!(found, leads, "{}", index.name);
        let mut keys = vec!["pk", "sk", index.partition, index.sort];
        keys.sort_unstable();
        assert!(names.iter().all(|names| *names == keys), "{}: {names:?}", index.name);
    }
    api.stack.stop().await;
}
