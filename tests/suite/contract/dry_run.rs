//! A dry run answers what the intake answers: every case of the contract, through each entrance, from its own source and
//! the demo sources in turn. With `DRY_RUN=all`, from each of them, which takes a quarter of an hour.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use leadping::settings::LookupSettings;
use local::demo;
use local::stack::Options;
use tests::{Answer, Api, options};

use super::case::{self, Case, Way};
use super::payload::{self, Request};
use super::{PARALLEL, create_sources, send};
use crate::dry_run::{Said, differs};

/// The requests that were compared, and what differed.
#[derive(Default)]
struct Compared {
    /// By way: requests, and those of them that would be accepted.
    requests: BTreeMap<Way, [usize; 2]>,
    wrong: Vec<String>,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_answers_what_the_intake_answers() {
    let sweep = Duration::from_secs(3_600);
    let api = Api::start(&Options { lookup: Some(LookupSettings::None), sweep, ..options() }).await;
    create_sources(&api).await;
    let cases = case::read_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("cases"));
    let compared = Mutex::new(Compared::default());
    let is_all = std::env::var("DRY_RUN").is_ok_and(|all| all == "all");
    stream::iter(cases.iter().enumerate())
        .for_each_concurrent(PARALLEL, |(number, case)| walk(&api, number, case, is_all, &compared))
        .await;
    api.stack.stop().await;
    let Compared { requests, wrong } = compared.into_inner().unwrap();
    println!("{} cases, {} demo sources{}", cases.len(), demo::ALL.len(), if is_all { "" } else { " in turn" });
    for (way, [all, accepted]) in &requests {
        println!("{:<12}{all:>8} dry runs, {accepted:>6} would be accepted", way.name());
    }
    let all: usize = requests.values().map(|[all, _]| all).sum();
    println!("{all} pairs compared, {} differ", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let accepted: usize = requests.values().map(|[_, accepted]| accepted).sum();
    assert!(accepted > all / 20 && all > cases.len(), "{accepted} of {all}");
}

/// Sends each post of a case, first as a dry run and then for real: from its own source (`None`) and from others.
async fn walk(api: &Api, number: usize, case: &Case, is_all: bool, compared: &Mutex<Compared>) {
    let ways: &[Way] = match case.sequence || case.posts.iter().any(|post| post.raw.is_some()) {
        true => &[Way::Raw],
        false => &Way::OF_MEMBERS,
    };
    for (turn, way) in ways.iter().enumerate() {
        let all = [None].into_iter().chain(demo::ALL.map(|(source, _)| Some(source)));
        // Every second time its own source.
        let at = number + turn;
        let in_turn = if at.is_multiple_of(2) { 0 } else { 1 + at / 2 % demo::ALL.len() };
        for (_, source) in all.enumerate().filter(|(source, _)| is_all || *source == in_turn) {
            from(api, (number, case), *way, source, compared).await;
        }
    }
}

async fn from(api: &Api, (number, case): (usize, &Case), way: Way, source: Option<&str>, compared: &Mutex<Compared>) {
    for post in &case.posts {
        let way = if case.sequence { post.only.first().copied().unwrap_or(Way::Raw) } else { way };
        if !post.only.is_empty() && !post.only.contains(&way) {
            continue;
        }
        let Some(request) = payload::request(post, way) else { continue };
        let Some(dry) = dry_run_of(&request) else { continue };
        let name = format!("{}, {}, {}, {}", case.file, case.name, way.name(), source.unwrap_or("its own source"));
        let own = format!("{}-{number}-{}-{}", case.file, way.name(), source.unwrap_or_default());
        let own = (!case.sequence).then_some(own.as_str());
        let post = source.map_or_else(|| post.clone(), |source| post.from(source));
        let first = send(api, &post, &dry, own).await;
        let second = send(api, &post, &request, own).await;
        let mut compared = compared.lock().unwrap();
        let counts = compared.requests.entry(way).or_default();
        counts[0] += 1;
        counts[1] += usize::from(first.status == 200);
        let other_header = ["content-type", "www-authenticate", "retry-after", "cache-control"]
            .into_iter()
            .find(|name| first.headers.get(*name) != second.headers.get(*name))
            .map(|name| format!("another {name}"));
        if let Some(difference) = differs(said(&first), said(&second)).or(other_header) {
            compared.wrong.push(format!("{name}: {difference}"));
        }
    }
}

/// The same request to the path of the dry run, if there is one.
fn dry_run_of(request: &Request) -> Option<Request> {
    let (path, query) = match request.path.split_once('?') {
        Some((path, query)) => (path, format!("?{query}")),
        None => (request.path.as_str(), String::new()),
    };
    let has_dry_run = request.method == "POST" && ["/leads", "/leads/intake"].contains(&path);
    has_dry_run.then(|| Request { path: format!("{path}/validate{query}"), ..request.clone() })
}

fn said(answer: &Answer) -> Said<'_> {
    let replayed = answer.headers.contains_key("idempotent-replayed");
    Said { status: answer.status.as_u16(), text: &answer.text, replayed }
}
