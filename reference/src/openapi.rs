//! Generates the OpenAPI 3.1 document.

use leadping::payload::Entrance;
use serde_json::{Map, Value, json};

use crate::{payload, problem};

/// The media types of requests and answers.
pub(crate) const JSON: &str = "application/json";
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";
pub(crate) const PROBLEM: &str = "application/problem+json";

/// The examples of the partner specification, and the answers to them.
pub(crate) const STRUCTURED_EXAMPLE: &str = include_str!("../../tests/examples/structured.json");
pub(crate) const FLAT_EXAMPLE: &str = include_str!("../../tests/examples/flat.json");
pub(crate) const STRUCTURED_ANSWER: &str = include_str!("../examples/structured-answer.json");
pub(crate) const FLAT_ANSWER: &str = include_str!("../examples/flat-answer.json");
pub(crate) const ERASED_ANSWER: &str = include_str!("../examples/erased-answer.json");

/// The gateway's own answers, which no function sees: status, message, and what the partner should do.
pub(crate) const GATEWAY: [(&str, &str, &str); 6] = [
    ("404", "Not Found", "No route has this path and method. Check both. Paths do not end with a slash."),
    ("413", "Request Entity Too Large", "The body exceeds the gateway's limit. Send at most 256 KiB."),
    (
        "429",
        "Too Many Requests",
        "Too many requests arrived at once. Send the same request again, with a growing delay.",
    ),
    (
        "431",
        "Request Header Fields Too Large",
        "The request line and the headers exceed 10,240 bytes. Use POST with a body.",
    ),
    (
        "500",
        "Internal Server Error",
        "The API did not give a usable answer. Send the same request again, with a growing delay.",
    ),
    (
        "503",
        "Service Unavailable",
        "The API did not answer in time. Send the same request again, with a growing delay.",
    ),
];

/// Each status of a problem, its description, and its extra header.
const PROBLEMS: [(&str, &str, Option<&str>); 8] = [
    ("400", "The lead or the request has to be fixed first. Do not send it again unchanged.", None),
    ("401", "The credentials are missing or wrong. The answer does not say which.", Some("WWW-Authenticate")),
    ("403", "The source may not send leads.", None),
    ("413", "The body exceeds 256 KiB. As plain JSON: it exceeds the gateway's limit.", None),
    ("415", "This endpoint does not read this media type.", None),
    ("422", "The Idempotency-Key was used for another lead.", None),
    (
        "500",
        "An internal error. As plain JSON: an error of the gateway. Send the same request again, with a growing delay.",
        None,
    ),
    (
        "503",
        "TrustedForm or our storage did not answer. As plain JSON: the gateway got no answer in time. Send the same \
         request again, with a growing delay.",
        Some("Retry-After"),
    ),
];

const ABOUT: &str = "\
Accepts leads from approved sources. Each request has the source's id and one of its keys, in headers only.

Names match in any letter case and without _ and -. If you send the documented spelling and another one, the documented \
one counts. Undocumented names are ignored. A payload without any known name is refused, and the problem says how it was \
read. A member that is absent, null or a blank string is not given, and neither is [] in place of an object or a map. \
Strings are trimmed. A text member also accepts a number, by its digits. Numbers and booleans may be strings. A name that \
is given twice with different values is refused.

One answer reports everything that is wrong with a lead. Each failure has a stable code, a sentence and, if a member is \
wrong, a JSON pointer to it. No problem repeats what was sent.

A repeated request is the same lead: by its Idempotency-Key, or without one by its content, if that has an externalId, a \
sellerLeadId or a TrustedForm certificate. The answer to a repeat is 201 with the header Idempotent-Replayed.

The gateway in front answers some requests itself: an unknown path or method (404), too many requests (429), and a request \
beyond its limits (413, 431). It also has its own 500 and 503. These answers are plain JSON with a message, not problems.";

/// Generates the document.
pub fn document() -> Value {
    let structured = json!({
        "required": true,
        "content": {JSON: {
            "schema": {"$ref": "#/components/schemas/StructuredLead"},
            "example": example(STRUCTURED_EXAMPLE),
        }},
    });
    let flat = json!({
        "required": true,
        "content": {
            JSON: {"schema": {"$ref": "#/components/schemas/FlatLead"}, "example": example(FLAT_EXAMPLE)},
            FORM: {
                "schema": {"$ref": "#/components/schemas/FlatForm"},
                "encoding": payload::encoding(),
                "example": example(FLAT_EXAMPLE),
            },
        },
    });
    let key = json!({"$ref": "#/components/parameters/IdempotencyKey"});
    let mut query = vec![key.clone()];
    query.extend(payload::query());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Leadping external lead intake",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Send leads to Leadping.",
            "description": ABOUT,
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [
            {"url": "https://api.leadping.ai", "description": "Production."},
            {"url": "http://127.0.0.1:3000", "description": "The local stack."},
        ],
        "security": [{"SourceId": [], "SourceKey": []}],
        "tags": [{"name": "Leads", "description": "Send leads."}],
        "paths": {
            (Entrance::Structured.path()): {
                "post": operation("createLead", "Send a lead, structured", CREATE, vec![key.clone()], Some(structured), STRUCTURED_ANSWER),
            },
            (Entrance::Flat.path()): {
                "post": operation("intakeLead", "Send a lead, flat", INTAKE, vec![key], Some(flat), FLAT_ANSWER),
                "get": operation("intakeLeadByQuery", "Send a lead in the query string", QUERY, query, None, FLAT_ANSWER),
            },
        },
        "components": {
            "securitySchemes": {
                "SourceId": {
                    "type": "apiKey", "in": "header", "name": "X-Leadping-Source-Id",
                    "description": "The id of the approved source.",
                },
                "SourceKey": {
                    "type": "apiKey", "in": "header", "name": "X-Leadping-Source-Key",
                    "description": "One of the source's keys. Never in a URL, a payload or a browser.",
                },
            },
            "parameters": {"IdempotencyKey": {
                "name": "Idempotency-Key",
                "in": "header",
                "description": "Your own id of this submission: 1 to 255 visible ASCII characters, bare or in quotation marks. \
                                Set it on the first try and keep it for retries. The same key with other content is a 422.",
                "schema": {"type": "string", "pattern": r"^\s*([!-~]{1,257})?\s*$"},
                "example": "7c1c2f0e-partner-lead-88391",
            }},
            "headers": headers(),
            "responses": {"NotFound": gateway_only("404")},
            "schemas": schemas(),
        },
    })
}

const CREATE: &str = "The standard payload: three objects. All are required, and each may be empty. JSON in UTF-8, as \
    application/json, any application type ending in +json, or without a Content-Type; no Content-Encoding.";
const INTAKE: &str = "A flat payload, as JSON or as a form. It is mapped to the structured lead. The client address and the \
    user agent of the request are recorded as the visitor's. In a form, lists repeat (tagNames=a&tagNames=b, or \
    tagNames[]=a), and maps use brackets (sourceMetadata[placement]=homepage-form) or are a JSON object in a string. A name \
    may have an index (state[0]) or be a path of the structured payload (contact[email], phone.number). With a form, or \
    without a body, the query string is read, too, and the values of the body count. With JSON it is ignored.";
const QUERY: &str = "For systems that can only call a URL: the flat names as query parameters. It creates a lead. Use POST \
    if you can: proxies log URLs, and the request line and the headers must stay below 10,240 bytes.";

fn operation(
    id: &str,
    summary: &str,
    description: &str,
    parameters: Vec<Value>,
    body: Option<Value>,
    answer: &str,
) -> Value {
    let mut operation = json!({
        "operationId": id,
        "tags": ["Leads"],
        "summary": summary,
        "description": description,
        "parameters": parameters,
        "responses": responses(answer),
    });
    if let Some(body) = body {
        operation["requestBody"] = body;
    }
    operation
}

/// The answers of a documented path and method.
fn responses(answer: &str) -> Value {
    let mut responses = Map::new();
    responses.insert(
        "201".to_owned(),
        json!({
            "description": "The lead was accepted, now or by an earlier request. This is the lead as it is stored.",
            "headers": own_headers(true, Some("Idempotent-Replayed")),
            "content": {JSON: {
                "schema": {"$ref": "#/components/schemas/Lead"},
                "examples": {
                    "lead": {"summary": "The answer to the example", "value": example(answer)},
                    "erased": {"summary": "A repeat of a lead that has been erased", "value": example(ERASED_ANSWER)},
                },
            }},
        }),
    );
    for (status, description, header) in PROBLEMS {
        let shared = GATEWAY.iter().any(|(own, ..)| *own == status);
        let mut content = json!({PROBLEM: problem::content(status)});
        if shared {
            content[JSON] = gateway_content(status);
        }
        responses.insert(
            status.to_owned(),
            json!({"description": description, "headers": own_headers(!shared, header), "content": content}),
        );
    }
    for status in ["429", "431"] {
        responses.insert(status.to_owned(), gateway_only(status));
    }
    responses.into()
}

/// The headers of our answers. They are optional if the gateway may answer with the same status, without them.
fn own_headers(always: bool, extra: Option<&str>) -> Value {
    let names = ["X-Request-Id", "Cache-Control"].into_iter().chain(extra);
    let suffix = if always { "" } else { "OfProblem" };
    let references =
        names.map(|name| (name.to_owned(), json!({"$ref": format!("#/components/headers/{name}{suffix}")})));
    Value::Object(references.collect())
}

fn headers() -> Value {
    let text = |about: &str, schema: Value| json!({"description": about, "required": true, "schema": schema});
    let mut headers = Map::new();
    for (name, header) in [
        ("X-Request-Id", text("The gateway's id of this request.", json!({"type": "string", "minLength": 1}))),
        ("Cache-Control", text("Answers must not be cached.", json!({"type": "string", "const": "no-store"}))),
        (
            "WWW-Authenticate",
            text("The scheme of the two credential headers.", json!({"type": "string", "minLength": 1})),
        ),
        ("Retry-After", text("Wait at least this many seconds.", json!({"type": "integer", "minimum": 1}))),
    ] {
        let mut of_problem = header.clone();
        of_problem["required"] = false.into();
        of_problem["description"] =
            format!("{} On problems.", header["description"].as_str().unwrap_or_default()).into();
        headers.insert(name.to_owned(), header);
        if name != "WWW-Authenticate" {
            headers.insert(format!("{name}OfProblem"), of_problem);
        }
    }
    headers.insert(
        "Idempotent-Replayed".to_owned(),
        json!({
            "description": "Present if the lead was accepted by an earlier request.",
            "schema": {"type": "string", "const": "true"},
        }),
    );
    headers.into()
}

/// An answer that only the gateway sends.
fn gateway_only(status: &str) -> Value {
    let about = GATEWAY.iter().find(|(own, ..)| *own == status).map_or("", |(.., about)| *about);
    json!({"description": format!("From the gateway. {about}"), "content": {JSON: gateway_content(status)}})
}

fn gateway_content(status: &str) -> Value {
    let message = GATEWAY.iter().find(|(own, ..)| *own == status).map_or("", |(_, message, _)| *message);
    json!({"schema": {"$ref": "#/components/schemas/GatewayAnswer"}, "example": {"message": message}})
}

fn schemas() -> Value {
    let mut schemas = payload::kinds();
    for (name, schema) in [
        ("StructuredLead", payload::structured()),
        ("FlatLead", payload::flat()),
        ("FlatForm", payload::form()),
        ("Lead", payload::answer()),
        ("Problem", problem::schema()),
        ("Failure", problem::failure()),
        (
            "GatewayAnswer",
            json!({
                "type": "object",
                "description": "An answer of the gateway itself.",
                "required": ["message"],
                "properties": {"message": {"type": "string"}},
            }),
        ),
    ] {
        schemas.insert(name.to_owned(), schema);
    }
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
