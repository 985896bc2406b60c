//! The books: what the tables and queues hold in the end. Suites compare them with what partners were told.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::time::Duration;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sqs::types::QueueAttributeName;
use leadping::bus::Envelope;
use leadping::client::aws::Clients;
use leadping::event::{Event, EventType};
use leadping::id::{EventId, LeadId};
use leadping::time::Timestamp;
use local::stack::Stack;
use serde_json::Value;

/// Longer than any wait of the functions, which is at most six hours.
const HOURS: Duration = Duration::from_secs(7 * 60 * 60);

/// What the tables hold of one lead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The processing status.
    pub status: String,
    /// The number of conversations.
    pub conversations: usize,
    /// The number of created events.
    pub created: usize,
    /// The number of events of ended lookups.
    pub lookups: usize,
    /// The number of events that say the lead is ready.
    pub ready: usize,
    /// Whether its source retains certificates.
    pub retains: bool,
    /// What the intake found out for the worker: an earlier lead of the person, a cap that is reached.
    pub found: usize,
    /// The number of events of what the intake found out.
    pub limits: usize,
    /// The number of events of settled consent.
    pub consents: usize,
    /// The number of events of the lead that subscribers were told at least once.
    pub published: usize,
    /// The sequences of the stored events that break the order 1, 2, 3 and so on.
    pub out_of_order: Vec<u64>,
    /// Whether it is still in the outbox.
    pub unfinished: bool,
}

/// Everything that the tables and queues hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Books {
    /// Every lead.
    pub leads: BTreeMap<LeadId, Entry>,
    /// The ids of published events that are not stored.
    pub strangers: Vec<String>,
    /// The number of events that subscribers were told more than once.
    pub told_again: usize,
    /// The number of messages that wait for the worker, or that it is handling.
    pub messages: usize,
    /// The number of messages in the dead-letter queue.
    pub dead_letters: usize,
}

/// The tables and queues to read.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Held {
    pub clients: Clients,
    pub bus: String,
    pub leads_table: String,
    pub queue_url: String,
    pub dead_letter_queue_url: String,
}

impl Entry {
    /// The final state of a lead with a phone number, whose source retains its certificate or does not.
    pub fn finished(retains: bool) -> Self {
        Self {
            status: "Ready".to_owned(),
            conversations: 1,
            created: 1,
            lookups: 1,
            ready: 1,
            retains,
            consents: usize::from(retains),
            published: 3 + usize::from(retains),
            ..Self::default()
        }
    }
}

impl Books {
    /// Whether no work is left.
    pub fn settled(&self) -> bool {
        self.messages == 0 && self.leads.values().all(|entry| !entry.unfinished)
    }

    /// The leads that are not [finished](Entry::finished).
    pub fn wrong(&self) -> Vec<(&LeadId, &Entry)> {
        let finished = |entry: &Entry| {
            let finished = Entry::finished(entry.retains);
            let published = finished.published + entry.found;
            Entry { found: entry.found, limits: entry.found, published, ..finished }
        };
        self.leads.iter().filter(|(_, entry)| **entry != finished(entry)).collect()
    }
}

/// Prints the sums as a table.
impl fmt::Display for Books {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sum = |count: fn(&Entry) -> usize| self.leads.values().map(count).sum::<usize>();
        let lines = [
            ("stored", self.leads.len()),
            ("conversations", sum(|entry| entry.conversations)),
            ("created events", sum(|entry| entry.created)),
            ("lookup events", sum(|entry| entry.lookups)),
            ("ready events", sum(|entry| entry.ready)),
            ("consent events", sum(|entry| entry.consents)),
            ("events published", sum(|entry| entry.published)),
            ("published again", self.told_again),
            ("published, not stored", self.strangers.len()),
            ("Ready", sum(|entry| usize::from(entry.status == "Ready"))),
            ("left due", sum(|entry| usize::from(entry.unfinished))),
            ("messages left", self.messages),
            ("dead letters", self.dead_letters),
        ];
        lines.iter().try_for_each(|(name, count)| writeln!(f, "| {name:<28} | {count:>8} |"))
    }
}

impl From<&Stack> for Held {
    fn from(stack: &Stack) -> Self {
        let addresses = stack.addresses();
        Self {
            clients: stack.clients().clone(),
            bus: addresses.bus.clone(),
            leads_table: addresses.leads_table.clone(),
            queue_url: addresses.queue_url.clone(),
            dead_letter_queue_url: addresses.dead_letter_queue_url.clone(),
        }
    }
}

impl Held {
    /// Reads the books.
    ///
    /// # Panics
    /// When a table or queue does not answer, or has an unknown item.
    pub async fn books(&self) -> Books {
        // The bus before and after the table: what it was told before is stored by then, and what is stored without a mark
        // was told by the end.
        let told_before = self.published().await;
        let (mut leads, stored) = self.leads().await;
        let published = self.published().await;
        let ids: BTreeSet<&EventId> = published.iter().map(|event| &event.id).collect();
        for id in &ids {
            if let Some(entry) = stored.get(id).and_then(|lead| leads.get_mut(lead)) {
                entry.published += 1;
            }
        }
        let strangers: BTreeSet<&EventId> = told_before.iter().map(|event| &event.id).collect();
        Books {
            leads,
            strangers: strangers.into_iter().filter(|id| !stored.contains_key(id)).map(ToString::to_string).collect(),
            told_again: published.len() - ids.len(),
            messages: self.messages(&self.queue_url).await,
            dead_letters: self.messages(&self.dead_letter_queue_url).await,
        }
    }

    /// Moves the due time and lease of every unfinished lead that is not due yet seven hours into the past. A lead that
    /// is due keeps its time: a sweep under way would take a change for another sweep's, and leave the lead alone.
    ///
    /// # Panics
    /// When the table does not answer.
    pub async fn hours_pass(&self) {
        let waiting = self.clients.dynamodb.scan().table_name(&self.leads_table).filter_expression("dueAt > :now");
        let waiting = waiting.expression_attribute_values(":now", AttributeValue::S(Timestamp::now().to_string()));
        let mut found = waiting.into_paginator().items().send();
        while let Some(item) = found.next().await {
            self.hours_pass_over(&item.expect("the table answers")).await;
        }
    }

    /// Does the same for one lead, unless its due time has changed since its item was read.
    ///
    /// # Panics
    /// When the table does not answer.
    pub async fn hours_pass_over(&self, item: &HashMap<String, AttributeValue>) {
        let of = |name: &str| item.get(name).cloned().expect("every item has a key, and these have a due time");
        let mut changes = Vec::new();
        let mut update = self
            .clients
            .dynamodb
            .update_item()
            .table_name(&self.leads_table)
            .key("pk", of("pk"))
            .key("sk", of("sk"))
            .condition_expression("dueAt = :seen")
            .expression_attribute_values(":seen", of("dueAt"));
        for name in ["dueAt", "leasedUntil", "retainUntil"] {
            if let Some(AttributeValue::S(moment)) = item.get(name) {
                let moment: Timestamp = moment.parse().expect("a moment");
                let earlier = jiff::Timestamp::from(moment).saturating_sub(HOURS).expect("the time is in range");
                let earlier = AttributeValue::S(Timestamp::from(earlier).to_string());
                update = update.expression_attribute_values(format!(":{name}"), earlier);
                changes.push(format!("{name} = :{name}"));
            }
        }
        let passed = update.update_expression(format!("SET {}", changes.join(", "))).send().await;
        let moved_on = |error: &UpdateItemError| error.is_conditional_check_failed_exception();
        assert!(passed.is_ok() || passed.is_err_and(|error| error.as_service_error().is_some_and(moved_on)));
    }

    /// The events that subscribers were told, oldest first.
    async fn published(&self) -> Vec<Envelope> {
        let client = leadping::client::web::client(None).expect("a client can be built");
        let answer = client.get(format!("{}/published", self.bus)).send().await.expect("the bus answers");
        let text = answer.text().await.expect("the answer is complete");
        let entries: Vec<Value> = serde_json::from_str(&text).expect("the bus answers with entries");
        assert_eq!(reference::events::check(&entries), Ok(()), "every event is as documented");
        let envelope = |entry: Value| serde_json::from_value(entry["detail"].clone()).expect("an envelope");
        entries.into_iter().map(envelope).collect()
    }

    /// Every lead, and the lead of every stored event.
    async fn leads(&self) -> (BTreeMap<LeadId, Entry>, BTreeMap<EventId, LeadId>) {
        let mut pages = self
            .clients
            .dynamodb
            .scan()
            .table_name(&self.leads_table)
            .projection_expression("pk, sk, processingStatus, dueAt, document, sourceName, duplicateOf, capReached")
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        let mut leads: BTreeMap<LeadId, Entry> = BTreeMap::new();
        let mut events: Vec<Event> = Vec::new();
        while let Some(item) = pages.next().await {
            let item = item.expect("the table answers");
            let text = |name| item.get(name).and_then(|value: &AttributeValue| value.as_s().ok()).map(String::as_str);
            let id = text("pk").and_then(|pk| pk.strip_prefix("LEAD#")).and_then(|id| id.parse().ok());
            let entry = leads.entry(id.expect("every item belongs to a lead")).or_default();
            let sort_key = text("sk").unwrap_or_default();
            match sort_key.split('#').next().unwrap_or_default() {
                "LEAD" => {
                    text("processingStatus").unwrap_or_default().clone_into(&mut entry.status);
                    entry.unfinished |= item.contains_key("dueAt");
                    entry.retains = item.contains_key("sourceName");
                    entry.found = ["duplicateOf", "capReached"].iter().filter(|name| item.contains_key(**name)).count();
                }
                "OUTBOX" => entry.unfinished |= item.contains_key("dueAt"),
                "CONVERSATION" => entry.conversations += 1,
                "EVENT" => {
                    let event: Event = serde_json::from_str(text("document").unwrap_or_default()).expect("an event");
                    match event.event_type {
                        EventType::LeadCreated => entry.created += 1,
                        EventType::PhoneLookupSucceeded | EventType::PhoneLookupFailed => entry.lookups += 1,
                        EventType::LeadReady => entry.ready += 1,
                        EventType::ConsentVerified | EventType::ConsentMismatched | EventType::ConsentUnverified => {
                            entry.consents += 1
                        }
                        EventType::LeadDuplicateDetected | EventType::SourceCapReached => entry.limits += 1,
                        EventType::LeadErased => {}
                        EventType::Other(_) => panic!("not an event of these suites"),
                    }
                    events.push(event);
                }
                _ => panic!("an unknown item"),
            }
        }
        events.sort_by(|one, other| (&one.lead_id, one.sequence).cmp(&(&other.lead_id, other.sequence)));
        for events in events.chunk_by(|one, other| one.lead_id == other.lead_id) {
            let wrong = (1..).zip(events).filter(|(place, event)| *place != event.sequence);
            let wrong: Vec<u64> = wrong.map(|(_, event)| event.sequence).collect();
            leads.entry(events[0].lead_id.clone()).or_default().out_of_order = wrong;
        }
        (leads, events.into_iter().map(|event| (event.id, event.lead_id)).collect())
    }

    async fn messages(&self, queue: &str) -> usize {
        use QueueAttributeName::{
            ApproximateNumberOfMessages as Visible, ApproximateNumberOfMessagesNotVisible as Hidden,
        };
        let asked = self.clients.sqs.get_queue_attributes().queue_url(queue);
        let found = asked.attribute_names(Visible).attribute_names(Hidden).send().await.expect("the queue answers");
        let counts = found.attributes.unwrap_or_default();
        counts.values().filter_map(|count| count.parse::<usize>().ok()).sum()
    }
}
