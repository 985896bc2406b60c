//! A dry run answers what the intake answers: every case of the contract, through each entrance, from each demo source.

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
    let work = cases.iter().enumerate().flat_map(|(number, case)| demo::ALL.map(|(source, _)| (number, case, source)));
    stream::iter(work)
        .for_each_concurrent(PARALLEL, |(number, case, source)| walk(&api, number, case, source, &compared))
        .await;
    api.stack.stop().await;
    let Compared { requests, wrong } = compared.into_inner().unwrap();
    println!("{} cases, {} sources", cases.len(), demo::ALL.len());
    for (way, [all, accepted]) in &requests {
        println!("{:<12}{all:>8} dry runs, {accepted:>6} would be accepted", way.name());
    }
    let all: usize = requests.values().map(|[all, _]| all).sum();
    println!("{all} pairs compared, {} differ", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let accepted: usize = requests.values().map(|[_, accepted]| accepted).sum();
    assert!(accepted > all / 20 && all > cases.len() * demo::ALL.len(), "{accepted} of {all}");
}

/// Sends each post of a case from a source, first as a dry run and then for real.
async fn walk(api: &Api, number: usize, case: &Case, source: &str, compared: &Mutex<Compared>) {
    let ways: &[Way] = match case.sequence || case.posts.iter().any(|post| post.raw.is_some()) {
        true => &[Way::Raw],
        false => &Way::OF_MEMBERS,
    };
    for way in ways {
        for post in &case.posts {
            let way = if case.sequence { post.only.first().copied().unwrap_or(Way::Raw) } else { *way };
            if !post.only.is_empty() && !post.only.contains(&way) {
                continue;
            }
            let Some(request) = payload::request(post, way) else { continue };
            let Some(dry) = dry_run_of(&request) else { continue };
            // A sequence repeats itself. From its own source it has been sent by the other test of the contract only.
            let own = (!case.sequence).then(|| format!("dry-{}-{number}-{}-{source}", case.file, way.name()));
            let post = post.from(source);
            let first = send(api, &post, &dry, own.as_deref()).await;
            let second = send(api, &post, &request, own.as_deref()).await;
            let mut compared = compared.lock().unwrap();
            let counts = compared.requests.entry(way).or_default();
            counts[0] += 1;
            counts[1] += usize::from(first.status == 200);
            let same_headers = ["content-type", "www-authenticate", "retry-after", "cache-control"]
                .into_iter()
                .find(|name| first.headers.get(*name) != second.headers.get(*name))
                .map(|name| format!("another {name}"));
            if let Some(difference) = differs(said(&first), said(&second)).or(same_headers) {
                compared.wrong.push(format!("{}, {}, {}, {source}: {difference}", case.file, case.name, way.name()));
            }
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
