//! Generates the schemas of problems from the code that writes them (contract, section 6).

use leadping::failure::Code;
use leadping::http::Problem;
use leadping::payload::Entrance;
use serde_json::{Map, Value, json};

/// One problem of each kind with its body.
pub(crate) fn each() -> Vec<(Problem, Value)> {
    let bodies = Problem::each().into_iter().map(|problem| {
        let body = problem.to_json(Entrance::Flat.path(), "JKJaXmPLvHcESHA=");
        (problem, serde_json::from_str(&body).unwrap_or_default())
    });
    bodies.collect()
}

/// The schema of every problem's body.
pub(crate) fn schema() -> Value {
    let bodies: Vec<_> = each().into_iter().map(|(_, body)| body).collect();
    let all = |name: &str| {
        let mut values: Vec<&Value> = Vec::new();
        for body in &bodies {
            if !values.contains(&&body[name]) {
                values.push(&body[name]);
            }
        }
        json!(values)
    };
    json!({
        "type": "object",
        "description": "A problem by RFC 9457. Branch on `code`. The sentences may change.",
        "required": ["type", "title", "status", "code", "detail", "instance", "requestId"],
        "properties": {
            "type": {"type": "string", "format": "uri", "enum": all("type"), "description": "The type of problem."},
            "title": {"type": "string", "description": "The same for all problems with this code."},
            "status": {"type": "integer", "enum": all("status"), "description": "The status of the answer."},
            "code": {"type": "string", "enum": all("code"), "description": "What went wrong. Codes never change."},
            "detail": {"type": "string", "description": "What to do. It never repeats what was sent."},
            "instance": {"type": "string", "enum": [Entrance::Structured.path(), Entrance::Flat.path()], "description": "The path that was called."},
            "requestId": {"type": "string", "description": "The value of X-Request-Id. Give it to us when you ask about this request."},
            "errors": {
                "type": "array",
                "minItems": 1,
                "maxItems": 100,
                "description": "On 400: everything to fix, in the order of the rules.",
                "items": {"$ref": "#/components/schemas/Failure"},
            },
        },
    })
}

/// One entry of `errors`.
pub(crate) fn failure() -> Value {
    json!({
        "type": "object",
        "required": ["code", "detail"],
        "properties": {
            "code": {
                "type": "string",
                "enum": Code::ALL.iter().map(|code| code.as_str()).collect::<Vec<_>>(),
                "description": "The broken rule. Codes never change.",
            },
            "pointer": {
                "type": "string",
                "pattern": "^(/([^~/]|~[01])*)*$",
                "description": "A JSON pointer (RFC 6901) into what you sent, by the documented spelling of the name that you \
                                used. Empty for the whole body, and absent if the source or a header is the cause.",
            },
            "detail": {"type": "string", "description": "What is expected. It never repeats what was sent."},
        },
    })
}

/// The content of a response with this status: every problem that it can have.
pub(crate) fn content(status: &str) -> Value {
    let mut variants = Vec::new();
    let mut examples = Map::new();
    for (problem, body) in each().into_iter().filter(|(problem, _)| problem.status().as_str() == status) {
        let mut required = vec!["type", "title", "status", "code"];
        let fixed: Map<_, _> =
            required.iter().map(|name| ((*name).to_owned(), json!({"const": body[*name]}))).collect();
        if body.get("errors").is_some() {
            required.push("errors");
        }
        variants.push(json!({"properties": fixed, "required": required}));
        examples.insert(problem.code().to_owned(), json!({"summary": body["title"], "value": body}));
    }
    json!({
        "schema": {"allOf": [{"$ref": "#/components/schemas/Problem"}, {"oneOf": variants}]},
        "examples": examples,
    })
}
