//! Checks answers against the OpenAPI document.

use std::collections::BTreeMap;
use std::fmt;

use http::HeaderMap;
use serde_json::{Map, Value, json};

use crate::answer::{GATEWAY, PROBLEM};
use crate::kind::VALUES;
use crate::openapi;

/// Checks answers against the OpenAPI document.
///
/// The document leaves answers open, because a later release may add members and codes. This validator closes them: an
/// undocumented member, value or status is a complaint, and a problem must be one of those that the document shows.
pub struct Validator {
    document: Value,
    /// The schemas of bodies and headers by their path in the document.
    schemas: BTreeMap<String, jsonschema::Validator>,
}

/// Leaves out the schemas, which are too long to print.
impl fmt::Debug for Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Validator").field("schemas", &self.schemas.len()).finish_non_exhaustive()
    }
}

/// What is wrong, without any value of the answer.
type Complaints = Result<(), Vec<String>>;

impl Validator {
    /// Compiles every schema of an answer.
    ///
    /// # Errors
    /// When a schema is not valid JSON Schema.
    pub fn new() -> anyhow::Result<Self> {
        let mut document = openapi::document();
        resolve_responses(&mut document);
        close(&mut document["components"]["schemas"]);
        let components = json!({"schemas": document["components"]["schemas"]});
        let schemas = schemas(&document).into_iter().map(|(at, mut schema)| {
            // Its references resolve to these.
            schema["components"] = components.clone();
            let compiled = jsonschema::draft202012::new(&schema).map_err(|error| anyhow::anyhow!("{at}: {error}"))?;
            Ok((at, compiled))
        });
        let schemas = schemas.collect::<anyhow::Result<_>>()?;
        Ok(Self { document, schemas })
    }

    /// Checks an answer: its status, its headers and its body. `path` may have a query. Pass [`Value::Null`] for a body that
    /// is not JSON.
    ///
    /// # Errors
    /// Everything that is not as documented.
    pub fn response(&self, method: &str, path: &str, status: u16, headers: &HeaderMap, body: &Value) -> Complaints {
        let path = path.split('?').next().unwrap_or(path);
        let operation = format!("/paths/{}/{}", escaped(path), method.to_ascii_lowercase());
        let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
        let response = match self.at(&operation) {
            // The document has no place for the answer to another path or method.
            Value::Null if status == 404 && *body == json!({"message": not_found()}) => return Ok(()),
            _ => self.at(&format!("{operation}/responses/{status}")),
        };
        if response.is_null() {
            return complaint(format!("{method} {path} is not documented to answer {status}"));
        }
        let media_type = media_type(text("content-type"));
        let mut complaints: Vec<String> = members(&response["headers"])
            .filter_map(|(name, header)| self.header(name, header, text(name), media_type))
            .collect();
        let at = format!("{operation}/responses/{status}/{}", escaped(media_type));
        complaints.extend(self.check(&at, body).err().unwrap_or_default());
        if media_type == PROBLEM && !is_shown(&response["content"][PROBLEM]["examples"], body) {
            complaints.push(format!("no example of {status} has the type, title, status and code of this problem"));
        }
        if complaints.is_empty() { Ok(()) } else { Err(complaints) }
    }

    fn header(&self, name: &str, reference: &Value, found: Option<&str>, media_type: &str) -> Option<String> {
        let at = reference["$ref"].as_str().unwrap_or_default().trim_start_matches('#');
        let header = self.at(at);
        let Some(found) = found else {
            // The gateway's answer with the same status may lack this header. A problem of ours always has it.
            let required = header["required"] == true || media_type == PROBLEM;
            return required.then(|| format!("the header {name} is missing"));
        };
        let value = match header["schema"]["type"].as_str() {
            Some("integer") => serde_json::from_str(found).unwrap_or_default(),
            _ => Value::from(found),
        };
        (found.is_empty() || self.check(at, &value).is_err()).then(|| format!("the header {name} is not as documented"))
    }

    /// Checks a value against the schema at this path of the document.
    fn check(&self, at: &str, value: &Value) -> Complaints {
        let Some(schema) = self.schemas.get(at) else { return complaint(format!("{at} is not documented")) };
        let complaints: Vec<_> = schema
            .iter_errors(value)
            .map(|error| format!("{}: {} ({})", error.instance_path(), error.masked(), error.schema_path()))
            .collect();
        if complaints.is_empty() { Ok(()) } else { Err(complaints) }
    }

    fn at(&self, pointer: &str) -> &Value {
        self.document.pointer(pointer).unwrap_or(&Value::Null)
    }
}

/// Replaces each reference to a shared response with the response.
fn resolve_responses(document: &mut Value) {
    let shared = document["components"]["responses"].take();
    for operation in document["paths"].as_object_mut().into_iter().flat_map(Map::values_mut) {
        for method in operation.as_object_mut().into_iter().flat_map(Map::values_mut) {
            for response in method["responses"].as_object_mut().into_iter().flat_map(Map::values_mut) {
                if let Some(name) = response["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
                    *response = shared[name].clone();
                }
            }
        }
    }
}

/// Every schema of an answer or a header, with its path.
fn schemas(document: &Value) -> Vec<(String, Value)> {
    let mut schemas = Vec::new();
    for (path, operations) in members(&document["paths"]) {
        for (method, operation) in members(operations) {
            for (status, response) in members(&operation["responses"]) {
                for (media_type, found) in members(&response["content"]) {
                    let at = format!("/paths/{}/{method}/responses/{status}/{}", escaped(path), escaped(media_type));
                    schemas.push((at, found["schema"].clone()));
                }
            }
        }
    }
    let headers = members(&document["components"]["headers"]);
    schemas.extend(headers.map(|(name, header)| (format!("/components/headers/{name}"), header["schema"].clone())));
    schemas
}

/// Whether an example has the fixed members of this problem.
fn is_shown(examples: &Value, problem: &Value) -> bool {
    members(examples).any(|(_, example)| {
        let shown = &example["value"];
        ["type", "title", "status", "code"].iter().all(|name| shown[*name] == problem[*name])
            && shown.get("errors").is_some() == problem.get("errors").is_some()
    })
}

fn not_found() -> &'static str {
    GATEWAY.iter().find(|(status, ..)| *status == "404").map_or("", |(_, message, _)| message)
}

fn complaint(text: String) -> Complaints {
    Err(vec![text])
}

fn members(object: &Value) -> impl Iterator<Item = (&String, &Value)> {
    object.as_object().into_iter().flatten()
}

/// Escapes a part of a JSON pointer (RFC 6901).
fn escaped(part: &str) -> String {
    part.replace('~', "~0").replace('/', "~1")
}

/// The media type without its parameters.
fn media_type(content_type: Option<&str>) -> &str {
    content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim()
}

/// Makes everything invalid that the code of today does not write: undocumented members of an object, values of an open
/// list that are not in it, and times that are not in UTC to the millisecond.
fn close(schema: &mut Value) {
    if schema.get("properties").is_some_and(Value::is_object) && schema.get("additionalProperties").is_none() {
        schema["additionalProperties"] = false.into();
    }
    if let Some(values) = schema.get(VALUES).cloned() {
        schema["enum"] = values;
    }
    if schema["format"] == "date-time" {
        schema["pattern"] = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$".into();
    }
    match schema {
        Value::Object(members) => members.values_mut().for_each(close),
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use http::header::{HeaderName, HeaderValue};

    use super::*;
    use crate::answer::JSON;

    #[test]
    fn example_answers_are_valid_and_undocumented_ones_are_not() {
        let validator = Validator::new().unwrap();
        let mut shown = 0;
        for (method, path, status, media_type, body) in answers(&validator.document) {
            let headers = headers(media_type, status);
            let status = status.parse().unwrap();
            let check = |headers: &HeaderMap, body: &Value| validator.response(method, path, status, headers, body);
            assert_eq!(check(&headers, body), Ok(()));
            let changed = |pointer: &str, value: Value| {
                let mut changed = body.clone();
                match changed.pointer_mut(pointer) {
                    Some(member) => *member = value,
                    None => changed[pointer.trim_start_matches('/')] = value,
                }
                changed
            };
            let undocumented = [
                changed("/lookup", json!({})),
                changed("/code", json!("lead.unknown")),
                changed("/processingStatus", json!("Waiting")),
            ];
            for other in undocumented {
                assert!(check(&headers, &other).is_err(), "{status} {other}");
            }
            for name in headers.keys() {
                let mut less = headers.clone();
                less.remove(name);
                assert!(check(&less, body).is_err(), "{status} without {name}");
            }
            shown += 1;
        }
        assert!(shown > 50, "{shown}");
    }

    #[test]
    fn only_the_documented_form_of_a_value_is_valid() {
        let validator = Validator::new().unwrap();
        let answer = |pointer: &str, value: &str| {
            let mut lead = openapi::example(openapi::FLAT_ANSWER);
            *lead.pointer_mut(pointer).unwrap() = value.into();
            validator.response("POST", "/leads/intake?a=b", 201, &headers(JSON, "201"), &lead)
        };
        assert_eq!(answer("/createdAt", "2026-06-15T12:00:00.000Z"), Ok(()));
        assert!(answer("/createdAt", "2026-06-15T12:00:00Z").is_err());
        assert!(answer("/processingStatus", "ready").is_err());
        let other = |status, body| validator.response("GET", "/leads", status, &headers(JSON, "404"), &body);
        assert_eq!(other(404, json!({"message": "Not Found"})), Ok(()));
        assert!(other(404, json!({"message": "Other"})).is_err());
        assert!(other(405, json!({"message": "Not Found"})).is_err());
    }

    /// Every example answer of the document: method, path, status, media type and body.
    fn answers(document: &Value) -> Vec<(&str, &str, &str, &str, &Value)> {
        let mut answers = Vec::new();
        for (path, operations) in members(&document["paths"]) {
            for (method, operation) in members(operations) {
                for (status, response) in members(&operation["responses"]) {
                    for (media_type, content) in members(&response["content"]) {
                        let examples = members(&content["examples"]).map(|(_, example)| &example["value"]);
                        let bodies = examples.chain(content.get("example"));
                        answers.extend(bodies.map(|body| (&**method, &**path, &**status, &**media_type, body)));
                    }
                }
            }
        }
        answers
    }

    /// The required headers of an answer.
    fn headers(media_type: &str, status: &str) -> HeaderMap {
        let gateway = media_type == JSON && !["200", "201"].contains(&status);
        let own: &[_] = match status {
            _ if gateway => &[],
            "401" => &[("x-request-id", "r"), ("cache-control", "no-store"), ("www-authenticate", "LeadpingSource")],
            "429" => &[
                ("x-request-id", "r"),
                ("cache-control", "no-store"),
                ("retry-after", "5"),
                ("ratelimit", r#""day";r=0;t=5"#),
                ("ratelimit-policy", r#""day";q=5;w=86400"#),
            ],
            "503" => &[("x-request-id", "r"), ("cache-control", "no-store"), ("retry-after", "5")],
            _ => &[("x-request-id", "r"), ("cache-control", "no-store")],
        };
        own.iter()
            .chain(&[("content-type", media_type)])
            .map(|(name, value)| (HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap()))
            .collect()
    }
}
