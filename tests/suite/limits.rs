//! Caps and duplicates of a source, end to end (contract, section 10).

mod windows;

use std::collections::BTreeSet;

use futures_util::future::join_all;
use leadping::event::EventType;
use leadping::source::limits::{Action, Caps, Duplicates, PersonKey, Scope, Zone};
use leadping::source::{Source, SourceKey};
use leadping::store::Erasure;
use leadping::time::Timestamp;
use local::demo::{SOURCE_ID, TEST_KEY};
use local::stack::Options;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::{Answer, Api, erase, eventually, options};

/// Another source of the same business.
const OTHER: &str = "source_exempt";

async fn start() -> Api {
    Api::start(&Options { worker: false, ..options() }).await
}

fn caps(day: Option<u32>, hour: Option<u32>) -> Option<Caps> {
    Some(Caps { day, hour, time_zone: Zone::default() })
}

fn duplicates(scope: Scope, action: Action) -> Option<Duplicates> {
    Some(Duplicates { by: BTreeSet::from([PersonKey::Phone, PersonKey::Email]), days: 30, scope, action })
}

/// Changes a source as an operator does.
async fn change(api: &Api, id: &str, make: impl FnOnce(&mut Source)) {
    let sources = api.stack.sources();
    let before = sources.latest(&id.parse().unwrap()).await.unwrap().unwrap();
    let mut after = before.clone();
    make(&mut after);
    assert!(tests::change(&api.stack, &before, &after).await.is_some());
}

/// A lead: an external id, and a person.
fn lead(external_id: &str, phone: u32, email: &str) -> String {
    let phone = format!("+1512{phone:07}");
    let email = if email.is_empty() { json!(null) } else { json!(email) };
    json!({
        "externalId": external_id, "phone": phone, "email": email,
        "trustedFormUrl": "https://cert.trustedform.com/limits",
    })
    .to_string()
}

/// Posts once.
async fn post_once(api: &Api, source: &str, body: String) -> Answer {
    api.request(Method::POST, "/leads/intake").from(source).json(body).send().await
}

/// Posts as partners do, and repeats after a 503, which a busy machine may cause.
async fn post(api: &Api, source: &str, body: String) -> Answer {
    eventually(tests::WAIT_TIMEOUT, "an answer other than 503", async || {
        let answer = post_once(api, source, body.clone()).await;
        (answer.status != 503).then_some(answer)
    })
    .await
}

fn statuses(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
}

/// How many places are taken today.
async fn taken(api: &Api, source: &str) -> u32 {
    let caps = caps(Some(1), None).unwrap();
    api.stack.limits().counts(&source.parse().unwrap(), &caps.windows(Timestamp::now())).await.unwrap().day
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cap_is_never_exceeded_and_repeats_are_answered() {
    let api = start().await;
    change(&api, SOURCE_ID, |source| source.limits = caps(Some(50), None)).await;
    let body = |number: u32| lead(&format!("cap-{number}"), 2_000_009 + number * 10, "");
    let answers = join_all((0..300).map(|number| post_once(&api, SOURCE_ID, body(number)))).await;
    // A busy machine may answer 503. Such a post may keep its place without a lead.
    let (accepted, unknown) = (statuses(&answers, 201), statuses(&answers, 503));
    assert_eq!(accepted + statuses(&answers, 429) + unknown, 300);
    assert!(0 < accepted && accepted <= 50 && accepted + unknown >= 50, "{accepted} accepted, {unknown} unknown");

    let mut leads = 0;
    for (number, answer) in (0..).zip(&answers) {
        let again = post(&api, SOURCE_ID, body(number)).await;
        leads += usize::from(again.status == 201);
        match answer.status {
            StatusCode::CREATED => {
                assert_eq!((again.status.as_u16(), again.id()), (201, answer.id()));
                assert_eq!((header(&again, "idempotent-replayed"), header(&again, "ratelimit")), ("true", ""));
                assert_eq!(header(answer, "ratelimit-policy"), r#""day";q=50;w=86400"#);
            }
            StatusCode::TOO_MANY_REQUESTS => {
                assert_eq!(answer.body["code"], "quota.exceeded");
                assert_eq!(answer.body["violated-policies"], json!(["day"]));
                let wait = header(answer, "retry-after");
                assert_eq!(header(answer, "ratelimit"), format!(r#""day";r=0;t={wait}"#));
                assert!((1..=86_400).contains(&wait.parse().unwrap()));
            }
            _ => {}
        }
    }
    // Every place is taken, and only an unknown outcome has cost one.
    assert_eq!(taken(&api, SOURCE_ID).await, 50);
    assert!(leads <= 50 && leads + unknown >= 50, "{leads} leads, {unknown} unknown");
    // A cap that is raised counts at once.
    change(&api, SOURCE_ID, |source| source.limits = caps(Some(51), None)).await;
    assert_eq!(post(&api, SOURCE_ID, lead("raised", 9_000_001, "")).await.status, 201);
    assert_eq!(taken(&api, SOURCE_ID).await, 51);
    api.stack.stop().await;
}

#[tokio::test]
async fn the_lower_of_two_caps_holds_and_0_pauses() {
    let api = start().await;
    let mut serial = 0;
    for (day, hour, accepted, violated) in [
        (Some(0), None, 0, json!(["day"])),
        (None, Some(0), 0, json!(["hour"])),
        (Some(0), Some(9), 0, json!(["day"])),
        (None, Some(2), 2, json!(["hour"])),
        (Some(3), Some(2), 0, json!(["hour"])),
        (Some(2), Some(2), 0, json!(["day", "hour"])),
        (Some(4), Some(9), 2, json!(["day"])),
    ] {
        change(&api, SOURCE_ID, |source| source.limits = caps(day, hour)).await;
        for number in 0..=accepted {
            serial += 10;
            let answer = post(&api, SOURCE_ID, lead(&format!("l-{serial}"), 3_000_009 + serial, "")).await;
            assert_eq!(answer.status.as_u16(), if number < accepted { 201 } else { 429 }, "{day:?} {hour:?}");
            if number == accepted {
                assert_eq!(answer.body["violated-policies"], violated, "{day:?} {hour:?}");
            }
        }
    }
    api.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_posts_of_one_person_at_once_one_is_a_lead() {
    let api = start().await;
    for (scope, sources) in [(Scope::Source, [SOURCE_ID, SOURCE_ID]), (Scope::Business, [SOURCE_ID, OTHER])] {
        for id in sources {
            change(&api, id, |source| source.duplicates = duplicates(scope, Action::Refuse)).await;
        }
        let phone = if scope == Scope::Source { 4_000_001 } else { 4_000_011 };
        let body = |number: usize| lead(&format!("{scope:?}-{number}"), phone, &format!("{scope:?}@example.com"));
        let posts = (0..100).map(|number| post_once(&api, sources[number % 2], body(number)));
        let answers = join_all(posts).await;
        // On a busy machine every post may be answered 503: then each is repeated.
        assert!(statuses(&answers, 201) <= 1, "{scope:?}");
        assert_eq!(statuses(&answers, 201) + statuses(&answers, 409) + statuses(&answers, 503), 100, "{scope:?}");
        let settled = eventually(tests::WAIT_TIMEOUT, "every post is answered", async || {
            let mut settled = Vec::new();
            for number in 0..100 {
                settled.push(post_once(&api, sources[number % 2], body(number)).await);
            }
            (statuses(&settled, 503) == 0).then_some(settled)
        })
        .await;
        assert_eq!((statuses(&settled, 201), statuses(&settled, 409)), (1, 99), "{scope:?}");
        let winner = settled.iter().find(|answer| answer.status == 201).unwrap().id();
        let first = answers.iter().find(|answer| answer.status == 201);
        assert!(first.is_none_or(|first| first.id() == winner), "{scope:?}");
        for refused in settled.iter().filter(|answer| answer.status == 409) {
            assert_eq!(refused.body["code"], "lead.duplicate");
            assert!(!refused.text.contains(winner.as_str()), "no word about the earlier lead");
        }
    }
    api.stack.stop().await;
}

#[tokio::test]
async fn a_flagged_lead_is_marked_and_names_the_earlier_one_to_the_business() {
    let api = Api::start(&options()).await;
    for id in [SOURCE_ID, OTHER] {
        change(&api, id, |source| source.duplicates = duplicates(Scope::Business, Action::Flag)).await;
    }
    let first = post(&api, SOURCE_ID, lead("first", 5_000_001, "jordan@bücher.example")).await;
    let own = post(&api, SOURCE_ID, lead("own", 5_000_001, "other@example.com")).await;
    let by_email = post(&api, SOURCE_ID, lead("email", 5_000_011, "JORDAN@xn--bcher-kva.example")).await;
    let others = post(&api, OTHER, lead("others", 5_000_001, "")).await;
    let stranger = post(&api, OTHER, lead("stranger", 5_000_021, "")).await;
    for (answer, told, earlier) in [
        (&first, Value::Null, None),
        (&own, json!(true), Some(&first)),
        (&by_email, json!(true), Some(&first)),
        // A partner is told of its own leads only.
        (&others, Value::Null, Some(&first)),
        (&stranger, Value::Null, None),
    ] {
        assert_eq!((answer.status.as_u16(), &answer.body["duplicate"]), (201, &told));
        assert!(!answer.text.contains("duplicateOf"));
        let record = api.ready(&answer.id()).await;
        let view = serde_json::to_value(record.lead.view()).unwrap();
        assert_eq!(view.get("duplicateOf"), earlier.map(|earlier| json!(earlier.id())).as_ref());
        let detected = record.timeline.iter().find(|event| event.event_type == EventType::LeadDuplicateDetected);
        let found = detected.map(|event| (event.sequence, event.duplicate_of.clone()));
        assert_eq!(found, earlier.map(|it| (2, Some(it.id()))));
    }
    let again = post(&api, SOURCE_ID, lead("own", 5_000_001, "other@example.com")).await;
    assert_eq!((&again.body["duplicate"], header(&again, "idempotent-replayed")), (&json!(true), "true"));
    let status = api.request(Method::GET, &format!("/sources/me/leads/{}", own.id())).from(SOURCE_ID).send().await;
    assert_eq!(status.body["duplicate"], true);
    api.stack.stop().await;
}

#[tokio::test]
async fn the_lead_that_takes_the_last_place_says_so() {
    let api = Api::start(&options()).await;
    change(&api, SOURCE_ID, |source| source.limits = caps(Some(2), Some(2))).await;
    for (external_id, phone, reached) in [("one", 5_100_001, None), ("two", 5_100_011, Some(vec!["day", "hour"]))] {
        let answer = post(&api, SOURCE_ID, lead(external_id, phone, "")).await;
        let record = api.ready(&answer.id()).await;
        let event = record.timeline.iter().find(|event| event.event_type == EventType::SourceCapReached);
        let caps = event.and_then(|event| event.caps.clone());
        assert_eq!(caps, reached.map(|caps| caps.into_iter().map(str::to_owned).collect()));
    }
    api.stack.stop().await;
}

/// The guards of a lead that the cap refuses do not stay.
#[tokio::test]
async fn a_person_whom_a_cap_refused_may_come_again_under_another_id() {
    let api = start().await;
    change(&api, SOURCE_ID, |source| {
        source.limits = caps(Some(1), None);
        source.duplicates = duplicates(Scope::Source, Action::Refuse);
    })
    .await;
    assert_eq!(post(&api, SOURCE_ID, lead("a", 5_200_001, "a@example.com")).await.status, 201);
    assert_eq!(post(&api, SOURCE_ID, lead("b", 5_200_011, "b@example.com")).await.status, 429);
    change(&api, SOURCE_ID, |source| source.limits = caps(Some(2), None)).await;
    assert_eq!(post(&api, SOURCE_ID, lead("c", 5_200_011, "b@example.com")).await.status, 201);
    // A duplicate takes no place, and leaves no guard of what is new in it.
    assert_eq!(post(&api, SOURCE_ID, lead("d", 5_200_021, "b@example.com")).await.status, 409);
    change(&api, SOURCE_ID, |source| source.limits = caps(Some(3), None)).await;
    assert_eq!(post(&api, SOURCE_ID, lead("e", 5_200_021, "e@example.com")).await.status, 201);
    assert_eq!(taken(&api, SOURCE_ID).await, 3);
    api.stack.stop().await;
}

#[tokio::test]
async fn test_leads_are_in_no_cap_and_no_window() {
    let api = start().await;
    change(&api, SOURCE_ID, |source| {
        source.limits = caps(Some(0), None);
        source.duplicates = duplicates(Scope::Source, Action::Refuse);
        source.test_keys = vec![SourceKey::presented(TEST_KEY).stored(source.created_at)];
    })
    .await;
    for external_id in ["one", "two"] {
        let body = lead(external_id, 5_300_001, "");
        let answer = api.request(Method::POST, "/leads/intake").from_test(SOURCE_ID).json(body).send().await;
        assert_eq!((answer.status.as_u16(), header(&answer, "ratelimit")), (201, ""));
    }
    change(&api, SOURCE_ID, |source| source.limits = None).await;
    assert_eq!(post(&api, SOURCE_ID, lead("live", 5_300_001, "")).await.status, 201);
    assert_eq!(taken(&api, SOURCE_ID).await, 0);
    api.stack.stop().await;
}

#[tokio::test]
async fn a_dry_run_sees_the_caps_and_takes_no_place() {
    let api = start().await;
    change(&api, SOURCE_ID, |source| {
        source.limits = caps(Some(1), None);
        source.duplicates = duplicates(Scope::Source, Action::Refuse);
    })
    .await;
    let dry = async |body: String| {
        api.request(Method::POST, "/leads/intake/validate").from(SOURCE_ID).json(body).send().await
    };
    let body = lead("one", 5_400_001, "");
    for _ in 0..2 {
        let answer = dry(body.clone()).await;
        assert_eq!((answer.status.as_u16(), &answer.body["duplicates"]), (200, &json!("not checked")));
    }
    assert_eq!(post(&api, SOURCE_ID, body.clone()).await.status, 201);
    assert_eq!(dry(body).await.body["wouldAnswer"], 201, "a lead that we hold is answered");
    let (dry, real) = (dry(lead("two", 5_400_011, "")).await, post(&api, SOURCE_ID, lead("two", 5_400_011, "")).await);
    assert_eq!((dry.status.as_u16(), real.status.as_u16()), (429, 429));
    assert_eq!((&dry.body["violated-policies"], &dry.body["dryRun"]), (&real.body["violated-policies"], &json!(true)));
    change(&api, SOURCE_ID, |source| source.limits = None).await;
    let repeats_person = api.request(Method::POST, "/leads/intake/validate").from(SOURCE_ID);
    let repeats_person = repeats_person.json(lead("three", 5_400_001, "")).send().await;
    assert_eq!(repeats_person.status, 200, "a dry run does not tell who is a customer");
    let me = api.request(Method::GET, "/sources/me").from(SOURCE_ID).send().await;
    assert_eq!((&me.body["limits"], &me.body["duplicates"]["days"]), (&Value::Null, &json!(30)));
    api.stack.stop().await;
}

#[tokio::test]
async fn an_erased_person_is_no_earlier_one() {
    let api = start().await;
    change(&api, SOURCE_ID, |source| source.duplicates = duplicates(Scope::Source, Action::Refuse)).await;
    let first = post(&api, SOURCE_ID, lead("first", 5_500_001, "a@example.com")).await.id();
    let second = lead("second", 5_500_001, "");
    assert_eq!(post(&api, SOURCE_ID, second.clone()).await.status, 409);
    let erasure = erase(&api.stack, &first).await;
    assert!(matches!(erasure, Erasure::Erased(_)));
    let scan =
        api.stack.clients().dynamodb.scan().table_name(&api.stack.addresses().limits_table).send().await.unwrap();
    assert!(scan.items().iter().all(|item| !format!("{item:?}").contains(first.as_str())), "no guard is left");
    assert_eq!(post(&api, SOURCE_ID, second).await.status, 201);
    assert_eq!(post(&api, SOURCE_ID, lead("third", 5_500_011, "a@example.com")).await.status, 201);
    assert_eq!(post(&api, SOURCE_ID, lead("fourth", 5_500_001, "")).await.status, 409, "the second one is there");
    api.stack.stop().await;
}

#[tokio::test]
async fn refusals_are_counted_by_source_day_and_code() {
    let api = start().await;
    let day = Timestamp::now().day();
    post(&api, SOURCE_ID, lead("ok", 5_600_001, "")).await;
    for _ in 0..2 {
        post(&api, SOURCE_ID, json!({"email": "x", "phone": "1"}).to_string()).await;
    }
    let wrong_key = api.request(Method::POST, "/leads/intake").header("X-Leadping-Source-Id", SOURCE_ID);
    wrong_key.header("X-Leadping-Source-Key", "lp_wrong").json("{}").send().await;
    api.request(Method::POST, "/leads/intake").from_test(SOURCE_ID).json("{}").send().await;
    api.request(Method::POST, "/leads/intake/validate").from(SOURCE_ID).json("{}").send().await;
    post(&api, "source_disabled", "{}".to_owned()).await;
    // Losing a count is accepted on a busy machine, so only the codes and the bounds are certain.
    let of = async |source: &str| api.stack.limits().refusals(&source.parse().unwrap(), &day, "9999").await.unwrap();
    let found = of(SOURCE_ID).await;
    assert!(found.len() == 1 && (1..=2).contains(&found[0].posts), "{found:?}");
    let codes: Vec<_> = found[0].codes.keys().map(String::as_str).collect();
    assert_eq!(codes, ["email.invalid", "phone.not_possible", "trusted_form.required"]);
    assert!(found[0].codes.values().all(|count| *count == found[0].posts));
    eventually(tests::WAIT_TIMEOUT, "the refusal of a disabled source is counted", async || {
        post(&api, "source_disabled", "{}".to_owned()).await;
        of("source_disabled").await.pop().filter(|it| it.codes.contains_key("source.disabled"))
    })
    .await;
    api.stack.stop().await;
}
