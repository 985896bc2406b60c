//! Certificates are matched and retained once for each lead, whatever happens to TrustedForm and to the functions.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::join;
use leadping::id::LeadId;
use leadping::lead::consent::{Consent, ConsentReason, ConsentStatus};
use leadping::store::{Erasure, Leads, StoredLead};
use leadping::time::Timestamp;
use local::stand_ins::trusted_form::RETAIN_KNOBS;
use tests::erase;
use tests::proxy::{Fault, Point, Side};

use crate::page::{self, row};
use crate::points::Fate;
use crate::world::{Kill, Submission, World};

/// A submission of the source that retains certificates.
fn retained(world: &World) -> Submission {
    world.submission().from("source_retain")
}

/// A submission whose certificate's id begins with this text.
fn certified(world: &World, beginning: &str) -> Submission {
    let submission = retained(world);
    let url = format!("https://cert.trustedform.com/{beginning}-{}", submission.tag);
    submission.with("trustedFormUrl", &url)
}

async fn consent(world: &World, id: &LeadId) -> Option<Consent> {
    match world.stack.leads().get(id).await.unwrap().unwrap() {
        StoredLead::Kept(kept) => kept.consent(),
        StoredLead::Erased(tombstone) => tombstone.consent,
    }
}

/// The reasons against texts that the last published event of this type gives for a lead.
fn reasons(world: &World, id: &LeadId, event_type: &str) -> Vec<String> {
    let published = world.stack.bus().published();
    let mut told = published.iter().filter(|entry| entry["detail"]["leadId"] == id.as_str());
    let event = told.rfind(|entry| entry["detail-type"] == event_type).unwrap();
    let reasons = event["detail"]["eligibility"]["sms"]["reasons"].as_array().unwrap();
    reasons.iter().map(|reason| reason.as_str().unwrap().to_owned()).collect()
}

/// Kills the worker at each call that it makes for a certificate. TrustedForm is asked again only if its answer was lost.
#[tokio::test]
async fn a_certificate_is_retained_again_only_if_the_answer_was_lost() {
    let world = World::start().await;
    let mut head = vec!["killed over its".to_owned()];
    head.extend(Fate::ALL.map(|fate| format!("{fate}: retains")));
    let mut table = vec![head];
    for point in [
        Point::Open,
        Point::Publish,
        Point::Retain,
        Point::RetainWait,
        Point::RetainLease,
        Point::Finish,
        Point::Published,
    ] {
        let mut cells = vec![point.to_string()];
        for fate in Fate::ALL {
            if matches!(point, Point::RetainLease | Point::RetainWait) {
                world.proxy.break_next(Point::Retain, Side::Before, Fault::Throttled, 1);
            }
            let calls = world.stack.trusted_form().retain_calls();
            let id = world.accepted(&retained(&world)).await;
            let mut kill = Kill::at(&world, point, fate.side());
            world.settle(&mut kill).await;
            assert!(kill.reached(), "{point} was not reached");
            if fate == Fate::Late {
                kill.arrive(&world).await;
            }
            assert_eq!(world.settled().await.wrong(), [], "{point} {fate}");
            assert_eq!(consent(&world, &id).await.unwrap().status, ConsentStatus::Verified, "{point} {fate}");
            let made = world.stack.trusted_form().retain_calls() - calls;
            let is_lost = matches!(
                (point, fate),
                (Point::Retain, Fate::Done | Fate::Late) | (Point::Finish, Fate::Lost | Fate::Late)
            );
            assert_eq!(made, 1 + u64::from(is_lost), "{point} {fate}");
            cells.push(made.to_string());
        }
        table.push(cells);
    }
    page::assert_shows("Killed while a certificate is retained", &table);
    world.stop().await;
}

/// Each answer of TrustedForm, and what becomes of the lead's consent.
#[tokio::test]
async fn each_answer_settles_consent_as_documented() {
    let world = World::start().await;
    let mut table = vec![row(["TrustedForm answers", "consent", "calls"])];
    for knob in &RETAIN_KNOBS {
        let calls = world.stack.trusted_form().retain_calls();
        let id = world.accepted(&certified(&world, knob.text)).await;
        world.deliver(&mut Kill::never()).await;
        let record = world.stack.leads().record(&id).await.unwrap().unwrap();
        assert_eq!(record.lead.lead().processing_status.as_str(), "Ready", "{}: the lead does not wait", knob.text);
        let first = consent(&world, &id).await.unwrap();
        let waits = first.status == ConsentStatus::Pending;
        assert_eq!(waits, reasons(&world, &id, "lead.ready").contains(&"consent_pending".to_owned()), "{}", knob.text);
        for _ in 0..if waits { 2 } else { 0 } {
            world.hours_pass().await;
            world.sweep(&mut Kill::never()).await;
            world.deliver(&mut Kill::never()).await;
        }
        let settled = consent(&world, &id).await.unwrap();
        let status = settled.status.as_str();
        assert!(knob.outcome.starts_with(&format!("`{status}`")), "{}: {status}", knob.text);
        assert_eq!(knob.outcome.contains("20 minutes"), waits && status != "pending", "{}", knob.text);
        assert_eq!(
            settled.certificate_reused == Some(true),
            knob.outcome.contains("certificateReused"),
            "{}",
            knob.text
        );
        if status != "pending" {
            let expected: &[&str] = match settled.status {
                ConsentStatus::Mismatched => &["consent_mismatched"],
                ConsentStatus::Unverified => &["consent_unverified"],
                _ => &[],
            };
            assert_eq!(reasons(&world, &id, &format!("consent.{status}")), expected, "{}", knob.text);
        }
        let made = world.stack.trusted_form().retain_calls() - calls;
        let retries = if status == "pending" { "again and again".to_owned() } else { made.to_string() };
        table.push(row([knob.answer, &format!("`{status}`"), &retries]));
    }
    page::assert_shows("Answers about a certificate", &table);
    world.stop().await;
}

#[tokio::test]
async fn a_day_without_trusted_form_delays_consent_and_no_lead() {
    let world = World::start().await;
    world.proxy.break_all(Point::Retain, Side::Before, Fault::Broken);
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(world.accepted(&retained(&world)).await);
    }
    for _ in 0..4 {
        world.deliver(&mut Kill::never()).await;
        let books = world.books().await;
        assert!(books.leads.values().all(|lead| lead.status == "Ready" && lead.published == 3 && lead.unfinished));
        world.hours_pass().await;
        world.sweep(&mut Kill::never()).await;
    }
    world.proxy.repair();
    world.settled().await;
    for id in ids {
        let consent = consent(&world, &id).await.unwrap();
        assert_eq!((consent.status, consent.phone_match), (ConsentStatus::Verified, Some(true)));
        assert_eq!(consent.certificate_reused, None, "an earlier call may have retained it");
    }
    world.stop().await;
}

#[tokio::test]
async fn after_sixty_hours_consent_is_unverified() {
    let world = World::start().await;
    let id = world.accepted(&certified(&world, "retaindown")).await;
    world.deliver(&mut Kill::never()).await;
    let sixty_hours_ago = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(60);
    let text = |text: String| AttributeValue::S(text);
    let update = world.stack.clients().dynamodb.update_item().table_name(&world.stack.addresses().leads_table);
    let update = update.key("pk", text(format!("LEAD#{id}"))).key("sk", text("OUTBOX".to_owned()));
    let update = update.update_expression("SET retainSince = :past");
    let update = update.expression_attribute_values(":past", text(Timestamp::from(sixty_hours_ago).to_string()));
    update.send().await.unwrap();
    world.settled().await;
    let consent = consent(&world, &id).await.unwrap();
    assert_eq!(
        (consent.status, consent.reason),
        (ConsentStatus::Unverified, Some(ConsentReason::TrustedFormUnavailable))
    );
    world.stop().await;
}

/// An erasure drops what is left to do for the certificate, and what TrustedForm says afterwards is not stored.
#[tokio::test]
async fn an_erasure_drops_a_pending_retain_and_keeps_a_settled_one() {
    let world = World::start().await;
    for (side, beginning) in [(Side::Before, "plain"), (Side::After, "plain"), (Side::After, "mismatch")] {
        let id = world.accepted(&certified(&world, beginning)).await;
        let mut held = world.proxy.hold(Point::Retain, side);
        let meanwhile = async {
            held.reached().await;
            assert!(matches!(erase(&world.stack, &id).await, Erasure::Erased(_)));
            held.resume();
        };
        join(world.deliver(&mut Kill::never()), meanwhile).await;
        assert!(world.settle(&mut Kill::never()).await.settled());
        let record = world.stack.leads().record(&id).await.unwrap().unwrap();
        assert_eq!((record.outbox.retain, record.outbox.due_at), (None, None));
        assert_eq!(consent(&world, &id).await, None, "{side} {beginning}");
        let types: Vec<_> = record.timeline.iter().map(|event| event.event_type.as_str()).collect();
        assert_eq!(types, ["lead.created", "lead.erased"], "{side} {beginning}");
    }

    let id = world.accepted(&retained(&world)).await;
    world.settle(&mut Kill::never()).await;
    assert!(matches!(erase(&world.stack, &id).await, Erasure::Erased(_)));
    world.settle(&mut Kill::never()).await;
    let kept = consent(&world, &id).await.unwrap();
    assert_eq!((kept.status, kept.retained_until.is_some()), (ConsentStatus::Verified, true));
    world.stop().await;
}

/// A worker may settle consent while an operator erases the lead. What was paid for is kept.
#[tokio::test]
async fn an_erasure_keeps_the_consent_that_is_settled_meanwhile() {
    let world = World::start().await;
    let id = world.accepted(&retained(&world)).await;
    let stack = &world.stack;
    let through_proxy = stack.clients().dynamodb.config().to_builder().endpoint_url(world.proxy.front().dynamodb);
    let client = Client::from_conf(through_proxy.build());
    let leads = Leads::new(client, &stack.addresses().leads_table);
    let mut held = world.proxy.hold(Point::LeadRead, Side::After);
    let meanwhile = async {
        held.reached().await;
        world.deliver(&mut Kill::never()).await;
        held.resume();
    };
    let (limits, ledger) = (stack.limits(), stack.ledger());
    let (erased, ()) = join(leads.erase(&limits, &ledger, &id, "local", Timestamp::now()), meanwhile).await;
    assert!(matches!(erased, Ok(Erasure::Erased(_))));
    world.settle(&mut Kill::never()).await;
    let kept = consent(&world, &id).await.unwrap();
    assert_eq!((kept.status, kept.retained_until.is_some()), (ConsentStatus::Verified, true));
    world.stop().await;
}

/// Lookup and certificate have leases of their own, so two workers may end them at the same time. The event that is
/// written last says what both have found.
#[tokio::test]
async fn the_last_of_two_workers_says_what_both_have_found() {
    let world = World::start().await;
    for (slow, slow_item, fast_item, ready, verified) in [
        (Point::LookUp, "LEAD", "OUTBOX", &[][..], &["lookup_pending"][..]),
        (Point::Retain, "OUTBOX", "LEAD", &["consent_pending"], &[]),
    ] {
        let submission = certified(&world, "late");
        let id = world.accepted(&submission).await;
        world.proxy.break_next(Point::LookUp, Side::Before, Fault::ThrottledFor(3_600), 1);
        world.deliver(&mut Kill::never()).await;
        let message = world.message(&id).await;

        world.hours_pass_over(&id, slow_item).await;
        let mut held = world.proxy.hold(slow, Side::After);
        let other = async {
            held.reached().await;
            world.hours_pass_over(&id, fast_item).await;
            world.work(&[&message], &mut Kill::never()).await;
            held.resume();
        };
        let mut never = Kill::never();
        join(world.work(&[&message], &mut never), other).await;

        // Each has told its news, without a sweep.
        assert_eq!(reasons(&world, &id, "lead.ready"), ready, "{slow}");
        assert_eq!(reasons(&world, &id, "consent.verified"), verified, "{slow}");
        assert_eq!(world.settled().await.wrong(), [], "{slow}");
        assert_eq!((world.paid(&submission), world.stack.trusted_form().retain_calls() % 2), (1, 0), "{slow}");
    }
    world.stop().await;
}

/// A paid result is recorded even if the wait of the other step cannot be written.
#[tokio::test]
async fn a_wait_that_cannot_be_written_loses_no_result() {
    let world = World::start().await;
    for (postponed, wait) in [(Point::LookUp, Point::Postpone), (Point::Retain, Point::RetainWait)] {
        let submission = retained(&world);
        let calls = world.stack.trusted_form().retain_calls();
        let id = world.accepted(&submission).await;
        world.proxy.break_next(postponed, Side::Before, Fault::Throttled, 1);
        world.proxy.break_all(wait, Side::Before, Fault::Broken);
        world.deliver(&mut Kill::never()).await;
        world.proxy.repair();
        let record = world.stack.leads().record(&id).await.unwrap().unwrap();
        let ended: &[&str] = match postponed {
            Point::LookUp => &["lead.created", "consent.verified"],
            _ => &["lead.created", "phone.lookup.succeeded", "lead.ready"],
        };
        let types: Vec<_> = record.timeline.iter().map(|event| event.event_type.as_str()).collect();
        assert_eq!(types, ended, "{postponed}");

        assert_eq!(world.settled().await.wrong(), [], "{postponed}");
        let made = world.stack.trusted_form().retain_calls() - calls;
        assert_eq!((world.paid(&submission), made), (1, 1), "{postponed}: each call is made once");
    }
    world.stop().await;
}

/// A bus that is down delays events and nothing else: a certificate that waits next to them is seen, and is due in time.
#[tokio::test]
async fn events_that_wait_neither_hide_nor_delay_a_certificate() {
    let world = World::start().await;
    world.proxy.break_all(Point::Publish, Side::Before, Fault::Broken);
    let id = world.accepted(&certified(&world, "late")).await;
    world.deliver(&mut Kill::never()).await;
    let unfinished = world.stack.leads().unfinished().await.unwrap();
    let waits: BTreeSet<_> = unfinished.iter().map(|due| format!("{:?}", due.work)).collect();
    assert_eq!(waits, ["Events", "Retain"].map(str::to_owned).into());

    // Events that have waited for a day are due after hours.
    let in_six_hours = Timestamp::now().after(Duration::from_secs(6 * 60 * 60));
    let text = |text: String| AttributeValue::S(text);
    let update = world.stack.clients().dynamodb.update_item().table_name(&world.stack.addresses().leads_table);
    let update = update.key("pk", text(format!("LEAD#{id}"))).key("sk", text("OUTBOX".to_owned()));
    let update = update.update_expression("SET dueAt = :later");
    update.expression_attribute_values(":later", text(in_six_hours.to_string())).send().await.unwrap();
    world.work(&[&world.message(&id).await], &mut Kill::never()).await;
    let outbox = world.stack.leads().record(&id).await.unwrap().unwrap().outbox;
    assert!(outbox.published < outbox.version);
    assert_eq!(outbox.due_at, outbox.retain.map(|retain| retain.until), "the second call is due in time");

    world.proxy.repair();
    world.settled().await;
    assert_eq!(consent(&world, &id).await.unwrap().status, ConsentStatus::Verified);
    world.stop().await;
}

/// A message about a lead that waits for its second call does not bring the call forward.
#[tokio::test]
async fn the_second_call_is_made_after_twenty_minutes() {
    let world = World::start().await;
    let id = world.accepted(&certified(&world, "late")).await;
    world.deliver(&mut Kill::never()).await;
    let message = world.message(&id).await;
    for _ in 0..3 {
        world.work(&[&message], &mut Kill::never()).await;
    }
    assert_eq!(world.stack.trusted_form().retain_calls(), 1);
    let record = world.stack.leads().record(&id).await.unwrap().unwrap();
    let due = record.outbox.due_at.unwrap();
    let waits = due.since(Timestamp::now());
    assert!(waits > Duration::from_secs(15 * 60) && waits <= Duration::from_secs(20 * 60), "{waits:?}");
    world.settled().await;
    assert_eq!(world.stack.trusted_form().retain_calls(), 2);
    assert_eq!(consent(&world, &id).await.unwrap().status, ConsentStatus::Verified);
    world.stop().await;
}
