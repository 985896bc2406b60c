//! Generates the answers that several operations share, and their headers.

use serde_json::{Map, Value, json};

use crate::problem;

/// The media type of leads and of the gateway's answers.
pub(crate) const JSON: &str = "application/json";
/// The media type of problems.
pub(crate) const PROBLEM: &str = "application/problem+json";

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

/// A refusal that operations share.
struct Refusal {
    status: &'static str,
    /// Its name among the document's responses.
    name: &'static str,
    description: &'static str,
    /// Headers besides those of every answer.
    headers: &'static [&'static str],
}

const REFUSALS: [Refusal; 12] = [
    Refusal {
        status: "400",
        name: "Invalid",
        description: "The lead or the request has to be fixed first. Do not send it again unchanged.",
        headers: &[],
    },
    Refusal {
        status: "401",
        name: "Unauthorized",
        description: "The credentials are missing or wrong. The answer does not say which.",
        headers: &["WWW-Authenticate"],
    },
    Refusal { status: "403", name: "Forbidden", description: "The source may not send leads.", headers: &[] },
    Refusal {
        status: "409",
        name: "Duplicate",
        description: "An earlier lead has the same person, and the source refuses such leads. Do not send it again.",
        headers: &[],
    },
    Refusal {
        status: "413",
        name: "TooLarge",
        description: "The body exceeds 256 KiB. As plain JSON: it exceeds the gateway's limit.",
        headers: &[],
    },
    Refusal {
        status: "415",
        name: "UnsupportedMediaType",
        description: "This endpoint does not read this media type.",
        headers: &[],
    },
    Refusal {
        status: "422",
        name: "IdempotencyKeyReused",
        description: "The Idempotency-Key was used for another lead.",
        headers: &[],
    },
    Refusal {
        status: "429",
        name: "TooManyRequests",
        description: "As a problem: the source takes no more leads for now. Send the same request again after \
                      Retry-After. As plain JSON: too many requests at once. Send the same request again, with a growing \
                      delay.",
        headers: &["Retry-After", "RateLimit", "RateLimit-Policy"],
    },
    Refusal {
        status: "431",
        name: "HeadTooLarge",
        description: "The request line and the headers exceed 10,240 bytes. Use POST with a body.",
        headers: &[],
    },
    Refusal {
        status: "500",
        name: "InternalError",
        description: "An internal error. As plain JSON: an error of the gateway. Send the same request again, with a \
                      growing delay.",
        headers: &[],
    },
    Refusal {
        status: "503",
        name: "Unavailable",
        description: "TrustedForm or our storage did not answer. As plain JSON: the gateway got no answer in time. Send \
                      the same request again, with a growing delay.",
        headers: &["Retry-After"],
    },
    Refusal {
        status: "default",
        name: "Other",
        description: "Any other answer. Later releases may add some. Treat it by its status: fix a 4xx first, and send a \
                      5xx again with a growing delay.",
        headers: &[],
    },
];

/// The answers of an operation: the one that is no refusal, and the refusals with these statuses.
pub(crate) fn all(status: &str, answer: Value, refusals: &[&str]) -> Value {
    let reference = |status: &&str| {
        // A status without a row makes a reference that a test finds.
        let name = REFUSALS.iter().find(|refusal| refusal.status == *status).map_or(*status, |refusal| refusal.name);
        ((*status).to_owned(), json!({"$ref": format!("#/components/responses/{name}")}))
    };
    let refusals = refusals.iter().map(reference);
    Value::Object(refusals.chain([(status.to_owned(), answer)]).collect())
}

/// An answer that is no refusal: a schema of the document with examples, and the headers besides those of every answer.
pub(crate) fn accepted(description: &str, headers: &[&str], schema: &str, examples: &Value) -> Value {
    json!({
        "description": description,
        "headers": own_headers(true, headers),
        "content": {JSON: {"schema": {"$ref": format!("#/components/schemas/{schema}")}, "examples": examples}},
    })
}

/// Every shared answer, by name.
pub(crate) fn shared() -> Value {
    Value::Object(REFUSALS.iter().map(|refusal| (refusal.name.to_owned(), refusal.response())).collect())
}

impl Refusal {
    fn response(&self) -> Value {
        let of_gateway = GATEWAY.iter().find(|(status, ..)| *status == self.status);
        let examples = problem::examples(self.status);
        let is_open = self.status == "default";
        let may_be_a_problem = !examples.is_empty() || is_open || self.status == "429";
        let may_be_the_gateways = of_gateway.is_some() || is_open;
        let mut content = Map::new();
        if may_be_a_problem {
            // A client that reads one of the two media types only must survive the other one's body.
            let schema = if may_be_the_gateways { "Refusal" } else { "Problem" };
            let mut body = json!({"schema": {"$ref": format!("#/components/schemas/{schema}")}});
            if !examples.is_empty() {
                body["examples"] = examples.into();
            }
            content.insert(PROBLEM.to_owned(), body);
        }
        if may_be_the_gateways {
            let mut body = json!({"schema": {"$ref": "#/components/schemas/GatewayAnswer"}});
            if let Some((_, message, _)) = of_gateway {
                body["example"] = json!({"message": message});
            }
            content.insert(JSON.to_owned(), body);
        }
        let mut response = json!({"description": self.description, "content": content});
        if may_be_a_problem {
            response["headers"] = own_headers(!may_be_the_gateways, self.headers);
        }
        response
    }
}

/// The headers of our answers. They are optional if the gateway may answer with the same status, without them.
pub(crate) fn own_headers(always: bool, extra: &[&str]) -> Value {
    let names = ["X-Request-Id", "Cache-Control"].iter().chain(extra);
    let suffix = if always { "" } else { "OfProblem" };
    let references =
        names.map(|name| ((*name).to_owned(), json!({"$ref": format!("#/components/headers/{name}{suffix}")})));
    Value::Object(references.collect())
}

const RATE_LIMIT: &str = "What is left of each cap, and the seconds until it starts again, such as \
    `\"day\";r=12;t=36120`. Only if the source has caps.";
const RATE_LIMIT_POLICY: &str = "The caps of the source, such as `\"day\";q=500;w=86400`. Only if it has any.";

/// Every header of an answer, by name.
pub(crate) fn headers() -> Value {
    let header = |required: bool, about: &str, holds: &str| json!({"description": about, "required": required, "schema": {"type": holds}});
    json!({
        "X-Request-Id": header(true, "The gateway's id of this request.", "string"),
        "X-Request-IdOfProblem": header(false, "The gateway's id of this request. On problems.", "string"),
        "Cache-Control": header(true, "Answers must not be cached: `no-store`.", "string"),
        "Cache-ControlOfProblem": header(false, "Answers must not be cached: `no-store`. On problems.", "string"),
        "WWW-Authenticate": header(true, "The scheme of the two credential headers.", "string"),
        "Retry-AfterOfProblem": header(false, "Wait at least this many seconds. On problems.", "integer"),
        "RateLimit": header(false, RATE_LIMIT, "string"),
        "RateLimitOfProblem": header(false, RATE_LIMIT, "string"),
        "RateLimit-Policy": header(false, RATE_LIMIT_POLICY, "string"),
        "RateLimit-PolicyOfProblem": header(false, RATE_LIMIT_POLICY, "string"),
        "Idempotent-Replayed": header(false, "`true` if the lead was accepted by an earlier request.", "string"),
    })
}

/// The schemas of refusals, by name.
pub(crate) fn schemas() -> [(&'static str, Value); 4] {
    let refusal = json!({
        "description": "A problem, or an answer of the gateway in front, which has only a message.",
        "anyOf": [{"$ref": "#/components/schemas/Problem"}, {"$ref": "#/components/schemas/GatewayAnswer"}],
    });
    let of_gateway = json!({
        "type": "object",
        "description": "An answer of the gateway itself.",
        "required": ["message"],
        "properties": {"message": {"type": "string", "description": "What went wrong, in the gateway's words."}},
    });
    [
        ("Problem", problem::schema()),
        ("Failure", problem::failure()),
        ("GatewayAnswer", of_gateway),
        ("Refusal", refusal),
    ]
}
