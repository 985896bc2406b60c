//! A development issuer of users' tokens, where a deployed stack has Cognito, Auth0, Okta, Entra or another OpenID provider.
//!
//! Its key is in the repository, so its tokens prove nothing. Only the local gateway trusts them, and it listens on
//! 127.0.0.1 only.

use anyhow::Context;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use leadping::http::Scope;
use leadping::id::BusinessId;
use ring::rand::SystemRandom;
use ring::rsa::{KeyPair, PublicKeyComponents};
use ring::signature::{self, KeyPair as _};
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::{random, server};

/// An RSA key of 2,048 bits, as PKCS #1.
const KEY: &[u8] = include_bytes!("../assets/issuer.der");

/// The name of the key in the headers of tokens.
pub const KEY_ID: &str = "development";

/// Whom the tokens are for.
pub const AUDIENCE: &str = "leadping-local";

/// Where the gateway serves the issuer.
pub const PATH: &str = "/issuer";

/// How long a token is valid.
const LIFETIME_SECONDS: i64 = 12 * 60 * 60;

const MAX_BODY: usize = 10_000;

/// An issuer at a base URL, which is the `iss` of its tokens.
#[derive(Clone, Debug)]
pub struct Issuer {
    url: String,
}

impl Issuer {
    /// The issuer of the gateway at this base URL.
    pub fn of(gateway: &str) -> Self {
        Self { url: format!("{gateway}{PATH}") }
    }

    /// Its base URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The claims of a token for a user of this business, who is allowed what `scope` names.
    pub fn claims(&self, business: &BusinessId, scope: &str) -> Value {
        let now = jiff::Timestamp::now().as_second();
        json!({
            "iss": self.url,
            "sub": "demo_user",
            "aud": AUDIENCE,
            "client_id": "leadping-local-client",
            "business_id": business,
            "scope": scope,
            "iat": now,
            "nbf": now,
            "exp": now + LIFETIME_SECONDS,
            "jti": HEXLOWER.encode(&random::bytes::<16>()),
        })
    }

    /// Its endpoints: the discovery document, the key and tokens.
    pub(crate) fn router<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        Router::new()
            .route(&format!("{PATH}/.well-known/openid-configuration"), get(discovery))
            .route(&format!("{PATH}/jwks"), get(async || Json(jwks())))
            .route(&format!("{PATH}/token"), post(token))
            .with_state(self.clone())
    }
}

/// Signs claims with the development key, under any header. Tests sign tokens that must be refused.
///
/// # Errors
/// When the key cannot be used.
pub fn sign(header: &Value, claims: &Value) -> anyhow::Result<String> {
    let key = KeyPair::from_der(KEY).ok().context("the issuer's key cannot be read")?;
    let signed = [header, claims].map(|part| BASE64URL_NOPAD.encode(part.to_string().as_bytes())).join(".");
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&signature::RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
        .ok()
        .context("the token cannot be signed")?;
    Ok(format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature)))
}

/// The header of every token of this issuer.
pub fn header() -> Value {
    json!({"alg": "RS256", "kid": KEY_ID, "typ": "JWT"})
}

/// Whether a signature is that of the development key.
pub(crate) fn is_signature(signed: &[u8], signature: &[u8]) -> bool {
    let Ok(key) = KeyPair::from_der(KEY) else { return false };
    let public = signature::UnparsedPublicKey::new(&signature::RSA_PKCS1_2048_8192_SHA256, key.public_key().as_ref());
    public.verify(signed, signature).is_ok()
}

/// The public key as a key set.
fn jwks() -> Value {
    let Ok(key) = KeyPair::from_der(KEY) else { return json!({"keys": []}) };
    let PublicKeyComponents { n, e } = PublicKeyComponents::<Vec<u8>>::from(key.public());
    let (n, e) = (BASE64URL_NOPAD.encode(&n), BASE64URL_NOPAD.encode(&e));
    json!({"keys": [{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": KEY_ID, "n": n, "e": e}]})
}

async fn discovery(State(issuer): State<Issuer>) -> Json<Value> {
    let url = &issuer.url;
    Json(json!({
        "issuer": url,
        "jwks_uri": format!("{url}/jwks"),
        "token_endpoint": format!("{url}/token"),
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": ["token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": Scope::ALL.map(Scope::as_str),
    }))
}

/// Answers a form with `business_id` and, unless all scopes are wanted, `scope`.
async fn token(State(issuer): State<Issuer>, request: Request<Body>) -> Response {
    let refused = |description: &str| {
        server::json(StatusCode::BAD_REQUEST, &json!({"error": "invalid_request", "error_description": description}))
    };
    let Ok(body) = to_bytes(request.into_body(), MAX_BODY).await else { return refused("The body is too large.") };
    let value = |name: &str| {
        let mut given = form_urlencoded::parse(&body).filter(|(given, _)| given == name);
        given.next().map(|(_, value)| value.into_owned())
    };
    let business = value("business_id").and_then(|business| BusinessId::parse(&business).ok());
    let Some(business) = business else { return refused("Send the business's id as business_id.") };
    let scope = value("scope").unwrap_or_else(|| Scope::ALL.map(Scope::as_str).join(" "));
    match sign(&header(), &issuer.claims(&business, &scope)) {
        Ok(token) => server::json(
            StatusCode::OK,
            &json!({"access_token": token, "token_type": "Bearer", "expires_in": LIFETIME_SECONDS, "scope": scope}),
        ),
        Err(error) => {
            tracing::error!("{error:#}");
            server::json(StatusCode::INTERNAL_SERVER_ERROR, &json!({"error": "server_error"}))
        }
    }
}
