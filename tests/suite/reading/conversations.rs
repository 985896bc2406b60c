//! One lead, the inbox and the timeline.

use tests::erase;
use tests::options;

use super::*;

#[tokio::test]
async fn a_conversation_is_read_only_at_the_version_that_was_seen() {
    let api = Api::start(&options()).await;
    let token = token(&api, "business_1");
    let id = post(&api, demo::SOURCE_ID, &json!({})).await;
    api.ready(&id).await;
    let unread = json!({"filters": [{"field": "isUnread", "value": true}]});
    let inbox = list(&api, &token, "/conversations/my", unread.clone()).await;
    let conversation = &items(&inbox)[0];
    assert_eq!((&conversation["leadId"], &conversation["eventVersion"]), (&json!(id), &json!(3)));
    let path = format!("/conversations/{}/mark-read", conversation["id"].as_str().unwrap());
    for (query, status, body) in [
        ("?eventVersion=2", 200, json!(false)),
        ("?eventVersion=4", 200, json!(false)),
        ("", 400, json!("query.invalid")),
        ("?eventVersion=three", 400, json!("query.invalid")),
        ("?eventVersion=-1", 400, json!("query.invalid")),
        ("?eventVersion=9223372036854775807", 200, json!(false)),
        ("?eventVersion=9223372036854775808", 400, json!("query.invalid")),
        ("?eventVersion=3&eventVersion=3", 400, json!("query.invalid")),
        ("?eventVersion=3&x=1", 400, json!("query.unsupported")),
        ("?eventVersion=3", 200, json!(true)),
        ("?eventVersion=3", 200, json!(true)),
    ] {
        let answer = ask(&api, &token, Method::POST, &format!("{path}{query}"), None).await;
        let found = if status == 200 { answer.body.clone() } else { answer.body["code"].clone() };
        assert_eq!((answer.status.as_u16(), found), (status, body), "{query}");
    }
    assert!(items(&list(&api, &token, "/conversations/my", unread).await).is_empty());
    let read = list(&api, &token, "/conversations/my", json!({"filters": [equal("isUnread", "false")]})).await;
    assert_eq!(items(&read).len(), 1);
    let shown = ask(&api, &token, Method::GET, &format!("/leads/{id}"), None).await;
    assert_eq!(shown.body["conversation"]["isUnread"], false);
    api.stack.stop().await;
}

#[tokio::test]
async fn an_erased_lead_is_a_tombstone_and_in_no_list() {
    let api = Api::start(&options()).await;
    let token = token(&api, "business_1");
    let id = post(&api, demo::SOURCE_ID, &json!({})).await;
    let test = {
        let request = api.request(Method::POST, "/leads/intake").from_test(demo::SOURCE_ID).json(FLAT);
        request.send().await.id()
    };
    for id in [&id, &test] {
        api.ready(id).await;
    }
    let found = list(&api, &token, "/leads/all/my", json!({"includeCount": true})).await;
    assert_eq!((ids(&found), &found.body["totalCount"]), (vec![id.as_str()], &json!(1)), "no test lead");
    let shown = ask(&api, &token, Method::GET, &format!("/leads/{test}"), None).await;
    assert_eq!((shown.status.as_u16(), &shown.body["test"]), (200, &json!(true)));
    assert_eq!(shown.body["eligibility"]["sms"]["reasons"][0], "test_lead");

    erase(&api.stack, &id).await;
    let shown = ask(&api, &token, Method::GET, &format!("/leads/{id}"), None).await;
    assert_eq!((shown.status.as_u16(), &shown.body["processingStatus"]), (200, &json!("Erased")));
    for secret in ["Jordan", "jordan@example.com", "5555550123"] {
        assert!(!shown.text.contains(secret), "{secret}");
    }
    for path in ["/leads/all/my", "/conversations/my"] {
        assert!(items(&list(&api, &token, path, json!({})).await).is_empty(), "{path}");
    }
    for filter in [equal("id", id.as_str()), equal("phone", "+15555550123"), equal("email", "jordan@example.com")] {
        let found = list(&api, &token, "/leads/all/my", json!({"filters": [filter]})).await;
        assert!(items(&found).is_empty());
    }
    let events = list(&api, &token, &format!("/events/leads/{id}"), json!({})).await;
    assert_eq!(items(&events).last().unwrap()["eventType"], "lead.erased");
    for id in [&id, &test] {
        let conversations = list(&api, &token, &format!("/conversations/lead/{id}"), json!({})).await;
        let conversation = &items(&conversations)[0];
        let (of, version) = (conversation["id"].as_str().unwrap(), &conversation["eventVersion"]);
        let path = format!("/conversations/{of}/mark-read?eventVersion={version}");
        let marked = ask(&api, &token, Method::POST, &path, None).await;
        assert_eq!(marked.body["code"], "conversation.not_found", "it is in no inbox: {conversation}");
    }
    let shown = list(&api, &token, &format!("/conversations/lead/{id}"), json!({})).await;
    assert_eq!(items(&shown)[0]["isUnread"], false, "an erased lead asks for no attention");
    api.stack.stop().await;
}

#[tokio::test]
async fn a_timeline_is_paged_in_both_directions() {
    let api = Api::start(&options()).await;
    let token = token(&api, "business_1");
    let id = post(&api, demo::SOURCE_ID, &json!({})).await;
    api.ready(&id).await;
    let path = format!("/events/leads/{id}");
    for (direction, expected) in [("asc", [1, 2, 3]), ("desc", [3, 2, 1])] {
        let mut body =
            json!({"pageSize": 1, "includeCount": true, "orderBy": [{"field": "createdAt", "direction": direction}]});
        let mut sequences = Vec::new();
        loop {
            let page = list(&api, &token, &path, body.clone()).await;
            sequences.extend(items(&page).iter().map(|event| event["sequence"].as_u64().unwrap()));
            assert_eq!(page.body["totalCount"], 3);
            body["continuationToken"] = page.body["continuationToken"].clone();
            if body["continuationToken"].is_null() {
                break;
            }
        }
        assert_eq!(sequences, expected, "{direction}");
    }
    let only = list(&api, &token, &path, json!({"filters": [equal("eventType", "lead.ready")]})).await;
    assert_eq!(items(&only).len(), 1);
    let types: Vec<_> = items(&list(&api, &token, &path, json!({})).await)
        .iter()
        .map(|event| event["timelineType"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(types, ["LeadCreated", "LeadUpdated", "LeadUpdated"]);
    api.stack.stop().await;
}
