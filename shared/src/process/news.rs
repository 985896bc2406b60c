//! The events of a lead that subscribers were not told.

use crate::bus::NotPublished;
use crate::event::Event;
use crate::store::{Outbox, Record, Written};

/// The events of a lead that subscribers were not told, and the lead's OUTBOX.
#[derive(Debug, Default)]
pub(super) struct News {
    /// The OUTBOX as read or written last.
    pub(super) outbox: Outbox,
    /// In the order of their sequences, without a gap.
    waiting: Vec<Event>,
    /// The sequence of the last event that subscribers were told.
    pub(super) published: u64,
    /// Whether the bus has failed in this invocation.
    has_failed: bool,
}

impl News {
    pub(super) fn of(record: &Record) -> Self {
        let mut news = Self::default();
        news.read_again(record);
        news
    }

    /// Takes the lead as another writer has left it. The events of that writer are told, too: the ones after them cannot be
    /// told before. So subscribers may hear of one twice.
    pub(super) fn read_again(&mut self, record: &Record) {
        self.outbox = record.outbox.clone();
        self.published = self.published.max(self.outbox.published);
        self.waiting.clear();
        let published = self.published;
        self.wait(record.timeline.iter().filter(|event| event.sequence > published).cloned());
    }

    pub(super) fn add(&mut self, written: Written) {
        self.outbox = written.outbox;
        if self.outbox.published == self.outbox.version {
            // The events of a test lead: no subscriber is told.
            self.published = self.outbox.published;
        } else {
            self.wait(written.events);
        }
    }

    /// Adds events up to the first gap in their sequences. A gap means that an event cannot be read: the events after
    /// it wait, and an alarm says so.
    fn wait(&mut self, events: impl IntoIterator<Item = Event>) {
        let last = self.waiting.last().map_or(self.published, |event| event.sequence);
        let in_order = (last.saturating_add(1)..).zip(events).take_while(|(next, event)| *next == event.sequence);
        self.waiting.extend(in_order.map(|(_, event)| event));
    }

    /// The events to publish now: none after a failure, because the sweep will come back.
    pub(super) fn to_publish(&self) -> &[Event] {
        if self.has_failed { &[] } else { &self.waiting }
    }

    /// Takes note of what was published of [`News::to_publish`].
    pub(super) fn told(&mut self, published: &Result<(), NotPublished>) {
        let accepted = match published {
            Ok(()) => self.waiting.len(),
            Err(NotPublished { accepted, .. }) => (*accepted).min(self.waiting.len()),
        };
        self.has_failed = published.is_err();
        if let Some(last) = self.waiting.drain(..accepted).next_back() {
            self.published = last.sequence;
        }
    }

    /// Whether the OUTBOX has to be told how far this invocation has come.
    pub(super) fn has_changed(&self) -> bool {
        let next = self.outbox.next_due(self.published);
        self.published > self.outbox.published || (next.is_some() && next != self.outbox.due_at)
    }
}
