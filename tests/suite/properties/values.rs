//! Normalizing twice changes nothing, and stored values can be read back (contract, section 3.3).

use std::fmt::Debug;
use std::net::IpAddr;

use leadping::lead::birth_date::BirthDate;
use leadping::lead::certificate::Certificate;
use leadping::lead::choices::{EmploymentType, Gender, MaritalStatus};
use leadping::lead::email::Email;
use leadping::lead::number::{self, Price};
use leadping::lead::phone_number::PhoneNumber;
use leadping::lead::{captured_at, ip_address, state, text};
use leadping::payload::Member;
use leadping::time::Timestamp;
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Host;

use super::{config, lead};

/// Checks that a parsed value stays the same when it is printed and parsed, and when it is stored and read back.
fn holds<T>(text: &str, parse: impl Fn(&str) -> Option<T>, print: impl Fn(&T) -> String)
where
    T: Clone + Debug + PartialEq + Serialize + DeserializeOwned,
{
    if let Some(value) = parse(text) {
        assert_eq!(parse(&print(&value)), Some(value.clone()), "printed and read again");
        assert_eq!(serde_json::from_str(&serde_json::to_string(&value).unwrap()).ok(), Some(value), "read back");
    }
}

fn any_of(member: Member) -> impl Strategy<Value = String> {
    let valid = || lead::valid(member.field().kind);
    prop_oneof![
        4 => valid(),
        2 => (valid(), lead::hostile(), valid()).prop_map(|(before, text, after)| before + &text + &after),
        2 => (valid(), lead::hostile()).prop_map(|(before, text)| before + &text),
        1 => lead::number(),
        1 => lead::hostile(),
    ]
}

#[test]
fn parsing_a_value_again_changes_nothing() {
    let now = Timestamp::now();
    let texts = (
        any_of(Member::Email),
        any_of(Member::PhoneNumber),
        any_of(Member::BirthDate),
        any_of(Member::CapturedAt),
        any_of(Member::Price),
        any_of(Member::Height),
        any_of(Member::IsHomeowner),
        any_of(Member::Gender),
        any_of(Member::State),
        any_of(Member::TrustedFormUrl),
        any_of(Member::IpAddress),
        any_of(Member::City),
    );
    proptest!(config(1), |((email, phone, birth, captured, price, whole, flag, choice, state, url, ip, text) in texts)| {
        let email = email.trim();
        holds(email, Email::parse, |email| email.as_str().to_owned());
        if let Some(stored) = Email::parse(email) {
            let domain = |address: &str| Host::parse(address.rsplit_once('@').unwrap().1).unwrap();
            prop_assert_eq!(domain(stored.as_str()), domain(&text::visible(email)), "mail would go to another domain");
        }
        holds(&phone, |text| PhoneNumber::parse(text).ok().map(|parsed| parsed.number), PhoneNumber::to_string);
        holds(&birth, |text| BirthDate::parse(text, now.into()), |birth| birth.date().to_string());
        holds(&captured, |text| captured_at::parse(text).map(Timestamp::from), Timestamp::to_string);
        holds(&price, Price::parse, |price| price.as_str().to_owned());
        holds(&price, number::canonical_decimal, String::clone);
        holds(&whole, number::whole, u32::to_string);
        holds(&flag, number::flag, bool::to_string);
        holds(&choice, Gender::parse, |choice| choice.as_str().to_owned());
        holds(&choice, MaritalStatus::parse, |choice| choice.as_str().to_owned());
        holds(&choice, EmploymentType::parse, |choice| choice.as_str().to_owned());
        holds(&state, |text| Some(state::normalize(text)), String::clone);
        holds(&ip, ip_address::parse, IpAddr::to_string);
        holds(&text, |text| text::clean(text, 1_024).ok(), String::clone);
        holds(&text, |text| Some(text::clean_lossy(text, 10)), String::clone);
        prop_assert_eq!(text::clean(&text::clean_lossy(&text, 10), 10), Ok(text::clean_lossy(&text, 10)));
        if let Ok(certificate) = Certificate::parse(&url) {
            prop_assert_eq!(Certificate::parse(&certificate.url()), Ok(certificate));
        }
    });
}
