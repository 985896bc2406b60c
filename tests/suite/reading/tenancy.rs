//! A token reads its own business's data, and nothing of another business.

use std::collections::BTreeMap;

use leadping::http::UserRoute;
use tests::erase;
use tests::options;

use super::*;

/// What no answer for the first business may contain: the data of the second one.
const SECRETS: [&str; 6] = ["Quixote", "quixote@example.org", "+12025550188", "other-1", "business_2", "source_other"];

/// The answer, without what differs for each request.
fn comparable(answer: &Answer) -> (u16, Value) {
    let mut body = answer.body.clone();
    if let Some(members) = body.as_object_mut() {
        members.remove("requestId");
    }
    (answer.status.as_u16(), body)
}

fn assert_no_secret(answer: &Answer, asked: &str) {
    for secret in SECRETS {
        assert!(!answer.text.contains(secret), "{asked}: {secret} in {}", answer.text);
    }
}

#[tokio::test]
async fn nothing_of_another_business_is_read_or_told() {
    let api = Api::start(&options()).await;
    create_source(&api, "source_other", "business_2").await;
    create_source(&api, "source_other_too", "business_2").await;
    let members = json!({
        "firstName": "Don", "lastName": "Quixote", "email": "quixote@example.org", "phone": "202-555-0188",
        "externalId": "other-1", "product": "Windmills",
    });
    let theirs = post(&api, "source_other", &members).await;
    let erased = post(&api, "source_other", &json!({"externalId": "other-2"})).await;
    let second = post(&api, "source_other", &json!({"externalId": "other-3"})).await;
    let mine = post(&api, demo::SOURCE_ID, &json!({})).await;
    for id in [&theirs, &erased, &second, &mine] {
        api.ready(id).await;
    }
    erase(&api.stack, &erased).await;
    let (own, other) = (token(&api, "business_1"), token(&api, "business_2"));
    let conversation = |id: &LeadId| id.as_str().replace("lead_", "conversation_");

    // The token of the other business sees it, so what follows would find something.
    assert_eq!(ask(&api, &other, Method::GET, &format!("/leads/{theirs}"), None).await.status.as_u16(), 200);
    assert_eq!(ids(&list(&api, &other, "/leads/all/my", json!({})).await), [second.as_str(), theirs.as_str()]);
    let unread = json!({"filters": [equal("isUnread", "true")]});
    let inbox = list(&api, &other, "/conversations/my", unread.clone()).await;
    assert_eq!(items(&inbox).len(), 2);

    // Paths: each of another business's ids has the same answer as an id that no one has.
    let foreign = [theirs.as_str(), erased.as_str(), "source_other", &conversation(&theirs), &conversation(&erased)];
    let strange = ["lead_unknown", "conversation_unknown", "source_unknown", "a%20b", "%00", "..%2F", "%F0%9F%90%91"];
    let mut asked = BTreeMap::new();
    let mut count = |route: UserRoute| *asked.entry(route.path()).or_insert(0_u64) += 1;
    for route in UserRoute::ALL.into_iter().filter(|route| route.path().contains('{')) {
        let query = if route == UserRoute::MarkRead { "?eventVersion=3" } else { "" };
        let path = |id: &str| {
            let (before, rest) = route.path().split_once('{').unwrap();
            format!("{before}{id}{}{query}", rest.split_once('}').unwrap().1)
        };
        let unknown = comparable(&ask(&api, &own, route.method(), &path("unknown"), None).await);
        assert_eq!(unknown.0, 404, "{route:?}");
        for id in foreign.iter().chain(&strange) {
            let answer = ask(&api, &own, route.method(), &path(id), None).await;
            assert_eq!(comparable(&answer), unknown, "{}", path(id));
            assert_no_secret(&answer, &path(id));
            count(route);
        }
    }

    // Lists: each way to find the other business's lead, alone and together with each other one.
    let ways = [
        vec![equal("id", theirs.as_str())],
        vec![equal("id", erased.as_str())],
        vec![equal("phone", "(202) 555-0188")],
        vec![equal("email", "QUIXOTE@example.org")],
        vec![equal("externalId", "other-1"), equal("sourceId", "source_other")],
        vec![equal("sourceId", "source_other")],
        vec![equal("product", "windmills")],
        vec![],
    ];
    let searches =
        [None, Some(theirs.as_str()), Some("quixote@example.org"), Some("2025550188"), Some("Quix"), Some("q")];
    for one in &ways {
        for another in &ways {
            for search in searches {
                if one.is_empty() && another.is_empty() && search.is_none() {
                    continue;
                }
                let filters: Vec<_> = one.iter().chain(another).cloned().collect();
                let body = json!({"filters": filters, "search": search, "includeCount": true});
                let answer = list(&api, &own, "/leads/all/my", body.clone()).await;
                assert_eq!(items(&answer), &Vec::<Value>::new(), "{body}");
                assert!([json!(null), json!(0)].contains(&answer.body["totalCount"]), "{body}: {}", answer.text);
                assert_eq!(answer.body["continuationToken"], json!(null), "{body}");
                count(UserRoute::Leads);
            }
        }
    }
    for (route, rows) in [(UserRoute::Leads, 1), (UserRoute::Inbox, 1), (UserRoute::Sources, 8)] {
        let path = route.path();
        let answer = list(&api, &own, path, json!({"pageSize": 100})).await;
        assert_eq!(items(&answer).len(), rows, "{path}");
        assert_no_secret(&answer, path);
        // A token of the other business's list leads nowhere.
        let first = list(&api, &other, path, json!({"pageSize": 1})).await;
        let token = &first.body["continuationToken"];
        assert!(token.is_string(), "{path}: {}", first.text);
        let answer = list(&api, &own, path, json!({"pageSize": 1, "continuationToken": token})).await;
        assert_eq!(answer.body["code"], "cursor.invalid", "{path}");
        count(route);
        // The caller does not name the business.
        for member in ["businessId", "business_id", "business"] {
            let answer = list(&api, &own, path, json!({(member): "business_2"})).await;
            assert_eq!(answer.body["errors"][0]["code"], "query.unsupported", "{path} {member}");
            assert_eq!(answer.body["errors"][0]["pointer"], format!("/{member}"), "{path}");
            count(route);
        }
    }
    let answer = ask(&api, &own, Method::GET, "/analytics/my", None).await;
    assert_eq!(answer.body["leadTrend"]["total"], 1, "{}", answer.text);
    assert_no_secret(&answer, "/analytics/my");
    for parameter in ["businessId=business_2", "business_id=business_2", "sourceId=source_other", "leadId=lead_other"] {
        let answer = ask(&api, &own, Method::GET, &format!("/analytics/my?{parameter}"), None).await;
        assert_eq!(answer.body["code"], "query.unsupported", "{parameter}");
        assert_no_secret(&answer, parameter);
        count(UserRoute::Analytics);
    }

    // Nothing was written: the other business's conversations are unread.
    assert_eq!(list(&api, &other, "/conversations/my", unread).await.body, inbox.body);
    for route in UserRoute::ALL {
        let times = asked.get(route.path()).copied().unwrap_or_default();
        println!("{times:>4} requests with ids of another business: {} {}", route.method(), route.path());
        assert!(times > 0, "{route:?} has no case: add one for each way in which it takes an id");
    }
    println!("{:>4} in all, and nothing of it was found", asked.values().sum::<u64>());
    api.stack.stop().await;
}
