//! DynamoDB on this machine: an embedded engine that speaks its protocol.

use std::path::Path;

use anyhow::{Context, anyhow};
use dynoxide::Database;

use crate::server;
use crate::task::Task;

/// Where the tables are stored.
#[derive(Clone, Copy, Debug)]
pub enum Storage<'a> {
    /// In memory, until the engine stops.
    Memory,
    /// In an SQLite file, which is created if missing. It is in write-ahead mode: after a kill, the next process opens it with
    /// every acknowledged write. The `-wal` file next to it is part of it.
    File(&'a Path),
}

/// A running engine.
#[derive(Debug)]
pub struct DynamoDb {
    url: String,
    server: Task,
}

impl DynamoDb {
    /// Starts the engine on `port` of 127.0.0.1, or on any free port for 0.
    ///
    /// # Errors
    /// When the port is taken, or the file cannot be opened as a database.
    pub async fn start(port: u16, storage: Storage<'_>) -> anyhow::Result<Self> {
        let database = match storage {
            Storage::Memory => Database::memory()?,
            Storage::File(path) => {
                let name = path.to_str().ok_or_else(|| anyhow!("the path of the tables' file is not Unicode"))?;
                Database::new(name).with_context(|| format!("cannot open the tables in {name}"))?
            }
        };
        let listener = server::listen(port).await.context("DynamoDB's port")?;
        Ok(Self {
            url: server::url_of(&listener)?,
            server: Task::spawn(async move |mut stopping| {
                let stop = async move { stopping.requested().await };
                if dynoxide::server::serve_with_shutdown(listener, database, stop).await.is_err() {
                    tracing::error!("the DynamoDB engine ended with an error");
                }
            }),
        })
    }

    /// Its base URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Answers open requests and stops.
    pub async fn stop(self) {
        self.server.stop().await;
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::Client;
    use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
    use aws_sdk_dynamodb::types::{
        AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    };

    use super::*;

    fn client(engine: &DynamoDb) -> Client {
        Client::from_conf(
            aws_sdk_dynamodb::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .http_client(leadping::client::aws::over(leadping::client::web::client(None).unwrap()))
                .region(Region::from_static("us-east-1"))
                .credentials_provider(Credentials::new("local", "local", None, None, "local"))
                .endpoint_url(engine.url())
                .build(),
        )
    }

    async fn create_table(engine: &DynamoDb) {
        let key = AttributeDefinition::builder().attribute_name("pk").attribute_type(ScalarAttributeType::S);
        let schema = KeySchemaElement::builder().attribute_name("pk").key_type(KeyType::Hash);
        client(engine)
            .create_table()
            .table_name("Leads")
            .billing_mode(BillingMode::PayPerRequest)
            .attribute_definitions(key.build().unwrap())
            .key_schema(schema.build().unwrap())
            .send()
            .await
            .unwrap();
    }

    async fn put(engine: &DynamoDb, pk: &str) {
        client(engine).put_item().table_name("Leads").item("pk", AttributeValue::S(pk.into())).send().await.unwrap();
    }

    async fn has(engine: &DynamoDb, pk: &str) -> bool {
        client(engine)
            .get_item()
            .table_name("Leads")
            .key("pk", AttributeValue::S(pk.into()))
            .send()
            .await
            .unwrap()
            .item()
            .is_some()
    }

    #[tokio::test]
    async fn a_file_keeps_its_items_across_restarts() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tables.sqlite");

        let engine = DynamoDb::start(0, Storage::File(&path)).await.unwrap();
        create_table(&engine).await;
        put(&engine, "LEAD#1").await;
        engine.stop().await;

        let engine = DynamoDb::start(0, Storage::File(&path)).await.unwrap();
        assert!(has(&engine, "LEAD#1").await);
        engine.stop().await;
    }

    #[tokio::test]
    async fn a_killed_engine_leaves_every_acknowledged_write() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tables.sqlite");
        let left = directory.path().join("left.sqlite");

        let engine = DynamoDb::start(0, Storage::File(&path)).await.unwrap();
        create_table(&engine).await;
        put(&engine, "LEAD#1").await;
        // A kill at this moment would leave the files as they are now.
        for suffix in ["", "-wal"] {
            let with_suffix = |path: &Path| format!("{}{suffix}", path.display());
            std::fs::copy(with_suffix(&path), with_suffix(&left)).unwrap();
        }
        engine.stop().await;

        let engine = DynamoDb::start(0, Storage::File(&left)).await.unwrap();
        assert!(has(&engine, "LEAD#1").await);
        engine.stop().await;
    }

    #[tokio::test]
    async fn memory_starts_empty_and_a_stopped_engine_frees_its_port() {
        let engine = DynamoDb::start(0, Storage::Memory).await.unwrap();
        let tables = client(&engine).list_tables().send().await.unwrap();
        assert!(tables.table_names().is_empty());

        let port = engine.url().rsplit(':').next().unwrap().parse().unwrap();
        assert!(DynamoDb::start(port, Storage::Memory).await.is_err());
        engine.stop().await;
        DynamoDb::start(port, Storage::Memory).await.unwrap().stop().await;
    }
}
