//! The partner's window: standing, status and specification, and that nothing of it writes (contract, section 9).

use local::demo::{self, SOURCE_ID};
use local::stack::Options;
use reference::Validator;
use reqwest::Method;
use serde_json::{Value, json};
use tests::erase;
use tests::proxy::{Proxy, Service};
use tests::{Answer, Api, Post, eventually, options};

const FLAT: &str = include_str!("../examples/flat.json");
const STRUCTURED: &str = include_str!("../examples/structured.json");

fn get(api: &Api, path: &str) -> Post {
    api.request(Method::GET, path)
}

/// Asks, and checks that the answer is as `openapi.yaml` says.
async fn asked(api: &Api, source: &str, path: &str) -> Answer {
    let answer = get(api, path).from(source).send().await;
    let documented = match path.strip_prefix("/sources/me/leads/") {
        Some(_) => "/sources/me/leads/{leadId}",
        None => path.split('?').next().unwrap_or_default(),
    };
    let status = answer.status.as_u16();
    let found = Validator::new().unwrap().response("GET", documented, status, &answer.headers, &answer.body);
    assert_eq!(found, Ok(()), "{path}");
    answer
}

/// The body of a problem, without what differs for each request.
fn problem(answer: &Answer) -> (u16, Value) {
    let mut body = answer.body.clone();
    body["requestId"].take();
    (answer.status.as_u16(), body)
}

#[tokio::test]
async fn a_partner_sees_what_its_source_is_even_when_it_may_not_send() {
    let api = Api::start(&Options { worker: false, ..options() }).await;
    for (source, member, value) in [
        (SOURCE_ID, "enabled", json!(true)),
        ("source_disabled", "enabled", json!(false)),
        ("source_unattached", "attached", json!(false)),
        ("source_unapproved", "approved", json!(false)),
        ("source_texas", "allowedStates", json!(["TX"])),
        ("source_product", "allowedProducts", json!(["Example product"])),
        ("source_exempt", "requiresTrustedForm", json!(false)),
    ] {
        let answer = asked(&api, source, "/sources/me").await;
        assert_eq!((answer.status.as_u16(), &answer.body["id"], &answer.body[member]), (200, &json!(source), &value));
        assert_eq!(answer.body["key"], json!({"prefix": "source_k", "test": false, "expiresAt": null}));
        assert_eq!(answer.headers["cache-control"], "no-store");
        let text = answer.text.to_lowercase();
        for secret in ["account_1", "business_1", "salt", "sha256", demo::SOURCE_KEY] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
    let answer = get(&api, "/sources/me").from_test(SOURCE_ID).send().await;
    assert_eq!(answer.body["key"], json!({"prefix": "source_k", "test": true, "expiresAt": null}));
    assert_eq!(answer.headers["leadping-test"], "true");
    for path in ["/sources/me", "/sources/me/spec", "/sources/me/leads/lead_a", "/sources/me/leads?externalId=a"] {
        let refused = get(&api, path).header("X-Leadping-Source-Id", SOURCE_ID).send().await;
        assert_eq!((refused.status.as_u16(), &refused.body["code"]), (401, &json!("credentials.invalid")), "{path}");
    }
    api.stack.stop().await;
}

#[tokio::test]
async fn a_status_tells_of_the_source_s_own_leads_and_nothing_of_the_person() {
    let api = Api::start(&Options { worker: false, ..options() }).await;
    let post = |source: &str, key: &str| {
        api.request(Method::POST, "/leads/intake").from(source).header("Idempotency-Key", key).json(FLAT)
    };
    let lead = post(SOURCE_ID, "one").send().await;
    let other = post("source_exempt", "one").send().await;
    let id = lead.id();
    let expected = json!({
        "id": id, "createdAt": lead.body["createdAt"], "externalId": "partner-lead-88391",
        "sellerLeadId": lead.body["metadata"].get("sellerLeadId"), "processingStatus": "Enriching", "test": false,
        "duplicate": false,
    });
    let found = asked(&api, SOURCE_ID, &format!("/sources/me/leads/{id}")).await;
    assert_eq!((found.status.as_u16(), &found.body), (200, &expected));
    let by_key = get(&api, "/sources/me/submissions").from(SOURCE_ID).header("Idempotency-Key", "\"one\"");
    assert_eq!(by_key.send().await.body, expected);
    let path = "/sources/me/leads?externalId=%20partner-lead-88391";
    let listed = eventually(tests::WAIT_TIMEOUT, "the lead is listed", async || {
        Some(asked(&api, SOURCE_ID, path).await.body).filter(|body| body["items"] != json!([]))
    });
    assert_eq!(listed.await, json!({"items": [expected]}));

    // Another source's lead and an unknown one are the same, and no path reaches another route.
    let unknown = problem(&asked(&api, SOURCE_ID, "/sources/me/leads/lead_unknown").await);
    assert_eq!((unknown.0, &unknown.1["code"]), (404, &json!("lead.not_found")));
    let foreign = other.id();
    for segment in
        [foreign.as_str(), "%00", "a%2Fb", "..%2F..", "%F0%9F%92%A9", "{leadId}", &"a".repeat(5_000), "a%22b"]
    {
        let found = asked(&api, SOURCE_ID, &format!("/sources/me/leads/{segment}")).await;
        assert_eq!(problem(&found), unknown, "{segment:.20}");
    }
    let missing = get(&api, "/sources/me/submissions").from(SOURCE_ID).header("Idempotency-Key", "two").send().await;
    assert_eq!((missing.status.as_u16(), &missing.body["code"]), (404, &json!("submission.not_found")));
    let keyless = asked(&api, SOURCE_ID, "/sources/me/submissions").await;
    assert_eq!((keyless.status.as_u16(), &keyless.body["code"]), (400, &json!("idempotency_key.invalid")));
    for query in
        ["", "?externalId=", "?externalId=%20", "?externalID=a", "?externalId=a&externalId=b", "?externalId=%00"]
    {
        let answer = asked(&api, SOURCE_ID, &format!("/sources/me/leads{query}")).await;
        assert_eq!((answer.status.as_u16(), &answer.body["code"]), (400, &json!("query.invalid")), "{query}");
    }
    let none = asked(&api, SOURCE_ID, "/sources/me/leads?externalId=none").await;
    assert_eq!((none.status.as_u16(), none.body), (200, json!({"items": []})));

    erase(&api.stack, &id).await;
    let erased = asked(&api, SOURCE_ID, &format!("/sources/me/leads/{id}")).await.body;
    assert_eq!((&erased["processingStatus"], &erased["externalId"]), (&json!("Erased"), &Value::Null));
    api.stack.stop().await;
}

#[tokio::test]
async fn a_dry_run_says_what_was_not_checked() {
    let api = Api::start(&Options { worker: false, ..options() }).await;
    let lead = FLAT.replace("com/example", "com/down-1");
    let dry = |query: &str| {
        api.request(Method::POST, &format!("/leads/intake/validate{query}")).from(SOURCE_ID).json(lead.clone())
    };
    let down = dry("").send().await;
    assert_eq!((down.status.as_u16(), &down.body["code"]), (503, &json!("trusted_form.unavailable")));
    assert_eq!((&down.body["dryRun"], &down.headers["retry-after"]), (&json!(true), &"5".parse().unwrap()));
    let calls = api.stack.trusted_form().calls();
    let skipped = dry("?trustedForm=false").send().await;
    assert_eq!((skipped.status.as_u16(), &skipped.body["trustedForm"]), (200, &json!("not checked")));
    assert_eq!(skipped.body["lead"].get("id"), None);
    assert_eq!(api.stack.trusted_form().calls(), calls, "TrustedForm was not asked");
    let asked = api.request(Method::POST, "/leads/validate").from(SOURCE_ID).json(STRUCTURED).send().await;
    assert_eq!((&asked.body["trustedForm"], &asked.body["duplicates"]), (&Value::Null, &json!("not checked")));
    let by_get = get(&api, "/leads/intake/validate").from(SOURCE_ID).send().await;
    assert_eq!((by_get.status.as_u16(), by_get.body), (404, json!({"message": "Not Found"})), "the gateway's own");
    api.stack.stop().await;
}

#[tokio::test]
async fn the_specification_is_the_same_for_partners_and_operators() {
    let api = Api::start(&Options { worker: false, ..options() }).await;
    for (source, _) in demo::ALL {
        let answer = asked(&api, source, "/sources/me/spec").await;
        let stored = api.stack.sources().latest(&source.parse().unwrap()).await.unwrap().unwrap();
        let expected = serde_json::to_string(&leadping::check::spec::of(&stored)).unwrap();
        assert_eq!((answer.status.as_u16(), answer.text), (200, expected), "{source}");
    }
    api.stack.stop().await;
}

/// Everything that the partner's window is asked, at the wire: no call writes, and none reaches the queue.
#[tokio::test]
async fn nothing_of_the_window_writes() {
    let proxy = Proxy::start().await;
    let api = Api::start(&Options { worker: false, front: Some(proxy.front()), ..options() }).await;
    proxy.forward_to(&api.stack);
    let lead = api.request(Method::POST, "/leads/intake").from(SOURCE_ID).header("Idempotency-Key", "k").json(FLAT);
    let id = lead.send().await.id();
    let before = proxy.operations();
    let refused = r#"{"email":"x"}"#;
    let mut answers = 0;
    for (source, _) in demo::ALL {
        for key in [demo::SOURCE_KEY, demo::TEST_KEY, "lp_wrong"] {
            let ask = |method: Method, path: &str| {
                let headers = [("X-Leadping-Source-Id", source), ("X-Leadping-Source-Key", key)];
                let asking = api.request(method, path).header("Idempotency-Key", "k");
                headers.into_iter().fold(asking, |asking, (name, value)| asking.header(name, value))
            };
            for path in ["/leads/validate", "/leads/intake/validate", "/leads/intake/validate?trustedForm=false"] {
                for body in [FLAT, STRUCTURED, refused, "{}", ""] {
                    ask(Method::POST, path).json(body).send().await;
                    answers += 1;
                }
            }
            let one = format!("/sources/me/leads/{id}");
            let listed = "/sources/me/leads?externalId=partner-lead-88391";
            for path in ["/sources/me", &one, listed, "/sources/me/submissions", "/sources/me/spec"] {
                ask(Method::GET, path).send().await;
                answers += 1;
            }
        }
    }
    let mut made = proxy.operations();
    made.retain(|operation, count| {
        *count -= before.get(operation).copied().unwrap_or_default();
        *count > 0
    });
    println!("{answers} answers, {made:?}");
    let reads = [(Service::DynamoDb, "GetItem"), (Service::DynamoDb, "BatchGetItem"), (Service::DynamoDb, "Query")];
    let reads = reads.into_iter().chain([(Service::TrustedForm, "")]);
    let reads: Vec<_> = reads.map(|(service, operation)| (service, operation.to_owned())).collect();
    // Each of them is made, and nothing else.
    assert!(made.keys().eq(reads.iter().collect::<std::collections::BTreeSet<_>>()), "{made:?}");
    api.stack.stop().await;
}
