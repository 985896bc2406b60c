//! The floor of an intake: only the connections at start and the four calls for an accepted lead, with the clients of the
//! real function. It reads only the request's id. The item and message have the size of real ones and are prepared in
//! advance.

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use data_encoding::BASE32_NOPAD;
use lambda_http::{Adapter, Body, Error, Request, RequestExt, Response, service_fn};
use leadping::client::aws::Clients;
use leadping::client::web;
use leadping::settings::{IntakeSettings, SecretSetting};
use leadping::store::Sources;

/// The stored document of the partner specification's structured example, except for its ids.
const DOCUMENT: &str = r#"{"id":"lead_iuyfivyb6x4uwnuuqqwsl2pqima6vu5a","createdAt":"2026-06-15T12:00:00.000Z","sourceId":"source_123","accountId":"account_1","metadata":{"externalId":"partner-lead-88391","sellerLeadId":"seller-4471","utmSource":"partner-site","utmCampaign":"june-campaign","product":"Example product","trustedFormUrl":"https://cert.trustedform.com/example","businessId":"business_1","sourceMetadata":{"placement":"homepage-form","publisher":"example-publisher"}},"contact":{"firstName":"Jordan","lastName":"Example","email":"jordan@example.com","phone":{"number":"+15555550123"},"streetAddress":{"address1":"100 Main St","address2":"Suite 200","city":"Austin","state":"TX","postalCode":"78701"}},"customer":{"birthDate":"1970-01-15","gender":"Unknown"},"tagIds":[],"tagNames":[],"processingStatus":"Enriching"}"#;
const MESSAGE: &str = r#"{"type":"lead.created","version":1,"leadId":"lead_iuyfivyb6x4uwnuuqqwsl2pqima6vu5a","sourceId":"source_123","accountId":"account_1","businessId":"business_1","createdAt":"2026-06-15T12:00:00.000Z","requestId":"0PIkIhQl6ZH9gQE="}"#;
const CONTENT: &str = "7d865e959b2466918c9863afca942d0fb89d7c9ac0c99bafc3749504ded97730";

struct Floor {
    settings: IntakeSettings,
    key: String,
    aws: Clients,
    web: reqwest::Client,
    item: HashMap<String, AttributeValue>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let settings = IntakeSettings::from_env()?;
    let key = match &settings.check.trusted_form.key {
        SecretSetting::Value(key) => key.reveal().to_owned(),
        SecretSetting::Arn(_) => return Err("the floor does not read secrets".into()),
    };
    let aws = Clients::from_env()?;
    let web = web::client(settings.check.trusted_form.ca_bundle.as_deref())?;
    let sources = Sources::new(aws.dynamodb.clone(), &settings.check.sources_table);
    tokio::join!(
        sources.connect(),
        web::connect(&aws.http, &settings.queue_url),
        web::connect(&web, settings.check.trusted_form.url.as_str()),
    );
    let floor = Arc::new(Floor { settings, key, aws, web, item: item() });
    let service = Adapter::from(service_fn(move |request| {
        let floor = Arc::clone(&floor);
        async move { floor.answer(request).await }
    }));
    tokio::spawn(lambda_runtime::run(service)).await?
}

impl Floor {
    async fn answer(&self, request: Request) -> Result<Response<Body>, Error> {
        let Self { settings, key, aws, web, item } = self;
        let source = aws.dynamodb.get_item().table_name(&settings.check.sources_table);
        let source = source.key("pk", text("SOURCE#source_123")).key("sk", text("SOURCE"));
        source.consistent_read(false).send().await?.item.ok_or("the source does not exist")?;

        let certificate = format!("{}example/validate", settings.check.trusted_form.url);
        let verdict = web.get(certificate).basic_auth("API", Some(key)).send().await?.error_for_status()?;
        verdict.bytes().await?;

        let id = request.lambda_context_ref().map(|context| context.request_id.as_str()).unwrap_or_default();
        let mut item = item.clone();
        item.insert("pk".to_owned(), text(&format!("LEAD#floor_{}", BASE32_NOPAD.encode(id.as_bytes()))));
        let put = aws.dynamodb.put_item().table_name(&settings.check.leads_table).set_item(Some(item));
        put.condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await?;

        aws.sqs.send_message().queue_url(&settings.queue_url).message_body(MESSAGE).send().await?;
        Ok(Response::builder().status(201).header("content-type", "application/json").body(DOCUMENT.into())?)
    }
}

/// A lead's item.
fn item() -> HashMap<String, AttributeValue> {
    let texts = [
        ("sk", "LEAD"),
        ("document", DOCUMENT),
        ("sourceId", "source_123"),
        ("accountId", "account_1"),
        ("businessId", "business_1"),
        ("createdAt", "2026-06-15T12:00:00.000Z"),
        ("processingStatus", "Enriching"),
        ("content", CONTENT),
        ("requestId", "0PIkIhQl6ZH9gQE="),
        ("dueAt", "2026-06-15T12:01:00.000Z"),
        ("dayKey", "source_123#2026-06-15#0"),
        ("externalIdKey", "source_123#partner-lead-88391"),
        ("phoneKey", "business_1#+15555550123"),
        ("emailKey", "business_1#jordan@example.com"),
    ];
    let numbers = [("schemaVersion", "1"), ("unfinishedShard", "0")];
    let texts = texts.map(|(name, value)| (name.to_owned(), text(value)));
    let numbers = numbers.map(|(name, value)| (name.to_owned(), AttributeValue::N(value.to_owned())));
    texts.into_iter().chain(numbers).collect()
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}
