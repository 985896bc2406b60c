//! The table of sources.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;

use super::{StoreError, item, schema};
use crate::id::SourceId;
use crate::source::Source;

/// All sources stand under one value: they are few, and nobody lists them in the hot path.
const LISTED: &str = "SOURCE";

/// The table of sources.
#[derive(Clone, Debug)]
pub struct Sources {
    client: Client,
    table: String,
}

impl Sources {
    /// The table of this name.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }

    /// A source, as it stands now. Eventually consistent: a change may take a moment, and costs half.
    ///
    /// # Errors
    /// [`StoreError`] when the table does not answer.
    pub async fn get(&self, id: &SourceId) -> Result<Option<Source>, StoreError> {
        let found = self.client.get_item().table_name(&self.table).set_key(Some(item::key(pk(id), "SOURCE"))).send();
        found.await?.item.as_ref().map(item::document).transpose()
    }

    /// Writes a new source. Gives back `false`, and writes nothing, when its id is taken.
    ///
    /// # Errors
    /// [`StoreError`] when the table does not answer.
    pub async fn create(&self, source: &Source) -> Result<bool, StoreError> {
        let mut new = item::new(pk(&source.id), "SOURCE", item::json(source)?);
        new.insert(schema::SOURCE_LIST.partition.to_owned(), item::text(LISTED));
        new.insert(schema::SOURCE_LIST.sort.to_owned(), item::text(&source.name));
        let put = self.client.put_item().table_name(&self.table).set_item(Some(new));
        match put.condition_expression("attribute_not_exists(pk)").send().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error))
                if matches!(error.err(), PutItemError::ConditionalCheckFailedException(_)) =>
            {
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// All sources, by name.
    ///
    /// # Errors
    /// [`StoreError`] when the table does not answer.
    pub async fn list(&self) -> Result<Vec<Source>, StoreError> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(schema::SOURCE_LIST.name)
            .key_condition_expression("listed = :listed")
            .expression_attribute_values(":listed", item::text(LISTED))
            .into_paginator()
            .items()
            .send();
        let mut sources = Vec::new();
        while let Some(found) = pages.next().await {
            sources.push(item::document(&found?)?);
        }
        Ok(sources)
    }
}

fn pk(id: &SourceId) -> String {
    format!("SOURCE#{id}")
}
