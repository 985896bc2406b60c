//! How the worker handles good and bad messages.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sqs::types::QueueAttributeName;
use leadping::id::LeadId;
use leadping::queue::LeadCreated;
use leadping::store::{Erasure, StoredLead};
use leadping::time::Timestamp;
use local::stack::Options;
use tests::{Api, WAIT_TIMEOUT, eventually, options};

const LEAD: &str = r#"{"externalId":"1","email":"jordan@example.com","phone":"5125550100","trustedFormUrl":"https://cert.trustedform.com/example"}"#;

async fn send(api: &Api, body: impl Into<String>) {
    let queue = &api.stack.addresses().queue_url;
    api.stack.clients().sqs.send_message().queue_url(queue).message_body(body).send().await.unwrap();
}

/// The number of messages in a queue, visible or not.
async fn held(api: &Api, queue: &str) -> u32 {
    use QueueAttributeName::{ApproximateNumberOfMessages as Visible, ApproximateNumberOfMessagesNotVisible as Hidden};
    let asked = api.stack.clients().sqs.get_queue_attributes().queue_url(queue);
    let found = asked.attribute_names(Visible).attribute_names(Hidden).send().await.unwrap();
    found.attributes().unwrap().values().map(|count| count.parse::<u32>().unwrap()).sum()
}

/// Waits until a queue holds this many messages.
async fn until_held(api: &Api, queue: &str, count: u32) {
    let what = format!("{queue} holds {count} messages");
    eventually(WAIT_TIMEOUT, &what, async || (held(api, queue).await == count).then_some(())).await;
}

fn message(lead: &leadping::lead::Lead) -> LeadCreated {
    LeadCreated::of(lead, lead.metadata.business_id.clone().unwrap(), "r-1")
}

async fn held_lead(api: &Api, id: &LeadId) -> leadping::lead::Lead {
    api.stack.leads().get(id).await.unwrap().unwrap().lead().clone()
}

#[tokio::test]
async fn bad_messages_end_in_the_dead_letter_queue_and_affect_no_others() {
    let api = Api::start(&options()).await;
    let good = api.post("/leads/intake", LEAD).await.id();
    let message = serde_json::to_value(message(&held_lead(&api, &good).await)).unwrap();
    let changed = |name: &str, value: serde_json::Value| {
        let mut message = message.clone();
        message[name] = value;
        message.to_string()
    };
    let poison = [
        "not JSON".to_owned(),
        "{}".to_owned(),
        changed("version", 2.into()),
        changed("type", "lead.deleted".into()),
        changed("leadId", "no id at all".into()),
    ];
    for body in &poison {
        send(&api, body).await;
    }
    let addresses = api.stack.addresses();
    until_held(&api, &addresses.dead_letter_queue_url, 5).await;
    until_held(&api, &addresses.queue_url, 0).await;
    assert_eq!(api.ready(&good).await.timeline.len(), 3);
    api.stack.stop().await;
}

#[tokio::test]
async fn a_message_that_arrives_twenty_times_does_its_work_once() {
    let api = Api::start(&options()).await;
    let id = api.post("/leads/intake", LEAD).await.id();
    let message = serde_json::to_string(&message(&held_lead(&api, &id).await)).unwrap();
    for _ in 0..20 {
        send(&api, &message).await;
    }
    let record = api.ready(&id).await;
    until_held(&api, &api.stack.addresses().queue_url, 0).await;
    let later = api.stack.leads().record(&id).await.unwrap().unwrap();
    assert_eq!((record.timeline.len(), later.timeline.len()), (3, 3));
    assert_eq!(api.stack.phone_lookup().calls(), 1);
    api.stack.stop().await;
}

#[tokio::test]
async fn a_message_about_a_missing_lead_does_not_fail() {
    let api = Api::start(&options()).await;
    let id = api.post("/leads/intake", LEAD).await.id();
    let mut message = message(&held_lead(&api, &id).await);
    message.lead_id = LeadId::from_digest(&[9; 32]);
    send(&api, serde_json::to_string(&message).unwrap()).await;
    api.ready(&id).await;
    until_held(&api, &api.stack.addresses().queue_url, 0).await;
    assert_eq!(held(&api, &api.stack.addresses().dead_letter_queue_url).await, 0);
    api.stack.stop().await;
}

/// Every item of a lead, by its sort key.
async fn items(api: &Api, id: &LeadId) -> BTreeMap<String, HashMap<String, AttributeValue>> {
    let query = api.stack.clients().dynamodb.query().table_name(&api.stack.addresses().leads_table);
    let query = query.key_condition_expression("pk = :pk").consistent_read(true);
    let found = query.expression_attribute_values(":pk", AttributeValue::S(format!("LEAD#{id}"))).send().await.unwrap();
    found.items.unwrap().into_iter().map(|item| (item["sk"].as_s().unwrap().clone(), item)).collect()
}

/// Erases a lead that the worker has not seen, one whose lookup waits, and one that is ready. Then their messages arrive
/// again, and their partner posts them again (contract, section 5).
#[tokio::test]
async fn an_erased_lead_is_replayed_as_erased_and_never_written_again() {
    let data = tempfile::tempdir().unwrap();
    let kept = Options { data: Some(data.path().to_owned()), ..options() };
    let post = async |api: &Api, number: &str| {
        let body = LEAD.replace("5125550100", number);
        let id = api.post("/leads/intake", &body).await.id();
        let message = serde_json::to_string(&message(&held_lead(api, &id).await)).unwrap();
        (id, body, message)
    };
    let erase = async |api: &Api, id: &LeadId| {
        let (leads, limits, ledger) = (api.stack.leads(), api.stack.limits(), api.stack.ledger());
        // The erasure fails if the worker writes the lead at the same time.
        let erased = async || {
            let erasure = leads.erase(&limits, &ledger, id, "local", Timestamp::now()).await.unwrap();
            matches!(erasure, Erasure::Erased(_)).then_some(())
        };
        eventually(WAIT_TIMEOUT, "the lead is erased", erased).await;
    };

    let before = Api::start(&Options { worker: false, ..kept.clone() }).await;
    let unseen = post(&before, "5125550101").await;
    erase(&before, &unseen.0).await;
    before.stack.stop().await;

    let api = Api::start(&kept).await;
    let provider = api.stack.phone_lookup();
    let waiting = post(&api, "5125550106").await;
    eventually(WAIT_TIMEOUT, "a call of the provider", async || (provider.calls() > 0).then_some(())).await;
    erase(&api, &waiting.0).await;
    let ready = post(&api, "5125550102").await;
    api.ready(&ready.0).await;
    erase(&api, &ready.0).await;

    let queue = &api.stack.addresses().queue_url;
    until_held(&api, queue, 0).await;
    let calls = provider.calls();
    for ((id, body, message), events) in [(unseen, 1), (waiting, 2), (ready, 4)] {
        eventually(WAIT_TIMEOUT, "subscribers are told of the erasure", async || {
            let record = api.stack.leads().record(&id).await.unwrap().unwrap();
            record.outbox.due_at.is_none().then_some(())
        })
        .await;
        let left = items(&api, &id).await;
        send(&api, message).await;
        until_held(&api, queue, 0).await;

        let again = api.post("/leads/intake", body).await;
        assert_eq!((again.id(), again.headers["idempotent-replayed"].to_str().unwrap()), (id.clone(), "true"));
        assert_eq!(again.body["processingStatus"], "Erased");
        for object in ["metadata", "contact", "customer"] {
            assert_eq!(again.body[object], serde_json::json!({}));
        }
        until_held(&api, queue, 0).await;
        assert_eq!(items(&api, &id).await, left, "nothing is written");
        let record = api.stack.leads().record(&id).await.unwrap().unwrap();
        assert!(matches!(record.lead, StoredLead::Erased(_)));
        assert_eq!((record.conversation.is_some(), record.timeline.len()), (events > 1, events));
    }
    assert_eq!(provider.calls(), calls, "no number is looked up");
    assert_eq!(held(&api, &api.stack.addresses().dead_letter_queue_url).await, 0);
    api.stack.stop().await;
}
