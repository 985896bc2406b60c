//! The schema of the `lead.created` message (contract, section 7).

use leadping::queue;
use serde_json::{Value, json};

use crate::kind;

/// The message, as JSON Schema. Readers ignore what they do not know, so that a later release may add to it.
pub fn schema() -> Value {
    let id = |about: &str| {
        let mut schema = kind::id();
        schema["description"] = about.into();
        schema
    };
    let mut created_at = kind::moment();
    created_at["description"] = "When the lead was accepted, in UTC.".into();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://leadping.ai/schemas/lead-created.json",
        "title": "lead.created",
        "description": "Says on the queue that a lead has been accepted. Ids, never personal data. It may come more than once \
                        and in any order: what it is about is read from the lead.",
        "type": "object",
        "required":
            ["type", "version", "leadId", "sourceId", "accountId", "businessId", "createdAt", "requestId"],
        "properties": {
            "type": {"const": queue::MessageType::LeadCreated},
            "version": {"const": queue::VERSION, "description": "Raised when a member changes its meaning or goes."},
            "leadId": id("The lead."),
            "sourceId": id("The source that sent it."),
            "accountId": id("The account that it belongs to."),
            "businessId": id("The business that it belongs to."),
            "createdAt": created_at,
            "requestId": {"type": "string", "description": "The request that was answered, or the sweep that found the lead."},
        },
        "examples": [{
            "type": queue::MessageType::LeadCreated,
            "version": queue::VERSION,
            "leadId": "lead_q7c2m5xk3wz4v6ynah2j5dprt3se7fbu",
            "sourceId": "source_123",
            "accountId": "account_1",
            "businessId": "business_1",
            "createdAt": "2026-06-15T12:00:00.000Z",
            "requestId": "JKJaXmPLvHcESHA=",
        }],
    })
}

#[cfg(test)]
mod tests {
    use leadping::queue::LeadCreated;

    use super::*;

    #[test]
    fn is_what_the_code_writes_no_more_and_no_less() {
        let mut closed = schema();
        closed["additionalProperties"] = false.into();
        let example = &closed["examples"][0];
        let message: LeadCreated = serde_json::from_value(example.clone()).unwrap();
        let written = serde_json::to_value(&message).unwrap();
        assert_eq!(written, *example);
        jsonschema::validate(&closed, &written).unwrap();
        for name in written.as_object().unwrap().keys() {
            let mut less = written.clone();
            less.as_object_mut().unwrap().remove(name);
            assert!(!jsonschema::is_valid(&closed, &less), "{name} is required");
            assert!(serde_json::from_value::<LeadCreated>(less).is_err(), "{name} is read");
        }
    }
}
