//! The stand-ins' knobs work as `cargo run -- --help` and `docs/developing.md` describe.

use futures_util::future::join_all;
use leadping::event::EventType;
use leadping::lead::ProcessingStatus;
use local::stand_ins::{lookup, trusted_form};
use tests::{Api, options};

#[tokio::test]
async fn a_certificate_id_gets_the_documented_answer() {
    let api = Api::start(&options()).await;
    let posts = trusted_form::KNOBS.map(async |knob| {
        let url = format!("https://cert.trustedform.com/{}-1", knob.text);
        let body = format!(r#"{{"email":"jordan@example.com","trustedFormUrl":"{url}"}}"#);
        let answer = api.post("/leads/intake", body).await;
        let code =
            answer.failures().first().map_or(answer.body["code"].as_str().unwrap(), |(code, _)| *code).to_owned();
        assert_eq!(format!("`{} {code}`", answer.status.as_u16()), knob.outcome, "{}", knob.text);
    });
    join_all(posts).await;
    api.stack.stop().await;
}

#[tokio::test]
async fn a_phone_number_gets_the_documented_lookup() {
    let api = Api::start(&options()).await;
    let posts = lookup::KNOBS.map(async |knob| {
        let body =
            format!(r#"{{"phone":"+1512555{}","trustedFormUrl":"https://cert.trustedform.com/example"}}"#, knob.text);
        (knob, api.post("/leads/intake", body).await.id())
    });
    let (ready, enriching): (Vec<_>, Vec<_>) =
        join_all(posts).await.into_iter().partition(|(knob, _)| knob.outcome.starts_with("`Ready`"));
    for (knob, id) in ready {
        let failed = if knob.outcome.ends_with("failed") {
            EventType::PhoneLookupFailed
        } else {
            EventType::PhoneLookupSucceeded
        };
        assert_eq!(api.ready(&id).await.timeline[1].event_type, failed, "{}", knob.text);
    }
    for (knob, id) in enriching {
        assert_eq!(knob.outcome, "`Enriching`, and retried");
        let record = api.stack.leads().record(&id).await.unwrap().unwrap();
        assert_eq!(record.lead.lead().processing_status, ProcessingStatus::Enriching, "{}", knob.text);
    }
    api.stack.stop().await;
}
