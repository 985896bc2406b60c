use super::*;
use crate::payload::{self, Entrance};
use crate::source::limits::{PersonKey, Scope, Zone};
use crate::source::{Mode, Sender, SourceKey};
use crate::validation::{self, Caller, Verdict, Visitor};

fn source() -> Source {
    let now = "2026-06-15T12:00:00Z".parse().unwrap();
    Source { approved: true, ..Source::new("source_1".parse().unwrap(), "One", "salt".into(), now) }
}

fn ruled() -> Source {
    Source {
        allowed_states: State::parse("TX").into_iter().collect(),
        allowed_products: vec!["Driver's \"best\" <b>".to_owned()],
        ..source()
    }
}

#[test]
fn says_what_this_source_must_send() {
    let names = |source: &Source| of(source).required.iter().map(|it| it.structured).collect::<Vec<_>>().join(" ");
    let always = "metadata contact customer contact.email contact.phone.number";
    assert_eq!(names(&source()), format!("{always} metadata.trustedFormUrl"));
    assert_eq!(names(&Source { requires_trusted_form: false, ..source() }), always);
    let all = format!("{always} metadata.trustedFormUrl contact.streetAddress.state metadata.product");
    assert_eq!(names(&ruled()), all);
    let has = |source: &Source, code: &str| of(source).codes.iter().any(|it| it.code == code);
    for code in ["state.required", "state.not_allowed", "product.required", "product.not_allowed"] {
        assert_eq!((has(&source(), code), has(&ruled(), code)), (false, true), "{code}");
    }
    let limited = Source {
        limits: Some(Caps { day: Some(7), hour: None, time_zone: Zone::default() }),
        duplicates: Some(Duplicates {
            by: [PersonKey::Phone].into(),
            days: 30,
            scope: Scope::Source,
            action: Action::Refuse,
        }),
        ..source()
    };
    for code in ["quota.exceeded", "lead.duplicate"] {
        assert_eq!((has(&source(), code), has(&limited, code)), (false, true), "{code}");
    }
    let cap = of(&limited).limits.pop().unwrap();
    assert_eq!((cap.of.as_ref(), cap.most), ("new leads a day, in the time zone UTC", 7));
    for code in
        ["email.invalid", "credentials.invalid", "source.disabled", "lead.not_found", "trusted_form.unavailable"]
    {
        assert!(has(&source(), code), "{code}");
    }
}

#[test]
fn a_partner_is_told_to_begin_with_a_test_key_and_what_a_submission_is_found_by() {
    let source = source();
    let spec = of(&source);
    let leads = spec.commands.iter().filter(|it| it.command.contains(" -d "));
    assert!(leads.clone().count() == 2 && leads.clone().all(|it| it.about.contains("with a test key first")));
    let of_submissions = |text: &str| text.contains("/sources/me/submissions");
    let header = spec.headers.iter().find(|it| it.name == "Idempotency-Key").unwrap();
    let endpoint = spec.endpoints.iter().find(|it| of_submissions(it.path)).unwrap();
    assert!(of_submissions(&header.value) && endpoint.about.contains("Idempotency-Key"), "{header:?} {endpoint:?}");
}

#[test]
fn never_holds_a_key_a_salt_or_the_business() {
    let key = SourceKey::generate(Mode::Live).unwrap();
    let source = Source {
        account_id: "account_9".parse().ok(),
        business_id: "business_9".parse().ok(),
        keys: vec![key.stored("2026-06-15T12:00:00Z".parse().unwrap())],
        salt: "the-salt".to_owned(),
        ..ruled()
    };
    let text = serde_json::to_string(&of(&source)).unwrap();
    let stored = &source.keys[0];
    for secret in [key.reveal(), &stored.sha256, &stored.prefix, "the-salt", "account_9", "business_9"] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[test]
fn the_example_follows_the_rules_of_the_source() {
    for source in [source(), ruled(), Source { requires_trusted_form: false, ..source() }] {
        let body = example(&source).to_string();
        assert!(commands(&source)[0].command.ends_with(&quoted(&body)));
        let sender = Sender { source, key: SourceKey::presented("lp_x"), mode: Mode::Live };
        let submission = payload::read_json(Entrance::Structured, body.as_bytes()).unwrap();
        let now = "2026-06-15T12:00:00Z".parse().unwrap();
        let caller = Caller { sender: &sender, visitor: &Visitor::default(), now };
        let verdict = validation::check(&submission, &caller);
        assert!(matches!(verdict, Verdict::Valid(_)), "{body}: {verdict:?}");
    }
}
