//! From a case to a request: the members it names, put into the form of each entrance by the table of fields.

use std::collections::BTreeMap;

use leadping::payload::fields::{Field, Kind};
use leadping::payload::{Entrance, Member};
use reqwest::{Method, Url};
use serde_json::Value;
use serde_json::value::RawValue;

use super::case::{Members, Post, Way};

/// The smallest lead that an open source may send, on top of which every case stands.
const SMALLEST: [(&str, &str); 2] = [
    ("metadata.trustedFormUrl", "\"https://cert.trustedform.com/example\""),
    ("contact.email", "\"jordan@example.com\""),
];
const OBJECTS: [&str; 3] = ["metadata", "contact", "customer"];

/// The gateway takes no longer request line and headers than 10,240 bytes; the headers need some of them.
const LONGEST_QUERY: usize = 9_500;

/// A request, but for its credentials.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) content_type: Option<&'static str>,
    pub(super) body: Vec<u8>,
}

/// The request of a post by a way; `None` when the way has no means to say it.
pub(super) fn request(post: &Post, way: Way) -> Option<Request> {
    let (method, path, content_type, body) = match way {
        Way::Raw => {
            let (method, path) = post.raw.clone()?;
            let content_type = (method == "POST").then_some("application/json");
            (method.parse().ok()?, path, content_type, post.body.clone())
        }
        Way::Structured => {
            let body = object(post, Entrance::Structured)?.into_bytes();
            (Method::POST, "/leads".to_owned(), Some("application/json"), body)
        }
        Way::Flat => {
            let body = object(post, Entrance::Flat)?.into_bytes();
            (Method::POST, "/leads/intake".to_owned(), Some("application/json"), body)
        }
        Way::Form => {
            let body = form(post)?.into_bytes();
            (Method::POST, "/leads/intake".to_owned(), Some("application/x-www-form-urlencoded"), body)
        }
        Way::Query => {
            let query = form(post).filter(|query| query.len() <= LONGEST_QUERY)?;
            (Method::GET, format!("/leads/intake?{query}"), None, Vec::new())
        }
    };
    Some(Request { method, path, content_type, body })
}

/// The pointer to what a case calls by its path: `metadata.sourceMetadata/token` is `/sourceMetadata/token` in the flat
/// payload. Only what is no member (an object, the whole) is the same in both.
pub(super) fn pointer(path: &str, way: Way) -> String {
    let entrance = match way {
        Way::Raw => return path.to_owned(),
        Way::Structured => Entrance::Structured,
        Way::Flat | Way::Form | Way::Query => Entrance::Flat,
    };
    let (member, entry) = path.split_at(path.find('/').unwrap_or(path.len()));
    let name = match field(member) {
        Some(field) => name_of(field, member, entrance).unwrap_or_else(|| panic!("{path} has no name in {entrance:?}")),
        None if entrance == Entrance::Flat => "",
        None => member,
    };
    match name {
        "" => entry.to_owned(),
        name => format!("/{}{entry}", name.replace('.', "/")),
    }
}

/// Every text that a post sends. None of them may be in a refusal.
pub(super) fn texts(post: &Post) -> Vec<String> {
    post.set.values().filter_map(|json| serde_json::from_str(json).ok()).collect()
}

fn field(name: &str) -> Option<&'static Field> {
    Member::ALL
        .iter()
        .map(|member| member.field())
        .find(|field| field.structured.iter().chain(field.flat).any(|known| known.eq_ignore_ascii_case(name)))
}

/// What a member is called in a form of the payload: by the name the case uses where that is one of this form's, by the
/// form's first where the case uses the first of the other. Other aliases have no counterpart.
fn name_of(field: &Field, name: &str, entrance: Entrance) -> Option<&'static str> {
    let ours = entrance.names(field);
    let theirs = if entrance == Entrance::Structured { field.flat } else { field.structured };
    let known = ours.iter().find(|known| known.eq_ignore_ascii_case(name));
    known
        .or_else(|| ours.first().filter(|_| theirs.first().is_some_and(|first| first.eq_ignore_ascii_case(name))))
        .copied()
}

/// The members to be sent: name in this form, field where it is one, JSON text. `None` when one has no name here.
fn members(post: &Post, entrance: Entrance) -> Option<Vec<(String, Option<&'static Field>, &str)>> {
    let row = |field: &Field| field.structured[0];
    let set: Vec<_> = post.set.keys().filter_map(|name| field(name)).map(row).collect();
    let within = |object: &String, path: &str| {
        entrance == Entrance::Structured && path.strip_prefix(object.as_str()).is_some_and(|rest| rest.starts_with('.'))
    };
    let left = SMALLEST.iter().filter(|(path, _)| {
        !set.contains(path) && !post.unset.iter().chain(post.set.keys()).any(|name| name == path || within(name, path))
    });
    let sent = left.map(|(path, json)| (*path, *json)).chain(post.set.iter().map(|(path, json)| (&**path, &**json)));
    sent.map(|(path, json)| match field(path) {
        None => Some((path.to_owned(), None, json)),
        Some(field) => {
            let name = name_of(field, path, entrance)?;
            // As the case spells it, where that is the name: its letter case may be the point.
            let name = if name.eq_ignore_ascii_case(path) { path } else { name };
            Some((name.to_owned(), Some(field), json))
        }
    })
    .collect()
}

enum Node {
    Object(BTreeMap<String, Node>),
    Json(String),
}

impl Node {
    fn put(&mut self, path: &str, json: &str) {
        let Self::Object(members) = self else { panic!("{path} is in what is not an object") };
        match path.split_once('.') {
            None => {
                members.insert(path.to_owned(), Self::Json(json.to_owned()));
            }
            Some((object, rest)) => {
                members.entry(object.to_owned()).or_insert_with(|| Self::Object(BTreeMap::new())).put(rest, json);
            }
        }
    }

    fn json(&self) -> String {
        match self {
            Self::Json(json) => json.clone(),
            Self::Object(members) => {
                let member = |(name, node): (&String, &Self)| format!("{}:{}", Value::from(&**name), node.json());
                format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(","))
            }
        }
    }
}

fn object(post: &Post, entrance: Entrance) -> Option<String> {
    let given = OBJECTS
        .iter()
        .filter(|object| entrance == Entrance::Structured && !post.unset.iter().any(|unset| unset == *object));
    let mut body = Node::Object(given.map(|object| ((*object).to_owned(), Node::Object(BTreeMap::new()))).collect());
    for (name, _, json) in members(post, entrance)? {
        match entrance {
            Entrance::Structured => body.put(&name, json),
            Entrance::Flat => {
                if let Node::Object(members) = &mut body {
                    members.insert(name, Node::Json(json.to_owned()));
                }
            }
        }
    }
    Some(body.json())
}

fn form(post: &Post) -> Option<String> {
    let mut url = Url::parse("http://localhost").ok()?;
    for (name, field, json) in members(post, Entrance::Flat)? {
        for (name, text) in pairs(&name, field.map(|field| field.kind), json)? {
            url.query_pairs_mut().append_pair(&name, &text);
        }
    }
    Some(url.query().unwrap_or_default().to_owned())
}

/// A member in a form; `None` for what a form cannot say, or says in another sense.
fn pairs(name: &str, kind: Option<Kind>, json: &str) -> Option<Vec<(String, String)>> {
    match (kind, json.as_bytes().first()?) {
        (Some(Kind::Tags), b'[') => {
            let items: Vec<Box<RawValue>> = serde_json::from_str(json).ok()?;
            items.iter().map(|item| Some((name.to_owned(), scalar(item.get(), false)?))).collect()
        }
        (Some(Kind::Tags), _) => None,
        (Some(Kind::FreeMetadata), b'{') => {
            let entries: Members = serde_json::from_str(json).ok()?;
            entries.iter().map(|(key, value)| Some((format!("{name}[{key}]"), scalar(value.get(), true)?))).collect()
        }
        (kind, _) => Some(vec![(name.to_owned(), scalar(json, matches!(kind, Some(Kind::Flag(_))))?)]),
    }
}

fn scalar(json: &str, takes_bool: bool) -> Option<String> {
    match json.as_bytes().first()? {
        b'"' => serde_json::from_str(json).ok(),
        b'-' | b'0'..=b'9' => Some(json.to_owned()),
        b't' | b'f' if takes_bool => Some(json.to_owned()),
        _ => None,
    }
}
