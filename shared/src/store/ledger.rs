//! The table of the ledger: one item an entry, all in one partition, since operators are few (contract, section 14).

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::TransactWriteItem;

use super::transaction::{self, Outcome};
use super::{StoreError, item, schema};
use crate::ledger::{self, Act, Digest, Head, MAX_NUMBER, Stored};

/// The partition of all entries.
const LEDGER: &str = "LEDGER";

/// How many items are read at once to find the head, when the last item is not it.
const HEAD_PAGE: i32 = 100;

/// More operators than this do not act in the same moment.
const MAX_TRIES: usize = 50;

/// The table of the ledger.
#[derive(Clone, Debug)]
pub struct Ledger {
    client: Client,
    table: String,
}

impl Ledger {
    /// Addresses the table by its name.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }

    /// Writes an entry. Returns the ledger's new head.
    ///
    /// # Errors
    /// [`StoreError`], when it may have been written nevertheless.
    pub async fn note(&self, act: &Act) -> Result<Head, StoreError> {
        self.commit(Vec::new(), act).await?.ok_or(StoreError::Unwritable)
    }

    /// Performs writes together with the entry about them. Returns the ledger's new head, or `None`, when a condition of
    /// the writes is not met and nothing was written.
    pub(super) async fn commit(&self, writes: Vec<TransactWriteItem>, act: &Act) -> Result<Option<Head>, StoreError> {
        for _ in 0..MAX_TRIES {
            let entry = self.head().await?.next(act.clone());
            let document = item::json(&entry)?;
            let head = Head { number: entry.number, digest: Digest::of(&document) };
            let item = item::new(LEDGER.to_owned(), ledger::key(entry.number), document);
            let mut writes = writes.clone();
            let place = writes.len();
            writes.push(transaction::once(&self.table, item)?);
            match transaction::attempt(&self.client, writes).await? {
                Outcome::Done => return Ok(Some(head)),
                // Another operator was faster.
                Outcome::Refused(places) if places == [place] => {}
                Outcome::Refused(_) => return Ok(None),
            }
        }
        Err(StoreError::Contended)
    }

    /// The entry that the next one continues. An operator can act whatever else was put among the entries: an item with
    /// another key is passed over, and so are forged entries with the last numbers, which leave no number for another.
    pub async fn head(&self) -> Result<Head, StoreError> {
        let (mut limit, mut start) = (1, None);
        let mut taken = MAX_NUMBER + 1;
        loop {
            let page =
                self.query().scan_index_forward(false).limit(limit).set_exclusive_start_key(start).send().await?;
            for found in page.items() {
                let stored = stored(found)?;
                let Some(number) = stored.number() else { continue };
                if number + 1 < taken {
                    return Ok(Head { number, digest: Digest::of(&stored.document) });
                }
                taken = number;
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(Head::NONE);
            }
            limit = HEAD_PAGE;
        }
    }

    /// Reads all items, oldest entry first, a page at a time. `each` gets each of them.
    pub async fn read(&self, mut each: impl FnMut(Stored)) -> Result<(), StoreError> {
        let mut pages = self.query().into_paginator().items().send();
        while let Some(found) = pages.next().await {
            each(stored(&found?)?);
        }
        Ok(())
    }

    /// Reads up to `max` entries, newest first, and the items among them that are none.
    pub async fn latest(&self, max: usize) -> Result<Vec<Stored>, StoreError> {
        let mut pages = self.query().scan_index_forward(false).into_paginator().items().send();
        let (mut items, mut entries) = (Vec::new(), 0);
        while entries < max
            && let Some(found) = pages.next().await
        {
            let stored = stored(&found?)?;
            entries += usize::from(stored.number().is_some());
            items.push(stored);
        }
        Ok(items)
    }

    fn query(&self) -> aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :ledger")
            .expression_attribute_values(":ledger", item::text(LEDGER))
            .consistent_read(true)
    }
}

/// An item of the ledger. Its schema version is not checked: the chain covers every text.
fn stored(found: &item::Item) -> Result<Stored, StoreError> {
    let key = item::string(found, schema::SK)?.to_owned();
    Ok(Stored { key, document: item::optional(found, schema::DOCUMENT).unwrap_or_default().to_owned() })
}
