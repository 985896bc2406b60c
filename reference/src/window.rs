//! Generates the operations that create no lead: dry runs, and what a partner asks about its own source (contract, section
//! 9).

use leadping::http::{Problem, Route, WindowRoute};
use leadping::lead::ProcessingStatus;
use serde_json::{Map, Value, json};

use crate::answer::{self, JSON, PROBLEM};
use crate::{kind, problem};

const STATUSES: [ProcessingStatus; 3] =
    [ProcessingStatus::Enriching, ProcessingStatus::Ready, ProcessingStatus::Erased];

/// The statuses of refusals that questions share.
const REFUSALS: [&str; 6] = ["401", "429", "431", "500", "503", "default"];

/// Adds the operations, their schemas and their header to the document.
pub(crate) fn add(document: &mut Value) {
    let dry_runs = [(Route::Leads, WindowRoute::ValidateLeads), (Route::Intake, WindowRoute::ValidateIntake)];
    for (real, route) in dry_runs {
        let mut operation = document["paths"][real.path()]["post"].clone();
        let id = if route == WindowRoute::ValidateLeads { "validateLead" } else { "validateIntakeLead" };
        operation["operationId"] = id.into();
        operation["tags"] = json!(["Window"]);
        operation["summary"] = format!("See what POST {} would answer", real.path()).into();
        operation["description"] = DRY_RUN.into();
        if let Some(parameters) = operation["parameters"].as_array_mut() {
            parameters.push(json!({
                "name": "trustedForm", "in": "query", "required": false,
                "description": "false skips TrustedForm. The answer says so.",
                "schema": {"type": "boolean"},
            }));
        }
        if let Some(responses) = operation["responses"].as_object_mut() {
            responses.remove("201");
            responses.remove("409"); // A dry run does not look for duplicates.
            responses.insert("200".to_owned(), ok(WOULD_ACCEPT, "DryRun", &dry_run_example()));
        }
        document["paths"][route.path()] = json!({"post": operation});
    }
    for (route, id, summary, description, schema, example) in questions() {
        let mut parameters = vec![json!({"$ref": "#/components/parameters/SourceId"})];
        parameters.extend(own_parameter(route));
        let mut responses = answer::all("200", ok(description, schema, &example), &REFUSALS);
        for code in own_codes(route) {
            let (status, response) = refusal(route, code);
            responses[status] = response;
        }
        document["paths"][route.path()] = json!({"get": {
            "operationId": id, "tags": ["Window"], "summary": summary, "description": description,
            "parameters": parameters, "responses": responses,
        }});
    }
    let draft = draft(&document["components"]["schemas"]["Lead"]);
    let test = json!({"type": "boolean", "description": "true if a test key sent the lead. Left out otherwise."});
    document["components"]["schemas"]["Lead"]["properties"]["test"] = test.clone();
    document["components"]["schemas"]["Lead"]["properties"]["duplicate"] = json!({"type": "boolean", "description": "true if an \
        earlier lead has the same person and the source marks such leads. Left out otherwise."});
    document["components"]["schemas"]["Problem"]["properties"]["dryRun"] =
        json!({"type": "boolean", "description": "true in the answer to a dry run. Left out otherwise."});
    for (name, mut schema) in schemas() {
        if name == "LeadDraft" {
            schema = draft.clone();
            schema["properties"]["test"] = test.clone();
        }
        document["components"]["schemas"][name] = schema;
    }
    document["components"]["headers"]["Leadping-Test"] = json!({
        "description": "`true` if the request had a test key.", "required": false, "schema": {"type": "string"},
    });
    if let Some(tags) = document["tags"].as_array_mut() {
        tags.push(json!({"name": "Window", "description": "Try and ask, without creating a lead."}));
    }
    mark_tests(&mut document["paths"]);
}

const DRY_RUN: &str = "Takes the same request, and answers what it would get: the same problem with `dryRun`, or 200 instead \
    of 201. Nothing is stored. TrustedForm is asked, unless the query has trustedForm=false. Duplicates are not looked at.";
const WOULD_ACCEPT: &str = "The lead would be accepted, or would be a repeat of the lead in `replayOf`.";

/// How many leads a source may send.
fn limits() -> Value {
    json!({
        "type": ["object", "null"],
        "description": "How many new leads are accepted; null if any number. 0 pauses the source.",
        "properties": {
            "day": {"type": "integer", "description": "In a day."},
            "hour": {"type": "integer", "description": "In an hour."},
            "timeZone": {"type": "string", "description": "Where the day and the hour begin."},
        },
    })
}

/// What happens when a source sends a person again.
fn duplicates() -> Value {
    json!({
        "type": ["object", "null"],
        "description": "What happens when a person comes again; null if nothing.",
        "properties": {
            "by": {"type": "array", "items": {"type": "string"}, "description": "What identifies a person: `phone`, `email`."},
            "days": {"type": "integer", "description": "How long a lead counts as an earlier one."},
            "scope": {"type": "string", "description": "Whose earlier leads count: `source` or `business`."},
            "action": {"type": "string", "description": "`flag` accepts the lead with `\"duplicate\": true`, `refuse` answers 409."},
        },
    })
}

/// The questions: route, operation, summary, description, schema and example of the answer.
fn questions() -> [(WindowRoute, &'static str, &'static str, &'static str, &'static str, Value); 5] {
    let status = json!({
        "id": "lead_iuyfivyb6x4uwnuuqqwsl2pqima6vu5a", "createdAt": "2026-06-15T12:00:00.000Z",
        "externalId": "partner-lead-88391", "sellerLeadId": null, "processingStatus": "Ready", "test": false,
        "duplicate": false,
    });
    [
        (
            WindowRoute::Source,
            "getSource",
            "See what your source is and may do",
            "Answers also if the source is disabled, not approved or not attached.",
            "Source",
            json!({
                "id": "source_123", "name": "Acme forms", "enabled": true, "approved": true, "attached": true,
                "allowedStates": ["TX"], "allowedProducts": [], "requiresTrustedForm": true,
                "limits": {"day": 500, "hour": 50, "timeZone": "America/New_York"},
                "duplicates": {"by": ["phone", "email"], "days": 30, "scope": "source", "action": "flag"},
                "key": {"prefix": "LNxSfL9a", "test": false, "expiresAt": null},
            }),
        ),
        (
            WindowRoute::Lead,
            "getSourceLead",
            "See how far a lead has come",
            "A test key finds test leads only, any other key live leads only. Another source's lead is not found.",
            "LeadStatus",
            status.clone(),
        ),
        (
            WindowRoute::Leads,
            "listSourceLeads",
            "Find your leads by externalId",
            "Newest first, at most 20. The list may lag behind for a moment: directly after a post, an empty list proves \
             nothing. Send the post again instead. A repeat never makes a second lead.",
            "LeadStatuses",
            json!({"items": [status.clone()]}),
        ),
        (
            WindowRoute::Submission,
            "getSourceSubmission",
            "Find the lead of an Idempotency-Key",
            "Send the key in the header `Idempotency-Key`, as in the post. Without it the answer is 400.",
            "LeadStatus",
            status,
        ),
        (
            WindowRoute::Spec,
            "getSourceSpecification",
            "Get what your source must send",
            "Endpoints, headers, required members, limits, values for tests, commands, and every code.",
            "Specification",
            json!({}),
        ),
    ]
}

fn own_parameter(route: WindowRoute) -> Option<Value> {
    Some(match route {
        WindowRoute::Lead => json!({
            "name": "leadId", "in": "path", "required": true, "description": "The lead's id.",
            "schema": {"type": "string"}, "example": "lead_iuyfivyb6x4uwnuuqqwsl2pqima6vu5a",
        }),
        WindowRoute::Leads => json!({
            "name": "externalId", "in": "query", "required": true, "description": "Your own identifier of the lead.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 1024}, "example": "partner-lead-88391",
        }),
        WindowRoute::Submission => json!({
            "name": "Idempotency-Key", "in": "header", "required": true, "example": "form-88391",
            "description": "The key of the post, bare or in quotation marks.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255},
        }),
        _ => return None,
    })
}

fn ok(description: &str, schema: &str, example: &Value) -> Value {
    let examples = match example.as_object().is_some_and(Map::is_empty) {
        true => json!({}),
        false => json!({"answer": {"summary": "An answer", "value": example}}),
    };
    let mut answer = answer::accepted(description, &["Leadping-Test"], schema, &examples);
    if examples == json!({})
        && let Some(content) = answer["content"][JSON].as_object_mut()
    {
        content.remove("examples");
    }
    answer
}

/// The codes of the refusals that only this question has.
fn own_codes(route: WindowRoute) -> &'static [&'static str] {
    match route {
        WindowRoute::Lead => &["lead.not_found"],
        WindowRoute::Leads => &["query.invalid"],
        WindowRoute::Submission => &["idempotency_key.invalid", "submission.not_found"],
        _ => &[],
    }
}

/// The status of a code, and its response: our problem or, with the same status, the gateway's own answer.
fn refusal(route: WindowRoute, code: &str) -> (String, Value) {
    let known = problem::all().into_iter().map(|(problem, _)| problem).find(|problem| problem.code() == code);
    let known = known.unwrap_or(Problem::Internal);
    let body: Value = serde_json::from_str(&known.to_json(route.instance(), "JKJaXmPLvHcESHA=")).unwrap_or_default();
    let examples = json!({code: {"summary": body["title"], "value": body}});
    let status = known.status().as_str().to_owned();
    let is_gateways = status == "404";
    let schema = if is_gateways { "Refusal" } else { "Problem" };
    let schema = json!({"$ref": format!("#/components/schemas/{schema}")});
    let mut response = json!({
        "description": known.detail(),
        "headers": answer::own_headers(!is_gateways, &[]),
        "content": {PROBLEM: {"schema": schema, "examples": examples}},
    });
    if is_gateways {
        response["content"][JSON] = json!({"schema": {"$ref": "#/components/schemas/GatewayAnswer"}});
    }
    (status, response)
}

/// A lead that does not exist: without its id, time and status.
fn draft(lead: &Value) -> Value {
    const STORED: [&str; 3] = ["id", "createdAt", "processingStatus"];
    let mut draft = lead.clone();
    draft["description"] = "A normalized lead that was not stored.".into();
    if let Some(properties) = draft["properties"].as_object_mut() {
        properties.retain(|name, _| !STORED.contains(&name.as_str()));
    }
    if let Some(required) = draft["required"].as_array_mut() {
        required.retain(|name| !STORED.iter().any(|stored| name == stored));
    }
    draft
}

fn dry_run_example() -> Value {
    json!({
        "dryRun": true, "wouldAnswer": 201, "replayOf": "lead_iuyfivyb6x4uwnuuqqwsl2pqima6vu5a",
        "duplicates": "not checked",
    })
}

fn schemas() -> Vec<(&'static str, Value)> {
    let text = |about: &str| json!({"type": "string", "description": about});
    let nullable = |about: &str| json!({"type": ["string", "null"], "description": about});
    let flag = |about: &str| json!({"type": "boolean", "description": about});
    let texts = |about: &str| json!({"type": "array", "items": {"type": "string"}, "description": about});
    let object = |about: &str, required: &[&str], properties: Value| json!({"type": "object", "description": about, "required": required, "properties": properties});
    let rows = |about: &str, row: Value| json!({"type": "array", "items": row, "description": about});
    let row = |names: &[&str]| {
        let properties: Map<_, _> = names.iter().map(|name| ((*name).to_owned(), json!({"type": "string"}))).collect();
        json!({"type": "object", "properties": properties})
    };
    let limit = json!({"type": "object", "properties": {"of": {"type": "string"}, "most": {"type": "integer"}}});
    let mut header = row(&["name", "value"]);
    header["properties"]["required"] = json!({"type": "boolean"});
    let mut code = row(&["code", "detail"]);
    code["properties"]["status"] = json!({"type": "integer"});
    vec![
        ("LeadDraft", json!({})),
        (
            "DryRun",
            object(
                "What the intake would answer.",
                &["dryRun", "wouldAnswer", "replayOf", "duplicates"],
                json!({
                    "dryRun": flag("Always true."),
                    "wouldAnswer": {"type": "integer", "description": "The status that the intake would answer: 201."},
                    "replayOf": nullable("The lead that a repeat would be answered with."),
                    "trustedForm": text("`not checked` if TrustedForm was skipped. Left out otherwise."),
                    "duplicates": text("Always `not checked`."),
                    "lead": {"$ref": "#/components/schemas/LeadDraft"},
                }),
            ),
        ),
        (
            "Source",
            object(
                "What a source is and may do.",
                &[
                    "id",
                    "name",
                    "enabled",
                    "approved",
                    "attached",
                    "allowedStates",
                    "allowedProducts",
                    "requiresTrustedForm",
                    "limits",
                    "duplicates",
                    "key",
                ],
                json!({
                    "id": text("The source's id."),
                    "name": text("Its name."),
                    "enabled": flag("Whether it may send at all."),
                    "approved": flag("Whether it has passed its compliance review. A test key does not need it."),
                    "attached": flag("Whether it is attached to an account and a business."),
                    "allowedStates": texts("The states that leads may be from; any if empty."),
                    "allowedProducts": texts("The products that leads may be for; any if empty."),
                    "requiresTrustedForm": flag("Whether each lead needs a TrustedForm certificate."),
                    "limits": limits(),
                    "duplicates": duplicates(),
                    "key": {"$ref": "#/components/schemas/SourceKey"},
                }),
            ),
        ),
        (
            "SourceKey",
            object(
                "The key of the request.",
                &["prefix", "test", "expiresAt"],
                json!({
                    "prefix": text("The 8 characters after `lp_` or `lp_test_`."),
                    "test": flag("Whether it is a test key."),
                    "expiresAt": nullable("When it stops working. null means never."),
                }),
            ),
        ),
        (
            "LeadStatus",
            object(
                "How far a lead has come. It holds nothing of the person.",
                &["id", "createdAt", "externalId", "sellerLeadId", "processingStatus", "test", "duplicate"],
                json!({
                    "id": kind::id(),
                    "createdAt": kind::moment(),
                    "externalId": nullable("Your own identifier of the lead."),
                    "sellerLeadId": nullable("The seller's identifier of the lead."),
                    "processingStatus": kind::open(STATUSES.map(ProcessingStatus::as_str)),
                    "test": flag("Whether a test key sent it."),
                    "duplicate": flag("Whether it is known as a duplicate."),
                }),
            ),
        ),
        (
            "LeadStatuses",
            object(
                "A list of leads.",
                &["items"],
                json!({"items": rows("Newest first.", json!({"$ref": "#/components/schemas/LeadStatus"}))}),
            ),
        ),
        (
            "Specification",
            object(
                "What a source must send.",
                &["source", "endpoints", "headers", "required", "members", "codes"],
                json!({
                    "source": row(&["id", "name"]),
                    "endpoints": rows("What can be called.", row(&["method", "path", "about"])),
                    "headers": rows("What each request has.", header),
                    "required": rows("What every lead needs.", row(&["structured", "flat", "about"])),
                    "members": rows("Every member of a lead.", row(&["structured", "flat", "about"])),
                    "allowedStates": texts("The states that leads may be from; any if empty."),
                    "allowedProducts": texts("The products that leads may be for; any if empty."),
                    "requiresTrustedForm": flag("Whether each lead needs a TrustedForm certificate."),
                    "limits": rows("The limits of the intake.", limit),
                    "duplicates": duplicates(),
                    "testValues": rows("Values that have a fixed result with a test key.", row(&["member", "value", "result"])),
                    "commands": rows("Commands to try.", row(&["about", "command"])),
                    "codes": rows("Every code that the source can be answered.", code),
                }),
            ),
        ),
    ]
}

/// Each lead in an answer may be a test.
fn mark_tests(paths: &mut Value) {
    let operations = paths.as_object_mut().into_iter().flatten().flat_map(|(_, path)| path.as_object_mut());
    for (_, operation) in operations.flatten() {
        if let Some(headers) = operation.pointer_mut("/responses/201/headers").and_then(Value::as_object_mut) {
            headers.insert("Leadping-Test".to_owned(), json!({"$ref": "#/components/headers/Leadping-Test"}));
        }
    }
}
