//! A dead letter: what is wrong with it, without what it holds. A poisoned message may hold anything.

use std::collections::BTreeMap;
use std::fmt;

use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};
use leadping::id::LeadId;
use leadping::queue::{LeadCreated, VERSION};
use leadping::time::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

/// A dead letter as operators see it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Letter {
    pub(super) message_id: String,
    pub(super) lead_id: Option<LeadId>,
    pub(super) sent_at: Option<Timestamp>,
    /// The principal that sent it, as IAM calls it.
    pub(super) sender_id: Option<String>,
    /// Whether it is a `lead.created` message that the worker reads.
    readable: bool,
    pub(super) problem: Problem,
    /// The names of the body's members, and the kind of each value.
    pub(super) members: BTreeMap<String, &'static str>,
}

/// Why the worker could not handle a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// The message is right: the worker failed on it.
    None,
    /// It is not JSON, by line and column.
    NotJson { line: usize, column: usize },
    /// It is JSON of another kind.
    NotAnObject(&'static str),
    /// Members that are missing, and members whose value is wrong.
    Members { missing: Vec<String>, wrong: Vec<String> },
}

impl Letter {
    pub(super) fn of(message: &Message) -> Self {
        let attribute = |name| message.attributes().and_then(|attributes| attributes.get(&name)).map(String::as_str);
        let sent: Option<i64> =
            attribute(MessageSystemAttributeName::SentTimestamp).and_then(|milliseconds| milliseconds.parse().ok());
        let (problem, members) = examined(message.body().unwrap_or_default());
        Self {
            message_id: message.message_id().unwrap_or_default().to_owned(),
            lead_id: members.get("leadId").and_then(lead_id),
            sent_at: sent.and_then(|sent| jiff::Timestamp::from_millisecond(sent).ok()).map(Timestamp::from),
            sender_id: attribute(MessageSystemAttributeName::SenderId).map(str::to_owned),
            readable: problem == Problem::None,
            problem,
            members: members.iter().map(|(name, value)| (name.clone(), kind(value))).collect(),
        }
    }
}

/// The lead's id. Another text in its place is not shown.
fn lead_id(value: &Value) -> Option<LeadId> {
    value.as_str().filter(|id| id.starts_with("lead_")).and_then(|id| id.parse().ok())
}

/// What is wrong with a body, and its members.
fn examined(body: &str) -> (Problem, Map<String, Value>) {
    match serde_json::from_str(body) {
        Err(error) => (Problem::NotJson { line: error.line(), column: error.column() }, Map::new()),
        Ok(Value::Object(members)) => (compared(&members), members),
        Ok(other) => (Problem::NotAnObject(kind(&other)), Map::new()),
    }
}

/// Puts each member into a message that is right: whether it is still read is the message's own rule.
fn compared(members: &Map<String, Value>) -> Problem {
    let right = json!({
        "type": "lead.created", "version": VERSION, "leadId": "lead_a", "sourceId": "source_a", "accountId": "account_a",
        "businessId": "business_a", "createdAt": "2026-06-15T12:00:00.000Z", "requestId": "r",
    });
    let Value::Object(right) = right else { return Problem::None };
    let (mut missing, mut wrong) = (Vec::new(), Vec::new());
    for name in right.keys() {
        let Some(value) = members.get(name) else {
            missing.push(name.clone());
            continue;
        };
        let mut with = right.clone();
        with.insert(name.clone(), value.clone());
        let read = serde_json::from_value::<LeadCreated>(Value::Object(with));
        if !read.is_ok_and(|read| read.version == VERSION) {
            wrong.push(name.clone());
        }
    }
    if missing.is_empty() && wrong.is_empty() { Problem::None } else { Problem::Members { missing, wrong } }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "text",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none: the worker failed on it"),
            Self::NotJson { line, column } => write!(f, "not JSON at line {line}, column {column}"),
            Self::NotAnObject(kind) => write!(f, "JSON, but not an object ({kind})"),
            Self::Members { missing, wrong } => {
                let told = [("missing", missing), ("wrong", wrong)].into_iter().filter(|(_, names)| !names.is_empty());
                let told: Vec<_> = told.map(|(what, names)| format!("{what}: {}", names.join(", "))).collect();
                f.write_str(&told.join("; "))
            }
        }
    }
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_none(),
            problem => serializer.collect_str(problem),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_told_by_member_and_without_values() {
        let right = r#"{"type":"lead.created","version":1,"leadId":"lead_a","sourceId":"source_1","accountId":"account_1","businessId":"business_1","createdAt":"2026-06-15T12:00:00.000Z","requestId":"r-1"}"#;
        for (body, told) in [
            (right.to_owned(), "none: the worker failed on it"),
            (right.replace("lead.created", "lead.updated"), "wrong: type"),
            (right.replace(":1,", ":2,"), "wrong: version"),
            (right.replace(":1,", ":\"1\","), "wrong: version"),
            (right.replace("lead_a", "jordan@example.com"), "wrong: leadId"),
            (right.replace("2026-06-15", "yesterday"), "wrong: createdAt"),
            (right.replace("\"r-1\"", "7"), "wrong: requestId"),
            (
                right.replace("\"accountId\"", "\"account\"").replace("source_1", ""),
                "missing: accountId; wrong: sourceId",
            ),
            ("jordan@example.com".to_owned(), "not JSON at line 1, column 1"),
            (String::new(), "not JSON at line 1, column 0"),
            ("[1]".to_owned(), "JSON, but not an object (array)"),
            ("7".to_owned(), "JSON, but not an object (number)"),
            ("{}".to_owned(), "missing: accountId, businessId, createdAt, leadId, requestId, sourceId, type, version"),
        ] {
            let (problem, members) = examined(&body);
            assert_eq!(problem.to_string(), told, "{body}");
            assert_eq!(
                problem == Problem::None,
                serde_json::from_str::<LeadCreated>(&body).is_ok_and(|it| it.version == 1)
            );
            assert!(!problem.to_string().contains("jordan"));
            assert!(members.len() <= 8);
        }
    }
}
