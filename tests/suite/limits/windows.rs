//! How long a lead counts as an earlier one of its person.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use leadping::source::limits::{Action, Duplicates, Scope};
use leadping::time::Timestamp;
use local::demo::SOURCE_ID;
use tests::Api;

use super::{OTHER, caps, change, duplicates, lead, post, start};

/// Makes every guard this many days older.
async fn days_pass(api: &Api, days: u64) {
    let (client, table) = (&api.stack.clients().dynamodb, &api.stack.addresses().limits_table);
    let found = client.scan().table_name(table).send().await.unwrap();
    for item in found.items().iter().filter(|item| item.contains_key("writtenAt")) {
        let written: Timestamp = item["writtenAt"].as_s().unwrap().parse().unwrap();
        let earlier = AttributeValue::S(written.before(Duration::from_secs(days * 24 * 60 * 60)).to_string());
        let update = client.update_item().table_name(table).key("pk", item["pk"].clone()).key("sk", item["sk"].clone());
        let update =
            update.update_expression("SET writtenAt = :earlier").expression_attribute_values(":earlier", earlier);
        update.send().await.unwrap();
    }
}

/// When DynamoDB deletes each guard, in days from now.
async fn guards_end(api: &Api) -> Vec<i64> {
    let scan = api.stack.clients().dynamodb.scan().table_name(&api.stack.addresses().limits_table);
    let found = scan.send().await.unwrap();
    let guards = found.items().iter().filter(|item| item.contains_key("writtenAt"));
    let end = |item: &HashMap<String, AttributeValue>| item["expiresAt"].as_n().unwrap().parse::<i64>().unwrap();
    guards.map(|item| (end(item) - Timestamp::now().seconds()) / (24 * 60 * 60)).collect()
}

/// Sources of one business share guards, and each has its own window.
#[tokio::test]
async fn the_window_of_the_source_that_compares_decides() {
    let api = start().await;
    let compare = async |id: &str, days: u16| {
        change(&api, id, |source| {
            source.duplicates = Some(Duplicates { days, ..duplicates(Scope::Business, Action::Refuse).unwrap() });
        })
        .await;
    };
    compare(SOURCE_ID, 7).await;
    compare(OTHER, 30).await;
    assert_eq!(post(&api, SOURCE_ID, lead("first", 5_600_001, "a@example.com")).await.status, 201);
    assert!(guards_end(&api).await.iter().all(|days| *days >= 3_650), "the other source may compare as long");
    days_pass(&api, 10).await;

    // A post that takes no place does not take the guard from the source that compares longer.
    change(&api, SOURCE_ID, |source| source.limits = caps(Some(0), None)).await;
    assert_eq!(post(&api, SOURCE_ID, lead("paused", 5_600_001, "a@example.com")).await.status, 429);
    assert_eq!(post(&api, OTHER, lead("others", 5_600_001, "")).await.status, 409);
    assert_eq!(post(&api, OTHER, lead("others-2", 5_600_011, "A@example.com")).await.status, 409);

    // Changed days count for earlier leads, too.
    compare(OTHER, 9).await;
    compare(SOURCE_ID, 11).await;
    change(&api, SOURCE_ID, |source| source.limits = None).await;
    assert_eq!(post(&api, SOURCE_ID, lead("again", 5_600_001, "")).await.status, 409);
    assert_eq!(post(&api, OTHER, lead("others-3", 5_600_001, "")).await.status, 201);
    assert_eq!(post(&api, SOURCE_ID, lead("again-2", 5_600_001, "")).await.status, 409);
    api.stack.stop().await;
}
