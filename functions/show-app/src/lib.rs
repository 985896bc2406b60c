//! The inbox page (contract, section 12, "The page"): its files, and how users sign in. It reads no table and no secret.
//! The page itself calls the API of users, with the user's token.

mod files;

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use lambda_runtime::{Error, LambdaEvent, Service, service_fn};
use leadping::settings::{SettingsError, optional};
use leadping::start::{self, StartError};
use serde::{Deserialize, Serialize};
use url::Url;

use files::{FILES, File};

/// The paths of the page. All are answered to GET.
pub const PATHS: [&str; 3] = [PAGE, "/app/{file}", "/favicon.ico"];

/// The path of the page itself.
pub const PAGE: &str = "/app";

/// The path of [`SignIn`], as the page reads it.
const SETTINGS: &str = "/app/settings.json";

/// Where users sign in.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SignIn {
    /// `USER_AUTHORIZE_URL`: the issuer's authorization endpoint. A path is one of the page's own origin.
    pub authorize_url: String,
    /// `USER_TOKEN_URL`: the issuer's token endpoint. A path is one of the page's own origin.
    pub token_url: String,
    /// `USER_CLIENT_ID`: the page's id at the issuer.
    pub client_id: String,
    /// `USER_SCOPE`: what the page asks for, separated by spaces.
    pub scope: String,
    /// `USER_AUDIENCE`: what the page's tokens must be for. Auth0 makes such a token only if it is asked for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// Whether the issuer is the one of a development server, which signs everyone in as the demo user.
    pub is_demo: bool,
}

impl SignIn {
    fn from_env() -> Result<Self, SettingsError> {
        let required = |name| optional(name).ok_or(SettingsError::Missing(name));
        Ok(Self {
            authorize_url: required("USER_AUTHORIZE_URL")?,
            token_url: required("USER_TOKEN_URL")?,
            client_id: required("USER_CLIENT_ID")?,
            scope: required("USER_SCOPE")?,
            audience: optional("USER_AUDIENCE"),
            is_demo: false,
        })
    }
}

/// The page, ready to be served.
#[derive(Debug)]
pub struct Page {
    settings: String,
    policy: String,
}

/// What the function reads of a request.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PageRequest {
    raw_path: String,
    headers: BTreeMap<String, String>,
}

/// The function's answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PageAnswer {
    status_code: u16,
    headers: BTreeMap<&'static str, String>,
    body: String,
    is_base64_encoded: bool,
}

/// The Lambda service, for the Lambda runtime and the local gateway.
pub fn service(
    page: Arc<Page>,
) -> impl Service<LambdaEvent<PageRequest>, Response = PageAnswer, Error = Error, Future: Send> + Clone + Send + Sync {
    service_fn(move |event: LambdaEvent<PageRequest>| {
        let answer = page.answer(&event.payload);
        async move { Ok(answer) }
    })
}

impl Page {
    /// The page for users of the issuer that the environment names.
    ///
    /// # Errors
    /// [`StartError`], which was logged, when a variable is missing.
    pub async fn from_env() -> Result<Self, StartError> {
        start::logged(async { Ok(Self::new(&SignIn::from_env()?)) }).await
    }

    /// The page for users of this issuer.
    pub fn new(sign_in: &SignIn) -> Self {
        // Texts always serialize.
        let settings = serde_json::to_string(sign_in).unwrap_or_default();
        let issuer = Url::parse(&sign_in.token_url).map(|url| format!(" {}", url.origin().ascii_serialization()));
        let policy = format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'{}; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
             trusted-types 'none'",
            issuer.unwrap_or_default()
        );
        Self { settings, policy }
    }

    fn answer(&self, request: &PageRequest) -> PageAnswer {
        let path = request.raw_path.as_str();
        let found = match path {
            SETTINGS => Some(("application/json", self.settings.as_str())),
            _ => FILES.iter().find(|file| file.path == path).map(|File { kind, text, .. }| (*kind, *text)),
        };
        let Some((kind, text)) = found else {
            return self.with(404, "application/json", r#"{"message":"Not Found"}"#.to_owned());
        };
        let tag = tag(text);
        let is_known = request.headers.get("if-none-match").is_some_and(|known| *known == tag);
        let mut answer =
            if is_known { self.with(304, kind, String::new()) } else { self.with(200, kind, text.to_owned()) };
        answer.headers.insert("etag", tag);
        answer
    }

    fn with(&self, status_code: u16, kind: &str, body: String) -> PageAnswer {
        let headers = [
            ("content-type", kind),
            ("content-security-policy", &self.policy),
            // A new release is seen at the next visit, and what has not changed is not sent again.
            ("cache-control", "no-cache"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=()"),
        ];
        let headers = headers.map(|(name, value)| (name, value.to_owned())).into();
        PageAnswer { status_code, headers, body, is_base64_encoded: false }
    }
}

/// A tag that changes with the text.
fn tag(text: &str) -> String {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    format!("\"{:016x}\"", hasher.finish())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn page(token_url: &str) -> Page {
        Page::new(&SignIn {
            authorize_url: "https://login.example.com/authorize".to_owned(),
            token_url: token_url.to_owned(),
            client_id: "client".to_owned(),
            scope: "openid leads:read".to_owned(),
            audience: None,
            is_demo: false,
        })
    }

    fn get(path: &str, known: Option<&str>) -> PageAnswer {
        let headers = known.map(|tag| ("if-none-match".to_owned(), tag.to_owned())).into_iter().collect();
        page("/token").answer(&PageRequest { raw_path: path.to_owned(), headers })
    }

    #[test]
    fn every_file_has_its_type_and_the_policy() {
        for (path, status, kind) in [
            ("/app", 200, "text/html; charset=utf-8"),
            ("/app/app.css", 200, "text/css; charset=utf-8"),
            ("/app/app.js", 200, "text/javascript; charset=utf-8"),
            ("/app/settings.json", 200, "application/json"),
            ("/favicon.ico", 200, "image/svg+xml"),
            ("/app/", 404, "application/json"),
            ("/app/app.html", 404, "application/json"),
            ("/app/../app.js", 404, "application/json"),
            ("/app/%61pp.js", 404, "application/json"),
            ("", 404, "application/json"),
        ] {
            let answer = get(path, None);
            assert_eq!((answer.status_code, answer.headers["content-type"].as_str()), (status, kind), "{path}");
            assert_eq!(answer.headers["x-content-type-options"], "nosniff");
            assert_eq!(answer.headers["referrer-policy"], "no-referrer");
            let policy = &answer.headers["content-security-policy"];
            assert!(policy.contains("require-trusted-types-for 'script'") && !policy.contains("unsafe"), "{policy}");
        }
    }

    #[test]
    fn only_the_issuer_and_the_page_s_own_origin_are_called() {
        for (token_url, expected) in [
            ("/sign-in/token", "connect-src 'self';"),
            ("https://login.example.com/oauth2/token?a=b", "connect-src 'self' https://login.example.com;"),
            ("http://127.0.0.1:4000/token", "connect-src 'self' http://127.0.0.1:4000;"),
            ("https://a.example/; script-src *", "connect-src 'self' https://a.example;"),
        ] {
            assert!(page(token_url).policy.contains(expected), "{token_url}: {}", page(token_url).policy);
        }
    }

    #[test]
    fn a_known_file_is_not_sent_again() {
        let first = get("/app/app.js", None);
        let again = get("/app/app.js", Some(&first.headers["etag"]));
        assert_eq!((again.status_code, again.body.as_str()), (304, ""));
        assert_eq!(get("/app/app.css", Some(&first.headers["etag"])).status_code, 200);
    }

    /// The first screen is what the browser loads before it shows the inbox: the page, what it names, and what these
    /// files import without waiting.
    #[test]
    fn the_first_screen_has_at_most_50_kb() {
        let text = |path: &str| FILES.iter().find(|file| file.path == path).unwrap().text;
        let named = |text: &str, before: &str| -> Vec<String> {
            text.split(before).skip(1).map(|rest| rest.split(['"', '\'']).next().unwrap().to_owned()).collect()
        };
        let mut first: BTreeSet<String> = [PAGE.to_owned()].into();
        first.extend(named(text(PAGE), "href=\""));
        first.extend(named(text(PAGE), "src=\""));
        while let Some(missing) = first
            .iter()
            .flat_map(|path| named(text(path), "from './"))
            .map(|file| format!("/app/{file}"))
            .find(|path| !first.contains(path))
        {
            first.insert(missing);
        }
        assert!(first.contains("/app/inbox.js") && !first.contains("/app/reports.js"), "{first:?}");
        let size: usize = first.iter().map(|path| text(path).len()).sum::<usize>() + page("/token").settings.len();
        assert!(size <= 50_000, "{size} bytes: {first:?}");
    }

    #[test]
    fn no_file_has_what_the_policy_forbids() {
        for File { path, text, .. } in FILES.iter().filter(|file| file.path != "/app/preact.js") {
            for forbidden in
                ["innerHTML", "dangerouslySetInnerHTML", "eval(", "<style", " style=", "onclick=", "javascript:"]
            {
                assert!(!text.contains(forbidden), "{path} has {forbidden}");
            }
        }
    }
}
