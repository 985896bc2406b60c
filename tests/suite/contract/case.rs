//! A case as its file has it.
//!
//! Each file of `tests/cases` is an array of objects, one case a line. What a case may say is what [`Case::read`] and
//! [`Post::read`] name; anything else is a slip of the pen and stops the suite.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use leadping::time::Timestamp;
use serde_json::Value;
use serde_json::value::RawValue;

/// An object by its members, each still as it is in the file: `18.50` is not `18.5`.
pub(super) type Members = BTreeMap<String, Box<RawValue>>;

/// The ways in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    Structured,
    Flat,
    Form,
    Query,
    /// A request given letter by letter.
    Raw,
}

impl Way {
    /// Every way that a case given by members can go.
    pub(super) const OF_MEMBERS: [Self; 4] = [Self::Structured, Self::Flat, Self::Form, Self::Query];

    /// Its name, in files and reports.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Structured => "structured",
            Self::Flat => "flat",
            Self::Form => "form",
            Self::Query => "query",
            Self::Raw => "raw",
        }
    }

    fn named(name: &str) -> Self {
        Self::OF_MEMBERS.into_iter().find(|way| way.name() == name).unwrap_or_else(|| panic!("{name} is no way in"))
    }
}

/// One line of a file.
#[derive(Debug)]
pub(super) struct Case {
    /// The file's name.
    pub(super) file: String,
    /// What the case shows.
    pub(super) name: String,
    /// Its posts, one after the other; only a case about identity has several.
    pub(super) posts: Vec<Post>,
    /// Whether the posts are a sequence, in which nothing but the case itself tells one submission from another.
    pub(super) sequence: bool,
}

/// What is sent, and what is expected.
#[derive(Clone, Debug)]
pub(super) struct Post {
    /// `only`: the ways it goes; all that can express it when empty.
    pub(super) only: Vec<Way>,
    /// `source`: the demo source it comes from.
    pub(super) source: String,
    /// `headers`: beside or instead of the usual ones; `null` leaves one out.
    pub(super) headers: Vec<(String, Option<String>)>,
    /// `set`: members by their structured path (or by one of their flat names), as JSON text.
    pub(super) set: BTreeMap<String, String>,
    /// `unset`: members of the smallest valid lead, or its objects, that are left out.
    pub(super) unset: Vec<String>,
    /// `post` or `get`: method and target of a raw case.
    pub(super) raw: Option<(&'static str, String)>,
    /// `body` of a raw case.
    pub(super) body: Vec<u8>,

    /// `code`: the top-level code of the problem that is expected; `status`: of an answer that has none.
    pub(super) code: Option<String>,
    pub(super) status: Option<u16>,
    /// `fails`: codes with the paths that are at fault, in order.
    pub(super) fails: Option<Vec<(String, Option<String>)>>,
    /// `count`: of the failures, where they are too many to list.
    pub(super) count: Option<usize>,
    /// `stored`: members of the answered lead by their path, as JSON text; `null` for one that must be absent.
    pub(super) stored: BTreeMap<String, String>,
    /// `answers`: headers of the answer, `null` for one that must be absent.
    pub(super) answers: BTreeMap<String, Option<String>>,
    /// `holds`, `hides`: what the answer's text must and must not contain.
    pub(super) holds: Vec<String>,
    pub(super) hides: Vec<String>,
    /// `lead`: a name for the lead within the case: the same name is the same lead, and a replay.
    pub(super) lead: Option<String>,
}

/// Every case of a directory, in the order of its files.
pub(super) fn read_all(directory: &Path) -> Vec<Case> {
    let mut files: Vec<_> = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    let mut cases = Vec::new();
    for path in files {
        let file = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<Members> = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
        cases.extend(lines.into_iter().map(|line| Case::read(&file, line)));
    }
    cases
}

impl Case {
    fn read(file: &str, mut line: Members) -> Self {
        let name = line.remove("case").map(|name| text(&name)).unwrap_or_else(|| panic!("{file}: a case has no name"));
        let whose = format!("{file}, {name}");
        let sequence = line.remove("posts");
        let posts = match &sequence {
            Some(posts) => {
                assert!(line.is_empty(), "{whose}: a sequence says everything in its posts");
                let posts: Vec<Members> = serde_json::from_str(posts.get()).unwrap();
                posts.into_iter().map(|post| Post::read(&whose, post)).collect()
            }
            None => vec![Post::read(&whose, line)],
        };
        Self { file: file.to_owned(), name, posts, sequence: sequence.is_some() }
    }
}

impl Post {
    /// The same post from another source.
    pub(super) fn from(&self, source: &str) -> Self {
        Self { source: source.to_owned(), ..self.clone() }
    }

    fn read(whose: &str, line: Members) -> Self {
        let mut post = Self {
            only: Vec::new(),
            source: local::demo::SOURCE_ID.to_owned(),
            headers: Vec::new(),
            set: BTreeMap::new(),
            unset: Vec::new(),
            raw: None,
            body: Vec::new(),
            code: None,
            status: None,
            fails: None,
            count: None,
            stored: BTreeMap::new(),
            answers: BTreeMap::new(),
            holds: Vec::new(),
            hides: Vec::new(),
            lead: None,
        };
        for (key, value) in line {
            let json = value.get();
            match key.as_str() {
                "only" => post.only = list(json).iter().map(|name| Way::named(name)).collect(),
                "source" => post.source = text(&value),
                "headers" => post.headers = headers(json).into_iter().collect(),
                "set" => post.set = expanded(json),
                "unset" => post.unset = list(json),
                "post" => post.raw = Some(("POST", joined(json))),
                "get" => post.raw = Some(("GET", joined(json))),
                "put" => post.raw = Some(("PUT", joined(json))),
                "body" => post.body = bytes(json),
                "code" => post.code = Some(text(&value)),
                "status" => post.status = serde_json::from_str(json).unwrap(),
                "fails" => post.fails = Some(serde_json::from_str(json).unwrap()),
                "count" => post.count = serde_json::from_str(json).unwrap(),
                "stored" => post.stored = expanded(json),
                "answers" => post.answers = headers(json),
                "holds" => post.holds = list(json),
                "hides" => post.hides = list(json),
                "lead" => post.lead = Some(text(&value)),
                _ => panic!("{whose}: what is {key}?"),
            }
        }
        post
    }
}

fn text(value: &RawValue) -> String {
    serde_json::from_str(value.get()).unwrap_or_else(|_| panic!("{} should be a string", value.get()))
}

fn list(json: &str) -> Vec<String> {
    serde_json::from_str(json).unwrap_or_else(|_| panic!("{json} should be a list of strings"))
}

fn headers(json: &str) -> BTreeMap<String, Option<String>> {
    let headers: Members = serde_json::from_str(json).unwrap();
    headers.into_iter().map(|(name, value)| (name, (value.get() != "null").then(|| joined(value.get())))).collect()
}

fn expanded(json: &str) -> BTreeMap<String, String> {
    let members: Members = serde_json::from_str(json).unwrap();
    members.into_iter().map(|(path, value)| (path, expand(value.get()))).collect()
}

/// Text, or `{"$join": [...]}`.
fn joined(json: &str) -> String {
    String::from_utf8(bytes(json)).unwrap()
}

/// What `$join` puts together: text, `["a", 300]` for a text repeated that often, `{"bytes": [255]}`, and `{"file": "x"}` for
/// one of the examples.
fn bytes(json: &str) -> Vec<u8> {
    let value: Value = serde_json::from_str(json).unwrap();
    let parts = match &value {
        Value::String(text) => return text.clone().into_bytes(),
        _ => value["$join"].as_array().unwrap_or_else(|| panic!("{json} is no text")),
    };
    let piece = |part: &Value| match part {
        Value::String(text) => text.clone().into_bytes(),
        Value::Array(repeat) => {
            let times = repeat[1].as_u64().and_then(|times| usize::try_from(times).ok());
            repeat[0].as_str().unwrap().repeat(times.unwrap()).into_bytes()
        }
        Value::Object(part) if part.contains_key("file") => {
            let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
            std::fs::read(examples.join(part["file"].as_str().unwrap())).unwrap()
        }
        Value::Object(_) => {
            let bytes = part["bytes"].as_array().unwrap();
            bytes.iter().map(|byte| byte.as_u64().and_then(|byte| u8::try_from(byte).ok()).unwrap()).collect()
        }
        _ => panic!("{part} is no piece of a text"),
    };
    parts.iter().flat_map(piece).collect()
}

/// JSON as it is sent, with what is written shortly in the file written out: `{"$join": [...]}` is a text,
/// `{"$list": 51}` that many different texts, `{"$map": 51}` that many entries, `{"$day": 2}` the day after tomorrow.
fn expand(json: &str) -> String {
    if json.starts_with('[') {
        let items: Vec<Box<RawValue>> = serde_json::from_str(json).unwrap();
        return format!("[{}]", items.iter().map(|item| expand(item.get())).collect::<Vec<_>>().join(","));
    }
    if !json.starts_with('{') {
        return json.to_owned();
    }
    let members: Members = serde_json::from_str(json).unwrap();
    let how_many = |name: &str| members.get(name).map(|count| serde_json::from_str::<usize>(count.get()).unwrap());
    let all = |count, one: fn(usize) -> String| (1..=count).map(one).collect::<Vec<_>>().join(",");
    if members.contains_key("$join") {
        Value::from(joined(json)).to_string()
    } else if let Some(days) = how_many("$day") {
        let later = Duration::from_secs(86_400) * u32::try_from(days).unwrap();
        format!("\"{}\"", Timestamp::now().after(later).day())
    } else if let Some(count) = how_many("$list") {
        format!("[{}]", all(count, |n| format!("\"item {n}\"")))
    } else if let Some(count) = how_many("$map") {
        format!("{{{}}}", all(count, |n| format!("\"key {n}\":\"value {n}\"")))
    } else {
        let members = members.iter().map(|(name, value)| format!("{}:{}", Value::from(&**name), expand(value.get())));
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    }
}
