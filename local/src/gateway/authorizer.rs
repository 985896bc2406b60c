//! The JWT authorizer of an HTTP API, with the development issuer: it refuses the same tokens as the real one.

use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use data_encoding::BASE64URL_NOPAD;
use leadping::http::Scope;
use serde_json::{Map, Value, json};

use crate::issuer::{self, AUDIENCE, Issuer, KEY_ID};
use crate::server;

/// Why the authorizer refuses a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// There is no token, or it is not valid: 401.
    Unauthorized(&'static str),
    /// The token does not allow the route: 403.
    Forbidden,
}

impl Refusal {
    /// The gateway's answer.
    pub(super) fn answer(self) -> Response {
        let (status, message, challenge) = match self {
            Self::Unauthorized("") => (StatusCode::UNAUTHORIZED, "Unauthorized", "Bearer".to_owned()),
            Self::Unauthorized(reason) => (
                StatusCode::UNAUTHORIZED,
                "Unauthorized",
                format!("Bearer error=\"invalid_token\" error_description=\"{reason}\""),
            ),
            Self::Forbidden => (StatusCode::FORBIDDEN, "Forbidden", "Bearer error=\"insufficient_scope\"".to_owned()),
        };
        let mut response = server::json(status, &json!({"message": message}));
        if let Ok(challenge) = HeaderValue::from_str(&challenge) {
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// Checks the token of a request for a route that needs this scope. Returns what the event says of it: every claim as a
/// text, as the real gateway does.
pub(super) fn authorize(issuer: &Issuer, headers: &HeaderMap, scope: Scope) -> Result<Value, Refusal> {
    let sent = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default().trim();
    let token = match sent.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        Some(_) => return Err(Refusal::Unauthorized("unable to decode token")),
        None => sent,
    };
    if token.is_empty() {
        return Err(Refusal::Unauthorized(""));
    }
    let claims = verified(issuer, token, jiff::Timestamp::now().as_second()).map_err(Refusal::Unauthorized)?;
    let scopes: Vec<String> = ["scope", "scp"].iter().flat_map(|name| words(claims.get(*name))).collect();
    if !scopes.iter().any(|granted| granted == scope.as_str()) {
        return Err(Refusal::Forbidden);
    }
    let claims: Map<String, Value> = claims.iter().map(|(name, value)| (name.clone(), text(value).into())).collect();
    Ok(json!({"jwt": {"claims": claims, "scopes": scopes}}))
}

/// The claims of a valid token.
fn verified(issuer: &Issuer, token: &str, now: i64) -> Result<Map<String, Value>, &'static str> {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts[..] else { return Err("unable to decode token") };
    let decoded = |part: &str| BASE64URL_NOPAD.decode(part.as_bytes()).map_err(|_| "unable to decode token");
    let object = |part: &str| -> Result<Map<String, Value>, &'static str> {
        serde_json::from_slice(&decoded(part)?).map_err(|_| "unable to decode token")
    };
    let (head, found) = (object(header)?, object(claims)?);
    if head.get("alg") != Some(&json!("RS256")) {
        return Err("signing method is invalid");
    }
    if head.get("kid") != Some(&json!(KEY_ID)) {
        return Err("unable to find a key for the token's kid");
    }
    if !issuer::is_signature(format!("{header}.{claims}").as_bytes(), &decoded(signature)?) {
        return Err("the signature is invalid");
    }
    if found.get("iss") != Some(&json!(issuer.url())) {
        return Err("the issuer is invalid");
    }
    // `client_id` counts only in a token without `aud`.
    let audience = found.get("aud").or_else(|| found.get("client_id"));
    let is_ours = match audience {
        Some(Value::Array(audiences)) => audiences.iter().any(|audience| audience == AUDIENCE),
        audience => audience.is_some_and(|audience| audience == AUDIENCE),
    };
    if !is_ours {
        return Err("the audience is invalid");
    }
    let number = |name: &str| found.get(name).map(|value| value.as_i64().ok_or("a time is invalid")).transpose();
    if number("exp")?.is_none_or(|end| end <= now) {
        return Err("the token has expired");
    }
    if number("nbf")?.is_some_and(|start| start > now) || number("iat")?.is_some_and(|issued| issued > now) {
        return Err("the token is not valid yet");
    }
    Ok(found)
}

/// The words of a text or a list.
fn words(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(text)) => text.split_ascii_whitespace().map(str::to_owned).collect(),
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// A claim as the event has it: `[a b]` for a list.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(text).collect::<Vec<_>>().join(" ")),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use leadping::id::BusinessId;

    use super::*;

    fn asked(issuer: &Issuer, authorization: &str) -> Result<Value, Refusal> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_str(authorization).unwrap());
        authorize(issuer, &headers, Scope::ReadLeads)
    }

    /// The outcome for a token whose header and claims have these members instead; `null` removes one.
    fn with(header: &Value, claims: &Value) -> u16 {
        let issuer = Issuer::of("http://127.0.0.1:3000");
        let merge = |into: Value, other: &Value| {
            let mut members = into.as_object().unwrap().clone();
            members.extend(other.as_object().unwrap().clone());
            members.retain(|_, value| !value.is_null());
            Value::Object(members)
        };
        let business = BusinessId::parse("business_1").unwrap();
        let claims = merge(issuer.claims(&business, "openid leads:read"), claims);
        let token = issuer::sign(&merge(issuer::header(), header), &claims).unwrap();
        match asked(&issuer, &format!("Bearer {token}")) {
            Ok(_) => 200,
            Err(Refusal::Unauthorized(_)) => 401,
            Err(Refusal::Forbidden) => 403,
        }
    }

    #[test]
    fn only_valid_tokens_pass() {
        let (past, future) = (1_000, jiff::Timestamp::now().as_second() + 1_000);
        for (header, claims, status) in [
            (json!({}), json!({}), 200),
            (json!({}), json!({"aud": null, "client_id": AUDIENCE}), 200),
            (json!({}), json!({"aud": ["other", AUDIENCE]}), 200),
            (json!({}), json!({"nbf": null, "iat": null}), 200),
            (json!({}), json!({"scope": null, "scp": ["leads:read"]}), 200),
            (json!({}), json!({"business_id": null}), 200), // the function refuses it
            (json!({}), json!({"exp": past}), 401),
            (json!({}), json!({"exp": null}), 401),
            (json!({}), json!({"exp": "never"}), 401),
            (json!({}), json!({"nbf": future}), 401),
            (json!({}), json!({"iat": future}), 401),
            (json!({}), json!({"iss": "https://other.example"}), 401),
            (json!({}), json!({"iss": null}), 401),
            (json!({}), json!({"aud": "other"}), 401),
            (json!({}), json!({"aud": "other", "client_id": AUDIENCE}), 401),
            (json!({}), json!({"aud": null, "client_id": null}), 401),
            (json!({"alg": "none"}), json!({}), 401),
            (json!({"alg": "HS256"}), json!({}), 401),
            (json!({"alg": "RS384"}), json!({}), 401),
            (json!({"kid": "other"}), json!({}), 401),
            (json!({"kid": null}), json!({}), 401),
            (json!({}), json!({"scope": "conversations:write"}), 403),
            (json!({}), json!({"scope": "leads:read2"}), 403),
            (json!({}), json!({"scope": null}), 403),
        ] {
            assert_eq!(with(&header, &claims), status, "{header} {claims}");
        }
    }

    #[test]
    fn what_is_no_token_is_refused() {
        let issuer = Issuer::of("http://127.0.0.1:3000");
        let claims = issuer.claims(&BusinessId::parse("business_1").unwrap(), "leads:read");
        let token = issuer::sign(&issuer::header(), &claims).unwrap();
        let (signed, _) = token.rsplit_once('.').unwrap();
        assert!(asked(&issuer, &token).is_ok(), "without a scheme");
        assert!(asked(&issuer, &format!("bearer {token}")).is_ok());
        for sent in ["", "Bearer", "Bearer ", "Bearer a.b", "Bearer a.b.c", "Basic YTpi", "x"] {
            assert!(matches!(asked(&issuer, sent), Err(Refusal::Unauthorized(_))), "{sent}");
        }
        for sent in [format!("Bearer {signed}."), format!("Bearer {signed}.AAAA"), format!("Bearer {token}=")] {
            assert!(matches!(asked(&issuer, &sent), Err(Refusal::Unauthorized(_))), "{sent}");
        }
        let unsigned = json!({"alg": "none"}).to_string();
        let claims = signed.split('.').nth(1).unwrap();
        let unsigned = format!("Bearer {}.{claims}.", BASE64URL_NOPAD.encode(unsigned.as_bytes()));
        assert!(matches!(asked(&issuer, &unsigned), Err(Refusal::Unauthorized(_))));
    }

    #[test]
    fn claims_are_texts() {
        let issuer = Issuer::of("http://127.0.0.1:3000");
        let business = BusinessId::parse("business_1").unwrap();
        let mut claims = issuer.claims(&business, "leads:read");
        claims["groups"] = json!(["a", "b"]);
        claims["email_verified"] = json!(true);
        let token = issuer::sign(&issuer::header(), &claims).unwrap();
        let authorizer = asked(&issuer, &format!("Bearer {token}")).unwrap();
        let found = authorizer["jwt"]["claims"].as_object().unwrap();
        assert_eq!((&found["groups"], &found["email_verified"]), (&json!("[a b]"), &json!("true")));
        assert_eq!(found["exp"], claims["exp"].to_string());
        assert!(found.values().all(Value::is_string));
        assert_eq!(authorizer["jwt"]["scopes"], json!(["leads:read"]));
    }
}
