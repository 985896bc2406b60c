//! The problems, as the code itself writes them (contract, section 6).

use leadping::failure::Code;
use leadping::http::Problem;
use leadping::payload::Entrance;
use serde_json::{Map, Value, json};

/// A problem of each kind with the body that it is answered with.
pub(crate) fn each() -> Vec<(Problem, Value)> {
    let bodies = Problem::each().into_iter().map(|problem| {
        let body = problem.to_json(Entrance::Flat.path(), "JKJaXmPLvHcESHA=");
        (problem, serde_json::from_str(&body).unwrap_or_default())
    });
    bodies.collect()
}

/// Every problem's body.
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
        "description": "A problem by RFC 9457. Branch on `code`; the sentences may change.",
        "required": ["type", "title", "status", "code", "detail", "instance", "requestId"],
        "properties": {
            "type": {"type": "string", "format": "uri", "enum": all("type"), "description": "The type of problem."},
            "title": {"type": "string", "description": "The same for each problem of a code."},
            "status": {"type": "integer", "enum": all("status"), "description": "The status of the answer."},
            "code": {"type": "string", "enum": all("code"), "description": "What went wrong; it never changes."},
            "detail": {"type": "string", "description": "What to do about it. It repeats nothing that was sent."},
            "instance": {"type": "string", "enum": [Entrance::Structured.path(), Entrance::Flat.path()], "description": "The path that was called."},
            "requestId": {"type": "string", "description": "The value of X-Request-Id; name it when you ask us."},
            "errors": {
                "type": "array",
                "minItems": 1,
                "maxItems": 100,
                "description": "On 400: everything that has to be mended, in the order of the rules.",
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
                "description": "The rule that is broken; it never changes.",
            },
            "pointer": {
                "type": "string",
                "pattern": "^(/([^~/]|~[01])*)*$",
                "description": "JSON pointer (RFC 6901) into what you sent, in the documented spelling of the name that \
                                you used. Empty for the whole body; absent where the source or a header is at fault.",
            },
            "detail": {"type": "string", "description": "What is expected. It repeats nothing that was sent."},
        },
    })
}

/// The answers that a status can have, as the content of a response.
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
