//! Which calls are broken or held, and when: by rules, or by chance.

use std::collections::BTreeMap;

use axum::response::Response;
use tokio::sync::{oneshot, watch};

use super::{Fault, Point, Service, Side, cut};

#[derive(Default)]
pub(super) struct Plan {
    pub(super) rules: Vec<Rule>,
    pub(super) random: Option<Random>,
    pub(super) calls: BTreeMap<Point, u64>,
    pub(super) operations: BTreeMap<(Service, String), u64>,
    pub(super) injected: BTreeMap<(Point, Side, &'static str), u64>,
    /// The table capacity that calls have consumed, once metering is on.
    pub(super) consumed: Option<BTreeMap<Point, f64>>,
}

pub(super) struct Rule {
    pub(super) point: Point,
    /// The text in the matching calls; empty to match all.
    pub(super) of: String,
    pub(super) side: Side,
    pub(super) action: Action,
    pub(super) left: u64,
}

pub(super) enum Action {
    Break(Fault),
    Hold(Option<(oneshot::Sender<()>, watch::Receiver<Option<Release>>)>),
}

#[derive(Clone, Copy)]
pub(super) struct Random {
    pub(super) seed: u64,
    pub(super) per_thousand: u64,
}

/// What happens to a held call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Release {
    Resume,
    Cut,
}

impl Plan {
    /// Decides what to do with a call: the first matching rule, or else chance.
    pub(super) fn next(&mut self, service: Service, point: Point, path: &str, body: &[u8]) -> Option<(Side, Action)> {
        let count = self.calls.entry(point).or_default();
        *count += 1;
        let text = String::from_utf8_lossy(body);
        let matches = |rule: &&mut Rule| path.contains(&rule.of) || text.contains(&rule.of);
        let mut rules = self.rules.iter_mut().filter(|rule| rule.point == point && rule.left > 0);
        let ordered = rules.find(matches);
        let (side, action) = match (ordered, self.random) {
            (Some(rule), _) => {
                rule.left -= 1;
                let action = match &mut rule.action {
                    Action::Break(fault) => Action::Break(fault.clone()),
                    Action::Hold(channel) => Action::Hold(channel.take()),
                };
                (rule.side, action)
            }
            (None, Some(random)) => {
                let (side, fault) = random.fate(service, point, *count, body)?;
                (side, Action::Break(fault))
            }
            (None, None) => return None,
        };
        *self.injected.entry((point, side, action.name())).or_default() += 1;
        Some((side, action))
    }
}

impl Action {
    fn name(&self) -> &'static str {
        match self {
            Self::Break(fault) => fault.name(),
            Self::Hold(_) => "held",
        }
    }

    /// The answer to send instead of the service's, or `None` if the call continues.
    pub(super) async fn act(self, service: Service, body: &[u8]) -> Option<Response> {
        match self {
            Self::Break(fault) => fault.answer(service, body).await,
            Self::Hold(Some((reached, mut released))) => {
                let _ = reached.send(());
                let release = released.wait_for(Option::is_some).await.map(|release| *release);
                (release.ok().flatten() != Some(Release::Resume)).then(cut)
            }
            Self::Hold(None) => None,
        }
    }
}

impl Random {
    fn fate(self, service: Service, point: Point, count: u64, body: &[u8]) -> Option<(Side, Fault)> {
        let dice = mixed(self.seed ^ mixed(count << 8 | point as u64));
        if dice % 1_000 >= self.per_thousand {
            return None;
        }
        let writes = service == Service::DynamoDb && !body.is_empty() && point.writes();
        Some(match (dice >> 32) % 6 {
            0 => (Side::Before, Fault::Cut),
            1 => (Side::After, Fault::Cut),
            2 => (Side::Before, Fault::Broken),
            3 => (Side::After, Fault::Broken),
            4 if writes => (Side::Before, Fault::Conflict),
            _ => (Side::Before, Fault::Throttled),
        })
    }
}

/// SplitMix64: random enough for the dice here, and repeatable.
pub fn mixed(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
