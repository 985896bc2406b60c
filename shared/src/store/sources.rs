//! The table of sources.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;

use super::{StoreError, item, schema};
use crate::id::SourceId;
use crate::source::Source;

/// All sources stand under one value: they are few, and nobody lists them in the hot path.
const LISTED: &str = "SOURCE";

/// What a source's partition key begins with.
const PREFIX: &str = "SOURCE#";

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
        let put = self.put(source)?.condition_expression("attribute_not_exists(pk)");
        unless_condition_failed(put.send().await)
    }

    /// Writes a changed source over the one it was read as, and counts its revision up. Gives back `false`, and writes
    /// nothing, when somebody else has changed it since.
    ///
    /// # Errors
    /// [`StoreError`] when the table does not answer.
    pub async fn replace(&self, source: &Source) -> Result<bool, StoreError> {
        let changed = Source { revision: source.revision.saturating_add(1), ..source.clone() };
        let put = self
            .put(&changed)?
            .condition_expression("revision = :read")
            .expression_attribute_values(":read", item::number(source.revision));
        unless_condition_failed(put.send().await)
    }

    fn put(&self, source: &Source) -> Result<PutItemFluentBuilder, StoreError> {
        let mut new = item::new(pk(&source.id), "SOURCE", item::json(source)?);
        new.insert("revision".to_owned(), item::number(source.revision));
        new.insert(schema::SOURCE_LIST.partition.to_owned(), item::text(LISTED));
        new.insert(schema::SOURCE_LIST.sort.to_owned(), item::text(&source.name));
        Ok(self.client.put_item().table_name(&self.table).set_item(Some(new)))
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
            // The index holds keys alone, so that nobody reads salts and digests from it.
            let found = found?;
            let id = item::string(&found, schema::PK)?.strip_prefix(PREFIX).and_then(|id| id.parse().ok());
            sources.extend(self.get(&id.ok_or(StoreError::Unreadable(schema::PK))?).await?);
        }
        Ok(sources)
    }
}

fn pk(id: &SourceId) -> String {
    format!("{PREFIX}{id}")
}

fn unless_condition_failed<T, R>(put: Result<T, SdkError<PutItemError, R>>) -> Result<bool, StoreError> {
    match put {
        Ok(_) => Ok(true),
        Err(SdkError::ServiceError(error))
            if matches!(error.err(), PutItemError::ConditionalCheckFailedException(_)) =>
        {
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}
