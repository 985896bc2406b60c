//! What reports count, and what they say needs attention.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use leadping::source::StoredKey;
use local::stack::Options;
use tests::{WAIT_TIMEOUT, eventually, options};

use super::*;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn start() -> (Api, String) {
    let api = Api::start(&Options { worker: false, ..options() }).await;
    let token = token(&api, "business_1");
    (api, token)
}

fn source(id: &str) -> SourceId {
    SourceId::parse(id).unwrap()
}

async fn report(api: &Api, token: &str, path: &str) -> Value {
    let answer = ask(api, token, Method::GET, path, None).await;
    assert_eq!(answer.status.as_u16(), 200, "{path}: {}", answer.text);
    answer.body
}

/// The values of the points that are not zero, by their label.
fn counted(points: &Value) -> Vec<(&str, u64)> {
    let points = points.as_array().unwrap().iter();
    let points = points.map(|point| (point["label"].as_str().unwrap(), point["value"].as_u64().unwrap()));
    points.filter(|(_, value)| *value > 0).collect()
}

#[tokio::test]
async fn refused_posts_are_reported_by_day_and_code() {
    let (api, token) = start().await;
    let path = format!("/sources/{}/metrics?days=7", demo::SOURCE_ID);
    let now = Timestamp::now();
    for (age, codes) in [
        (0, &["email.invalid", "email.invalid", "contact.required"][..]),
        (2, &["email.invalid"]),
        (2, &["product.not_allowed"]),
        (6, &["price.invalid"]),
        (7, &["too.old"]),
    ] {
        let at = now.before(DAY * age);
        api.stack.limits().count_refusal(&source(demo::SOURCE_ID), codes, at).await.unwrap();
    }
    api.stack.limits().count_refusal(&source("source_texas"), &["state.not_allowed"], now).await.unwrap();
    let found = report(&api, &token, &path).await;
    let day = |age: u32| now.before(DAY * age).day();
    assert_eq!(counted(&found["errorPoints"]), [(&*day(6), 1), (&*day(2), 2), (&*day(0), 1)]);
    assert_eq!(found["errorPoints"].as_array().unwrap().len(), 7, "a day without refusals is a point, too");
    assert_eq!(
        (&found["totalErrors"], &found["errorsByCode"]),
        (&json!(4), &json!({"contact.required": 1, "email.invalid": 2, "price.invalid": 1, "product.not_allowed": 1}))
    );
    let refused_by_day: Vec<_> =
        found["errorPoints"].as_array().unwrap().iter().map(|day| &day["errorsByCode"]).collect();
    let none = json!({});
    assert_eq!(
        refused_by_day,
        [
            &json!({"price.invalid": 1}),
            &none,
            &none,
            &none,
            &json!({"email.invalid": 1, "product.not_allowed": 1}),
            &none,
            &json!({"contact.required": 1, "email.invalid": 1}),
        ]
    );
    assert_eq!((&found["totalLeads"], counted(&found["points"])), (&json!(0), vec![]));

    // A refused post is counted, an accepted one and one with a wrong key are not. A count may be lost, so the post is
    // repeated until one is there.
    post(&api, demo::SOURCE_ID, &json!({})).await;
    let wrong = api.request(Method::POST, "/leads/intake").header("X-Leadping-Source-Id", demo::SOURCE_ID);
    assert_eq!(wrong.header("X-Leadping-Source-Key", "wrong").json("{}").send().await.status.as_u16(), 401);
    let more = eventually(WAIT_TIMEOUT, "a refused post is counted", async || {
        let refused = api.post("/leads/intake", r#"{"email": "jordan", "firstName": "Jordan"}"#).await;
        assert_eq!(refused.status.as_u16(), 400);
        Some(report(&api, &token, &path).await).filter(|found| found["totalErrors"] != 4)
    })
    .await;
    assert_eq!((&more["totalErrors"], &more["totalLeads"]), (&json!(5), &json!(1)));
    assert_eq!(more["errorsByCode"]["email.invalid"], 3, "{more}");
    assert_eq!(more["errorPoints"][6]["errorsByCode"]["email.invalid"], 2, "{more}");
    assert!(!more.to_string().contains("too.old") && !more.to_string().contains("state.not_allowed"), "{more}");
    api.stack.stop().await;
}

/// Writes a lead of a source and a day as the indexes of reports have it.
async fn sent(api: &Api, business: &str, id: &str, day: &str, number: u64) {
    let text = |text: String| AttributeValue::S(text);
    let put = api.stack.clients().dynamodb.put_item().table_name(&api.stack.addresses().leads_table);
    let put = put.item("pk", text(format!("LEAD#lead_{id}{number}"))).item("sk", text("LEAD".to_owned()));
    let put = put.item("dayKey", text(format!("{id}#{day}#{}", number % 4)));
    let put = put.item("businessId", text(business.to_owned()));
    put.item("createdAt", text(format!("{day}T00:00:00.000Z"))).send().await.unwrap();
}

#[tokio::test]
async fn what_needs_attention_is_named() {
    let (api, token) = start().await;
    let now = Timestamp::now();
    let (today, yesterday) = (now.day(), now.before(DAY).day());
    let ends = |days: Option<u32>, key: &str| StoredKey {
        expires_at: days.map(|days| now.after(DAY * days)),
        ..SourceKey::presented(key).stored(now.before(DAY * 30))
    };
    let ended = StoredKey { expires_at: Some(now.before(DAY)), ..ends(None, "ended") };
    for (id, keys) in [
        ("key_ends", vec![ends(Some(3), "a")]),
        ("key_ends_last", vec![ends(Some(1), "a"), ends(Some(6), "b"), ended.clone()]),
        ("key_ends_later", vec![ends(Some(8), "a")]),
        ("key_replaced", vec![ends(Some(3), "a"), ends(None, "b")]),
        ("key_replaced_by_longer", vec![ends(Some(3), "a"), ends(Some(30), "b")]),
        ("key_ended", vec![ended]),
        ("key_none", vec![]),
    ] {
        create_source_with(&api, id, "business_1", keys).await;
    }
    for (id, yesterdays, todays, refused) in [
        ("silent", 1, 0, 0),
        ("steady", 1, 1, 0),
        ("new", 0, 1, 0),
        ("refused", 0, 9, 10),
        ("refused_without_leads", 0, 0, 10),
        ("refused_as_often", 0, 10, 10),
        ("refused_rarely", 0, 0, 9),
        ("silent_and_refused", 2, 0, 11),
    ] {
        create_source_with(&api, id, "business_1", vec![ends(None, "a")]).await;
        for number in 0..yesterdays {
            sent(&api, "business_1", id, &yesterday, number).await;
        }
        for number in 0..todays {
            sent(&api, "business_1", id, &today, 10 + number).await;
        }
        for _ in 0..refused {
            api.stack.limits().count_refusal(&source(id), &["email.invalid"], now).await.unwrap();
        }
    }
    create_source_with(&api, "off", "business_1", vec![ends(None, "a")]).await;
    let on = api.stack.sources().latest(&source("off")).await.unwrap().unwrap();
    let off = Source { enabled: false, revision: on.revision + 1, ..on.clone() };
    assert!(tests::change(&api.stack, &on, &off).await.is_some());
    sent(&api, "business_1", "off", &yesterday, 1).await;
    // What needs attention elsewhere is no concern of this business.
    create_source_with(&api, "other_key_ends", "business_2", vec![ends(Some(3), "a")]).await;
    sent(&api, "business_2", "other_key_ends", &yesterday, 1).await;

    let found = report(&api, &token, "/analytics/my?days=2").await;
    let items = found["needsAttention"].as_array().unwrap();
    let named: BTreeSet<(&str, &str)> =
        items.iter().map(|item| (item["title"].as_str().unwrap(), item["sourceId"].as_str().unwrap())).collect();
    let silent = "A source has sent no leads today";
    let refused = "A source is mostly refused";
    let ending = "A key of a source is about to end";
    let last_ends = "The last key of a source is about to end";
    assert_eq!(
        named,
        BTreeSet::from([
            (silent, "silent"),
            (silent, "silent_and_refused"),
            (refused, "refused"),
            (refused, "refused_without_leads"),
            (refused, "silent_and_refused"),
            (last_ends, "key_ends"),
            (ending, "key_ends_last"),
            (last_ends, "key_ends_last"),
            (ending, "key_replaced"),
            (ending, "key_replaced_by_longer"),
        ])
    );
    assert_eq!(items.len(), named.len(), "nothing is named twice");
    for item in items {
        let detail = item["detail"].as_str().unwrap();
        let (title, id) = (item["title"].as_str().unwrap(), item["sourceId"].as_str().unwrap());
        assert_eq!(item["severity"], if title == ending { "info" } else { "warning" });
        if (title, id) == (refused, "refused") {
            assert!(detail.starts_with("From 2026-"), "{detail}");
            assert!(detail.ends_with(" (UTC), 10 posts of Other forms were refused and 9 accepted."), "{detail}");
        }
        for (of, days) in [(ending, 1), (last_ends, 6)] {
            if (title, id) == (of, "key_ends_last") {
                assert!(detail.contains(&now.after(DAY * days).to_string()), "{detail}");
            }
        }
    }
    api.stack.stop().await;
}
