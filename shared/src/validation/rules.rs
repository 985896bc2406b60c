//! The rules, each with the normalization of what it checks.

use std::collections::{BTreeMap, BTreeSet};

use super::{Caller, Validated};
use crate::failure::{Code, Failure, detail};
use crate::lead::birth_date::BirthDate;
use crate::lead::certificate::{Certificate, CertificateFault};
use crate::lead::choices::{EmploymentType, Gender, MaritalStatus};
use crate::lead::email::Email;
use crate::lead::number::{self, Price};
use crate::lead::phone_number::{Parsed, PhoneFault, PhoneNumber};
use crate::lead::state::State;
use crate::lead::{Contact, Customer, Metadata, Phone, StreetAddress, captured_at, ip_address, secrets, state, text};
use crate::payload::fields::{Kind, MAX_CERTIFICATE_URL, MAX_ENTRIES, MAX_ENTRY_NAME, MAX_TAGS, MAX_TEXT};
use crate::payload::{Entrance, Entry, Member, Notation, Reading, Submission};
use crate::source::{Mode, Sender, SourceKey};

/// Applies every rule. Returns the lead as far as it could be read, the failures of the payload's own rules, and those
/// of the source's rules. Use the lead only when both lists are empty.
pub(super) fn apply(submission: &Submission, caller: &Caller<'_>) -> (Validated, Vec<Failure>, Vec<Failure>) {
    let mut rules = Rules { submission, failures: submission.failures().to_vec(), is_phone_blank: false };
    let validated = rules.normalize(caller);
    rules.contact_method();
    rules.secrets(caller);
    let by_source = source_rules(submission, caller.sender, &validated);
    (validated, rules.failures, by_source)
}

struct Rules<'a> {
    submission: &'a Submission,
    failures: Vec<Failure>,
    /// Whether the phone's text is an empty input mask.
    is_phone_blank: bool,
}

impl Rules<'_> {
    fn normalize(&mut self, caller: &Caller<'_>) -> Validated {
        let phone = self.phone();
        let (number, extension) = phone.map(|phone| (phone.number, phone.extension)).unzip();
        let certificate = self.certificate();
        let flat = self.submission.entrance() == Entrance::Flat;
        let visitor = caller.visitor;
        let metadata = Metadata {
            external_id: self.text(Member::ExternalId),
            seller_lead_id: self.text(Member::SellerLeadId),
            sub_id: self.text(Member::SubId),
            pub_id: self.text(Member::PubId),
            utm_source: self.text(Member::UtmSource),
            utm_medium: self.text(Member::UtmMedium),
            utm_campaign: self.text(Member::UtmCampaign),
            utm_term: self.text(Member::UtmTerm),
            utm_content: self.text(Member::UtmContent),
            product: self.text(Member::Product),
            vertical: self.text(Member::Vertical),
            referrer: self.text(Member::Referrer),
            landing_page: self.text(Member::LandingPage),
            trusted_form_url: certificate.as_ref().map(Certificate::url),
            price: self.parsed(Member::Price, Price::parse),
            direct_post_price: self.parsed(Member::DirectPostPrice, Price::parse),
            business_id: None,
            ip_address: match flat {
                true => visitor.ip_address.map(|address| address.to_string()),
                false => self.parsed(Member::IpAddress, ip_address::parse).map(|address| address.to_string()),
            },
            user_agent: if flat { visitor.user_agent.clone() } else { self.text(Member::UserAgent) },
            created_at: self.parsed(Member::CapturedAt, captured_at::parse).map(Into::into),
            source_metadata: self.free_metadata(),
        };
        let contact = Contact {
            first_name: self.text(Member::FirstName),
            last_name: self.text(Member::LastName),
            email: self.parsed(Member::Email, Email::parse),
            phone: given(Phone {
                region: number.as_ref().and_then(PhoneNumber::region),
                number,
                r#type: self.text(Member::PhoneType),
                extension: self.text(Member::PhoneExtension).or(extension.flatten()),
            }),
            street_address: given(StreetAddress {
                address1: self.text(Member::Address1),
                address2: self.text(Member::Address2),
                city: self.text(Member::City),
                state: self.text(Member::State).map(|text| state::normalize(&text)),
                postal_code: self.text(Member::PostalCode),
                country: self.text(Member::Country),
            }),
            time_zone_id: self.text(Member::TimeZoneId),
        };
        let now = caller.now.into();
        let customer = Customer {
            birth_date: self.parsed(Member::BirthDate, |text| BirthDate::parse(text, now)),
            // Flat posts carry what a web form had. Structured posts come from developers who know the list (contract,
            // section 3.3).
            gender: self.parsed(Member::Gender, |text| Gender::parse(text).or(flat.then_some(Gender::Unknown))),
            marital_status: self.parsed(Member::MaritalStatus, MaritalStatus::parse),
            employment_type: self.parsed(Member::EmploymentType, EmploymentType::parse),
            height: self.parsed(Member::Height, number::whole),
            weight: self.parsed(Member::Weight, number::whole),
            income: self.parsed(Member::Income, number::whole),
            months_at_residence: self.parsed(Member::MonthsAtResidence, number::whole),
            credit_score: self.parsed(Member::CreditScore, number::whole),
            number_of_dependents: self.parsed(Member::NumberOfDependents, number::whole),
            is_homeowner: self.parsed(Member::IsHomeowner, number::flag),
            has_bankruptcy: self.parsed(Member::HasBankruptcy, number::flag),
            has_medical_condition: self.parsed(Member::HasMedicalCondition, number::flag),
        };
        Validated {
            metadata,
            contact,
            customer,
            tag_ids: self.tags(Member::TagIds, &caller.sender.source.default_tag_ids),
            tag_names: self.tags(Member::TagNames, &caller.sender.source.default_tag_names),
            certificate,
        }
    }

    /// The value of a member, if it was given and `parse` accepts it.
    fn parsed<T>(&mut self, member: Member, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let value = parse(self.submission.scalar(member)?);
        if value.is_none() {
            let failure = Failure::at(member.field().kind.code(), self.submission.pointer(member));
            let is_decoded = member == Member::Email && self.submission.notation() != Notation::Json;
            self.failures.push(if is_decoded { failure.saying(detail::EMAIL_IN_FORM) } else { failure });
        }
        value
    }

    fn phone(&mut self) -> Option<Parsed> {
        match PhoneNumber::parse(self.submission.scalar(Member::PhoneNumber)?) {
            Ok(parsed) => return Some(parsed),
            Err(PhoneFault::NotGiven) => self.is_phone_blank = true,
            Err(PhoneFault::NotPossible) => {
                let pointer = self.submission.pointer(Member::PhoneNumber);
                self.failures.push(Failure::at(Code::PhoneNotPossible, pointer));
            }
        }
        None
    }

    fn text(&mut self, member: Member) -> Option<String> {
        let max = match member.field().kind {
            Kind::Text(max) => max,
            _ => MAX_TEXT,
        };
        let submission = self.submission;
        self.clean(submission.scalar(member)?, max, || submission.pointer(member))
    }

    fn clean(&mut self, text: &str, max: usize, pointer: impl FnOnce() -> String) -> Option<String> {
        let cleaned = text::clean(text, max).ok();
        if cleaned.is_none() {
            self.failures.push(Failure::at(Code::TextInvalid, pointer()));
        }
        cleaned
    }

    fn certificate(&mut self) -> Option<Certificate> {
        let url = self.submission.scalar(Member::TrustedFormUrl)?;
        let pointer = || self.submission.pointer(Member::TrustedFormUrl);
        // White space between two URLs is reported as an invalid URL.
        let is_control = |c: char| c.is_control() && !c.is_whitespace();
        if url.chars().count() > MAX_CERTIFICATE_URL || url.contains(is_control) {
            self.failures.push(Failure::at(Code::TextInvalid, pointer()));
            return None;
        }
        match Certificate::parse(url) {
            Ok(certificate) => Some(certificate),
            Err(fault) => {
                let code = match fault {
                    CertificateFault::InvalidUrl => Code::TrustedFormInvalidUrl,
                    CertificateFault::WrongHost => Code::TrustedFormWrongHost,
                    CertificateFault::WrongPath => Code::TrustedFormRejected,
                };
                self.failures.push(Failure::at(code, pointer()));
                None
            }
        }
    }

    /// The partner's tags, then the source's, without duplicates.
    fn tags(&mut self, member: Member, defaults: &[String]) -> Vec<String> {
        let submission = self.submission;
        let sent = submission.entries(member);
        let mut tags: Vec<String> = Vec::new();
        if distinct(sent) > MAX_TAGS {
            self.failures.push(Failure::at(Code::TagsTooMany, submission.pointer(member)));
        }
        let clean = |tag: &Entry| self.clean(&tag.text, MAX_TEXT, || tag.pointer.clone());
        let cleaned: Vec<_> = sent.iter().filter_map(clean).collect();
        for tag in cleaned.into_iter().chain(defaults.iter().cloned()) {
            if tags.len() < MAX_TAGS && !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        tags
    }

    fn free_metadata(&mut self) -> BTreeMap<String, String> {
        let submission = self.submission;
        let entries = submission.entries(Member::SourceMetadata);
        let map = submission.pointer(Member::SourceMetadata);
        if entries.len() > MAX_ENTRIES {
            self.failures.push(Failure::at(Code::SourceMetadataTooLarge, map.as_str()));
        }
        let mut kept = BTreeMap::new();
        for entry in entries {
            let name = entry.name.as_str();
            if secrets::is_secret(name, &entry.text) {
                self.failures.push(Failure::at(Code::SourceMetadataSecret, entry.pointer.as_str()));
            }
            let is_too_long = name.chars().count() > MAX_ENTRY_NAME || entry.text.chars().count() > MAX_TEXT;
            if is_too_long || text::is_blank(name) {
                self.failures.push(Failure::at(Code::SourceMetadataTooLarge, entry.pointer.as_str()));
            } else if let (Some(name), Some(text)) = (
                self.clean(name, MAX_ENTRY_NAME, || map.clone()),
                self.clean(&entry.text, MAX_TEXT, || entry.pointer.clone()),
            ) {
                // Two names can become the same by cleaning.
                if kept.get(&name).is_some_and(|first| *first != text) {
                    self.failures.push(Failure::at(Code::PayloadDuplicate, entry.pointer.as_str()));
                }
                kept.insert(name, text);
            }
        }
        kept
    }

    /// Reports a missing contact method. A contact method with an invalid value is not missing.
    fn contact_method(&mut self) {
        let lacks_phone = self.submission.lacks(Member::PhoneNumber) || self.is_phone_blank;
        if self.submission.lacks(Member::Email) && lacks_phone {
            self.failures.push(Failure::at(Code::ContactMethodRequired, self.submission.contact_pointer()));
        }
    }

    /// Finds the keys of the source: the one that was sent belongs in its header only, and the others nowhere.
    fn secrets(&mut self, caller: &Caller<'_>) {
        let Sender { source, key, .. } = caller.sender;
        let key = key.reveal();
        let is_of_source = |text: &str| source.knows(&SourceKey::presented(text));
        let holds_key = |text: &str| {
            let text = text::visible(text);
            text.contains(key) || secrets::possible_source_keys(&text).any(is_of_source)
        };
        for (_, given) in self.submission.given() {
            match &given.reading {
                Reading::Scalar(text) if holds_key(text) => {
                    self.failures.push(Failure::at(Code::MetadataSecret, given.pointer()));
                }
                Reading::Scalar(_) => {}
                Reading::Entries(entries) => {
                    let found = entries.iter().filter(|entry| holds_key(&entry.name) || holds_key(&entry.text));
                    self.failures.extend(found.map(|entry| Failure::at(Code::MetadataSecret, entry.pointer.as_str())));
                }
            }
        }
        // The name of an entry can contain the key, whichever rule the entry breaks. Then point to the map instead.
        for pointer in self.failures.iter_mut().filter_map(|failure| failure.pointer.as_mut()) {
            let entry = pointer.rsplit_once('/').filter(|(map, _)| map.ends_with("/sourceMetadata"));
            if let Some((map, name)) = entry
                && names_key(&name.replace("~1", "/").replace("~0", "~"), key)
            {
                pointer.truncate(map.len());
            }
        }
    }
}

/// Whether a name contains the key, or, if the name was cut to its maximum length, a revealing part of the key.
fn names_key(name: &str, key: &str) -> bool {
    const MIN_REVEALING: usize = 4;
    let shown = text::visible(name);
    let mut beginnings = key.char_indices().filter(|(at, _)| *at >= MIN_REVEALING).filter_map(|(at, _)| key.get(..at));
    shown.contains(key)
        || (name.chars().count() == MAX_ENTRY_NAME && beginnings.any(|beginning| shown.ends_with(beginning)))
}

/// Checks the rules that operators set for the source.
fn source_rules(submission: &Submission, sender: &Sender, lead: &Validated) -> Vec<Failure> {
    let source = &sender.source;
    let mut failures = Vec::new();
    // Partners integrate with a test key while compliance reviews them (contract, section 9).
    if !source.approved && sender.mode == Mode::Live {
        failures.push(Failure::general(Code::SourceNotApproved));
    }
    let at = |code, member| Failure::at(code, submission.pointer(member));
    let state = lead.contact.street_address.as_ref().and_then(|address| address.state.as_deref());
    if !source.allowed_states.is_empty() {
        match state {
            Some(state) if source.allowed_states.iter().any(|allowed| allowed.as_str() == state) => {}
            Some(text) if State::parse(text).is_none() => {
                failures.push(at(Code::StateNotAllowed, Member::State).saying(detail::UNKNOWN_STATE));
            }
            Some(_) => failures.push(at(Code::StateNotAllowed, Member::State)),
            None if submission.lacks(Member::State) => failures.push(at(Code::StateRequired, Member::State)),
            None => {}
        }
    }
    if !source.allowed_products.is_empty() {
        let folded = |product: &str| product.trim().to_lowercase();
        match &lead.metadata.product {
            Some(product) if source.allowed_products.iter().any(|allowed| folded(allowed) == folded(product)) => {}
            Some(_) => failures.push(at(Code::ProductNotAllowed, Member::Product)),
            None if submission.lacks(Member::Product) => failures.push(at(Code::ProductRequired, Member::Product)),
            None => {}
        }
    }
    if source.requires_trusted_form && submission.lacks(Member::TrustedFormUrl) {
        failures.push(at(Code::TrustedFormRequired, Member::TrustedFormUrl));
    }
    failures
}

fn distinct(entries: &[Entry]) -> usize {
    entries.iter().map(|entry| entry.text.as_str()).collect::<BTreeSet<_>>().len()
}

/// Leaves out an object without any given member.
fn given<T: Default + PartialEq>(object: T) -> Option<T> {
    (object != T::default()).then_some(object)
}

#[cfg(test)]
mod tests;
