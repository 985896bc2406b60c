//! No known member is dropped for the way its name is written: every name of every member, in every spelling and every
//! notation that an entrance reads (contract, section 1).

use std::collections::{BTreeMap, BTreeSet};

use leadping::failure::{Code, Failure};
use leadping::payload::fields::Kind;
use leadping::payload::{self, Entrance, Member, Submission, Unreadable};
use serde_json::{Value, json};
use url::form_urlencoded::byte_serialize;

/// What is around the name of a member in a form, and is read.
const READ: [fn(&str) -> String; 16] = [
    |name| name.to_owned(),
    |name| format!("{name}[]"),
    |name| format!("{name}[0]"),
    |name| format!("{name}[12]"),
    |name| format!("{name}[ 3 ]"),
    |name| format!("{name}."),
    |name| format!("{name}.0"),
    |name| format!(" {name}"),
    |name| format!("\t{name}\r\n"),
    |name| format!("\u{a0}{name}"),
    |name| format!("\u{feff}{name}"),
    |name| format!("?{name}"),
    |name| format!("amp;{name}"),
    |name| format!("amp;amp;{name}[]"),
    |name| format!("\u{feff} ?amp; {name} "),
    |name| format!("{name} []"),
];

/// The same of an entry `k.l` of a map.
const ENTRIES: [fn(&str) -> String; 6] = [
    |name| format!("{name}[k.l]"),
    |name| format!("{name}.k.l"),
    |name| format!("{name}[ k.l ]"),
    |name| format!("{name} [k.l]"),
    |name| format!("amp;{name}.k.l"),
    |name| format!("\u{feff}?{name}[k.l]"),
];

/// What is around a name and is not read, in brackets that close.
const CLOSED: [fn(&str) -> String; 6] = [
    |name| format!("{name}[x]"),
    |name| format!("{name}.x"),
    |name| format!("{name}[0][1]"),
    |name| format!("{name}[][]"),
    |name| format!("{name}[-1]"),
    |name| format!("{name}[x][y][z][0][1][2]"),
];

/// The same in brackets that do not.
const OPEN: [fn(&str) -> String; 7] = [
    |name| format!("{name}["),
    |name| format!("{name}[x"),
    |name| format!("{name}]"),
    |name| format!("{name}[0]x"),
    |name| format!("{name}[0]é"),
    |name| format!("[{name}]"),
    |name| format!("{name}[[x]]"),
];

/// What of this is not read of a map.
const IN_MAPS: [fn(&str) -> String; 6] = [
    |name| format!("{name}[k][l]"),
    |name| format!("{name}[k"),
    |name| format!("{name}[k]l"),
    |name| format!("{name}]"),
    |name| format!("{name}[k].l"),
    |name| format!("[{name}][k]"),
];

/// A dotted path in the notations of forms.
const PATHS: [fn(&str) -> String; 4] = [
    |path| path.to_owned(),
    |path| match path.split_once('.') {
        Some((first, rest)) => format!("{first}[{}]", rest.replace('.', "][")),
        None => path.to_owned(),
    },
    |path| match path.split_once('.') {
        Some((first, rest)) => format!("{first}[{rest}]"),
        None => path.to_owned(),
    },
    |path| match path.rsplit_once('.') {
        Some((first, last)) => format!("{first}[ {last} ]"),
        None => path.to_owned(),
    },
];

/// The spellings that a documented name is known by.
fn spellings(name: &str) -> Vec<String> {
    let words = |mark: &str| {
        let mut spelled = String::new();
        for c in name.chars() {
            if c.is_ascii_uppercase() || c.is_ascii_digit() {
                spelled += mark;
            }
            spelled.push(c.to_ascii_lowercase());
        }
        spelled
    };
    let mut spellings = vec![
        name.to_owned(),
        name.to_ascii_uppercase(),
        name.to_ascii_lowercase(),
        words("_"),
        words("-"),
        words("_").to_ascii_uppercase(),
        format!("_{name}--"),
    ];
    spellings.sort_unstable();
    spellings.dedup();
    spellings
}

/// A value that any member of a kind can have, and one that a form sends for it.
fn sample(kind: Kind) -> (Value, &'static str) {
    match kind {
        Kind::Tags => (json!(["1"]), "1"),
        Kind::FreeMetadata => (json!({"k.l": "1"}), r#"{"k.l":1}"#),
        Kind::Flag(_) => (json!(true), "1"),
        _ => (json!("1"), "1"),
    }
}

/// A structured payload of one member, with its objects spelled as in the path.
fn structured(path: &str, value: &Value) -> String {
    let first = path.split('.').next().map(|name| name.replace(['_', '-'], "").to_ascii_lowercase());
    let others = ["metadata", "contact", "customer"].into_iter().filter(|object| first.as_deref() != Some(object));
    let mut payload: Value = others.map(|object| (object.to_owned(), json!({}))).collect();
    let mut place = &mut payload;
    for name in path.split('.') {
        place = &mut place[name];
    }
    *place = value.clone();
    payload.to_string()
}

/// The paths that lead to a member in a form: with and without the first object.
fn paths(member: Member) -> Vec<&'static str> {
    if matches!(member, Member::IpAddress | Member::UserAgent) {
        return Vec::new();
    }
    let whole = member.field().structured.iter().copied();
    let short = whole.clone().filter_map(|path| path.split_once('.').map(|(_, short)| short));
    whole.chain(short).filter(|path| path.contains('.')).collect()
}

/// How often each thing was tried.
#[derive(Default)]
struct Tried(BTreeMap<(&'static str, &'static str), usize>);

impl Tried {
    fn read(&mut self, way: &'static str, said: &str, member: Member, found: &Submission) {
        let field = member.field();
        let (value, _) = sample(field.kind);
        let expected = structured(field.structured[0], &value);
        let expected = payload::read_json(Entrance::Structured, expected.as_bytes()).unwrap();
        assert_eq!(found.failures(), [], "{way} {said}");
        assert!(found.given().map(|(member, _)| member).eq([member]), "{way} {said} is not {member:?}");
        assert_eq!(found.content(), expected.content(), "{way} {said}");
        *self.0.entry((way, "read")).or_default() += 1;
    }

    fn refused(&mut self, way: &'static str, said: &str, member: Member, path: &str, found: &Submission) {
        let at = |failure: &Failure| (failure.code, failure.pointer.clone());
        let expected = (Code::PayloadType, Some(format!("/{}", path.replace('.', "/"))));
        assert!(found.failures().iter().map(at).eq([expected]), "{way} {said}: {:?}", found.failures());
        assert!(!found.lacks(member) && found.given().next().is_none(), "{way} {said}");
        *self.0.entry((way, "payload.type")).or_default() += 1;
    }

    /// A pair of a form and of a query.
    fn pair(&mut self, name: &str, value: &str, check: impl Fn(&mut Self, &'static str, &str, &Submission)) {
        let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        let pair = format!("{}={}", encoded(name), encoded(value));
        let plain = format!("{}={}", name.replace(' ', "+"), encoded(value));
        for (way, body, query) in [("form", &*pair, ""), ("query", "", &*plain), ("query by a form", "x=1", &*pair)] {
            let found = payload::read_form(body.as_bytes(), query.as_bytes()).unwrap();
            check(self, way, name, &found);
        }
    }
}

#[test]
fn no_member_is_dropped_for_the_way_its_name_is_written() {
    let mut tried = Tried::default();
    for member in Member::ALL.iter().copied() {
        let field = member.field();
        let (value, text) = sample(field.kind);
        for path in field.structured.iter().flat_map(|path| spellings(path)) {
            let payload = structured(&path, &value);
            let found = payload::read_json(Entrance::Structured, payload.as_bytes()).unwrap();
            tried.read("structured JSON", &payload, member, &found);
        }
        for name in field.flat.iter().flat_map(|name| spellings(name)) {
            let payload = json!({name: value}).to_string();
            let found = payload::read_json(Entrance::Flat, payload.as_bytes()).unwrap();
            tried.read("flat JSON", &payload, member, &found);
        }
        for documented in field.flat.iter().copied().chain(paths(member)) {
            let names = spellings(documented);
            let names: BTreeSet<_> = names.iter().flat_map(|name| PATHS.map(|notation| notation(name))).collect();
            for name in names {
                notations(&mut tried, member, documented, &name, text);
            }
        }
    }
    for ((way, what), count) in &tried.0 {
        println!("{way:<20}{what:<16}{count:>8}");
    }
    println!("{:<36}{:>8}", "in all", tried.0.values().sum::<usize>());
}

/// Every notation of a name in a form.
fn notations(tried: &mut Tried, member: Member, documented: &str, name: &str, text: &str) {
    let is_map = member.field().kind == Kind::FreeMetadata;
    for decorate in READ.iter().filter(|decorate| !is_map || !decorate(name).contains(['0', '1', '3'])) {
        tried.pair(&decorate(name), text, |tried, way, said, found| tried.read(way, said, member, found));
    }
    for decorate in ENTRIES.iter().filter(|_| is_map) {
        tried.pair(&decorate(name), "1", |tried, way, said, found| tried.read(way, said, member, found));
    }
    // In an object of the structured payload other names are unknown.
    let closed = CLOSED.iter().filter(|_| documented != "contact.phone");
    let refused: Vec<_> = if is_map { IN_MAPS.iter().collect() } else { closed.chain(&OPEN).collect() };
    for decorate in refused {
        tried.pair(&decorate(name), "1", |tried, way, said, found| tried.refused(way, said, member, documented, found));
    }
}

#[test]
fn a_path_that_leads_nowhere_is_no_member() {
    for name in [
        "contact[phone][x]",
        "metadata[ipAddress]",
        "contact[city]",
        "streetAddress[x]",
        "data[email]",
        "createdAt",
        "contact",
    ] {
        let found = payload::read_form(format!("{name}=1").as_bytes(), b"");
        assert!(matches!(found, Err(Unreadable::Unrecognized(_))), "{name}");
        let found = payload::read_form(format!("email=a@example.com&{name}=1").as_bytes(), b"").unwrap();
        assert!(found.failures().is_empty() && found.given().count() == 1, "{name}");
    }
}
