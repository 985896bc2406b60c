//! Leads as operators see them.

use std::fmt::Display;
use std::io;

use leadping::conversation::Conversation;
use leadping::event::Event;
use leadping::id::{AccountId, LeadId, SourceId};
use leadping::lead::email::Email;
use leadping::lead::lookup::Lookup;
use leadping::lead::{Contact, Customer, Lead, Metadata, Phone, ProcessingStatus, StreetAddress};
use leadping::store::{Record, StoredLead};
use leadping::time::Timestamp;
use serde::Serialize;
use serde_with::skip_serializing_none;

use crate::output::{self, Page, Tone};

/// Everything that is known of a lead.
#[derive(Serialize)]
pub(super) struct RecordView<'a> {
    lead: LeadView<'a>,
    conversation: Option<&'a Conversation>,
    timeline: &'a [Event],
}

/// A lead in the form of the answer to its source, and with the lookup, which sources never see (contract, section 5).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LeadView<'a> {
    id: &'a LeadId,
    created_at: Timestamp,
    source_id: &'a SourceId,
    account_id: &'a AccountId,
    pub(super) metadata: &'a Metadata,
    contact: ContactView<'a>,
    customer: &'a Customer,
    tag_ids: &'a [String],
    tag_names: &'a [String],
    processing_status: ProcessingStatus,
}

#[skip_serializing_none]
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ContactView<'a> {
    first_name: Option<&'a String>,
    last_name: Option<&'a String>,
    email: Option<&'a Email>,
    phone: Option<PhoneView<'a>>,
    street_address: Option<&'a StreetAddress>,
    time_zone_id: Option<&'a String>,
}

#[skip_serializing_none]
#[derive(Serialize)]
struct PhoneView<'a> {
    #[serde(flatten)]
    phone: &'a Phone,
    lookup: Option<&'a Lookup>,
}

impl<'a> RecordView<'a> {
    pub(super) fn of(record: &'a Record) -> Self {
        Self {
            lead: LeadView::of(&record.lead),
            conversation: record.conversation.as_ref(),
            timeline: &record.timeline,
        }
    }
}

impl<'a> LeadView<'a> {
    // Without `..`, so that a member which the answer gains is not forgotten here.
    pub(super) fn of(stored: &'a StoredLead) -> Self {
        let lookup = match stored {
            StoredLead::Kept(kept) => kept.lookup.as_ref(),
            StoredLead::Erased(_) => None,
        };
        let Lead {
            id,
            created_at,
            source_id,
            account_id,
            metadata,
            contact,
            customer,
            tag_ids,
            tag_names,
            processing_status,
        } = stored.lead();
        let Contact { first_name, last_name, email, phone, street_address, time_zone_id } = contact;
        Self {
            id,
            created_at: *created_at,
            source_id,
            account_id,
            metadata,
            contact: ContactView {
                first_name: first_name.as_ref(),
                last_name: last_name.as_ref(),
                email: email.as_ref(),
                phone: phone.as_ref().map(|phone| PhoneView { phone, lookup }),
                street_address: street_address.as_ref(),
                time_zone_id: time_zone_id.as_ref(),
            },
            customer,
            tag_ids,
            tag_names,
            processing_status: *processing_status,
        }
    }
}

/// Writes a lead with everything that came of it.
pub(super) fn write(page: &mut Page<'_>, record: &RecordView<'_>) -> io::Result<()> {
    let RecordView { lead, conversation, timeline } = record;
    heading(page, format_args!("Lead {}", lead.id), lead.processing_status.as_str())?;
    let mut facts = vec![
        ("createdAt", lead.created_at.to_string()),
        ("sourceId", lead.source_id.to_string()),
        ("accountId", lead.account_id.to_string()),
    ];
    for (name, tags) in [("tagIds", lead.tag_ids), ("tagNames", lead.tag_names)] {
        if !tags.is_empty() {
            facts.push((name, tags.join(", ")));
        }
    }
    page.pairs(&facts)?;

    let sections = [
        ("Contact", output::members(&lead.contact)?),
        ("Customer", output::members(lead.customer)?),
        ("Metadata", output::members(lead.metadata)?),
    ];
    for (title, members) in sections.iter().filter(|(_, members)| !members.is_empty()) {
        writeln!(page)?;
        heading(page, title, "")?;
        page.pairs(members)?;
    }

    match conversation {
        Some(conversation) => {
            let unread = if conversation.is_unread { ", unread" } else { "" };
            writeln!(page)?;
            let status = format!("{}{unread}", conversation.status);
            heading(page, format_args!("Conversation {}", conversation.id), &status)?;
            let facts = [
                ("businessId", conversation.business_id.to_string()),
                ("createdAt", conversation.created_at.to_string()),
                ("lastEventAt", conversation.last_event_at.to_string()),
            ];
            page.pairs(&facts)?;
        }
        None if lead.processing_status == ProcessingStatus::Enriching => {
            writeln!(page, "\nNo conversation yet: the worker opens it when it processes this lead.")?;
        }
        None => {}
    }

    if !timeline.is_empty() {
        writeln!(page)?;
        heading(page, "Timeline", "")?;
        let events = timeline.iter().map(|event| {
            (event.created_at.to_string(), format!("{:22}  {}", event.event_type.as_str(), event.summary))
        });
        page.pairs(&events.collect::<Vec<_>>())?;
    }
    Ok(())
}

fn heading(page: &mut Page<'_>, title: impl Display, state: &str) -> io::Result<()> {
    page.bold(title)?;
    if !state.is_empty() {
        write!(page, "  ")?;
        page.toned(if state == ProcessingStatus::Erased.as_str() { Tone::Faint } else { Tone::Plain }, state)?;
    }
    writeln!(page)
}
