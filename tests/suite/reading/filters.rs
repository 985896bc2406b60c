//! Which values filters and searches may have.

use super::lists::start;
use super::*;

/// Each filter of each list with values that nothing can have, and with one that nothing has.
#[tokio::test]
async fn an_impossible_value_is_refused_and_an_unknown_one_finds_nothing() {
    let (api, token) = start().await;
    let lead = post(&api, demo::SOURCE_ID, &json!({})).await;
    let timeline = &format!("/events/leads/{lead}");
    let (leads, inbox) = ("/leads/all/my", "/conversations/my");
    let long = "a".repeat(65);
    let types = "Send one of lead.created, lead.duplicate_detected, source.cap_reached, phone.lookup.succeeded, \
                 phone.lookup.failed, lead.ready, consent.verified, consent.mismatched, consent.unverified, lead.erased.";
    let id = "Send one id: 1 to 64 letters, digits, hyphens and underscores.";
    let text = "Send 1 to 1,024 characters that can be seen, without control characters.";
    let status = "Send Enriching or Ready.";
    let state = "Send a U.S. state, by USPS code or name.";
    let phone = "Send one U.S. phone number of ten digits.";
    let email = "Send one e-mail address, such as name@example.com.";
    let flag = "Send true or false.";
    let control = json!("a\u{0}b");
    for (path, field, impossible, expected) in [
        (leads, "id", vec![json!("a b"), json!("lead_é"), json!(long), json!(1.5)], id),
        (leads, "sourceId", vec![json!("source 1"), json!("a/b"), json!(long)], id),
        (leads, "phone", vec![json!("123"), json!("smith"), json!(5), json!("1125550101"), json!(true)], phone),
        (leads, "email", vec![json!("x"), json!("a@"), json!("a b@example.com"), json!(false)], email),
        (leads, "externalId", vec![control.clone(), json!("\u{200b}")], text),
        (leads, "product", vec![control, json!("\u{200b}")], text),
        (leads, "processingStatus", vec![json!("Erased"), json!("ready"), json!("New"), json!(true)], status),
        (leads, "state", vec![json!("Atlantis"), json!("ZZ"), json!("TX, CA"), json!(48), json!(true)], state),
        (inbox, "isUnread", vec![json!("yes"), json!("True"), json!(1), json!(0)], flag),
        (timeline, "eventType", vec![json!("lead.unknown"), json!("LeadCreated"), json!("created"), json!(1)], types),
    ] {
        for value in impossible {
            // The filter is refused wherever it is, also where nothing could be found.
            let filter = json!({"field": field, "value": value});
            let valid = match path {
                "/leads/all/my" => equal("sourceId", "source_unknown"),
                "/conversations/my" => equal("isUnread", "true"),
                _ => equal("eventType", "lead.created"),
            };
            for (filters, at) in [(json!([filter]), 0), (json!([valid, filter]), 1)] {
                let answer = list(&api, &token, path, json!({"filters": filters})).await;
                let found = (&answer.body["code"], &answer.body["errors"][0]);
                let error =
                    json!({"code": "query.invalid", "pointer": format!("/filters/{at}/value"), "detail": expected});
                assert_eq!(found, (&json!("query.invalid"), &error), "{path} {filters}");
            }
        }
        for (value, detail) in [
            (json!(""), "Send 1 to 1,024 characters."),
            (json!(" "), "Send 1 to 1,024 characters."),
            (json!("a".repeat(1_025)), "Send 1 to 1,024 characters."),
            (json!(null), "Send a text."),
            (json!(["TX"]), "Send a text."),
            (json!({}), "Send a text."),
        ] {
            let answer = list(&api, &token, path, json!({"filters": [{"field": field, "value": value}]})).await;
            assert_eq!(answer.body["errors"][0]["detail"], detail, "{field} {value}");
        }
    }
    let archived =
        list(&api, &token, "/leads/all/my?archiveFilter=archived", json!({"filters": [equal("state", "ZZ")]}));
    assert_eq!(archived.await.body["code"], "query.invalid");
    let contradiction =
        json!({"filters": [equal("isUnread", "true"), equal("isUnread", "false"), equal("isUnread", "x")]});
    assert_eq!(list(&api, &token, inbox, contradiction).await.body["errors"][0]["pointer"], "/filters/2/value");
    for (path, filters) in [
        (inbox, json!([equal("isUnread", "true")])),
        (inbox, json!([equal("isUnread", " false ")])),
        (inbox, json!([equal("isUnread", "true"), equal("isUnread", "false")])),
        (timeline, json!([equal("eventType", "lead.erased")])),
        (timeline, json!([equal("eventType", " lead.created ")])),
    ] {
        assert!(items(&list(&api, &token, path, json!({"filters": filters})).await).is_empty(), "{path} {filters}");
    }
    // A search can be refused only when it says which field it is.
    for (search, fields, detail) in [
        ("smith", json!(["email"]), "Send a whole value of email, or leave searchFields out."),
        ("a@example", json!(["email"]), "Send a whole value of email, or leave searchFields out."),
        ("5550104", json!(["phone"]), "Send a whole value of phone, or leave searchFields out."),
        ("abc", json!(["id"]), "Send a whole value of id, or leave searchFields out."),
        ("smith", json!(["phone", "id", "phone"]), "Send a whole value of id or phone, or leave searchFields out."),
        ("lead_ a", json!(["id", "email"]), "Send a whole value of id or email, or leave searchFields out."),
    ] {
        let answer = list(&api, &token, leads, json!({"search": search, "searchFields": fields})).await;
        let error = json!({"code": "query.invalid", "pointer": "/search", "detail": detail});
        assert_eq!(answer.body["errors"][0], error, "{search} {fields}");
        assert_eq!(list(&api, &token, leads, json!({"search": search})).await.status.as_u16(), 200, "{search}");
    }
    api.stack.stop().await;
}
