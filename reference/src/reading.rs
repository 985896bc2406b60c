//! Generates the OpenAPI 3.1 document of the API of users (contract, section 12).

mod schemas;

use std::collections::BTreeSet;

use leadping::http::{Problem, Scope, UserRoute};
use leadping::read::{Served, served};
use serde_json::{Map, Value, json};

use crate::answer::{self, JSON, PROBLEM};
use crate::{openapi, problem};

const ABOUT: &str = "\
Reads the leads of a business: the inbox, one lead with its timeline, search, sources and reports. Each request has a bearer token \
of your identity provider. Its claim `business_id` names the business.

What belongs to another business and what does not exist have the same answer: 404.

Lists are read in pages. A page may be short or empty while there is a continuationToken. Only null is the end. A filter, order or \
member that is not served is refused by name, and never ignored.

The schemas of answers are open. A later release may add members and codes: ignore a member that you do not know, and treat an \
unknown code by its status.

The gateway in front checks tokens: 401 if a token is not valid, 403 if it does not allow the call. It also answers an unknown path \
(404) and too many requests (429). These answers are plain JSON with a message, not problems.";

/// Generates the document.
pub fn document() -> Value {
    let mut paths = Map::new();
    for route in UserRoute::ALL {
        let path = paths.entry(route.path()).or_insert_with(|| json!({}));
        path[route.method().as_str().to_lowercase()] = operation(route);
    }
    let intake = openapi::document();
    let mut schemas = intake["components"]["schemas"].as_object().cloned().unwrap_or_default();
    schemas.extend(schemas::all());
    let scopes: Map<_, _> = Scope::ALL.iter().map(|scope| (scope.as_str().to_owned(), about(*scope).into())).collect();
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Leadping leads for users",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Read a business's leads.",
            "description": ABOUT,
            "contact": {"name": "Leadping", "url": "https://leadping.ai"},
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [
            {"url": "https://app.leadping.ai", "description": "Production."},
            {"url": "http://127.0.0.1:3000", "description": "The local stack."},
        ],
        "tags": [
            {"name": "Leads", "description": "Leads and their timelines."},
            {"name": "Conversations", "description": "The inbox."},
            {"name": "Sources", "description": "Where leads come from."},
            {"name": "Reports", "description": "Leads per day."},
        ],
        "paths": paths,
        "components": {
            "securitySchemes": {"Token": {
                "type": "oauth2",
                "description": "A token of your identity provider, as `Authorization: Bearer`.",
                "flows": {"clientCredentials": {"tokenUrl": "http://127.0.0.1:3000/issuer/token", "scopes": scopes}},
            }},
            "headers": answer::headers(),
            "responses": responses(&answer::shared()),
            "schemas": schemas,
        },
    });
    prune(&mut document);
    document
}

fn about(scope: Scope) -> &'static str {
    match scope {
        Scope::ReadLeads => "Read leads, conversations, sources and reports.",
        Scope::WriteConversations => "Mark conversations as read.",
    }
}

/// The operation's id, tag, summary, what it answers, and the schema of that.
fn texts(route: UserRoute) -> (&'static str, &'static str, &'static str, &'static str, &'static str) {
    match route {
        UserRoute::Lead => (
            "getLead",
            "Leads",
            "Read a lead",
            "The lead with its lookup, consent, eligibility, conversation and timeline. An erased lead is a tombstone.",
            "LeadDetail",
        ),
        UserRoute::Leads => ("listLeads", "Leads", "List and search leads", "Leads, newest first.", "LeadPage"),
        UserRoute::LeadEvents => {
            ("listLeadEvents", "Leads", "Read a timeline", "The events of a lead, oldest first.", "EventPage")
        }
        UserRoute::Inbox => (
            "listConversations",
            "Conversations",
            "Read the inbox",
            "Conversations, those that moved last first.",
            "ConversationPage",
        ),
        UserRoute::LeadConversations => (
            "listLeadConversations",
            "Conversations",
            "Find the conversation of a lead",
            "A page with the conversation; without one before the conversation is open.",
            "ConversationPage",
        ),
        UserRoute::MarkRead => (
            "markConversationRead",
            "Conversations",
            "Mark a conversation as read",
            "true; false if another event has happened since, and then nothing changes.",
            "",
        ),
        UserRoute::Sources => ("listSources", "Sources", "List sources", "Sources by name, never a key.", "SourcePage"),
        UserRoute::Source => {
            ("getBusinessSource", "Sources", "Read a source", "The source, never a key.", "UserSource")
        }
        UserRoute::SourceMetrics => (
            "getSourceMetrics",
            "Reports",
            "Count the leads of a source",
            "Leads per UTC day, and refused posts per UTC day and code.",
            "SourceMetrics",
        ),
        UserRoute::Analytics => (
            "getAnalytics",
            "Reports",
            "Count the leads of the business",
            "Leads per UTC day and source, the period before, and what needs attention.",
            "Analytics",
        ),
    }
}

fn operation(route: UserRoute) -> Value {
    let (id, tag, summary, answered, schema) = texts(route);
    let schema = match schema {
        "" => json!({"type": "boolean"}),
        name => json!({"$ref": format!("#/components/schemas/{name}")}),
    };
    let statuses = ["400", "401", "403", "404", "413", "429", "431", "500", "503", "default"];
    let mut responses: Map<String, Value> = statuses
        .iter()
        .map(|status| ((*status).to_owned(), json!({"$ref": format!("#/components/responses/{}", name(status))})))
        .collect();
    responses.insert(
        "200".to_owned(),
        json!({
            "description": answered,
            "headers": answer::own_headers(true, &[]),
            "content": {JSON: {"schema": schema}},
        }),
    );
    let mut operation = json!({
        "operationId": id, "tags": [tag], "summary": summary, "description": answered,
        "security": [{"Token": [route.scope().as_str()]}],
        "parameters": parameters(route),
        "responses": responses,
    });
    if let Some(served) = served(route) {
        operation["requestBody"] = json!({"required": false, "content": {JSON: {"schema": body(&served)}}});
    }
    operation
}

fn parameters(route: UserRoute) -> Vec<Value> {
    let own = route.path().split_once('{').and_then(|(_, rest)| rest.split_once('}')).map(|(name, _)| {
        json!({"name": name, "in": "path", "required": true, "description": "The id.", "schema": {"type": "string", "minLength": 1}})
    });
    let query = |name: &str, about: &str, schema: Value, required| json!({"name": name, "in": "query", "required": required, "description": about, "schema": schema});
    let asked = match route {
        UserRoute::Leads | UserRoute::Inbox => vec![query(
            "archiveFilter",
            "Nothing is archived: active and all are the same, archived is empty.",
            json!({"type": "string", "enum": ["active", "all", "archived"]}),
            false,
        )],
        UserRoute::MarkRead => vec![query(
            "eventVersion",
            "The eventVersion of the conversation that the user has seen.",
            json!({"type": "integer", "format": "int64", "minimum": 0, "maximum": i64::MAX}),
            true,
        )],
        UserRoute::SourceMetrics | UserRoute::Analytics => vec![
            query(
                "days",
                "How many UTC days.",
                json!({"type": "integer", "minimum": 1, "maximum": 92, "default": 30}),
                false,
            ),
            query("startAt", "The first day, or a time in it.", time(), false),
            query("endAt", "The end, which is not included.", time(), false),
        ],
        _ => Vec::new(),
    };
    own.into_iter().chain(asked).collect()
}

/// The schema of a time or a day.
fn time() -> Value {
    json!({"type": "string", "anyOf": [{"format": "date-time"}, {"format": "date"}]})
}

/// The schema of a list's body, from the table of what it serves. A member that is null is the same as none.
fn body(served: &Served) -> Value {
    let mut members = json!({
        "pageSize": {"type": ["integer", "null"], "minimum": 1, "maximum": 100, "default": 25, "description": "The most items of the page."},
        "continuationToken": {"type": ["string", "null"], "description": "Of the page before. The rest of the body must be the same."},
        "includeCount": {"type": ["boolean", "null"], "description": "Whether to count, up to 10,000."},
    });
    let object = |properties: Value, required: &[&str]| json!({"type": "object", "required": required, "properties": properties, "additionalProperties": false});
    if !served.filters.is_empty() {
        let value = json!({
            "type": ["string", "boolean", "number"], "minLength": 1, "maxLength": 1024,
            "description": "What the field must be equal to.",
        });
        let filter = object(json!({"field": {"enum": served.filters}, "value": value}), &["field", "value"]);
        members["filters"] = json!({"type": ["array", "null"], "maxItems": 20, "items": filter, "description": "All of them must hold."});
    }
    if let Some(field) = served.range {
        let mut time = time();
        time["type"] = json!(["string", "null"]);
        time["description"] = json!("A time as RFC 3339, or a day.");
        let bounds = ["greaterThan", "greaterThanOrEqual", "lessThan", "lessThanOrEqual"];
        let mut properties: Map<_, _> = bounds.iter().map(|bound| ((*bound).to_owned(), time.clone())).collect();
        properties.insert("field".to_owned(), json!({"enum": [field]}));
        let mut range = object(properties.into(), &["field"]);
        range["minProperties"] = json!(2);
        members["rangeFilters"] = json!({"type": ["array", "null"], "items": range, "description": "Ranges of time."});
    }
    if let Some(field) = served.order {
        let direction = json!({"enum": ["asc", "desc", null], "default": "asc"});
        let order = object(json!({"field": {"enum": [field]}, "direction": direction}), &["field"]);
        members["orderBy"] =
            json!({"type": ["array", "null"], "maxItems": 1, "items": order, "description": "The order."});
    }
    if !served.search.is_empty() {
        members["search"] = json!({"type": ["string", "null"], "maxLength": 200, "description": "An id, an e-mail address, a phone number, or the beginning of a last name."});
        members["searchFields"] = json!({"type": ["array", "null"], "items": {"enum": served.search}, "description": "What the search may be; any if empty."});
    }
    object(members, &[])
}

/// The name of the shared answer with a status.
fn name(status: &str) -> &'static str {
    match status {
        "400" => "InvalidQuery",
        "401" => "InvalidToken",
        "403" => "NotAllowed",
        "404" => "NotFound",
        "413" => "QueryTooLarge",
        "429" => "TooManyRequests",
        "431" => "HeadTooLarge",
        "500" => "InternalError",
        "503" => "StorageUnavailable",
        _ => "Other",
    }
}

/// The shared answers: some of the intake's, and those of reading.
fn responses(intake: &Value) -> Value {
    let kept = ["HeadTooLarge", "InternalError", "Other"];
    let mut responses: Map<String, Value> =
        kept.iter().map(|name| ((*name).to_owned(), intake[*name].clone())).collect();
    let own = [
        ("400", "What the error names has to change first.", false),
        ("403", "The token names no business. As plain JSON: it does not allow this call.", true),
        ("404", "The business has nothing of this id. As plain JSON: no route has this path.", true),
        ("413", "The body exceeds 256 KiB. As plain JSON: it exceeds the gateway's limit.", true),
        ("503", "Our storage did not answer. As plain JSON: the gateway got no answer in time.", true),
    ];
    for (status, description, gateway) in own {
        let examples: Map<String, Value> = problem::bodies(problems())
            .into_iter()
            .filter(|(problem, _)| problem.status().as_str() == status)
            .map(|(problem, mut body)| {
                body["instance"] = UserRoute::Leads.path().into();
                (problem.code().to_owned(), json!({"summary": body["title"], "value": body}))
            })
            .collect();
        let schema = if gateway { "Refusal" } else { "Problem" };
        let mut content = json!({PROBLEM: {
            "schema": {"$ref": format!("#/components/schemas/{schema}")}, "examples": examples,
        }});
        if gateway {
            content[JSON] = json!({"schema": {"$ref": "#/components/schemas/GatewayAnswer"}});
        }
        let headers = answer::own_headers(!gateway, if status == "503" { &["Retry-After"] } else { &[] });
        responses.insert(
            name(status).to_owned(),
            json!({"description": description, "headers": headers, "content": content}),
        );
    }
    let of_gateway = [
        ("401", "The token is missing or not valid.", "Unauthorized"),
        ("429", "Too many requests at once. Send the same request again, with a growing delay.", "Too Many Requests"),
    ];
    for (status, description, message) in of_gateway {
        let content =
            json!({"schema": {"$ref": "#/components/schemas/GatewayAnswer"}, "example": {"message": message}});
        responses.insert(name(status).to_owned(), json!({"description": description, "content": {JSON: content}}));
    }
    responses.into()
}

/// Every problem that this API answers.
fn problems() -> Vec<Problem> {
    let shared = Problem::each()
        .into_iter()
        .filter(|problem| matches!(problem, Problem::Malformed(_) | Problem::TooLarge | Problem::Internal));
    Problem::each_of_reading().into_iter().chain(shared).collect()
}

/// Drops the components that no operation refers to.
fn prune(document: &mut Value) {
    let mut used = BTreeSet::new();
    let mut found = BTreeSet::new();
    references(&document["paths"], &mut found);
    while let Some(reference) = found.pop_first() {
        if used.insert(reference.clone())
            && let Some(component) = document.pointer(reference.trim_start_matches('#'))
        {
            references(component, &mut found);
        }
    }
    for kind in ["headers", "responses", "schemas"] {
        if let Some(components) = document["components"][kind].as_object_mut() {
            components.retain(|name, _| used.contains(&format!("#/components/{kind}/{name}")));
        }
    }
}

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_resolves_and_every_route_is_described() {
        let document = document();
        let mut found = BTreeSet::new();
        references(&document, &mut found);
        for reference in found {
            assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
        }
        let operations: usize =
            document["paths"].as_object().unwrap().values().map(|path| path.as_object().unwrap().len()).sum();
        assert_eq!(operations, UserRoute::ALL.len());
    }
}
