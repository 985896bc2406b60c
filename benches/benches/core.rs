//! Measures each step of a lead in the core. No step makes a call.
//!
//! Run with `cargo bench -p benches`.

#![expect(clippy::unwrap_used, reason = "a panic stops the benchmark")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use leadping::id::{AccountId, BusinessId, SourceId};
use leadping::identity::Identity;
use leadping::lead::Lead;
use leadping::payload::{self, Entrance};
use leadping::source::{self, Mode, Sender, Source, SourceKey};
use leadping::time::Timestamp;
use leadping::validation::{self, Caller, Verdict, Visitor};

const STRUCTURED: &[u8] = include_bytes!("../../tests/examples/structured.json");
const FLAT: &[u8] = include_bytes!("../../tests/examples/flat.json");
const FORM: &[u8] = b"firstName=Jordan&lastName=Example&email=jordan%40example.com&phone=%2B15555550123&zip=78701\
    &trustedFormUrl=https%3A%2F%2Fcert.trustedform.com%2Fexample&sourceMetadata%5Bplacement%5D=homepage-form";
const LEAD: &str = r#"{"id":"lead_iuyfivyb6x4uwnuuqqwsl2pqima6vu5a","createdAt":"2026-06-15T12:00:00.000Z","sourceId":"source_123","accountId":"account_1","metadata":{"externalId":"partner-lead-88391","sellerLeadId":"seller-4471","utmSource":"partner-site","utmCampaign":"june-campaign","product":"Example product","trustedFormUrl":"https://cert.trustedform.com/example","businessId":"business_1","sourceMetadata":{"placement":"homepage-form","publisher":"example-publisher"}},"contact":{"firstName":"Jordan","lastName":"Example","email":"jordan@example.com","phone":{"number":"+15555550123"},"streetAddress":{"address1":"100 Main St","address2":"Suite 200","city":"Austin","state":"TX","postalCode":"78701"}},"customer":{"birthDate":"1970-01-15","gender":"Unknown"},"tagIds":[],"tagNames":[],"processingStatus":"Enriching"}"#;

fn steps(criterion: &mut Criterion) {
    let now = Timestamp::now();
    let id = SourceId::parse("source_123").unwrap();
    let key = SourceKey::presented("lp_source_key");
    let source = Source {
        account_id: AccountId::parse("account_1").ok(),
        business_id: BusinessId::parse("business_1").ok(),
        approved: true,
        keys: vec![key.stored(now)],
        ..Source::new(id, "bench".to_owned(), source::random().unwrap(), now)
    };
    let sender = Sender { source, key, mode: Mode::Live };
    let caller = Caller { sender: &sender, visitor: &Visitor::default(), now };
    let submission = payload::read_json(Entrance::Structured, STRUCTURED).unwrap();
    assert!(matches!(validation::check(&submission, &caller), Verdict::Valid(_)));
    let lead: Lead = serde_json::from_str(LEAD).unwrap();
    assert_eq!(serde_json::to_string(&lead).unwrap(), LEAD);

    criterion
        .bench_function("match the key", |b| b.iter(|| sender.source.accepts(black_box(&sender.key), now).is_some()));
    criterion.bench_function("read the structured example", |b| {
        b.iter(|| payload::read_json(Entrance::Structured, black_box(STRUCTURED)));
    });
    criterion.bench_function("read the flat example", |b| {
        b.iter(|| payload::read_json(Entrance::Flat, black_box(FLAT)));
    });
    criterion.bench_function("read a form", |b| b.iter(|| payload::read_form(black_box(FORM), b"")));
    criterion.bench_function("identify the submission", |b| {
        b.iter(|| Identity::of(&sender, black_box(&submission), None));
    });
    criterion
        .bench_function("validate and normalise", |b| b.iter(|| validation::check(black_box(&submission), &caller)));
    criterion.bench_function("serialise the lead", |b| b.iter(|| serde_json::to_string(black_box(&lead))));
}

criterion_group!(core, steps);
criterion_main!(core);
