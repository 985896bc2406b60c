//! The schema of the `lead.created` message (contract, section 7).

use leadping::queue;
use serde_json::{Value, json};

use crate::kind;

/// Generates the JSON Schema. Readers ignore unknown members, so a later release may add some.
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
        "description": "Announces on the queue that a lead was accepted. It holds ids and never personal data. It may arrive more \
                        than once and in any order, so read the lead for its current state.",
        "type": "object",
        "required":
            ["type", "version", "leadId", "sourceId", "accountId", "businessId", "createdAt", "requestId"],
        "properties": {
            "type": {"const": queue::MessageType::LeadCreated},
            "version": {"const": queue::VERSION, "description": "Raised when a member changes its meaning or is removed."},
            "leadId": id("The id of the lead."),
            "sourceId": id("The source that sent the lead."),
            "accountId": id("The account that the lead belongs to."),
            "businessId": id("The business that the lead belongs to."),
            "createdAt": created_at,
            "requestId": {"type": "string", "description": "The request that created the lead, or the sweep that announced it again."},
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
    fn the_schema_has_exactly_the_members_that_the_code_writes() {
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
