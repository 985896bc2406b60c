//! The answer is exactly what is stored, to the last digit.

use std::collections::BTreeMap;

use leadping::lead::Lead;
use leadping::store::StoredLead;
use proptest::prelude::*;
use serde_json::value::RawValue;

use super::{accept, api, config, lead, post};

/// The text of the parts of a lead's JSON that the partner sent.
fn sent(lead: &str) -> Vec<String> {
    let members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(lead).unwrap();
    ["metadata", "contact", "customer", "tagIds", "tagNames"].map(|name| members[name].get().to_owned()).into()
}

/// The canonical price, from its digits alone.
fn plain(whole: u64, fraction: u32) -> String {
    match format!("{fraction:06}").trim_end_matches('0') {
        "" => whole.to_string(),
        digits => format!("{whole}.{digits}"),
    }
}

#[test]
fn the_answer_is_what_is_stored_and_normalizing_it_again_changes_nothing() {
    let (runtime, api) = api();
    let functions = api.stack.functions();
    proptest!(config(8), |(draft in lead::acceptable(), flat: bool)| {
        runtime.block_on(async {
            let (function, body) = match flat {
                true => (&functions.intake_lead, draft.flat()),
                false => (&functions.create_lead, draft.structured()),
            };
            let (answered, _) = accept(function, &post("source_123", &body)).await;
            let id = serde_json::from_str::<Lead>(&answered).unwrap().id;
            let Some(StoredLead::Kept(kept)) = api.stack.leads().get(&id).await.unwrap() else {
                panic!("the lead is not stored")
            };
            assert_eq!(serde_json::to_string(&kept.lead).unwrap(), answered);
            assert_eq!(accept(function, &post("source_123", &body)).await, (answered.clone(), true));

            // The answer is itself a structured payload. Its server-owned members are ignored.
            let (again, _) = accept(&functions.create_lead, &post("source_123", &answered)).await;
            assert_eq!(sent(&again), sent(&answered));
        });
    });
    runtime.block_on(api.stack.stop());
}

#[test]
fn a_price_keeps_every_digit() {
    let (runtime, api) = api();
    let functions = api.stack.functions();
    let prices = (0..1_000_000_000_000_u64, 0..1_000_000_u32, "0{0,3}", "0{0,3}", any::<bool>());
    proptest!(config(8), |((whole, fraction, before, after, quoted) in prices)| {
        let price = plain(whole, fraction);
        let spelt = match quoted {
            true => format!("\"{before}{whole}.{fraction:06}{after}\""),
            false => format!("{whole}.{fraction:06}{after}"),
        };
        let body = format!(r#"{{"email":"a@example.com","price":{spelt},"directPostPrice":{spelt}}}"#);
        let event = post("source_exempt", &body);
        let (answered, _) = runtime.block_on(accept(&functions.intake_lead, &event));
        let expected = format!(r#""price":{price},"directPostPrice":{price},"#);
        assert!(answered.contains(&expected), "{answered} does not contain {expected}");
    });
    runtime.block_on(api.stack.stop());
}
