//! The tables and queues, created as in the deployed template.

use std::collections::BTreeSet;

use anyhow::Context;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType, TimeToLiveSpecification, TimeToLiveStatus,
};
use aws_sdk_sqs::types::QueueAttributeName;
use leadping::store::schema::{self, Index};
use serde_json::json;

/// How often a message is received before it goes to the dead-letter queue.
const MAX_RECEIVES: u32 = 5;

/// Creates a table, unless an earlier run has created it.
///
/// # Errors
/// When the engine refuses it.
pub async fn create(client: &aws_sdk_dynamodb::Client, name: &str, indexes: &[Index]) -> anyhow::Result<()> {
    let keys = indexes.iter().flat_map(|index| [index.partition, index.sort]);
    let attributes: BTreeSet<_> = [schema::PK, schema::SK].into_iter().chain(keys).collect();
    let mut table = client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
    for attribute in attributes {
        let number = attribute.ends_with("Shard");
        let kind = if number { ScalarAttributeType::N } else { ScalarAttributeType::S };
        table = table.attribute_definitions(
            AttributeDefinition::builder().attribute_name(attribute).attribute_type(kind).build()?,
        );
    }
    for element in key(schema::PK, schema::SK)? {
        table = table.key_schema(element);
    }
    for index in indexes {
        let projection = match index.includes {
            [] => Projection::builder().projection_type(ProjectionType::KeysOnly),
            includes => Projection::builder()
                .projection_type(ProjectionType::Include)
                .set_non_key_attributes(Some(includes.iter().map(ToString::to_string).collect())),
        };
        let index = GlobalSecondaryIndex::builder()
            .index_name(index.name)
            .set_key_schema(Some(key(index.partition, index.sort)?.into()))
            .projection(projection.build());
        table = table.global_secondary_indexes(index.build()?);
    }
    match table.send().await {
        Err(error) if !error.as_service_error().is_some_and(|error| error.is_resource_in_use_exception()) => {
            Err(error).with_context(|| format!("cannot create the table {name}"))
        }
        _ => Ok(()),
    }
}

/// Lets the engine delete items when they expire: those of test leads, and those of limits.
///
/// # Errors
/// When the engine refuses it.
pub async fn expire(client: &aws_sdk_dynamodb::Client, name: &str) -> anyhow::Result<()> {
    let described = client.describe_time_to_live().table_name(name).send().await?;
    let status = described.time_to_live_description().and_then(|it| it.time_to_live_status()).cloned();
    if status == Some(TimeToLiveStatus::Enabled) {
        return Ok(());
    }
    let specification = TimeToLiveSpecification::builder().enabled(true).attribute_name(schema::EXPIRES_AT).build()?;
    let enabled = client.update_time_to_live().table_name(name).time_to_live_specification(specification).send();
    enabled.await.with_context(|| format!("cannot let items of the table {name} expire"))?;
    Ok(())
}

fn key(partition: &str, sort: &str) -> anyhow::Result<[KeySchemaElement; 2]> {
    let element = |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
    Ok([element(partition, KeyType::Hash)?, element(sort, KeyType::Range)?])
}

/// The URLs of the two queues.
#[derive(Clone, Debug)]
pub struct Queues {
    /// The queue of accepted leads.
    pub lead_created: String,
    /// The dead-letter queue.
    pub dead_letters: String,
}

impl Queues {
    /// Creates the queue and its dead-letter queue. A message that is not deleted is delivered again after `visibility`
    /// seconds.
    ///
    /// # Errors
    /// When the engine refuses them.
    pub async fn create(client: &aws_sdk_sqs::Client, visibility: u32) -> anyhow::Result<Self> {
        let made = client.create_queue().queue_name("lead-created-dead-letters").send().await?;
        let dead_letters = made.queue_url.context("the dead-letter queue has no URL")?;
        let arn = client.get_queue_attributes().queue_url(&dead_letters).attribute_names(QueueAttributeName::QueueArn);
        let found = arn.send().await?;
        let arn = found.attributes().and_then(|attributes| attributes.get(&QueueAttributeName::QueueArn));
        let redrive = json!({"deadLetterTargetArn": arn, "maxReceiveCount": MAX_RECEIVES});
        let queue = client
            .create_queue()
            .queue_name("lead-created")
            .attributes(QueueAttributeName::VisibilityTimeout, visibility.to_string())
            .attributes(QueueAttributeName::RedrivePolicy, redrive.to_string());
        let lead_created = queue.send().await?.queue_url.context("the queue has no URL")?;
        Ok(Self { lead_created, dead_letters })
    }
}
