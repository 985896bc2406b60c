//! Which tokens are accepted. `local/src/gateway/authorizer.rs` has the cases of the gateway alone.

use tests::options;

use super::*;

#[tokio::test]
async fn only_a_valid_token_of_one_business_reads() {
    let api = Api::start(&options()).await;
    let good = claims(&api, "business_1");
    let with = |changes: Value| {
        let mut claims = good.as_object().unwrap().clone();
        claims.extend(changes.as_object().unwrap().clone());
        claims.retain(|_, value| !value.is_null());
        issuer::sign(&issuer::header(), &Value::Object(claims)).unwrap()
    };
    let under = |changes: Value| {
        let mut header = issuer::header().as_object().unwrap().clone();
        header.extend(changes.as_object().unwrap().clone());
        issuer::sign(&Value::Object(header), &good).unwrap()
    };
    let of_claim = |value: Value| with(json!({"business_id": value}));
    for (about, token, status, code) in [
        ("a good one", with(json!({})), 200, json!(null)),
        ("expired", with(json!({"exp": 1})), 401, json!(null)),
        ("another issuer's", with(json!({"iss": "https://issuer.example"})), 401, json!(null)),
        ("for another audience", with(json!({"aud": "other"})), 401, json!(null)),
        ("for an audience with ours in its name", with(json!({"aud": "other leadping-local"})), 401, json!(null)),
        ("without the scope", with(json!({"scope": "openid"})), 403, json!(null)),
        ("unsigned", under(json!({"alg": "none"})), 401, json!(null)),
        ("with a shared secret", under(json!({"alg": "HS256"})), 401, json!(null)),
        ("of an unknown key", under(json!({"kid": "other"})), 401, json!(null)),
        ("without a business", of_claim(Value::Null), 403, json!("business.none")),
        ("with the text null as its business", of_claim(json!("null")), 403, json!("business.none")),
        ("with a flag as its business", of_claim(json!(true)), 403, json!("business.none")),
        ("with an empty business", of_claim(json!("")), 403, json!("business.none")),
        ("with one business in a list", of_claim(json!(["business_1"])), 403, json!("business.none")),
        ("with two businesses", of_claim(json!(["business_1", "business_2"])), 403, json!("business.none")),
        ("with two businesses in a text", of_claim(json!("business_1 business_2")), 403, json!("business.none")),
        ("with a number", of_claim(json!({"id": "business_1"})), 403, json!("business.none")),
        ("of a business without leads", of_claim(json!("business_3")), 200, json!(null)),
    ] {
        let answer = list(&api, &token, "/leads/all/my", json!({})).await;
        assert_eq!((answer.status.as_u16(), &answer.body["code"]), (status, &code), "{about}: {}", answer.text);
        if status == 401 {
            assert!(answer.headers["www-authenticate"].to_str().unwrap().starts_with("Bearer"), "{about}");
        }
    }
    api.stack.stop().await;
}

#[tokio::test]
async fn each_api_has_its_own_credentials() {
    let api = Api::start(&options()).await;
    let no_token = api.request(Method::POST, "/leads/all/my").from(demo::SOURCE_ID).json("{}").send().await;
    assert_eq!(no_token.status.as_u16(), 401, "a source's key reads nothing");
    let token = token(&api, "business_1");
    let posted = ask(&api, &token, Method::POST, "/leads/intake", Some(json!({"email": "a@example.com"}))).await;
    assert_eq!(posted.body["code"], "credentials.invalid", "a token posts nothing");
    let reading = claims(&api, "business_1");
    let only = |scope: &str| {
        let mut claims = reading.clone();
        claims["scope"] = json!(scope);
        issuer::sign(&issuer::header(), &claims).unwrap()
    };
    let id = post(&api, demo::SOURCE_ID, &json!({})).await;
    api.ready(&id).await;
    let path = format!("/conversations/{}/mark-read?eventVersion=3", id.as_str().replace("lead_", "conversation_"));
    assert_eq!(ask(&api, &only("leads:read"), Method::POST, &path, None).await.status.as_u16(), 403);
    assert_eq!(ask(&api, &only("conversations:write"), Method::POST, &path, None).await.body, json!(true));
    assert_eq!(ask(&api, &only("conversations:write"), Method::GET, &format!("/leads/{id}"), None).await.status, 403);
    api.stack.stop().await;
}
