//! Generates the OpenAPI 3.1 document.

use leadping::payload::Entrance;
use serde_json::{Map, Value, json};

use crate::answer::{self, JSON};
use crate::{payload, window};

/// The media type of a form.
const FORM: &str = "application/x-www-form-urlencoded";

/// The examples of the partner specification, and the answers to them.
pub(crate) const STRUCTURED_EXAMPLE: &str = include_str!("../../tests/examples/structured.json");
pub(crate) const FLAT_EXAMPLE: &str = include_str!("../../tests/examples/flat.json");
pub(crate) const STRUCTURED_ANSWER: &str = include_str!("../examples/structured-answer.json");
pub(crate) const FLAT_ANSWER: &str = include_str!("../examples/flat-answer.json");
pub(crate) const ERASED_ANSWER: &str = include_str!("../examples/erased-answer.json");

const ABOUT: &str = "\
Accepts leads from approved sources. Each request has the source's id and one of its keys, in headers only.

The schemas of requests have what you should send. We read more than that. Names match in any letter case and without _ and \
-. If you send the documented spelling and another one, the documented one counts. Undocumented names are ignored. A payload \
without any known name is refused, and the problem says how it was read. A member that is absent, null or a blank string is \
not given, and neither is [] in place of an object or a map. Strings are trimmed. A text member also accepts a number, by its \
digits. Numbers and booleans may be strings. A name that is given twice with different values is refused. In a text, \
characters that override the text direction are dropped, tabs and line breaks become one space, and other control characters \
are refused.

One answer reports everything that is wrong with a lead. Each failure has a stable code, a sentence and, if a member is \
wrong, a JSON pointer to it. No problem repeats what was sent.

The schemas of answers are open. A later release may add members, codes and statuses: ignore a member that you do not know, \
and treat an unknown code by its status. `x-extensible-enum` lists the values of today.

A repeated request is the same lead: by its Idempotency-Key, or without one by its content, if that has an externalId, a \
sellerLeadId or a TrustedForm certificate. The answer to a repeat is 201 with the header Idempotent-Replayed.

The gateway in front answers some requests itself: an unknown path or method (404), too many requests (429), and a request \
beyond its limits (413, 431). It also has its own 500 and 503. These answers are plain JSON with a message, not problems.";

/// Generates the document.
pub fn document() -> Value {
    let flat = documented(example(FLAT_EXAMPLE));
    let form = as_form(flat.clone());
    let headers = ["SourceId", "IdempotencyKey"].map(parameter);
    let query: Vec<_> = headers.iter().cloned().chain(payload::query(&form)).collect();
    let structured = body(&[(JSON, "StructuredLead", example(STRUCTURED_EXAMPLE))]);
    let flat = body(&[(JSON, "FlatLead", flat), (FORM, "FlatForm", form)]);
    let operation = |id, summary, description, parameters, answer| {
        let examples = json!({
            "lead": {"summary": "The answer to the example", "value": example(answer)},
            "erased": {"summary": "A repeat of a lead that has been erased", "value": example(ERASED_ANSWER)},
        });
        json!({
            "operationId": id,
            "tags": ["Leads"],
            "summary": summary,
            "description": description,
            "parameters": parameters,
            "responses": answer::all(
                "201",
                answer::accepted(ACCEPTED, &["Idempotent-Replayed", "RateLimit", "RateLimit-Policy"], "Lead", &examples),
                &INTAKE_REFUSALS,
            ),
        })
    };
    let mut create = operation("createLead", "Send a lead, structured", CREATE, json!(headers), STRUCTURED_ANSWER);
    create["requestBody"] = structured;
    let mut intake = operation("intakeLead", "Send a lead, flat", INTAKE, json!(headers), FLAT_ANSWER);
    intake["requestBody"] = flat;
    let by_query = operation("intakeLeadByQuery", "Send a lead in the query string", QUERY, json!(query), FLAT_ANSWER);
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Leadping external lead intake",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Send leads to Leadping.",
            "description": ABOUT,
            "contact": {"name": "Leadping", "url": "https://leadping.ai"},
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [
            {"url": "https://api.leadping.ai", "description": "Production."},
            {"url": "http://127.0.0.1:3000", "description": "The local stack."},
        ],
        // The key alone: importers take one scheme of several that are required together.
        "security": [{"SourceKey": []}],
        "tags": [{"name": "Leads", "description": "Send leads."}],
        "paths": {
            (Entrance::Structured.path()): {"post": create},
            (Entrance::Flat.path()): {"post": intake, "get": by_query},
        },
        "components": {
            "securitySchemes": {"SourceKey": {
                "type": "apiKey", "in": "header", "name": "X-Leadping-Source-Key",
                "description": "One of the source's keys. Never in a URL, a payload or a browser.",
            }},
            "parameters": {
                "SourceId": {
                    "name": "X-Leadping-Source-Id",
                    "in": "header",
                    "required": true,
                    "description": "The id of the source that the key belongs to.",
                    "schema": {"type": "string"},
                    "example": "source_123",
                },
                // Without an example or a pattern, because importers would send it with every request.
                "IdempotencyKey": {
                    "name": "Idempotency-Key",
                    "in": "header",
                    "description": "Your own id of this submission: 1 to 255 visible ASCII characters, bare or in quotation \
                                    marks. Set it on the first try and keep it for retries. The same key with other \
                                    content is a 422.",
                    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
                },
            },
            "headers": answer::headers(),
            "responses": answer::shared(),
            "schemas": schemas(),
        },
    });
    window::add(&mut document);
    document
}

fn parameter(name: &str) -> Value {
    json!({"$ref": format!("#/components/parameters/{name}")})
}

/// A required body: each media type with the name of its schema and an example.
fn body(contents: &[(&str, &str, Value)]) -> Value {
    let contents = contents.iter().map(|(media_type, schema, example)| {
        let schema = json!({"$ref": format!("#/components/schemas/{schema}")});
        ((*media_type).to_owned(), json!({"schema": schema, "example": example}))
    });
    json!({"required": true, "content": contents.collect::<Map<_, _>>()})
}

/// A flat payload with the first name of each member: the schemas have no others.
fn documented(mut payload: Value) -> Value {
    for (name, _, primary) in payload::names(Entrance::Flat) {
        if let (Some(primary), Some(members)) = (primary, payload.as_object_mut())
            && let Some(value) = members.remove(name)
        {
            members.insert(primary.to_owned(), value);
        }
    }
    payload
}

/// A flat payload as the members of a form, where a map is text.
fn as_form(mut payload: Value) -> Value {
    for value in payload.as_object_mut().into_iter().flat_map(Map::values_mut) {
        if value.is_object() {
            *value = value.to_string().into();
        }
    }
    payload
}

/// The statuses of the intake's refusals.
const INTAKE_REFUSALS: [&str; 12] =
    ["400", "401", "403", "409", "413", "415", "422", "429", "431", "500", "503", "default"];

const ACCEPTED: &str = "The lead was accepted, now or by an earlier request. This is the lead as it is stored.";
const CREATE: &str = "The standard payload: three objects. All are required, and each may be empty. JSON in UTF-8, as \
    application/json, any application type ending in +json, or without a Content-Type; no Content-Encoding.";
const INTAKE: &str = "A flat payload, as JSON or as a form. It is mapped to the structured lead. The client address and the \
    user agent of the request are recorded as the visitor's. In a form, lists repeat (tagNames=a&tagNames=b, or \
    tagNames[]=a), and maps use brackets (sourceMetadata[placement]=homepage-form) or are a JSON object in a string. A name \
    may have an index (state[0]) or be a path of the structured payload (contact[email], phone.number). With a form, or \
    without a body, the query string is read, too, and the values of the body count. With JSON it is ignored.";
const QUERY: &str = "For systems that can only call a URL: the flat names as query parameters. It creates a lead. Use POST \
    if you can: proxies log URLs, and the request line and the headers must stay below 10,240 bytes.";

fn schemas() -> Value {
    let mut schemas = payload::requests();
    schemas.extend(payload::answers());
    schemas.extend(answer::schemas().map(|(name, schema)| (name.to_owned(), schema)));
    schemas.into()
}

/// Parses an example.
pub(crate) fn example(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use leadping::lead::Lead;

    use super::*;

    #[test]
    fn example_answers_are_valid_leads() {
        for text in [STRUCTURED_ANSWER, FLAT_ANSWER, ERASED_ANSWER] {
            let lead: Lead = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_value(&lead).unwrap(), example(text));
        }
    }

    /// The schemas have no bounds that depend on another member, so an example with a wrong name or type is refused here.
    #[test]
    fn example_requests_are_valid() {
        let mut document = document();
        let mut valid = 0;
        for path in ["/leads", "/leads/intake"] {
            let contents = document["paths"][path]["post"]["requestBody"]["content"].take();
            for (media_type, content) in contents.as_object().into_iter().flatten() {
                let mut schema = content["schema"].clone();
                schema["components"] = document["components"].clone();
                schema["unevaluatedProperties"] = false.into();
                let found = jsonschema::draft202012::new(&schema).unwrap().validate(&content["example"]).err();
                assert!(found.is_none(), "{path} {media_type}: {found:?}");
                valid += 1;
            }
        }
        assert_eq!(valid, 3);
    }

    #[test]
    fn every_reference_resolves() {
        fn visit(value: &Value, document: &Value) {
            if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
                assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
            }
            match value {
                Value::Object(members) => members.values().for_each(|value| visit(value, document)),
                Value::Array(items) => items.iter().for_each(|value| visit(value, document)),
                _ => {}
            }
        }
        let document = document();
        visit(&document, &document);
    }
}
