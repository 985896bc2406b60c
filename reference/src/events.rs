//! The catalogue of events for subscribers (contract, section 13): a JSON Schema of each type, an AsyncAPI document, and
//! the table of `docs/events.md`.

use leadping::bus::{self, Envelope};
use leadping::event::EventType;
use leadping::lead::eligibility::Reason;
use serde_json::{Value, json};

use crate::kind;

/// The JSON Schema of one type's `detail`. Readers ignore unknown members, so a later release may add some.
pub fn schema(event_type: &EventType) -> Value {
    let about = |mut schema: Value, about: &str| {
        schema["description"] = about.into();
        schema
    };
    let name = event_type.as_str();
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("https://leadping.ai/schemas/events/{name}.json"),
        "title": name,
        "description": meaning(event_type),
        "type": "object",
        "required": [
            "id", "type", "version", "sequence", "timestamp", "businessId", "sourceId", "leadId", "conversationId"
        ],
        "properties": {
            "id": about(kind::id(), "The same whenever the event is published again. Ignore an id that you have seen."),
            "type": {"const": name},
            "version": {
                "const": bus::VERSION,
                "description": "Raised when a member changes its meaning or is removed."
            },
            "sequence": {
                "type": "integer",
                "minimum": 1,
                "description": "1 for the lead's first event, then 2, 3 and so on. Order a lead's events by it."
            },
            "timestamp": about(kind::moment(), "When it happened, in UTC."),
            "businessId": about(kind::id(), "The business that the lead belongs to."),
            "sourceId": about(kind::id(), "The source that sent the lead."),
            "leadId": about(kind::id(), "The lead. Read it for the person's data."),
            "conversationId": about(kind::id(), "The lead's conversation."),
        },
    });
    if let Some((name, fact)) = fact(event_type) {
        schema["required"].as_array_mut().into_iter().for_each(|names| names.push(name.into()));
        schema["properties"][name] = fact;
    }
    schema["examples"] = json!([example(event_type)]);
    schema
}

/// What events of some types say in addition, and its schema.
fn fact(event_type: &EventType) -> Option<(&'static str, Value)> {
    match event_type {
        EventType::LeadDuplicateDetected => {
            let mut lead = kind::id();
            lead["description"] = "The earlier lead of the same person.".into();
            Some(("duplicateOf", lead))
        }
        EventType::SourceCapReached => Some((
            "caps",
            json!({
                "type": "array",
                "items": {"type": "string"},
                "description": "The caps that the lead used up: `day`, `hour`. A later release may add some.",
            }),
        )),
        _ => event_type.has_eligibility().then(|| ("eligibility", eligibility())),
    }
}

fn eligibility() -> Value {
    let reasons: Vec<_> =
        Reason::ALL.iter().map(|(reason, about)| format!("`{}`: {}", reason.as_str(), about.trim())).collect();
    let channel = |about: &str| {
        json!({
            "type": "object",
            "description": about,
            "required": ["eligible", "reasons"],
            "properties": {
                "eligible": {"type": "boolean", "description": "True exactly when there is no reason."},
                "reasons": {
                    "type": "array",
                    "items": {"type": "string"},
                    "description": format!("Why not. A later release may add reasons. {}", reasons.join(" ")),
                },
            },
        })
    };
    json!({
        "type": "object",
        "description": "Whether the person may be texted and called, as far as was known when the event happened. Quiet hours \
                        and opt-outs are up to the system that dials.",
        "required": ["sms", "call"],
        "properties": {"sms": channel("Texts."), "call": channel("Calls.")},
    })
}

/// An example of each type: the events of one lead.
fn example(event_type: &EventType) -> Value {
    let sequence = EventType::ALL.iter().position(|(known, _)| known == event_type).unwrap_or_default() + 1;
    let mut example = json!({
        "id": format!("event_{sequence:x}c5n2xk3wz4v6ynah2j5dprt3se7fbuqm"),
        "type": event_type.as_str(),
        "version": bus::VERSION,
        "sequence": sequence,
        "timestamp": format!("2026-06-15T12:00:{sequence:02}.000Z"),
        "businessId": "business_1",
        "sourceId": "source_123",
        "leadId": "lead_q7c2m5xk3wz4v6ynah2j5dprt3se7fbu",
        "conversationId": "conv_q7c2m5xk3wz4v6ynah2j5dprt3se7fbu",
    });
    match event_type {
        EventType::LeadDuplicateDetected => example["duplicateOf"] = "lead_k3wz4v6ynah2j5dprt3se7fbuq7c2m5x".into(),
        EventType::SourceCapReached => example["caps"] = json!(["day"]),
        _ => {}
    }
    if event_type.has_eligibility() {
        example["eligibility"] = json!({
            "sms": {"eligible": false, "reasons": [Reason::LineTypeNotTextable.as_str()]},
            "call": {"eligible": true, "reasons": []},
        });
    }
    example
}

fn meaning(event_type: &EventType) -> &'static str {
    EventType::ALL.iter().find(|(known, _)| known == event_type).map_or("", |(_, about)| about.trim())
}

/// The AsyncAPI document: what subscribers receive from the bus.
pub fn asyncapi() -> Value {
    let types = || EventType::ALL.iter().map(|(event_type, _)| event_type);
    let messages: serde_json::Map<_, _> = types()
        .map(|event_type| {
            let name = event_type.as_str();
            let message = json!({
                "name": name,
                "title": name,
                "summary": meaning(event_type),
                "contentType": "application/json",
                "payload": {
                    "type": "object",
                    "description": "The event as EventBridge delivers it.",
                    "required": ["id", "source", "detail-type", "time", "detail"],
                    "properties": {
                        "id": {"type": "string", "description": "Of EventBridge, and new for each publication. Use `detail.id`."},
                        "source": {"const": bus::SOURCE},
                        "detail-type": {"const": name},
                        "time": {"type": "string", "format": "date-time"},
                        "detail": {"$ref": format!("./events/{name}.json")},
                    },
                },
            });
            (key(event_type), message)
        })
        .collect();
    let references = |at: &str| -> Value {
        types().map(|event_type| (key(event_type), json!({"$ref": format!("{at}/{}", key(event_type))}))).collect()
    };
    let in_channel: Vec<_> =
        types().map(|event_type| json!({"$ref": format!("#/channels/events/messages/{}", key(event_type))})).collect();
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Leadping lead events",
            "version": bus::VERSION.to_string(),
            "description": "What happens to leads, for calling, SMS and automations. Events arrive at least once and in any \
                            order: see events.md.",
        },
        "defaultContentType": "application/json",
        "channels": {
            "events": {
                "address": "leadping-production-events",
                "title": "The EventBridge bus of a stack",
                "description": "The output EventBusName of the stack names it. Attach a rule to it.",
                "messages": references("#/components/messages"),
            },
        },
        "operations": {
            "publish": {
                "action": "send",
                "summary": "The intake publishes an event.",
                "channel": {"$ref": "#/channels/events"},
                "messages": in_channel,
            },
        },
        "components": {"messages": messages},
    })
}

/// The name of a type where dots are not allowed: `leadCreated`.
fn key(event_type: &EventType) -> String {
    let mut words = event_type.as_str().split(['.', '_']);
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |key, word| {
        let (head, tail) = word.split_at(word.len().min(1));
        format!("{key}{}{tail}", head.to_uppercase())
    })
}

/// The generated parts of `docs/events.md`.
///
/// # Errors
/// When an example cannot be serialized, which does not happen.
pub fn parts() -> anyhow::Result<Vec<(&'static str, String)>> {
    let types = EventType::ALL.iter().map(|(event_type, about)| {
        let name = event_type.as_str();
        let facts = fact(event_type).map(|(name, _)| format!("`{name}`")).unwrap_or_default();
        format!("| [`{name}`](events/{name}.json) | {} | {facts} |\n", about.trim())
    });
    let reasons = Reason::ALL.iter().map(|(reason, about)| format!("| `{}` | {} |\n", reason.as_str(), about.trim()));
    let example = crate::yaml::to_json(&example(&EventType::LeadReady))?;
    Ok(vec![
        ("types", format!("| Type | When | Facts |\n| --- | --- | --- |\n{}", types.collect::<String>())),
        ("example", format!("```json\n{example}```")),
        ("reasons", format!("| Reason | Meaning |\n| --- | --- |\n{}", reasons.collect::<String>())),
    ])
}

/// Checks published events, each as subscribers receive it, against the schema of its type. An event that a later release
/// has written is an envelope, and its type is not known here.
///
/// # Errors
/// A complaint for each event that is not as documented. It shows no value.
pub fn check(published: &[Value]) -> Result<(), Vec<String>> {
    let schemas: Vec<_> = EventType::ALL
        .iter()
        .map(|(event_type, _)| {
            let mut closed = schema(event_type);
            closed["additionalProperties"] = false.into();
            (event_type.as_str(), jsonschema::draft202012::new(&closed))
        })
        .collect();
    let complaint = |entry: &Value| {
        let name = entry["detail-type"].as_str().unwrap_or_default();
        let detail = &entry["detail"];
        match serde_json::from_value::<Envelope>(detail.clone()) {
            Ok(_) if entry["source"] != bus::SOURCE => return Some(format!("{name}: not of our source")),
            Ok(Envelope { r#type: EventType::Other(_), .. }) => return None,
            Ok(_) => {}
            Err(_) => return Some(format!("{name}: not an envelope")),
        }
        let Some((_, Ok(schema))) = schemas.iter().find(|(known, _)| *known == name) else {
            return Some(format!("{name} is not documented"));
        };
        let error = schema.iter_errors(detail).next()?;
        Some(format!("{name}: {}: {}", error.instance_path(), error.masked()))
    };
    let complaints: Vec<_> = published.iter().filter_map(complaint).collect();
    if complaints.is_empty() { Ok(()) } else { Err(complaints) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(event_type: &EventType) -> Value {
        json!({"source": bus::SOURCE, "detail-type": event_type.as_str(), "detail": example(event_type)})
    }

    #[test]
    fn examples_are_valid_and_the_schemas_have_exactly_the_members_that_the_code_writes() {
        for (event_type, about) in EventType::ALL {
            assert!(!about.trim().is_empty());
            let entry = entry(event_type);
            assert_eq!(check(std::slice::from_ref(&entry)), Ok(()));
            let envelope: Envelope = serde_json::from_value(entry["detail"].clone()).unwrap();
            assert_eq!(serde_json::to_value(&envelope).unwrap(), entry["detail"]);
            for name in entry["detail"].as_object().unwrap().keys() {
                let mut less = entry.clone();
                less["detail"].as_object_mut().unwrap().remove(name);
                assert!(check(&[less]).is_err(), "{name} is required");
            }
            let mut more = entry.clone();
            more["detail"]["firstName"] = "Jordan".into();
            let complaints = check(&[more]).unwrap_err().join(" ");
            assert!(!complaints.contains("Jordan"), "{complaints}");
        }
        let unknown = json!({"source": bus::SOURCE, "detail-type": "lead.exported", "detail": {}});
        assert!(check(&[unknown]).is_err());
        let mut later = entry(&EventType::LeadCreated);
        later["detail-type"] = "lead.exported".into();
        assert!(check(std::slice::from_ref(&later)).is_err(), "the two types differ");
        later["detail"]["type"] = "lead.exported".into();
        assert_eq!(check(&[later]), Ok(()));
    }

    #[test]
    fn every_reference_of_the_document_resolves() {
        let document = asyncapi();
        for (event_type, _) in EventType::ALL {
            let message = format!("#/components/messages/{}", key(event_type));
            assert_eq!(document["channels"]["events"]["messages"][key(event_type)]["$ref"], message);
            assert!(document.pointer(&message[1..]).is_some());
        }
        assert_eq!(key(&EventType::PhoneLookupSucceeded), "phoneLookupSucceeded");
    }
}
