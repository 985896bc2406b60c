//! How lists are paged, and whose their tokens are.

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use data_encoding::BASE64URL_NOPAD;

use super::lists::start;
use super::*;

/// Copies a lead under other ids and times, as the table stores it.
async fn copy(api: &Api, id: &LeadId, numbers: std::ops::Range<usize>, last_name: &str) {
    let (client, table) = (&api.stack.clients().dynamodb, &api.stack.addresses().leads_table);
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let found = client.get_item().table_name(table).key("pk", text(&format!("LEAD#{id}"))).key("sk", text("LEAD"));
    let lead = found.send().await.unwrap().item.unwrap();
    let base: jiff::Timestamp = "2026-06-01T00:00:00Z".parse().unwrap();
    let copies = numbers.map(|number| {
        let mut item = lead.clone();
        let at = base + jiff::SignedDuration::from_millis(i64::try_from(number / 3).unwrap());
        let at = Timestamp::from(at).to_string();
        let document = item["document"].as_s().unwrap().replace(id.as_str(), &format!("lead_copy{number}"));
        let created = lead["createdAt"].as_s().unwrap();
        item.insert("document".to_owned(), text(&document.replace(created, &at)));
        item.insert("pk".to_owned(), text(&format!("LEAD#lead_copy{number}")));
        item.insert("createdAt".to_owned(), text(&at));
        item.insert("nameKey".to_owned(), text(last_name));
        let put = PutRequest::builder().set_item(Some(item)).build().unwrap();
        WriteRequest::builder().put_request(put).build()
    });
    for chunk in copies.collect::<Vec<_>>().chunks(25) {
        client.batch_write_item().request_items(table, chunk.to_vec()).send().await.unwrap();
    }
}

/// Pages to the end, and returns the ids in the order in which they came.
async fn pages(api: &Api, token: &str, mut body: Value, mut between: impl AsyncFnMut(usize)) -> Vec<String> {
    let mut found = Vec::new();
    for page in 0.. {
        let answer = list(api, token, "/leads/all/my", body.clone()).await;
        found.extend(ids(&answer).into_iter().map(str::to_owned));
        body["continuationToken"] = answer.body["continuationToken"].clone();
        if body["continuationToken"].is_null() {
            break;
        }
        between(page).await;
    }
    found
}

#[tokio::test]
async fn a_thousand_leads_are_paged_once_each_while_fifty_more_arrive() {
    let (api, token) = start().await;
    let first = post(&api, demo::SOURCE_ID, &json!({})).await;
    copy(&api, &first, 0..999, "example").await;
    let mut expected: Vec<String> = (0..999).map(|number| format!("lead_copy{number}")).collect();
    expected.push(first.as_str().to_owned());
    expected.sort();
    for order in [json!(null), json!([{"field": "createdAt", "direction": "desc"}])] {
        let arrived = std::cell::Cell::new(0);
        let found = pages(&api, &token, json!({"pageSize": 37, "orderBy": order}), async |_| {
            if arrived.get() < 50 {
                post(&api, demo::SOURCE_ID, &json!({"externalId": format!("new-{}-{}", order, arrived.get())})).await;
                arrived.set(arrived.get() + 1);
            }
        })
        .await;
        let mut old: Vec<_> = found.iter().filter(|id| expected.contains(id)).cloned().collect();
        old.sort();
        assert_eq!(old, expected, "each exactly once");
        let mut distinct = found.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), found.len(), "no lead twice");
    }
    // A filter that fits few leads makes short pages, and still finds them all.
    copy(&api, &first, 2_000..2_700, "example").await;
    let body = json!({"pageSize": 100, "filters": [equal("state", "CA")]});
    let answer = list(&api, &token, "/leads/all/my", body.clone()).await;
    assert!(items(&answer).is_empty() && answer.body["continuationToken"].is_string(), "500 leads were read");
    assert!(pages(&api, &token, body, async |_| {}).await.is_empty());
    let all = pages(&api, &token, json!({"pageSize": 100, "filters": [equal("state", "TX")]}), async |_| {}).await;
    assert!(all.len() >= 1_700, "{}", all.len());
    api.stack.stop().await;
}

#[tokio::test]
async fn a_token_belongs_to_its_request() {
    let (api, token) = start().await;
    let first = post(&api, demo::SOURCE_ID, &json!({})).await;
    copy(&api, &first, 0..5, "example").await;
    let page = list(&api, &token, "/leads/all/my", json!({"pageSize": 2})).await;
    let next = page.body["continuationToken"].as_str().unwrap().to_owned();
    let with = |mut body: Value| {
        body["continuationToken"] = json!(next);
        body
    };
    for (path, body, status) in [
        ("/leads/all/my", with(json!({"pageSize": 2})), 200),
        ("/leads/all/my", with(json!({"pageSize": 2, "includeCount": true, "search": null})), 200),
        ("/leads/all/my", with(json!({"pageSize": 3})), 400),
        ("/leads/all/my", with(json!({"pageSize": 2, "search": "example"})), 400),
        ("/leads/all/my", with(json!({"pageSize": 2, "orderBy": [{"field": "createdAt", "direction": "asc"}]})), 400),
        ("/leads/all/my?archiveFilter=archived", with(json!({"pageSize": 2})), 400),
        ("/conversations/my", with(json!({"pageSize": 2})), 400),
        ("/sources/all/my", with(json!({"pageSize": 2})), 400),
        ("/leads/all/my", json!({"pageSize": 2, "continuationToken": ""}), 400),
        ("/leads/all/my", json!({"pageSize": 2, "continuationToken": "e30"}), 400),
        ("/leads/all/my", json!({"pageSize": 2, "continuationToken": 7}), 400),
        ("/leads/all/my", json!({"pageSize": 2, "continuationToken": format!("{next}A")}), 400),
    ] {
        let answer = list(&api, &token, path, body.clone()).await;
        assert_eq!(answer.status.as_u16(), status, "{path} {body}: {}", answer.text);
        if status == 400 {
            assert_eq!(answer.body["code"], "cursor.invalid", "{path} {body}");
        }
    }
    api.stack.stop().await;
}

/// A forged place can only be another place in the caller's own list, or it is refused.
#[tokio::test]
async fn a_forged_place_is_refused() {
    let (api, token) = start().await;
    let first = post(&api, demo::SOURCE_ID, &json!({})).await;
    copy(&api, &first, 0..3, "example").await;
    let long = "a".repeat(1_025);
    let (leads, names) = (json!({"pageSize": 1}), json!({"pageSize": 1, "search": "exam"}));
    for (path, body, places) in [
        (
            "/sources/all/my",
            &leads,
            vec![
                (json!(["", "source_123"]), 400),
                (json!([long, "source_123"]), 400),
                (json!(["é".repeat(513), "source_123"]), 400),
                (json!(["a".repeat(1_024), "source_123"]), 200),
                (json!(["Demo", ""]), 400),
                (json!(["Demo", "a b"]), 400),
                (json!(["Demo"]), 400),
                (json!([7, "source_123"]), 400),
                (json!(["\u{0}", "source_unknown"]), 200),
                (json!(null), 400),
                (json!({}), 400),
            ],
        ),
        (
            "/leads/all/my",
            &leads,
            vec![
                (json!({"s": "", "l": "lead_a"}), 400),
                (json!({"s": format!("2{long}"), "l": "lead_a"}), 400),
                (json!({"s": "1969-01-01T00:00:00.000Z", "l": "lead_a"}), 400),
                (json!({"s": "~", "l": "lead_a"}), 400),
                (json!({"s": "2026-06-15T12:00:00.000Z", "l": ""}), 400),
                (json!({"s": "2026-06-15T12:00:00.000Z", "l": "a b"}), 400),
                (json!({"s": "2026-06-15T12:00:00.000Z"}), 400),
                (json!({"s": "2026-06-15T12:00:00.000Z", "l": "lead_unknown"}), 200),
                (json!({"s": "2", "l": "lead_unknown"}), 200),
                (json!(["2026-06-15T12:00:00.000Z", "lead_a"]), 200),
                (json!(3), 400),
            ],
        ),
        (
            "/leads/all/my",
            &names,
            vec![
                (json!({"s": "exalt", "l": "lead_a"}), 400),
                (json!({"s": format!("exam{long}"), "l": "lead_a"}), 400),
                (json!({"s": "example", "l": "lead_unknown"}), 200),
            ],
        ),
    ] {
        let page = list(&api, &token, path, body.clone()).await;
        let real = page.body["continuationToken"].as_str().unwrap();
        let real: Value = serde_json::from_slice(&BASE64URL_NOPAD.decode(real.as_bytes()).unwrap()).unwrap();
        for (place, status) in places {
            let mut forged = real.clone();
            forged["p"] = place;
            let mut body = body.clone();
            body["continuationToken"] = json!(BASE64URL_NOPAD.encode(forged.to_string().as_bytes()));
            let answer = list(&api, &token, path, body).await;
            let shown: String = forged["p"].to_string().chars().take(80).collect();
            assert_eq!(answer.status.as_u16(), status, "{path} {shown}: {}", answer.text);
            if status == 400 {
                assert_eq!(answer.body["code"], "cursor.invalid", "{path} {shown}");
            }
        }
    }
    api.stack.stop().await;
}
