//! An `Idempotency-Key` belongs to one content, whatever becomes of its lead (contract, section 5).

use std::collections::BTreeSet;

use leadping::lead::{Lead, ProcessingStatus};
use leadping::store::Erasure;
use local::demo;
use proptest::prelude::*;
use reqwest::Method;
use tests::{Api, erase, options};
use tokio::runtime::Runtime;

use super::{config, lead, request_id};

/// What happens to the first lead before another content comes under its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Enriching,
    Ready,
    Erased,
}

async fn post(api: &Api, key: &str, body: String) -> tests::Answer {
    let post = api.request(Method::POST, "/leads").from(demo::SOURCE_ID).header("Idempotency-Key", key);
    post.json(body).send().await
}

#[test]
fn another_content_under_a_key_is_refused_in_every_state_of_its_lead() {
    let runtime = Runtime::new().unwrap();
    let [waiting, working] =
        [false, true].map(|worker| runtime.block_on(Api::start(&local::stack::Options { worker, ..options() })));
    let states = prop::sample::select(vec![State::Enriching, State::Ready, State::Erased]);
    proptest!(config(8), |(first in lead::acceptable(), second in lead::acceptable(), state in states)| {
        let (first, second) = (first.structured(), second.structured());
        prop_assume!(first != second);
        runtime.block_on(async {
            let api = if state == State::Enriching { &waiting } else { &working };
            let key = request_id();
            let accepted = post(api, &key, first.clone()).await;
            assert_eq!(accepted.status, 201, "{}", accepted.text);
            let id = accepted.id();
            if state != State::Enriching {
                api.ready(&id).await;
            }
            if state == State::Erased {
                assert!(matches!(erase(&api.stack, &id).await, Erasure::Erased(_)));
            }

            let refused = post(api, &key, second).await;
            // Two spellings of one content are one lead.
            let is_same = refused.status == 201 && contents(&accepted.text) == contents(&refused.text);
            assert!(refused.status == 422 || is_same, "{state:?}: {}", refused.text);
            let again = post(api, &key, first).await;
            assert_eq!((again.status.as_u16(), again.id()), (201, id), "{state:?}");
            assert_eq!(again.headers["idempotent-replayed"], "true");
            let status = serde_json::from_str::<Lead>(&again.text).unwrap().processing_status;
            let expected = match state {
                State::Enriching => ProcessingStatus::Enriching,
                State::Ready => ProcessingStatus::Ready,
                State::Erased => ProcessingStatus::Erased,
            };
            assert_eq!(status, expected);
        });
    });
    runtime.block_on(async {
        waiting.stack.stop().await;
        working.stack.stop().await;
    });
}

/// What of an answer the partner sent.
fn contents(answer: &str) -> BTreeSet<String> {
    let answer: serde_json::Value = serde_json::from_str(answer).unwrap();
    ["metadata", "contact", "customer", "tagIds", "tagNames"].iter().map(|name| answer[name].to_string()).collect()
}
