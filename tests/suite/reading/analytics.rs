//! What reports count, and what they leave unknown.

use tests::{erase, options};

use super::*;

async fn report(api: &Api, token: &str) -> Value {
    let answer = ask(api, token, Method::GET, "/analytics/my?days=7", None).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
    answer.body
}

#[tokio::test]
async fn an_erased_lead_counts_in_every_number_of_a_report() {
    let api = Api::start(&options()).await;
    let token = token(&api, "business_1");
    create_source(&api, "source_other", "business_1").await;
    for number in 0..11 {
        for source in [demo::SOURCE_ID, "source_other"] {
            let id = post(&api, source, &json!({"externalId": format!("{source}-{number}")})).await;
            if source == demo::SOURCE_ID {
                erase(&api.stack, &id).await;
            }
        }
        let refused = api.request(Method::POST, "/leads/intake").from("source_other").json("{}").send().await;
        assert_eq!(refused.status.as_u16(), 400, "{}", refused.text);
    }
    let test = api.request(Method::POST, "/leads/intake").from_test(demo::SOURCE_ID).json(FLAT).send().await.id();
    erase(&api.stack, &test).await;

    let own = report(&api, &token).await;
    let trend = &own["leadTrend"];
    assert_eq!((&own["summary"]["leads"], &trend["total"]), (&json!(22), &json!(22)), "{own}");
    let points: u64 = trend["points"].as_array().unwrap().iter().map(|point| point["value"].as_u64().unwrap()).sum();
    assert_eq!(points, 22);
    let shares = own["leadSources"].as_array().unwrap();
    let shares: std::collections::BTreeMap<_, _> = shares
        .iter()
        .map(|share| (share["sourceId"].as_str().unwrap(), (share["leads"].clone(), share["percent"].clone())))
        .collect();
    let half = (json!(11), json!(50.0));
    assert_eq!(shares, [(demo::SOURCE_ID, half.clone()), ("source_other", half)].into());
    // As many posts were refused as accepted, which is not most of them.
    assert_eq!((&own["needsAttention"], &own["attentionIsComplete"]), (&json!([]), &json!(true)));
    for source in [demo::SOURCE_ID, "source_other"] {
        let metrics = ask(&api, &token, Method::GET, &format!("/sources/{source}/metrics?days=7"), None).await;
        assert_eq!(metrics.body["totalLeads"], 11, "{source}");
    }
    // The lists have the others only.
    let listed = list(&api, &token, "/leads/all/my", json!({"includeCount": true})).await;
    assert_eq!((listed.body["totalCount"].clone(), items(&listed).len()), (json!(11), 11));
    let other = report(&api, &super::token(&api, "business_2")).await;
    assert_eq!((&other["summary"]["leads"], &other["leadSources"]), (&json!(0), &json!([])));
    api.stack.stop().await;
}

#[tokio::test]
async fn more_sources_than_are_counted_leave_no_wrong_number() {
    let api = Api::start(&options()).await;
    let token = token(&api, "business_many");
    for number in 0..=100 {
        create_source(&api, &format!("source_many_{number}"), "business_many").await;
    }
    post(&api, "source_many_7", &json!({})).await;
    let many = report(&api, &token).await;
    assert_eq!(many["summary"]["leads"], 1, "{many}");
    assert_eq!((&many["leadSources"], &many["attentionIsComplete"]), (&Value::Null, &json!(false)), "{many}");
    api.stack.stop().await;
}
