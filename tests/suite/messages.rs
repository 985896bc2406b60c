//! What the worker makes of messages, good and bad.

use std::time::Duration;

use aws_sdk_sqs::types::QueueAttributeName;
use leadping::id::LeadId;
use leadping::lead::ProcessingStatus;
use leadping::queue::LeadCreated;
use leadping::store::{Erasure, StoredLead};
use leadping::time::Timestamp;
use local::stack::Options;
use tests::{Api, options};

const LEAD: &str = r#"{"externalId":"1","email":"jordan@example.com","phone":"5125550100","trustedFormUrl":"https://cert.trustedform.com/example"}"#;

async fn send(api: &Api, body: impl Into<String>) {
    let queue = &api.stack.addresses().queue_url;
    api.stack.clients().sqs.send_message().queue_url(queue).message_body(body).send().await.unwrap();
}

/// How many messages a queue holds, seen and unseen.
async fn held(api: &Api, queue: &str) -> u32 {
    use QueueAttributeName::{ApproximateNumberOfMessages as Visible, ApproximateNumberOfMessagesNotVisible as Hidden};
    let asked = api.stack.clients().sqs.get_queue_attributes().queue_url(queue);
    let found = asked.attribute_names(Visible).attribute_names(Hidden).send().await.unwrap();
    found.attributes().unwrap().values().map(|count| count.parse::<u32>().unwrap()).sum()
}

async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    while !holds().await {
        assert!(tokio::time::Instant::now() < deadline, "it does not come to hold");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn message(lead: &leadping::lead::Lead) -> LeadCreated {
    LeadCreated::of(lead, lead.metadata.business_id.clone().unwrap(), "r-1")
}

async fn held_lead(api: &Api, id: &LeadId) -> leadping::lead::Lead {
    api.stack.leads().get(id).await.unwrap().unwrap().lead().clone()
}

#[tokio::test]
async fn poison_ends_in_the_dead_letters_and_harms_nobody() {
    let api = Api::start(&Options { visibility_seconds: 0, ..options() }).await;
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
    until(async || held(&api, &addresses.dead_letter_queue_url).await == 5).await;
    until(async || held(&api, &addresses.queue_url).await == 0).await;
    assert_eq!(api.ready(&good).await.timeline.len(), 2);
    api.stack.stop().await;
}

#[tokio::test]
async fn a_message_that_comes_twenty_times_does_its_work_once() {
    let api = Api::start(&options()).await;
    let id = api.post("/leads/intake", LEAD).await.id();
    let message = serde_json::to_string(&message(&held_lead(&api, &id).await)).unwrap();
    for _ in 0..20 {
        send(&api, &message).await;
    }
    let record = api.ready(&id).await;
    until(async || held(&api, &api.stack.addresses().queue_url).await == 0).await;
    let later = api.stack.leads().record(&id).await.unwrap().unwrap();
    assert_eq!((record.timeline.len(), later.timeline.len()), (2, 2));
    assert_eq!(api.stack.phone_lookup().calls(), 1);
    api.stack.stop().await;
}

#[tokio::test]
async fn a_lead_that_is_not_there_is_nobody_s_poison() {
    let api = Api::start(&options()).await;
    let id = api.post("/leads/intake", LEAD).await.id();
    let mut message = message(&held_lead(&api, &id).await);
    message.lead_id = LeadId::from_digest(&[9; 32]);
    send(&api, serde_json::to_string(&message).unwrap()).await;
    api.ready(&id).await;
    until(async || held(&api, &api.stack.addresses().queue_url).await == 0).await;
    assert_eq!(held(&api, &api.stack.addresses().dead_letter_queue_url).await, 0);
    api.stack.stop().await;
}

/// What an operator's erasure leaves, as section 5 of the contract has it.
#[tokio::test]
async fn an_erased_lead_is_answered_as_such_and_never_written_again() {
    let api = Api::start(&options()).await;
    let answer = api.post("/leads/intake", LEAD).await;
    let id = answer.id();
    api.ready(&id).await;
    let leads = api.stack.leads();
    assert_eq!(leads.erase(&id, Timestamp::now()).await.unwrap(), Erasure::Erased);
    let erased = leads.record(&id).await.unwrap().unwrap();
    let message = LeadCreated::of(erased.lead.lead(), erased.lead.business_id().clone(), "again");
    send(&api, &serde_json::to_string(&message).unwrap()).await;
    until(async || held(&api, &api.stack.addresses().queue_url).await == 0).await;
    let again = api.post("/leads/intake", LEAD).await;
    assert_eq!(again.id(), id);
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(
        (&again.body["processingStatus"], &again.body["metadata"], &again.body["contact"], &again.body["customer"]),
        (&"Erased".into(), &serde_json::json!({}), &serde_json::json!({}), &serde_json::json!({}))
    );
    let record = api.stack.leads().record(&id).await.unwrap().unwrap();
    assert!(matches!(record.lead, StoredLead::Erased(_)));
    assert_eq!(
        record.timeline.iter().map(|event| (event.sequence, event.event_type.as_str())).collect::<Vec<_>>(),
        [(1, "lead.created"), (2, "phone.lookup.succeeded"), (3, "lead.erased")]
    );
    assert_eq!(record.lead.lead().processing_status, ProcessingStatus::Erased);
    api.stack.stop().await;
}
