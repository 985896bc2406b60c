//! The API reference, as a page.

use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::response::{Html, IntoResponse};

/// Where it is served.
pub const PATH: &str = "/docs";

/// The page that `cargo run --bin reference` writes.
const PAGE: &str = include_str!("../../../docs/reference.html");

/// Answers with the page. Its policy allows its own style, and nothing else.
pub(super) async fn page() -> impl IntoResponse {
    // A page cannot forbid to be framed in its own markup.
    let policy = format!("{}; frame-ancestors 'none'", own_policy());
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (CONTENT_SECURITY_POLICY, policy),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (REFERRER_POLICY, "no-referrer".to_owned()),
    ];
    (headers, Html(PAGE))
}

/// The policy in the page's markup, which has the hash of its style.
fn own_policy() -> &'static str {
    let policy = PAGE.split_once("http-equiv=\"Content-Security-Policy\" content=\"");
    policy.and_then(|(_, rest)| rest.split('"').next()).unwrap_or("default-src 'none'")
}
