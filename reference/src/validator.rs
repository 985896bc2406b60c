//! Checks requests and answers against the OpenAPI document.

use std::collections::BTreeMap;
use std::fmt;

use http::HeaderMap;
use leadping::payload::{Entrance, Form, Value as Payload};
use serde_json::{Map, Value, json};

use crate::openapi::{self, FORM, JSON, PROBLEM};

/// The path of the shared headers in the document.
const HEADERS: &str = "/components/headers/";

/// The path of the answer to an undocumented path or method.
const NOT_FOUND: &str = "/components/responses/NotFound";

/// Checks requests and answers against the OpenAPI document.
///
/// The document leaves answers open, because a later release may add members. This validator closes them: an
/// undocumented member of an answer is a complaint.
pub struct Validator {
    document: Value,
    /// Compiled schemas by their path in the document.
    schemas: BTreeMap<String, jsonschema::Validator>,
}

/// Leaves out the schemas, which are too long to print.
impl fmt::Debug for Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Validator").field("schemas", &self.schemas.len()).finish_non_exhaustive()
    }
}

/// What is wrong, without any value of the request or answer.
type Complaints = Result<(), Vec<String>>;

impl Validator {
    /// Compiles every schema of the document.
    ///
    /// # Errors
    /// When a schema is not valid JSON Schema.
    pub fn new() -> anyhow::Result<Self> {
        let mut document = openapi::document();
        for name in ["Lead", "Problem", "Failure", "GatewayAnswer"] {
            close(&mut document["components"]["schemas"][name]);
        }
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

    /// Checks a request: a JSON body or a form against its schema, and the query of a `GET` against its parameters.
    ///
    /// `path` may have a query. Only documented spellings of names count, although the API accepts any letter case.
    ///
    /// # Errors
    /// Everything that is not as documented, which may be the path, the method or the media type.
    pub fn request(&self, method: &str, path: &str, content_type: Option<&str>, body: &[u8]) -> Complaints {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let at = format!("/paths/{}/{}", escaped(path), method.to_ascii_lowercase());
        let operation = self.at(&at);
        if operation.is_null() {
            return complaint(format!("{method} {path} is not documented"));
        }
        if operation["requestBody"].is_null() {
            return self.check(&format!("{at}/parameters"), &form(query.as_bytes()));
        }
        // The document describes other JSON media types, and requests without one, only in words.
        let media_type = match media_type(content_type).to_ascii_lowercase() {
            media_type if media_type.is_empty() || media_type.ends_with("+json") => JSON.to_owned(),
            media_type => media_type,
        };
        let payload = match &*media_type {
            FORM => form(body),
            _ => Payload::parse(body).map(json).unwrap_or_default(),
        };
        self.check(&format!("{at}/requestBody/{}", escaped(&media_type)), &payload)
    }

    /// Checks an answer: its status, its headers and its body. Pass [`Value::Null`] for a body that is not JSON.
    ///
    /// # Errors
    /// Everything that is not as documented.
    pub fn response(&self, method: &str, path: &str, status: u16, headers: &HeaderMap, body: &Value) -> Complaints {
        let path = path.split('?').next().unwrap_or(path);
        let operation = format!("/paths/{}/{}", escaped(path), method.to_ascii_lowercase());
        let at = match self.at(&operation) {
            Value::Null if status == 404 => NOT_FOUND.to_owned(),
            _ => format!("{operation}/responses/{status}"),
        };
        let response = self.at(&at);
        if response.is_null() {
            return complaint(format!("{method} {path} is not documented to answer {status}"));
        }
        let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
        let media_type = media_type(text("content-type"));
        let mut complaints: Vec<String> = members(&response["headers"])
            .filter_map(|(name, header)| self.header(name, header, text(name), media_type))
            .collect();
        complaints.extend(self.check(&format!("{at}/{}", escaped(media_type)), body).err().unwrap_or_default());
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
        self.check(at, &value).is_err().then(|| format!("the header {name} is not as documented"))
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

/// Every schema of a body, a query, a header or an answer, with its path.
fn schemas(document: &Value) -> Vec<(String, Value)> {
    let mut schemas = Vec::new();
    let mut content = |at: &str, owner: &Value| {
        let media_types = members(&owner["content"]);
        schemas.extend(media_types.map(|(name, found)| (format!("{at}/{}", escaped(name)), found["schema"].clone())));
    };
    for (path, operations) in members(&document["paths"]) {
        for (method, operation) in members(operations) {
            let at = format!("/paths/{}/{method}", escaped(path));
            content(&format!("{at}/requestBody"), &operation["requestBody"]);
            for (status, response) in members(&operation["responses"]) {
                content(&format!("{at}/responses/{status}"), response);
            }
        }
    }
    content(NOT_FOUND, document.pointer(NOT_FOUND).unwrap_or(&Value::Null));
    let headers = members(&document["components"]["headers"]);
    schemas.extend(headers.map(|(name, header)| (format!("{HEADERS}{name}"), header["schema"].clone())));
    let path = Entrance::Flat.path();
    let get = &document["paths"][path]["get"];
    schemas.push((format!("/paths/{}/get/parameters", escaped(path)), query_schema(get)));
    schemas
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

/// The query parameters as the schema of one object.
fn query_schema(operation: &Value) -> Value {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let properties: Map<_, _> = parameters
        .filter(|parameter| parameter["in"] == "query")
        .filter_map(|parameter| Some((parameter["name"].as_str()?.to_owned(), parameter["schema"].clone())))
        .collect();
    json!({"type": "object", "properties": properties})
}

/// The known members of a form or a query, as the API reads them.
fn form(text: &[u8]) -> Value {
    let members = Form::parse(text).members().map(|(name, value)| (name.to_owned(), value));
    json(Payload::Object(members.collect()))
}

/// Converts a payload that the API has parsed. If a name is given twice, the later value counts, unless it is blank.
fn json(payload: Payload) -> Value {
    match payload {
        Payload::Null => Value::Null,
        Payload::Bool(flag) => flag.into(),
        Payload::Number(text) => serde_json::from_str(&text).unwrap_or_default(),
        Payload::Text(text) => text.into(),
        Payload::List(items) => items.into_iter().map(json).collect(),
        Payload::Object(mut members) => {
            members.sort_by_key(|(_, value)| value.is_given());
            members.into_iter().map(|(name, value)| (name, json(value))).collect()
        }
    }
}

/// Makes undocumented members of an object, and of the objects in it, invalid.
fn close(schema: &mut Value) {
    if schema.get("properties").is_some() && schema.get("additionalProperties").is_none() {
        schema["additionalProperties"] = false.into();
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

    const STRUCTURED: &str = include_str!("../../tests/examples/structured.json");
    const FLAT: &str = include_str!("../../tests/examples/flat.json");

    #[test]
    fn accepts_documented_requests_only() {
        let validator = Validator::new().unwrap();
        let (form, json) = (Some(FORM), Some("application/json; charset=utf-8"));
        let cases = [
            ("POST", "/leads", json, STRUCTURED, true),
            ("POST", "/leads", None, STRUCTURED, true),
            ("POST", "/leads", Some("application/vnd.partner+json"), STRUCTURED, true),
            ("POST", "/leads", json, FLAT, false), // the three objects are missing
            ("POST", "/leads", form, "email=a@b.co", false),
            ("POST", "/leads", json, "[]", false),
            ("POST", "/leads/intake", json, FLAT, true),
            ("POST", "/leads/intake", json, "{}", true), // rules report missing members, the schema does not
            ("POST", "/leads/intake", json, "{", false),
            ("POST", "/leads/intake", json, r#"{"phone":5125550123,"zip":78701,"email":null,"unknown":[]}"#, true),
            ("POST", "/leads/intake", json, r#"{"email":true}"#, false),
            ("POST", "/leads/intake", json, r#"{"email":true,"email":"a@b.co","email":null}"#, true), // blank means not given
            ("POST", "/leads/intake", json, r#"{"height":"5.0","weight":1e2,"income":"","isHomeowner":"Yes"}"#, true),
            ("POST", "/leads/intake", json, r#"{"height":2147483648}"#, false),
            ("POST", "/leads/intake", json, r#"{"height":-1}"#, false),
            ("POST", "/leads/intake", json, r#"{"price":"$5"}"#, false),
            ("POST", "/leads/intake", json, r#"{"hasBankruptcy":1,"isHomeowner":"off","income":"$75,000"}"#, true),
            ("POST", "/leads/intake", json, r#"{"hasBankruptcy":"maybe"}"#, false),
            ("POST", "/leads/intake", json, r#"{"birthDate":" 1970-01-15T00:00:00 "}"#, true),
            ("POST", "/leads/intake", json, r#"{"birthDate":"01/15/1970"}"#, false),
            ("POST", "/leads/intake", json, r#"{"gender":"female","maritalStatus":"widowed"}"#, true),
            ("POST", "/leads/intake", json, r#"{"tagNames":["a",1,null]}"#, true),
            ("POST", "/leads/intake", json, r#"{"tagNames":"a"}"#, false),
            ("POST", "/leads/intake", json, r#"{"sourceMetadata":{"a":1,"b":true,"c":"d"}}"#, true),
            ("POST", "/leads/intake", json, r#"{"sourceMetadata":{"a":[]}}"#, false),
            ("POST", "/leads/intake", form, "email=a@b.co&height=5&tagNames=a&tagNames=b&sourceMetadata[a]=b", true),
            ("POST", "/leads/intake", form, "height=tall", false),
            ("GET", "/leads/intake?zip=78701&tagNames[]=a&isHomeowner=no", None, "", true),
            ("GET", "/leads/intake?isHomeowner=perhaps", None, "", false),
            ("GET", "/leads", None, "", false),
        ];
        for (method, path, content_type, body, documented) in cases {
            let found = validator.request(method, path, content_type, body.as_bytes());
            assert_eq!(found.is_ok(), documented, "{method} {path} {body} {found:?}");
        }
        let phones = [
            (r#""+15555550123""#, true),
            ("5555550123", true),
            (r#"{"number":"+15555550123"}"#, true),
            ("null", true),
            ("[]", false),
        ];
        for (phone, documented) in phones {
            let body = format!(r#"{{"metadata":{{}},"contact":{{"phone":{phone}}},"customer":{{}}}}"#);
            assert_eq!(validator.request("POST", "/leads", json, body.as_bytes()).is_ok(), documented, "{phone}");
        }
    }

    #[test]
    fn example_answers_are_valid_and_undocumented_members_are_not() {
        let validator = Validator::new().unwrap();
        let document = openapi::document();
        let mut shown = 0;
        for (method, path, status, media_type, body) in answers(&document) {
            let headers = headers(media_type, status);
            let status = status.parse().unwrap();
            assert_eq!(validator.response(method, path, status, &headers, body), Ok(()));
            let mut more = body.clone();
            more["lookup"] = json!({});
            assert!(validator.response(method, path, status, &headers, &more).is_err(), "{status} {body}");
            for name in headers.keys() {
                let mut less = headers.clone();
                less.remove(name);
                assert!(validator.response(method, path, status, &less, body).is_err(), "{status} without {name}");
            }
            shown += 1;
        }
        assert!(shown > 50, "{shown}");
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
        let gateway = media_type == JSON && status != "201";
        let own: &[_] = match status {
            _ if gateway => &[],
            "401" => &[("x-request-id", "r"), ("cache-control", "no-store"), ("www-authenticate", "LeadpingSource")],
            "503" => &[("x-request-id", "r"), ("cache-control", "no-store"), ("retry-after", "5")],
            _ => &[("x-request-id", "r"), ("cache-control", "no-store")],
        };
        own.iter()
            .chain(&[("content-type", media_type)])
            .map(|(name, value)| (HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap()))
            .collect()
    }
}
