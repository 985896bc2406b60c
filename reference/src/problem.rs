//! Generates the schemas of problems from the code that writes them (contract, section 6).

use leadping::failure::Code;
use leadping::http::Problem;
use leadping::payload::Entrance;
use serde_json::{Map, Value, json};

use crate::kind;

/// One problem of each kind with its body.
pub(crate) fn all() -> Vec<(Problem, Value)> {
    bodies(Problem::each().into_iter().chain(Problem::each_of_window()))
}

pub(crate) fn bodies(problems: impl IntoIterator<Item = Problem>) -> Vec<(Problem, Value)> {
    let bodies = problems.into_iter().map(|problem| {
        let body = problem.to_json(Entrance::Flat.path(), "JKJaXmPLvHcESHA=");
        (problem, serde_json::from_str(&body).unwrap_or_default())
    });
    bodies.collect()
}

/// The schema of every problem's body.
pub(crate) fn schema() -> Value {
    schema_of(Problem::each().into_iter().chain(Problem::each_of_window()))
}

/// The schema of the bodies of these problems.
pub(crate) fn schema_of(problems: impl IntoIterator<Item = Problem>) -> Value {
    let bodies: Vec<_> = bodies(problems).into_iter().map(|(_, body)| body).collect();
    let values = |name: &str| {
        let mut found: Vec<&Value> = Vec::new();
        for body in &bodies {
            if !found.contains(&&body[name]) {
                found.push(&body[name]);
            }
        }
        json!(found)
    };
    let open = |values: Value, about: &str| json!({"type": "string", (kind::VALUES): values, "description": about});
    json!({
        "type": "object",
        "description": "A problem by RFC 9457. Branch on `status` and `code`. The sentences may change, and later releases \
                        may add codes: treat an unknown one by its status.",
        "required": ["type", "title", "status", "code", "detail", "instance", "requestId"],
        "properties": {
            "type": open(values("type"), "The type of problem."),
            "title": {"type": "string", "description": "The same for all problems with this code."},
            "status": {"type": "integer", "description": "The status of the answer."},
            "code": open(values("code"), "What went wrong. Codes never change, and later releases may add some."),
            "detail": {"type": "string", "description": "What to do. It never repeats what was sent."},
            "instance": {"type": "string", "description": "The path that was called, up to its id if it has one."},
            "requestId": {"type": "string", "description": "The value of X-Request-Id. Give it to us when you ask about this request."},
            "violated-policies": {
                "type": "array",
                "items": {"type": "string"},
                "description": "On 429: the limits of the source that are reached, `day` or `hour`.",
            },
            "errors": {
                "type": "array",
                "description": "On 400: everything to fix, in the order of the rules. At most 100 entries.",
                "items": {"$ref": "#/components/schemas/Failure"},
            },
        },
    })
}

/// One entry of `errors`.
pub(crate) fn failure() -> Value {
    let codes: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    json!({
        "type": "object",
        "description": "One thing to fix.",
        "required": ["code", "detail"],
        "properties": {
            "code": {
                "type": "string",
                (kind::VALUES): codes,
                "description": "The broken rule. Codes never change, and later releases may add some.",
            },
            "pointer": {
                "type": "string",
                "description": "A JSON pointer (RFC 6901) into what you sent, by the documented spelling of the name that you \
                                used. Empty for the whole body, and absent if the source or a header is the cause.",
            },
            "detail": {"type": "string", "description": "What is expected. It never repeats what was sent."},
        },
    })
}

/// Every problem of a post with this status, by code, as examples.
pub(crate) fn examples(status: &str) -> Map<String, Value> {
    let with_status = bodies(Problem::each()).into_iter().filter(|(problem, _)| problem.status().as_str() == status);
    with_status
        .map(|(problem, body)| (problem.code().to_owned(), json!({"summary": body["title"], "value": body})))
        .collect()
}
