//! Whether the person of a lead may be texted and called (contract, section 11, "Eligibility").

use serde::{Deserialize, Serialize};

use super::ProcessingStatus;
use super::consent::{Consent, ConsentStatus};
use super::line_type::{CarrierType, LineType};
use super::lookup::Lookup;
use super::phone_number::PhoneNumber;
use super::phone_number::region::Region;

/// Where the United States' rules for calls and texts hold.
const UNITED_STATES: [Region; 6] = [Region::US, Region::PR, Region::VI, Region::GU, Region::AS, Region::MP];

/// Whether a lead may be texted and called, as far as we can tell. Quiet hours and opt-outs are up to the system that dials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each is what it is called")]
pub struct Eligibility {
    pub sms: Channel,
    pub call: Channel,
}

/// One way to reach a person. It is eligible exactly when there is no reason against it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredChannel", into = "StoredChannel")]
pub struct Channel {
    reasons: Vec<Reason>,
}

#[derive(Serialize, Deserialize)]
struct StoredChannel {
    /// For readers. It follows from the reasons.
    #[serde(default)]
    eligible: bool,
    reasons: Vec<Reason>,
}

impl From<StoredChannel> for Channel {
    fn from(StoredChannel { reasons, .. }: StoredChannel) -> Self {
        Self { reasons }
    }
}

impl From<Channel> for StoredChannel {
    fn from(channel: Channel) -> Self {
        Self { eligible: channel.is_eligible(), reasons: channel.reasons }
    }
}

impl Channel {
    /// Whether the person may be reached this way.
    pub fn is_eligible(&self) -> bool {
        self.reasons.is_empty()
    }

    /// Why not, in the order of the contract.
    pub fn reasons(&self) -> &[Reason] {
        &self.reasons
    }
}

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $name:ident $text:literal;)+) => {
        /// Why a person may not be texted or called. The order is the order in which reasons are listed.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum Reason {
            $($(#[doc = $doc])+ #[serde(rename = $text)] $name,)+
            /// A reason that a later release gives.
            #[serde(untagged)]
            Other(String),
        }

        impl Reason {
            /// Every reason of this release, and what it means.
            pub const ALL: &[(Self, &str)] = &[$((Self::$name, concat!($($doc),+))),+];

            /// The name that subscribers and users read.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$name => $text,)+
                    Self::Other(name) => name,
                }
            }
        }
    };
}

reasons! {
    /// The person's data was erased.
    LeadErased "lead_erased";
    /// The lead was sent with a test key.
    TestLead "test_lead";
    /// The lead has no phone number.
    NoPhone "no_phone";
    /// The provider says that the number is not valid.
    PhoneInvalid "phone_invalid";
    /// The number belongs to another country than the United States and its territories.
    PhoneNotUs "phone_not_us";
    /// The number charges the caller.
    PhonePremium "phone_premium";
    /// The lookup has not ended.
    LookupPending "lookup_pending";
    /// A landline cannot receive texts. Only for texts.
    LineTypeNotTextable "line_type_not_textable";
    /// The lookup did not say whether the line is wireless or a landline. Only for texts.
    LineTypeUnknown "line_type_unknown";
    /// TrustedForm has not confirmed yet that the certificate is about this person. Only for texts.
    ConsentPending "consent_pending";
    /// The certificate is about another person.
    ConsentMismatched "consent_mismatched";
    /// TrustedForm could not tell whether the certificate is about this person.
    ConsentUnverified "consent_unverified";
    /// The source has not passed its compliance review. Only said where the source is read.
    SourceNotApproved "source_not_approved";
}

/// What eligibility depends on.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the others are what they are called")]
pub struct Facts<'a> {
    pub status: ProcessingStatus,
    /// Whether the lead was sent with a test key.
    pub is_test: bool,
    pub number: Option<&'a PhoneNumber>,
    /// The result of the lookup, if it succeeded.
    pub lookup: Option<&'a Lookup>,
    /// The consent, if the lead's source retains certificates.
    pub consent: Option<&'a Consent>,
}

impl Eligibility {
    /// Decides from what is known now.
    pub fn of(facts: &Facts<'_>) -> Self {
        if facts.status == ProcessingStatus::Erased {
            // Nothing else is known of an erased person.
            let erased = Channel { reasons: vec![Reason::LeadErased] };
            return Self { sms: erased.clone(), call: erased };
        }
        let both = of_number(facts);
        // Only a number has a line, and its type is known when the lookup has ended.
        let has_line = facts.number.is_some() && facts.status == ProcessingStatus::Ready;
        let line = match facts.lookup.map(|lookup| lookup.line_type) {
            _ if !has_line => None,
            Some(LineType::Wireless) => None,
            Some(LineType::Wireline) => Some(Reason::LineTypeNotTextable),
            _ => Some(Reason::LineTypeUnknown),
        };
        let (pending, decided) = match facts.consent.map(|consent| consent.status) {
            Some(ConsentStatus::Pending) => (Some(Reason::ConsentPending), None),
            Some(ConsentStatus::Mismatched) => (None, Some(Reason::ConsentMismatched)),
            Some(ConsentStatus::Unverified) => (None, Some(Reason::ConsentUnverified)),
            Some(ConsentStatus::Verified | ConsentStatus::Exempt) | None => (None, None),
        };
        let sms = both.iter().cloned().chain(line).chain(pending).chain(decided.clone()).collect();
        let call = both.into_iter().chain(decided).collect();
        Self { sms: Channel { reasons: sms }, call: Channel { reasons: call } }
    }

    /// Adds that the lead's source has not passed its compliance review. Nothing else counts for an erased person.
    pub fn source_is_not_approved(&mut self) {
        for channel in [&mut self.sms, &mut self.call] {
            if channel.reasons != [Reason::LeadErased] {
                channel.reasons.push(Reason::SourceNotApproved);
            }
        }
    }
}

/// The reasons that the lead and its number give against both texts and calls.
fn of_number(facts: &Facts<'_>) -> Vec<Reason> {
    let is_abroad = |number: &PhoneNumber| number.region().is_some_and(|region| !UNITED_STATES.contains(&region));
    let is_premium = |lookup: &Lookup| lookup.carrier_type == CarrierType::PremiumRate;
    let reasons = [
        (facts.is_test, Reason::TestLead),
        (facts.number.is_none(), Reason::NoPhone),
        (facts.lookup.is_some_and(|lookup| lookup.is_valid == Some(false)), Reason::PhoneInvalid),
        (facts.number.is_some_and(is_abroad), Reason::PhoneNotUs),
        (
            facts.number.is_some_and(PhoneNumber::is_premium) || facts.lookup.is_some_and(is_premium),
            Reason::PhonePremium,
        ),
        (facts.number.is_some() && facts.status == ProcessingStatus::Enriching, Reason::LookupPending),
    ];
    reasons.into_iter().filter_map(|(holds, reason)| holds.then_some(reason)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lead::lookup::ProviderName;

    fn found(carrier_type: CarrierType, is_valid: Option<bool>, number: &str) -> Lookup {
        Lookup {
            number: PhoneNumber::parse(number).unwrap().number,
            is_valid,
            national_format: None,
            line_type: carrier_type.line_type(),
            carrier_type,
            carrier: None,
            caller_name: None,
            provider: ProviderName::Twilio,
            retrieved_at: "2026-06-15T12:00:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn every_reason_is_reached() {
        use CarrierType::{FixedLine, Mobile, PremiumRate, TollFree, Unknown, Voip};
        use ProcessingStatus::{Enriching, Erased, Ready};
        let (texas, toronto, guam, toll_free, premium) =
            ("512-555-0123", "416-555-0123", "671-555-0123", "800-555-0123", "900-555-0123");
        let ok = Some(true);
        // The status, whether it is a test, the number, the lookup, the reasons of both, and of texts alone.
        let cases: [(_, _, _, _, &[&str], &[&str]); 20] = [
            (Ready, false, Some(texas), Some((Mobile, ok)), &[], &[]),
            (Ready, false, Some(texas), Some((Mobile, None)), &[], &[]),
            (Ready, false, Some(texas), Some((FixedLine, ok)), &[], &["line_type_not_textable"]),
            (Ready, false, Some(texas), Some((Voip, ok)), &[], &["line_type_unknown"]),
            (Ready, false, Some(texas), Some((TollFree, ok)), &[], &["line_type_unknown"]),
            (Ready, false, Some(texas), Some((Unknown, None)), &[], &["line_type_unknown"]),
            (Ready, false, Some(texas), None, &[], &["line_type_unknown"]),
            (Ready, false, Some(texas), Some((Unknown, Some(false))), &["phone_invalid"], &["line_type_unknown"]),
            (Ready, false, Some(texas), Some((PremiumRate, ok)), &["phone_premium"], &["line_type_unknown"]),
            (Ready, false, Some(premium), Some((Mobile, ok)), &["phone_premium"], &[]),
            (Ready, false, Some(toronto), Some((Mobile, ok)), &["phone_not_us"], &[]),
            (Ready, false, Some(guam), Some((Mobile, ok)), &[], &[]),
            (Ready, false, Some(toll_free), Some((Mobile, ok)), &[], &[]), // several countries share the code
            (Ready, false, None, None, &["no_phone"], &[]),
            (Ready, true, Some(texas), Some((Mobile, ok)), &["test_lead"], &[]),
            (Ready, true, None, None, &["test_lead", "no_phone"], &[]),
            (Enriching, false, Some(texas), None, &["lookup_pending"], &[]),
            (Enriching, false, Some(toronto), None, &["phone_not_us", "lookup_pending"], &[]),
            (Enriching, false, None, None, &["no_phone"], &[]),
            (Erased, false, None, None, &["lead_erased"], &[]),
        ];
        let names = |channel: &Channel| -> Vec<String> {
            channel.reasons().iter().map(Reason::as_str).map(str::to_owned).collect()
        };
        let mut reached: Vec<String> = Vec::new();
        for (status, is_test, number, lookup, both, sms) in cases {
            let lookup = lookup.zip(number).map(|((carrier, valid), number)| found(carrier, valid, number));
            let parsed = number.map(|number| PhoneNumber::parse(number).unwrap().number);
            let facts = Facts { status, is_test, number: parsed.as_ref(), lookup: lookup.as_ref(), consent: None };
            let Eligibility { sms: texts, call } = Eligibility::of(&facts);
            assert_eq!(names(&call), both, "{status:?} {number:?} {lookup:?}");
            assert_eq!(names(&texts), [both, sms].concat(), "{status:?} {number:?} {lookup:?}");
            assert_eq!((texts.is_eligible(), call.is_eligible()), (both.len() + sms.len() == 0, both.is_empty()));
            reached.extend(names(&texts));
        }
        let landline = found(FixedLine, ok, texas);
        for (status, call, sms) in [
            (ConsentStatus::Pending, &[][..], &["line_type_not_textable", "consent_pending"][..]),
            (ConsentStatus::Mismatched, &["consent_mismatched"], &["line_type_not_textable", "consent_mismatched"]),
            (ConsentStatus::Unverified, &["consent_unverified"], &["line_type_not_textable", "consent_unverified"]),
            (ConsentStatus::Verified, &[], &["line_type_not_textable"]),
            (ConsentStatus::Exempt, &[], &["line_type_not_textable"]),
        ] {
            let consent = Consent::new(status);
            let (number, lookup, consent) = (Some(&landline.number), Some(&landline), Some(&consent));
            let said = Eligibility::of(&Facts { status: Ready, is_test: false, number, lookup, consent });
            assert_eq!(
                (names(&said.call), names(&said.sms)),
                (
                    call.iter().map(|name| (*name).to_owned()).collect(),
                    sms.iter().map(|name| (*name).to_owned()).collect()
                ),
                "{status:?}"
            );
            reached.extend(names(&said.sms));
        }
        let mut unapproved =
            Eligibility::of(&Facts { status: Ready, is_test: false, number: None, lookup: None, consent: None });
        unapproved.source_is_not_approved();
        assert_eq!(names(&unapproved.call), ["no_phone", "source_not_approved"]);
        assert_eq!(names(&unapproved.sms), names(&unapproved.call));
        reached.extend(names(&unapproved.sms));
        for (reason, _) in Reason::ALL {
            assert!(reached.iter().any(|name| name == reason.as_str()), "{reason:?}");
        }
    }

    #[test]
    fn a_reason_of_a_later_release_keeps_its_name() {
        let text =
            r#"{"sms":{"eligible":false,"reasons":["no_phone","opted_out"]},"call":{"eligible":true,"reasons":[]}}"#;
        let read: Eligibility = serde_json::from_str(text).unwrap();
        assert_eq!(read.sms.reasons(), [Reason::NoPhone, Reason::Other("opted_out".to_owned())]);
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
    }
}
