//! Generates leads, and sends one lead in several forms.

use std::collections::BTreeMap;

use leadping::lead::choices::{EmploymentType, Gender, MaritalStatus};
use leadping::payload::Member;
use leadping::payload::fields::Kind;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::select;
use url::form_urlencoded::Serializer;

/// The value that is sent for a member.
#[derive(Clone, Debug)]
pub(super) enum Sent {
    /// A string.
    Text(String),
    /// A number, as its text.
    Number(String),
    /// A list of tags.
    Tags(Vec<String>),
    /// Free metadata.
    Map(BTreeMap<String, String>),
}

/// A lead of a partner, before it is written in one of the forms.
#[derive(Clone, Debug)]
pub(super) struct Draft(Vec<(Member, Sent, Spelling)>);

/// Which of a member's names is used, in which letter case, and in which notation of a form.
#[derive(Clone, Copy, Debug)]
struct Spelling {
    name: usize,
    upper: u32,
    notation: usize,
}

/// Decorations of a name in a form.
const NOTATIONS: [fn(String) -> String; 7] = [
    |name| name,
    |name| format!("{name}[]"),
    |name| format!("{name}[7]"),
    |name| format!("{name}.0"),
    |name| format!(" {name}"),
    |name| format!("?{name}"),
    |name| format!("amp;{name}"),
];

/// Valid or invalid values for some of the members that every form has.
pub(super) fn anything() -> impl Strategy<Value = Draft> {
    draft(|kind| {
        let text = prop_oneof![4 => hostile(), 4 => valid(kind), 1 => "[0-9]{1,4}"];
        match kind {
            Kind::Tags => vec(hostile(), 1..4).prop_map(Sent::Tags).boxed(),
            Kind::FreeMetadata => btree_map(hostile(), hostile(), 1..4).prop_map(Sent::Map).boxed(),
            _ => prop_oneof![3 => text.prop_map(Sent::Text), 1 => number().prop_map(Sent::Number)].boxed(),
        }
    })
}

/// A lead that the source of the partner specification may send.
pub(super) fn acceptable() -> impl Strategy<Value = Draft> {
    let values = draft(|kind| match kind {
        Kind::Tags => vec(text(), 1..4).prop_map(Sent::Tags).boxed(),
        Kind::FreeMetadata => btree_map("k_[a-z]{0,4}", text(), 1..4).prop_map(Sent::Map).boxed(),
        _ => valid(kind).prop_map(Sent::Text).boxed(),
    });
    // Two drafts with the same content would be one lead.
    (values, valid(Kind::Email), valid(Kind::Certificate)).prop_map(|(mut draft, email, certificate)| {
        let plain = Spelling { name: 0, upper: 0, notation: 0 };
        draft.0.retain(|(member, ..)| !matches!(member, Member::Email | Member::TrustedFormUrl));
        draft.0.push((Member::Email, Sent::Text(email), plain));
        draft.0.push((Member::TrustedFormUrl, Sent::Text(certificate), plain));
        draft
    })
}

fn draft(value: impl Fn(Kind) -> BoxedStrategy<Sent>) -> impl Strategy<Value = Draft> {
    let members = Member::ALL.iter().filter(|member| !member.field().flat.is_empty());
    let values: Vec<_> = members
        .map(|member| {
            let spelling = (0..3_usize, any::<u32>(), any::<u8>());
            let spelling = spelling.prop_map(|(name, upper, at)| Spelling { name, upper, notation: at.into() });
            let sent = (Just(*member), value(member.field().kind), spelling);
            proptest::option::of(sent)
        })
        .collect();
    values.prop_map(|members| Draft(members.into_iter().flatten().collect()))
}

/// Ordinary text in any script.
pub(super) fn text() -> impl Strategy<Value = String> {
    "[a-zA-Zé漢'\"\\\\/&=%+]([a-zA-Z0-9 é漢'\"\\\\/&=%+\t\r\n\u{2028}]{0,12}[a-zA-Z0-9])?"
}

/// Hostile text: random characters, and characters with a meaning to some parser.
pub(super) fn hostile() -> impl Strategy<Value = String> {
    const SPECIAL: &[&str] = &[
        "\"", "\\", "\0", "\u{1b}", "\u{85}", "\u{feff}", "\u{202e}", "\u{fffd}", "]", "[", "%", "=", "&", "e", "-0",
        "٣", "ﷺ",
    ];
    prop_oneof![
        "(?s).{0,12}",
        "\\PC{0,30}",
        vec(prop_oneof![select(SPECIAL).prop_map(str::to_owned), "[ -~]{0,4}"], 0..5).prop_map(|parts| parts.concat()),
    ]
}

/// A JSON number.
pub(super) fn number() -> impl Strategy<Value = String> {
    "-?(0|[1-9][0-9]{0,14})(\\.[0-9]{1,8})?([eE][+-]?[0-9]{1,2})?"
}

/// Valid texts for a member of this kind.
pub(super) fn valid(kind: Kind) -> BoxedStrategy<String> {
    let any_case =
        |names: &'static [&'static str]| (select(names), any::<u32>()).prop_map(|(name, upper)| letters(name, upper));
    match kind {
        Kind::Text(_) | Kind::Tags | Kind::FreeMetadata => text().boxed(),
        Kind::Email => "[a-zA-Z0-9+_é]{1,12}@([a-zA-Z0-9]{1,8}|Bücher|ΟΔΟΣ)\\.(com|CO|भारत)".boxed(),
        Kind::Phone => "(\\+?1[ -])?(\\([2-9][0-9]{2}\\) ?|[2-9][0-9]{2}[-. ]?)[2-9][0-9]{2}[-. ]?[0-9]{4}( x[0-9]{1,5})?( \\(cell\\))?".boxed(),
        Kind::State => "(TX|tx| Texas|n\\. dakota|Bayern|US-TX|TX - Texas|Texas \\(TX\\))".boxed(),
        Kind::BirthDate => "19[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])(T00:00:00Z)?".boxed(),
        Kind::CapturedAt => "20[0-2][0-9]-0[1-9]-1[0-9]T1[0-9]:[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?(Z|[+-]0[0-9]:30)".boxed(),
        Kind::IpAddress => prop_oneof![
            any::<std::net::Ipv4Addr>().prop_map(|address| address.to_string()),
            any::<std::net::Ipv6Addr>().prop_map(|address| address.to_string()),
            any::<std::net::SocketAddr>().prop_map(|address| address.to_string()),
            any::<[std::net::IpAddr; 2]>().prop_map(|[first, next]| format!("{first}, {next}")),
        ]
        .boxed(),
        Kind::Gender => any_case(Gender::NAMES).boxed(),
        Kind::MaritalStatus => any_case(MaritalStatus::NAMES).boxed(),
        Kind::EmploymentType => any_case(EmploymentType::NAMES).boxed(),
        Kind::Price(_) => "0{0,2}[0-9]{1,12}(\\.[0-9]{1,6}0{0,2})?".boxed(),
        Kind::Whole(_) => "(0?[0-9]{1,9}|\\$?[1-9][0-9]{0,2}(,[0-9]{3}){0,2})(\\.0)?".boxed(),
        Kind::Flag(_) => "(true|FALSE|Yes|no|1|0|y|N|t|F|on|Off)".boxed(),
        // Ids that the stand-in for TrustedForm accepts.
        Kind::Certificate => "https?://(cert\\.)?trustedform\\.com/[0-9a-f]{40}".boxed(),
    }
}

/// Whether a form can have a key in a name: not a blank one, one with brackets of its own, or one that ends as a file begins.
fn can_be_in_name(key: &str) -> bool {
    !key.contains(['[', ']']) && !key.trim().is_empty() && !key.trim().ends_with('\u{feff}')
}

/// A name with some of its letters in upper case.
fn letters(name: &str, upper: u32) -> String {
    let flip = |(at, c): (usize, char)| if upper >> (at % 32) & 1 == 1 { c.to_ascii_uppercase() } else { c };
    name.chars().enumerate().map(flip).collect()
}

impl Draft {
    /// The body of `POST /leads`.
    pub(super) fn structured(&self) -> String {
        let bare = !self.0.iter().any(|(member, ..)| *member == Member::PhoneType);
        let mut body = Node::Object(BTreeMap::new());
        for object in ["metadata", "contact", "customer"] {
            body.insert(object, Node::Object(BTreeMap::new()));
        }
        for (member, sent, spelling) in &self.0 {
            let names = member.field().structured;
            let usable = if *member == Member::PhoneNumber && !bare { 1 } else { names.len() };
            body.insert(names[spelling.name % usable], Node::Leaf(sent.to_json()));
        }
        body.to_json()
    }

    /// The JSON body of `POST /leads/intake`.
    pub(super) fn flat(&self) -> String {
        let members = self.flat_members().map(|(name, sent)| format!("{}:{}", quoted(&name), sent.to_json()));
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    }

    /// A form, which is also a query string.
    pub(super) fn form(&self) -> String {
        let mut form = Serializer::new(String::new());
        for (member, sent, spelling) in &self.0 {
            let name = spelling.in_form(*member);
            let decorated = || NOTATIONS[spelling.notation % NOTATIONS.len()](name.clone());
            match sent {
                Sent::Text(text) | Sent::Number(text) => form.append_pair(&decorated(), text),
                Sent::Tags(tags) => form.extend_pairs(tags.iter().map(|tag| (decorated(), tag))),
                Sent::Map(map) if map.keys().any(|key| !can_be_in_name(key)) => {
                    form.append_pair(&name, &sent.to_json())
                }
                Sent::Map(map) if spelling.notation % 2 == 0 => {
                    form.extend_pairs(map.iter().map(|(key, text)| (format!("{name}[{key}]"), text)))
                }
                Sent::Map(map) => form.extend_pairs(map.iter().map(|(key, text)| (format!("{name}.{key}"), text))),
            };
        }
        form.finish()
    }

    fn flat_members(&self) -> impl Iterator<Item = (String, &Sent)> {
        self.0.iter().map(|(member, sent, spelling)| {
            let names = member.field().flat;
            (letters(names[spelling.name % names.len()], spelling.upper), sent)
        })
    }
}

impl Spelling {
    /// A name of the flat payload, or a path of the structured one in brackets or with dots.
    fn in_form(self, member: Member) -> String {
        let (names, paths) = (member.field().flat, member.field().structured);
        let path = letters(paths[self.name % paths.len()], self.upper);
        match (self.notation / NOTATIONS.len() % 4, path.split_once('.')) {
            (1, Some((first, rest))) => format!("{first}[{}]", rest.replace('.', "][")),
            (2, Some((_, short))) if short.contains('.') => short.to_owned(),
            (3, _) => path,
            _ => letters(names[self.name % names.len()], self.upper),
        }
    }
}

impl Sent {
    fn to_json(&self) -> String {
        match self {
            Self::Text(text) => quoted(text),
            Self::Number(text) => text.clone(),
            Self::Tags(tags) => serde_json::to_string(tags).unwrap(),
            Self::Map(map) => serde_json::to_string(map).unwrap(),
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// JSON that keeps the text of numbers.
enum Node {
    Leaf(String),
    Object(BTreeMap<String, Node>),
}

impl Node {
    fn insert(&mut self, path: &str, node: Self) {
        let Self::Object(members) = self else { panic!("not an object at {path}") };
        match path.split_once('.') {
            Some((name, rest)) => {
                members.entry(name.to_owned()).or_insert_with(|| Self::Object(BTreeMap::new())).insert(rest, node);
            }
            None => drop(members.insert(path.to_owned(), node)),
        }
    }

    fn to_json(&self) -> String {
        match self {
            Self::Leaf(json) => json.clone(),
            Self::Object(members) => {
                let members = members.iter().map(|(name, node)| format!("{}:{}", quoted(name), node.to_json()));
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            }
        }
    }
}
