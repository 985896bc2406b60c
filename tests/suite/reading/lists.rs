//! What the list of leads finds, and what it refuses.

use std::collections::BTreeMap;

use local::stack::Options;
use tests::options;

use super::*;

pub(super) async fn start() -> (Api, String) {
    let api = Api::start(&Options { worker: false, ..options() }).await;
    let token = token(&api, "business_1");
    (api, token)
}

#[tokio::test]
async fn leads_are_found_in_every_spelling() {
    let (api, token) = start().await;
    let members = [
        (
            "a",
            json!({"lastName": "Muñoz", "phone": "512-555-0101", "email": "A@example.com", "state": "TX", "product": "Auto"}),
        ),
        ("b", json!({"lastName": "munoz garcia", "phone": "512-555-0102", "email": "b@example.com", "state": "CA"})),
        ("c", json!({"lastName": "Smith", "phone": "512-555-0101", "email": "c@example.com", "state": "Texas"})),
        ("d", json!({"lastName": "", "phone": "512-555-0104", "email": "d@example.com", "state": "NY"})),
    ];
    let mut names = BTreeMap::new();
    for (name, members) in &members {
        let mut members = members.clone();
        members["externalId"] = json!(name);
        names.insert(post(&api, demo::SOURCE_ID, &members).await.as_str().to_owned(), *name);
    }
    let a = names.iter().find(|(_, name)| **name == "a").unwrap().0.clone();
    let source = || equal("sourceId", demo::SOURCE_ID);
    let search = |text: &str| json!({"search": text});
    let filter = |filters: &[Value]| json!({"filters": filters});
    let order = |direction: &str| json!({"orderBy": [{"field": "createdAt", "direction": direction}]});
    for (body, expected) in [
        (json!({}), "dcba"),
        (order("asc"), "abcd"),
        (order("desc"), "dcba"),
        (json!({"orderBy": [{"field": "createdAt"}]}), "abcd"),
        (search(&a), "a"),
        (search(&a.to_uppercase()), "a"),
        (search("lead_unknown"), ""),
        (search("a@EXAMPLE.com"), "a"),
        (search("a@example"), ""),
        (search("(512) 555-0101"), "ca"),
        (search("+15125550104"), "d"),
        (search("5550104"), ""),
        (search("MUNOZ"), "ab"),
        (search("muñoz g"), "b"),
        (search("  s "), "c"),
        (search("unoz"), ""),
        (search("\u{301}"), ""),
        (search(""), "dcba"),
        (json!({"search": "smith", "searchFields": ["lastName"]}), "c"),
        (json!({"search": "smith", "searchFields": ["id", "email", "phone", "lastName"]}), "c"),
        (json!({"search": "nobody@example.com", "searchFields": ["email"]}), ""),
        (json!({"search": "5125550101", "searchFields": ["phone", "email"]}), "ca"),
        (json!({"search": "5125550101", "searchFields": ["lastName"]}), ""),
        (json!({"search": "5550104", "searchFields": ["phone", "lastName"]}), ""),
        (json!({"search": "lead_unknown", "searchFields": ["id"]}), ""),
        (filter(&[equal("phone", "1 (512) 555 0101")]), "ca"),
        (filter(&[equal("email", "C@Example.Com")]), "c"),
        (filter(&[equal("id", &a)]), "a"),
        (filter(&[equal("id", "lead_unknown")]), ""),
        (filter(&[equal("sourceId", "source_unknown")]), ""),
        (filter(&[equal("product", "Home")]), ""),
        (filter(&[equal("product", " AUTO\u{202e} ")]), "a"),
        (filter(&[equal("state", "WY")]), ""),
        (filter(&[equal("email", "nobody@example.com")]), ""),
        (filter(&[equal("phone", "5125550199")]), ""),
        (filter(&[equal("externalId", "b\u{202c}"), source()]), "b"),
        (filter(&[equal("externalId", "b"), source()]), "b"),
        (filter(&[equal("externalId", "B"), source()]), ""),
        (filter(&[equal("externalId", "b"), equal("sourceId", "source_texas")]), ""),
        (filter(&[source()]), "dcba"),
        (filter(&[equal("state", "texas")]), "ca"),
        (filter(&[equal("state", "TX"), equal("product", "auto")]), "a"),
        (filter(&[equal("processingStatus", "Ready")]), ""),
        (filter(&[equal("processingStatus", "Enriching"), equal("phone", "5125550101"), equal("state", "CA")]), ""),
        (json!({"search": "muñoz", "filters": [equal("state", "CA")]}), "b"),
        (json!({"rangeFilters": [{"field": "createdAt", "greaterThan": "2026-01-01T00:00:00+01:00"}]}), "dcba"),
        (json!({"rangeFilters": [{"field": "createdAt", "lessThan": "2026-01-01"}]}), ""),
        (json!({"rangeFilters": [{"field": "createdAt", "lessThanOrEqual": "9999-12-31T23:59:59.999Z"}]}), "dcba"),
        (json!({"rangeFilters": [{"field": "createdAt", "lessThan": "9999-12-31"}]}), "dcba"),
        (json!({"search": "smith", "rangeFilters": [{"field": "createdAt", "lessThanOrEqual": "2026-01-01"}]}), ""),
        (json!({"filters": null, "search": null, "orderBy": []}), "dcba"),
        (json!({"pageSize": 3.0}), "dcb"),
    ] {
        let answer = list(&api, &token, "/leads/all/my", body.clone()).await;
        let found: String = ids(&answer).iter().map(|id| names[*id]).collect();
        assert_eq!(found, expected, "{body}");
    }
    for (body, count) in [
        (json!({}), json!(4)),
        (json!({"search": "muñoz"}), json!(2)),
        (filter(&[equal("phone", "5125550101")]), json!(2)),
        (filter(&[equal("externalId", "b"), source()]), json!(1)),
        (filter(&[equal("id", &a)]), json!(1)),
        (filter(&[equal("state", "TX")]), json!(null)),
    ] {
        let mut body = body;
        body["includeCount"] = json!(true);
        let answer = list(&api, &token, "/leads/all/my", body.clone()).await;
        assert_eq!(answer.body["totalCount"], count, "{body}");
    }
    let archived = list(&api, &token, "/leads/all/my?archiveFilter=archived", json!({})).await;
    assert!(items(&archived).is_empty());
    api.stack.stop().await;
}

#[tokio::test]
async fn a_person_is_found_in_every_spelling_that_the_intake_reads() {
    let (api, token) = start().await;
    let people: [&[&str]; 7] = [
        &[
            "zoe@bücher.example",
            "ZOE@BÜCHER.Example",
            "zoe@bu\u{308}cher.example",
            "zoe@xn--bcher-kva.example",
            "zoe@XN--BCHER-KVA.EXAMPLE",
            "zo\u{200b}e@bücher.example",
        ],
        &["zoë@example.com", "ZOE\u{308}@example.com", "zoe\u{308}@EXAMPLE.com"],
        &["İ@example.com", "I\u{307}@example.com", "i\u{307}@EXAMPLE.com"],
        &["用户@例子.广告", "用户@xn--fsqu00a.xn--4rr70v"],
        &["5125550190@example.com", "5125550190@EXAMPLE.com"],
        &[
            "+15125550123",
            "512.555.0123",
            "tel:+1-512-555-0123",
            "Mobile: 512-555-0123",
            "512-555-0123 (cell)",
            "512-555-0123 ext. 5",
            "５１２－５５５－０１２３",
            "\u{202a}(512) 555-0123\u{202c}",
            "011 1 512 555 0123",
        ],
        &["1-800-FLOWERS", "(800) 356-9377", "800 flowers"],
    ];
    for (person, spellings) in people.iter().enumerate() {
        let field = if spellings[0].contains('@') { "email" } else { "phone" };
        let mut expected = Vec::new();
        for (number, spelling) in spellings.iter().enumerate() {
            let phone = format!("512556{person:02}{number:02}");
            let mut members = json!({"phone": phone, "email": null, "externalId": format!("{person}-{number}")});
            members[field] = json!(spelling);
            expected.insert(0, post(&api, demo::SOURCE_ID, &members).await.as_str().to_owned());
        }
        for spelling in *spellings {
            let by_filter = json!({"filters": [equal(field, spelling)]});
            for body in [json!({"search": spelling}), by_filter] {
                let found = list(&api, &token, "/leads/all/my", body.clone()).await;
                assert_eq!(ids(&found), expected, "{body}");
            }
        }
    }
    api.stack.stop().await;
}

#[tokio::test]
async fn sources_are_counted_over_all_pages() {
    let (api, _) = start().await;
    for (business, sources) in [("business_of_three", 3), ("business_of_one", 1)] {
        for number in 0..sources {
            create_source(&api, &format!("{business}_{number}"), business).await;
        }
    }
    for (business, count) in [("business_of_three", 3), ("business_of_one", 1), ("business_of_none", 0)] {
        let token = token(&api, business);
        for (include, expected) in
            [(json!(true), json!(count)), (json!(false), json!(null)), (json!(null), json!(null))]
        {
            let mut body = json!({"pageSize": 2, "includeCount": include});
            let mut found = 0;
            loop {
                let answer = list(&api, &token, "/sources/all/my", body.clone()).await;
                found += items(&answer).len();
                assert_eq!(answer.body["totalCount"], expected, "{business} {body}");
                body["continuationToken"] = answer.body["continuationToken"].clone();
                if body["continuationToken"].is_null() {
                    break;
                }
            }
            assert_eq!(found, count, "{business}");
        }
    }
    api.stack.stop().await;
}

#[tokio::test]
async fn what_is_not_served_is_refused_by_name() {
    let (api, token) = start().await;
    let (leads, inbox, sources) = ("/leads/all/my", "/conversations/my", "/sources/all/my");
    for (path, body, code, at) in [
        (leads, json!({"filters": [equal("tag", "x")]}), "query.unsupported", "/filters/0/field"),
        (
            leads,
            json!({"filters": [equal("phone", "5125550101"), equal("x", "x")]}),
            "query.unsupported",
            "/filters/1/field",
        ),
        (leads, json!({"filters": [equal("externalId", "x")]}), "query.unsupported", "/filters/0/field"),
        (
            leads,
            json!({"filters": [{"field": "id", "value": "x", "not": true}]}),
            "query.unsupported",
            "/filters/0/not",
        ),
        (leads, json!({"filters": [equal("phone", "123")]}), "query.invalid", "/filters/0/value"),
        (leads, json!({"filters": [equal("email", "x")]}), "query.invalid", "/filters/0/value"),
        (leads, json!({"filters": [equal("state", "Atlantis")]}), "query.invalid", "/filters/0/value"),
        (leads, json!({"filters": [equal("processingStatus", "Erased")]}), "query.invalid", "/filters/0/value"),
        (leads, json!({"filters": [{"field": "id"}]}), "query.invalid", "/filters/0/value"),
        (leads, json!({"filters": {}}), "query.invalid", "/filters"),
        (leads, json!({"orderBy": [{"field": "lastName"}]}), "query.unsupported", "/orderBy/0/field"),
        (leads, json!({"orderBy": [{"field": "createdAt"}, {"field": "id"}]}), "query.unsupported", "/orderBy/1"),
        (
            leads,
            json!({"orderBy": [{"field": "createdAt", "direction": "up"}]}),
            "query.invalid",
            "/orderBy/0/direction",
        ),
        (leads, json!({"search": "smith", "orderBy": [{"field": "createdAt"}]}), "query.unsupported", "/orderBy"),
        (leads, json!({"search": "a".repeat(201)}), "query.invalid", "/search"),
        (leads, json!({"searchFields": ["firstName"]}), "query.unsupported", "/searchFields/0"),
        (
            leads,
            json!({"rangeFilters": [{"field": "price", "lessThan": 3}]}),
            "query.unsupported",
            "/rangeFilters/0/field",
        ),
        (leads, json!({"rangeFilters": [{"field": "createdAt"}]}), "query.invalid", "/rangeFilters/0"),
        (
            leads,
            json!({"rangeFilters": [{"field": "createdAt", "lessThan": "now"}]}),
            "query.invalid",
            "/rangeFilters/0/lessThan",
        ),
        (
            leads,
            json!({"rangeFilters": [{"field": "createdAt", "lessThan": "2026-02-30"}]}),
            "query.invalid",
            "/rangeFilters/0/lessThan",
        ),
        (
            inbox,
            json!({"rangeFilters": [{"field": "lastEventAt", "greaterThan": 5}]}),
            "query.invalid",
            "/rangeFilters/0/greaterThan",
        ),
        (leads, json!({"searchFields": [7]}), "query.invalid", "/searchFields/0"),
        (inbox, json!({"searchFields": ["lastName"]}), "query.unsupported", "/searchFields/0"),
        (leads, json!({"pageSize": 0}), "query.invalid", "/pageSize"),
        (leads, json!({"pageSize": 101}), "query.invalid", "/pageSize"),
        (leads, json!({"pageSize": 1.5}), "query.invalid", "/pageSize"),
        (leads, json!({"pageSize": "10"}), "query.invalid", "/pageSize"),
        (leads, json!({"sort~/by": "x"}), "query.unsupported", "/sort~0~1by"),
        (leads, json!([]), "query.invalid", ""),
        (inbox, json!({"filters": [equal("isUnread", "yes")]}), "query.invalid", "/filters/0/value"),
        (inbox, json!({"search": "x"}), "query.unsupported", "/search"),
        (sources, json!({"filters": [equal("enabled", "true")]}), "query.unsupported", "/filters/0/field"),
        (sources, json!({"includeCount": "yes"}), "query.invalid", "/includeCount"),
    ] {
        let answer = list(&api, &token, path, body.clone()).await;
        let error = &answer.body["errors"][0];
        assert_eq!(
            (answer.status.as_u16(), &answer.body["code"], &error["pointer"]),
            (400, &json!(code), &json!(at)),
            "{path} {body}: {}",
            answer.text
        );
    }
    for (path, code, parameter) in [
        ("/leads/all/my?tagIds=1", "query.unsupported", "tagIds"),
        ("/leads/all/my?untagged=false", "query.unsupported", "untagged"),
        ("/leads/all/my?archiveFilter=old", "query.invalid", "archiveFilter"),
        ("/leads/all/my?archiveFilter=all&archiveFilter=all", "query.invalid", "archiveFilter"),
        ("/sources/all/my?archiveFilter=all", "query.unsupported", "archiveFilter"),
    ] {
        let answer = list(&api, &token, path, json!({})).await;
        let found = (&answer.body["code"], &answer.body["errors"][0]["parameter"]);
        assert_eq!(found, (&json!(code), &json!(parameter)), "{path}");
    }
    for (body, at) in [
        (r#"{"pageSize": 1, "pageSize": 100}"#, "/pageSize"),
        (r#"{"filters": [{"field": "state", "value": "TX"}], "filters": []}"#, "/filters"),
        (r#"{"filters": [{"field": "state", "value": "TX", "value": "CA"}]}"#, "/filters/0/value"),
    ] {
        let request = api.request(Method::POST, leads).header("Authorization", &format!("Bearer {token}"));
        let answer = request.json(body).send().await;
        let found = (&answer.body["code"], &answer.body["errors"][0]["pointer"]);
        assert_eq!(found, (&json!("query.invalid"), &json!(at)), "{body}");
    }
    for query in [
        "days=0",
        "days=93",
        "days=x",
        "startAt=2026-01-02&endAt=2026-01-01",
        "startAt=2026-01-02T12:00:00Z&endAt=2026-01-02T11:00:00Z",
        "startAt=2026-01-02T12:00:00Z&endAt=2026-01-02T12:00:00Z",
        "startAt=2025-01-01",
        "startAt=9999-12-30",
        "endAt=0000-01-01",
        "endAt=9999-12-31T23:59:59Z",
        "endAt=x",
    ] {
        let answer = ask(&api, &token, Method::GET, &format!("/analytics/my?{query}"), None).await;
        assert_eq!(answer.body["code"], "query.invalid", "{query}");
    }
    let request = api.request(Method::POST, leads).header("Authorization", &format!("Bearer {token}"));
    assert_eq!(request.json("{\"a\":").send().await.body["code"], "payload.malformed");
    api.stack.stop().await;
}
