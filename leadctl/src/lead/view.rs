//! Leads as operators see them.

use std::fmt::Display;
use std::io;

use leadping::conversation::Conversation;
use leadping::event::Event;
use leadping::lead::ProcessingStatus;
use leadping::lead::eligibility::{Eligibility, Reason};
use leadping::lead::view::LeadView;
use leadping::store::Record;
use serde::Serialize;

use crate::output::{self, Page, Tone};

/// Everything that is known of a lead.
#[derive(Serialize)]
pub(super) struct RecordView<'a> {
    lead: LeadView<'a>,
    conversation: Option<&'a Conversation>,
    timeline: &'a [Event],
}

impl<'a> RecordView<'a> {
    pub(super) fn of(record: &'a Record) -> Self {
        Self { lead: record.lead.view(), conversation: record.conversation.as_ref(), timeline: &record.timeline }
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
    if lead.test.is_some() {
        facts.push(("test", "yes: it is deleted 30 days after createdAt".to_owned()));
    }
    if let Some(earlier) = lead.duplicate_of {
        facts.push(("duplicateOf", format!("{earlier}, an earlier lead of this person")));
    }
    page.pairs(&facts)?;

    let sections = [
        ("Contact", output::members(&lead.contact)?),
        ("Customer", output::members(lead.customer)?),
        ("Metadata", output::members(lead.metadata)?),
        ("Eligibility", eligibility(&lead.eligibility)),
        ("Consent", output::members(&lead.consent)?),
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

/// Whether the person may be texted and called, and why not.
fn eligibility(eligibility: &Eligibility) -> Vec<(String, String)> {
    let channels = [("sms", &eligibility.sms), ("call", &eligibility.call)];
    let channels = channels.map(|(name, channel)| {
        let reasons: Vec<_> = channel.reasons().iter().map(Reason::as_str).collect();
        let shown = if channel.is_eligible() { "yes".to_owned() } else { format!("no: {}", reasons.join(", ")) };
        (name.to_owned(), shown)
    });
    channels.into()
}

fn heading(page: &mut Page<'_>, title: impl Display, state: &str) -> io::Result<()> {
    page.bold(title)?;
    if !state.is_empty() {
        write!(page, "  ")?;
        page.toned(if state == ProcessingStatus::Erased.as_str() { Tone::Faint } else { Tone::Plain }, state)?;
    }
    writeln!(page)
}
