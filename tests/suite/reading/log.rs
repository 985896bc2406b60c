//! What the log says of who has read what.

use tests::{erase, logged, options};

use super::*;

#[tokio::test]
async fn each_answer_with_a_person_s_data_writes_one_line() {
    let api = Api::start(&options()).await;
    let id = post(&api, demo::SOURCE_ID, &json!({})).await;
    let erased = post(&api, demo::SOURCE_ID, &json!({"externalId": "erased"})).await;
    for id in [&id, &erased] {
        api.ready(id).await;
    }
    erase(&api.stack, &erased).await;
    let conversation = id.as_str().replace("lead_", "conversation_");
    let (of_lead, of_leads) = (json!({"lead_id": id}), json!({"route": "/leads/all/my", "rows": 1}));
    let of_inbox = json!({"route": "/conversations/my", "rows": 1});
    let (get, post) = (Method::GET, Method::POST);
    for (number, (method, path, body, expected)) in [
        (&get, format!("/leads/{id}"), None, Some(&of_lead)),
        (&get, format!("/leads/{erased}"), None, None),
        (&get, "/leads/lead_unknown".to_owned(), None, None),
        (&post, "/leads/all/my".to_owned(), Some(json!({})), Some(&of_leads)),
        (&post, "/leads/all/my".to_owned(), Some(json!({"search": "no such name"})), None),
        (&post, "/leads/all/my".to_owned(), Some(json!({"search": erased})), None),
        (&post, "/conversations/my".to_owned(), Some(json!({})), Some(&of_inbox)),
        (&post, "/conversations/my".to_owned(), Some(json!({"filters": [equal("isUnread", "false")]})), None),
        (&post, format!("/conversations/lead/{id}"), None, Some(&of_lead)),
        (&post, format!("/conversations/lead/{id}"), Some(json!({"search": "x"})), None),
        (&post, format!("/events/leads/{id}"), None, Some(&of_lead)),
        (&post, format!("/events/leads/{id}"), Some(json!({"filters": [equal("eventType", "none")]})), None),
        (&post, format!("/events/leads/{erased}"), None, None),
        (&post, format!("/conversations/{conversation}/mark-read?eventVersion=1"), None, None),
        (&post, "/conversations/conversation_unknown/mark-read?eventVersion=1".to_owned(), None, None),
        (&post, "/sources/all/my".to_owned(), None, None),
        (&get, "/analytics/my".to_owned(), None, None),
    ]
    .into_iter()
    .enumerate()
    {
        // Other tests log at the same time, so each request has a subject of its own.
        let subject = format!("reader_of_the_log_{number}");
        let mut claims = claims(&api, "business_1");
        claims["sub"] = json!(subject);
        let token = issuer::sign(&issuer::header(), &claims).unwrap();
        ask(&api, &token, method.clone(), &path, body).await;
        let lines: Vec<Value> = logged::text()
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .filter(|line: &Value| line["subject"] == json!(subject))
            .collect();
        assert_eq!(lines.len(), usize::from(expected.is_some()), "{path}: {lines:?}");
        for (name, value) in expected.into_iter().flat_map(|expected| expected.as_object().unwrap()) {
            assert_eq!(&lines[0][name], value, "{path}");
        }
    }
    api.stack.stop().await;
}
