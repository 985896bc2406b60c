//! Flat and structured, JSON, form and query: all forms of one lead are one lead (contract, section 5).

use leadping::failure::Code;
use leadping::payload::{self, Entrance};
use leadping::source::{Mode, Sender, SourceKey};
use leadping::time::Timestamp;
use leadping::validation::{self, Caller, Verdict, Visitor};
use proptest::prelude::*;
use reqwest::Method;
use tests::{Answer, Post};

use super::{api, config, lead};

const FORM: &str = "application/x-www-form-urlencoded";

/// The codes of a refusal, sorted. A gender that is on no list is one in the structured form alone.
fn codes(verdict: &Verdict) -> Vec<Code> {
    let (Verdict::Refused(failures) | Verdict::RefusedBySource(failures)) = verdict else { return Vec::new() };
    failures.iter().map(|failure| failure.code).filter(|code| *code != Code::GenderUnsupported).collect()
}

#[test]
fn all_forms_of_one_lead_are_one_submission_and_get_one_verdict() {
    let (runtime, api) = api();
    let source = runtime.block_on(api.stack.sources().get(&"source_texas".parse().unwrap())).unwrap().unwrap();
    let key = SourceKey::presented("lp_another_key");
    let sender = Sender { source, key, mode: Mode::Live };
    let caller = Caller { sender: &sender, visitor: &Visitor::default(), now: Timestamp::now() };
    proptest!(config(1), |(draft in lead::anything())| {
        let structured = payload::read_json(Entrance::Structured, draft.structured().as_bytes()).unwrap();
        let verdict = codes(&validation::check(&structured, &caller));
        let flat = payload::read_json(Entrance::Flat, draft.flat().as_bytes()).unwrap();
        let form = payload::read_form(draft.form().as_bytes(), b"").unwrap();
        for flat in [flat, form] {
            prop_assert_eq!(flat.content(), structured.content());
            prop_assert_eq!(flat.is_identifiable(), structured.is_identifiable());
            prop_assert_eq!(&codes(&validation::check(&flat, &caller)), &verdict);
        }
    });
    runtime.block_on(api.stack.stop());
}

#[test]
fn all_forms_of_one_lead_are_one_lead_over_http() {
    let (runtime, api) = api();
    let intake = |method, query: &str| api.request(method, &format!("/leads/intake{query}")).from("source_123");
    let replay = async |post: Post, first: &Answer| {
        let again = post.send().await;
        assert_eq!(again.text, first.text);
        assert_eq!(again.headers["idempotent-replayed"], "true");
    };
    proptest!(config(32), |(draft in lead::acceptable())| {
        runtime.block_on(async {
            let first = api.post("/leads", draft.structured()).await;
            assert_eq!(first.status, 201, "{}", first.text);
            replay(intake(Method::POST, "").json(draft.flat()), &first).await;
            let form = draft.form();
            replay(intake(Method::GET, &format!("?{form}")), &first).await;
            replay(intake(Method::POST, "").header("Content-Type", FORM).body(form), &first).await;
        });
    });
    runtime.block_on(api.stack.stop());
}
