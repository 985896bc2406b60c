//! The sign-in of the local issuer: an authorization code with PKCE (RFC 7636), as a real issuer does it, except that it
//! asks for no password. Everyone is the demo user.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use data_encoding::BASE64URL_NOPAD;
use leadping::http::Scope;
use leadping::id::BusinessId;
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use url::Url;

use crate::issuer::{self, Issuer};
use crate::{demo, random};

/// The authorization endpoint.
pub const AUTHORIZE: &str = "/sign-in";
/// The token endpoint.
pub const TOKEN: &str = "/sign-in/token";
/// The page's id at this issuer.
pub const CLIENT_ID: &str = "leadping-app";

/// How long a code can be used.
const CODE_LASTS: Duration = Duration::from_secs(60);
/// How long a token is valid. Short, so that a look at the page for a few minutes also shows the refresh.
const TOKEN_LASTS: Duration = Duration::from_secs(300);
/// Beyond these many codes or refresh tokens, all of them are forgotten: no one signs in that often here.
const MOST: usize = 1000;

/// The endpoints, and what they have issued.
#[derive(Clone)]
pub(super) struct SignIn {
    issuer: Issuer,
    state: Arc<Mutex<Issued>>,
}

#[derive(Default)]
struct Issued {
    codes: HashMap<String, Code>,
    /// The refresh tokens, with their scopes.
    refresh: HashMap<String, String>,
}

struct Code {
    challenge: String,
    redirect_uri: String,
    scope: String,
    issued: Instant,
}

/// The inbox page, whose users sign in here.
pub fn page() -> show_app::Page {
    show_app::Page::new(&show_app::SignIn {
        authorize_url: AUTHORIZE.to_owned(),
        token_url: TOKEN.to_owned(),
        client_id: CLIENT_ID.to_owned(),
        scope: Scope::ALL.map(Scope::as_str).join(" "),
        audience: None,
        is_demo: true,
    })
}

#[derive(Deserialize)]
struct Authorize {
    response_type: String,
    client_id: String,
    redirect_uri: String,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    state: String,
    code_challenge: String,
    code_challenge_method: String,
}

#[derive(Deserialize)]
struct Exchange {
    grant_type: String,
    client_id: String,
    code: Option<String>,
    redirect_uri: Option<String>,
    code_verifier: Option<String>,
    refresh_token: Option<String>,
}

impl SignIn {
    /// The sign-in at this issuer.
    pub(super) fn of(issuer: Issuer) -> Self {
        Self { issuer, state: Arc::default() }
    }

    pub(super) fn router<S: Clone + Send + Sync + 'static>(self) -> Router<S> {
        Router::new().route(AUTHORIZE, get(authorize)).route(TOKEN, post(exchange)).with_state(self)
    }

    fn issue(&self, scope: String) -> anyhow::Result<Response> {
        let mut claims = self.issuer.claims(&BusinessId::parse(demo::BUSINESS)?, &scope);
        claims["exp"] = (jiff::Timestamp::now() + TOKEN_LASTS).as_second().into();
        let refresh = random_text();
        let answer = json!({
            "access_token": issuer::sign(&issuer::header(), &claims)?,
            "token_type": "Bearer",
            "expires_in": TOKEN_LASTS.as_secs(),
            "refresh_token": refresh,
            "scope": scope,
        });
        let mut issued = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        make_room(&mut issued.refresh);
        issued.refresh.insert(refresh, scope);
        Ok(([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response())
    }
}

/// Sends the user back with a code. The address to send it to must be this server's own page.
async fn authorize(
    State(sign_in): State<SignIn>,
    headers: HeaderMap,
    Query(asked): Query<Authorize>,
) -> Result<Response, StatusCode> {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let own = format!("http://{host}{}", show_app::PAGE);
    let is_valid = asked.response_type == "code"
        && asked.client_id == CLIENT_ID
        && asked.redirect_uri == own
        && asked.code_challenge_method == "S256"
        && !asked.code_challenge.is_empty();
    let mut back = is_valid.then(|| Url::parse(&own).ok()).flatten().ok_or(StatusCode::BAD_REQUEST)?;
    let code = random_text();
    back.query_pairs_mut().append_pair("code", &code).append_pair("state", &asked.state);
    let mut issued = sign_in.state.lock().unwrap_or_else(PoisonError::into_inner);
    make_room(&mut issued.codes);
    let Authorize { code_challenge: challenge, redirect_uri, scope, .. } = asked;
    issued.codes.insert(code, Code { challenge, redirect_uri, scope, issued: Instant::now() });
    Ok((StatusCode::FOUND, [(header::LOCATION, back.to_string()), (header::CACHE_CONTROL, "no-store".into())])
        .into_response())
}

/// Exchanges a code, or a refresh token, for tokens. Each can be used once.
async fn exchange(State(sign_in): State<SignIn>, Form(asked): Form<Exchange>) -> Response {
    match scope(&sign_in, asked).map(|scope| sign_in.issue(scope)) {
        Some(Ok(tokens)) => tokens,
        Some(Err(error)) => {
            tracing::error!("{error:#}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        None => (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"}))).into_response(),
    }
}

/// The scopes that were granted, if what is presented is valid.
fn scope(sign_in: &SignIn, asked: Exchange) -> Option<String> {
    let mut issued = sign_in.state.lock().unwrap_or_else(PoisonError::into_inner);
    if asked.client_id != CLIENT_ID {
        return None;
    }
    match asked.grant_type.as_str() {
        "authorization_code" => {
            let code = issued.codes.remove(&asked.code?)?;
            let challenge = BASE64URL_NOPAD.encode(&Sha256::digest(asked.code_verifier?));
            let is_valid = challenge == code.challenge
                && asked.redirect_uri? == code.redirect_uri
                && code.issued.elapsed() < CODE_LASTS;
            is_valid.then_some(code.scope)
        }
        "refresh_token" => issued.refresh.remove(&asked.refresh_token?),
        _ => None,
    }
}

fn make_room<T>(issued: &mut HashMap<String, T>) {
    if issued.len() >= MOST {
        issued.clear();
    }
}

fn random_text() -> String {
    BASE64URL_NOPAD.encode(&random::bytes::<24>())
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use serde_json::Value;
    use url::form_urlencoded;

    use super::*;
    use crate::gateway::Gateway;
    use crate::{server, testing};

    /// The example of RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    async fn start() -> Gateway {
        Gateway::start(server::listen(0).await.unwrap(), vec![]).unwrap()
    }

    fn encoded(pairs: &[(&str, &str)]) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
    }

    async fn authorize(gateway: &Gateway, change: (&str, &str)) -> (u16, Option<String>) {
        let redirect = format!("{}/app", gateway.url());
        let mut asked = vec![
            ("response_type", "code"),
            ("client_id", CLIENT_ID),
            ("redirect_uri", redirect.as_str()),
            ("scope", "leads:read"),
            ("state", "s&t"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        asked.iter_mut().filter(|(name, _)| *name == change.0).for_each(|(_, value)| *value = change.1);
        let request = Request::get(format!("{}{AUTHORIZE}?{}", gateway.url(), encoded(&asked)));
        let (parts, _) = testing::send(request.body(Body::empty()).unwrap()).await.unwrap();
        let code = parts.headers.get("location").map(|location| {
            let back = Url::parse(location.to_str().unwrap()).unwrap();
            let pairs: HashMap<_, _> = back.query_pairs().into_owned().collect();
            assert_eq!((back.path(), pairs["state"].as_str()), ("/app", "s&t"));
            pairs["code"].clone()
        });
        (parts.status.as_u16(), code)
    }

    async fn exchange(gateway: &Gateway, pairs: &[(&str, &str)]) -> (u16, Value) {
        let request = Request::post(format!("{}{TOKEN}", gateway.url()))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(encoded(pairs)));
        let (parts, body) = testing::send(request.unwrap()).await.unwrap();
        (parts.status.as_u16(), serde_json::from_slice(&body).unwrap())
    }

    #[tokio::test]
    async fn a_code_is_for_the_own_page_only() {
        let gateway = start().await;
        for (change, status) in [
            (("", ""), 302),
            (("response_type", "token"), 400),
            (("client_id", "other"), 400),
            (("redirect_uri", "https://evil.example/app"), 400),
            (("redirect_uri", "http://127.0.0.1:1/app"), 400),
            (("code_challenge_method", "plain"), 400),
            (("code_challenge", ""), 400),
        ] {
            assert_eq!(authorize(&gateway, change).await.0, status, "{change:?}");
        }
        gateway.stop().await;
    }

    #[tokio::test]
    async fn a_code_and_a_refresh_token_work_once() {
        let gateway = start().await;
        let redirect = format!("{}/app", gateway.url());
        let grant = |code: &str, verifier: &str| {
            let pairs = [
                ("grant_type", "authorization_code"),
                ("client_id", CLIENT_ID),
                ("code", code),
                ("redirect_uri", &redirect),
                ("code_verifier", verifier),
            ];
            encoded(&pairs)
        };
        let send = async |form: String| {
            let pairs: Vec<_> = form_urlencoded::parse(form.as_bytes()).into_owned().collect();
            let pairs: Vec<_> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            exchange(&gateway, &pairs).await
        };
        let code = authorize(&gateway, ("", "")).await.1.unwrap();
        assert_eq!(send(grant(&code, "another verifier")).await.0, 400);
        assert_eq!(send(grant(&code, VERIFIER)).await.0, 400, "a failed try has used the code");
        let code = authorize(&gateway, ("", "")).await.1.unwrap();
        let (status, tokens) = send(grant(&code, VERIFIER)).await;
        assert_eq!((status, &tokens["scope"], &tokens["expires_in"]), (200, &json!("leads:read"), &json!(300)));
        let claims = tokens["access_token"].as_str().unwrap().split('.').nth(1).unwrap();
        let claims: Value = serde_json::from_slice(&BASE64URL_NOPAD.decode(claims.as_bytes()).unwrap()).unwrap();
        assert_eq!((&claims["business_id"], &claims["scope"]), (&json!(demo::BUSINESS), &json!("leads:read")));
        assert_eq!(send(grant(&code, VERIFIER)).await.0, 400);

        let refresh = tokens["refresh_token"].as_str().unwrap();
        let pairs = [("grant_type", "refresh_token"), ("client_id", CLIENT_ID), ("refresh_token", refresh)];
        assert_eq!(exchange(&gateway, &pairs).await.0, 200);
        assert_eq!(exchange(&gateway, &pairs).await.0, 400);
        gateway.stop().await;
    }
}
