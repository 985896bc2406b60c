//! Tests the contract from outside: the cases of `tests/cases` over HTTP, through every entrance that can express them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a panic fails its test, and the report is printed")]

mod case;
mod check;
mod dry_run;
mod payload;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use leadping::failure::Code;
use leadping::payload::Member;
use leadping::settings::LookupSettings;
use leadping::source::{Source, SourceKey};
use leadping::time::Timestamp;
use local::demo;
use local::stack::Options;
use reference::Validator;
use tests::{Answer, Api, logged, options};

use case::{Case, Post, Way};
use check::PROBLEMS;

/// The number of parallel requests.
const PARALLEL: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn every_case_of_the_contract_holds() {
    // These cases end with the answer, so no sweep is needed.
    let sweep = Duration::from_secs(3_600);
    let api = Api::start(&Options { lookup: Some(LookupSettings::None), sweep, ..options() }).await;
    create_sources(&api).await;
    let validator = Validator::new().unwrap();
    let cases = case::read_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("cases"));
    let found = Mutex::new(Found::default());
    stream::iter(cases.iter().enumerate())
        .for_each_concurrent(PARALLEL, |(number, case)| walk(&api, &validator, number, case, &found))
        .await;
    api.stack.stop().await;
    let found = found.into_inner().unwrap();
    println!("{}", found.report(&cases));
    assert!(found.wrong.is_empty(), "{} of {} cases:\n{}", found.wrong.len(), cases.len(), found.wrong.join("\n"));
    let unreached: Vec<_> = Code::ALL
        .iter()
        .map(|code| code.as_str())
        .chain(PROBLEMS.iter().map(|problem| problem.0))
        .filter(|code| !found.codes.contains_key(*code))
        .collect();
    assert!(unreached.is_empty(), "no case reaches {unreached:?}");
    assert_eq!(found.unauthorized.len(), 1, "every 401 has the same body: {:?}", found.unauthorized);
    assert_nothing_leaked(&logged::text());
}

/// A member that is added gets a case: one of the files has its documented name.
#[test]
fn every_member_is_in_a_case() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let files = std::fs::read_dir(directory).unwrap();
    let cases: String = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect();
    let is_in_a_case = |path: &&str| {
        let name = path.rsplit('.').next().unwrap_or(path);
        cases.contains(&format!("\"{name}\"")) || cases.contains(&format!("{path}\""))
    };
    let missing: Vec<_> =
        Member::ALL.iter().filter(|member| !member.field().structured.iter().any(&is_in_a_case)).collect();
    assert!(missing.is_empty(), "no case has {missing:?}");
}

/// Checks everything that the suites have logged so far (contract, section 8).
fn assert_nothing_leaked(log: &str) {
    for expected in ["email.invalid", "\"accepted\"", "TrustedFormLatency"] {
        assert!(log.contains(expected), "the log was kept: {expected}");
    }
    assert!(!log.contains("could not be polled"), "an empty queue is not an error");
    let log = log.to_lowercase();
    let samples = [
        "jordan",
        "example.com",
        "cert.trustedform.com",
        "5125550123",
        "15555550123",
        "555-0123",
        "100 main st",
        "1970-01-15",
        "203.0.113",
        demo::SOURCE_KEY,
    ];
    for sample in samples {
        let line = log.lines().find(|line| line.contains(sample));
        assert!(line.is_none(), "{sample} in the log: {line:?}");
    }
    // An id or a time may contain five digits, so search for the ZIP code as a whole word.
    let zip = log.lines().find(|line| line.split(|c: char| !c.is_alphanumeric()).any(|word| word == "78701"));
    assert!(zip.is_none(), "a ZIP code in the log: {zip:?}");
}

/// The results of all cases.
#[derive(Default)]
struct Found {
    /// What differs from the contract: file, case, way, complaints.
    wrong: Vec<String>,
    /// Requests and cases by the way they were sent.
    requests: BTreeMap<Way, usize>,
    cases: BTreeMap<Way, BTreeSet<usize>>,
    /// The number of answers with each code.
    codes: BTreeMap<String, usize>,
    /// The bodies of all 401s, without the members that differ for each request.
    unauthorized: BTreeSet<String>,
}

impl Found {
    fn note(&mut self, way: Way, number: usize, answer: &Answer) {
        *self.requests.entry(way).or_default() += 1;
        self.cases.entry(way).or_default().insert(number);
        let code = answer.body["code"].as_str().filter(|_| answer.body["requestId"].is_string());
        let mut codes: BTreeSet<_> = answer.failures().into_iter().map(|(code, _)| code).collect();
        codes.extend(code);
        for code in codes {
            *self.codes.entry(code.to_owned()).or_default() += 1;
        }
        if answer.status == 401 {
            let mut body = answer.body.clone();
            if let Some(body) = body.as_object_mut() {
                body.remove("requestId");
                body.remove("instance");
            }
            self.unauthorized.insert(body.to_string());
        }
    }

    fn report(&self, cases: &[Case]) -> String {
        let mut report = format!("{} cases\n\n{:<32}{:>8}{:>10}\n", cases.len(), "entrance", "cases", "requests");
        for (way, requests) in &self.requests {
            let cases = self.cases.get(way).map_or(0, BTreeSet::len);
            report += &format!("{:<32}{cases:>8}{requests:>10}\n", way.name());
        }
        report += &format!("{:<32}{:>8}{:>10}\n\n", "in all", "", self.requests.values().sum::<usize>());
        report += &format!("{:<32}{:>8}\n", format!("{} codes", self.codes.len()), "answers");
        for (code, answers) in &self.codes {
            report += &format!("{code:<32}{answers:>8}\n");
        }
        report
    }
}

/// Sends a case in every way that can express it, and records what is wrong.
async fn walk(api: &Api, validator: &Validator, number: usize, case: &Case, found: &Mutex<Found>) {
    let ways: &[Way] = match case.sequence || case.posts.iter().any(|post| post.raw.is_some()) {
        true => &[Way::Raw],
        false => &Way::OF_MEMBERS,
    };
    let mut sent = 0;
    for way in ways {
        let mut wrong = Vec::new();
        let mut leads = BTreeMap::new();
        for post in &case.posts {
            // A post of a sequence names its way.
            let way = if case.sequence { post.only.first().copied().unwrap_or(Way::Raw) } else { *way };
            if !post.only.is_empty() && !post.only.contains(&way) {
                continue;
            }
            let Some(request) = payload::request(post, way) else { continue };
            // A unique key, so that no case repeats another.
            let own = (!case.sequence).then(|| format!("{}-{number}-{}", case.file, way.name()));
            let answer = send(api, post, &request, own.as_deref()).await;
            sent += 1;
            wrong.extend(check::complaints(post, way, &request, &answer));
            wrong.extend(undocumented(validator, &request, &answer));
            wrong.extend(identity(post, &answer, &mut leads));
            found.lock().unwrap().note(way, number, &answer);
        }
        let mut found = found.lock().unwrap();
        if !wrong.is_empty() {
            found.wrong.push(format!("{}, {}, {}:\n    {}", case.file, case.name, way.name(), wrong.join("\n    ")));
        }
    }
    if sent == 0 {
        found.lock().unwrap().wrong.push(format!("{}, {}: no entrance can express it", case.file, case.name));
    }
}

async fn send(api: &Api, post: &Post, request: &payload::Request, own: Option<&str>) -> Answer {
    let mut headers = BTreeMap::from([
        ("x-leadping-source-id", Some(&*post.source)),
        ("x-leadping-source-key", Some(demo::SOURCE_KEY)),
        ("content-type", request.content_type),
        ("idempotency-key", own),
    ]);
    let names: Vec<_> = post.headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
    headers.extend(names.iter().map(String::as_str).zip(post.headers.iter().map(|(_, value)| value.as_deref())));
    let mut sending = api.request(request.method.clone(), &request.path);
    for (name, value) in headers {
        if let Some(value) = value {
            sending = sending.header(name, value);
        }
    }
    sending.body(request.body.clone()).send().await
}

/// What in the answer differs from `openapi.yaml`.
fn undocumented(validator: &Validator, request: &payload::Request, answer: &Answer) -> Vec<String> {
    let (method, path, status) = (request.method.as_str(), &request.path, answer.status.as_u16());
    let undocumented =
        validator.response(method, path, status, &answer.headers, &answer.body).err().unwrap_or_default();
    undocumented.iter().map(|complaint| format!("openapi.yaml: {complaint}")).collect()
}

/// Checks the identity of the answered lead: new at the first use of its name in a case, and replayed afterwards.
fn identity(post: &Post, answer: &Answer, leads: &mut BTreeMap<String, String>) -> Option<String> {
    let replayed = answer.headers.get("idempotent-replayed").is_some_and(|value| value == "true");
    let id = answer.body["id"].as_str();
    let Some(name) = &post.lead else {
        return replayed.then(|| "is a replay".to_owned());
    };
    let known = leads.get(name).cloned();
    let is_other = leads.iter().all(|(other, lead)| other == name || Some(&**lead) != id);
    leads.insert(name.clone(), id.unwrap_or_default().to_owned());
    match known {
        _ if !is_other => Some(format!("lead {name} is another lead of the case")),
        None => replayed.then(|| format!("lead {name} is a replay, and should be new")),
        Some(first) if Some(&*first) != id => Some(format!("lead {name} is a new lead, and should be a replay")),
        Some(_) => (!replayed).then(|| format!("lead {name} has no Idempotent-Replayed")),
    }
}

/// Creates sources for cases that the demo sources do not cover.
async fn create_sources(api: &Api) {
    let sources = api.stack.sources();
    let open = sources.get(&demo::SOURCE_ID.parse().unwrap()).await.unwrap().unwrap();
    let now = Timestamp::now();
    let key = |text: &str| SourceKey::presented(text).stored(now);
    let mut expired = key(demo::SOURCE_KEY);
    expired.expires_at = Some("2026-01-01T00:00:00Z".parse().unwrap());
    let tags = || vec!["default one".to_owned(), "both".to_owned()];
    let longest = "s".repeat(64);
    let others = [
        ("source_expired", Source { keys: vec![expired], ..open.clone() }),
        ("source_two_keys", Source { keys: vec![key("lp_other_key"), key(demo::SOURCE_KEY)], ..open.clone() }),
        ("source_no_keys", Source { keys: Vec::new(), ..open.clone() }),
        ("source_no_business", Source { business_id: None, ..open.clone() }),
        ("source_disabled_unattached", Source { enabled: false, account_id: None, ..open.clone() }),
        ("source_tags", Source { default_tag_ids: tags(), default_tag_names: tags(), ..open.clone() }),
        (
            "source_strict",
            Source {
                approved: false,
                allowed_states: ["TX", "CA"]
                    .iter()
                    .map(|code| leadping::lead::state::State::parse(code).unwrap())
                    .collect(),
                allowed_products: vec![" Auto Insurance ".to_owned(), "Home".to_owned()],
                ..open.clone()
            },
        ),
        (&longest, open.clone()),
    ];
    for (id, source) in others {
        let source = Source { id: id.parse().unwrap(), revision: 0, ..source };
        assert!(demo::create(&sources, &api.stack.ledger(), &source).await.unwrap());
    }
}
