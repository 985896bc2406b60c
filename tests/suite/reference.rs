//! The example answers of the reference are the real ones.

use reqwest::Method;
use serde_json::Value;
use tests::{Api, options};

/// The examples of the partner specification, and the answers that the reference shows for them.
const EXAMPLES: [(&str, &str, &str); 2] = [
    (
        "/leads",
        include_str!("../examples/structured.json"),
        include_str!("../../reference/examples/structured-answer.json"),
    ),
    ("/leads/intake", include_str!("../examples/flat.json"), include_str!("../../reference/examples/flat-answer.json")),
];

#[tokio::test]
async fn the_reference_shows_the_real_answers_to_the_examples() {
    let api = Api::start(&options()).await;
    for (path, request, shown) in EXAMPLES {
        let post = api.request(Method::POST, path).from("source_123").header("User-Agent", "partner-client/1.0");
        let mut answer = post.json(request).send().await.body;
        let shown: Value = serde_json::from_str(shown).unwrap();
        // These differ for each lead.
        for pointer in ["/id", "/createdAt", "/metadata/ipAddress"] {
            if let (Some(answered), Some(shown)) = (answer.pointer_mut(pointer), shown.pointer(pointer)) {
                *answered = shown.clone();
            }
        }
        assert_eq!(answer, shown, "{path}");
    }
    api.stack.stop().await;
}
