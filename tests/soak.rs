//! The soak: posts many leads while some of all calls fail, then checks the books.

use std::time::Duration;

use futures_util::future::join_all;
use local::event_source::Polling;
use local::stack::{Options, Stack};
use tokio::sync::watch;

use crate::books::{Books, Held};
use crate::load::{self, Load, Tally};
use crate::proxy::{Point, Proxy, Service, Side};

/// The settings of a soak.
#[derive(Clone, Copy, Debug)]
pub struct Soak {
    /// The number of submissions to post.
    pub leads: u64,
    /// The number of parallel connections.
    pub connections: usize,
    /// The number of outbound calls per thousand that fail.
    pub failing: u64,
    /// The seed of all random choices.
    pub seed: u64,
    /// How long the last leads may take to become ready.
    pub timeout: Duration,
}

/// The result of a soak.
#[derive(Clone, Debug)]
pub struct Soaked {
    /// What the partners were told.
    pub tally: Tally,
    /// What the tables and queues hold.
    pub books: Books,
    /// Each injected fault with its count.
    pub injected: Vec<(String, u64)>,
    /// The number of calls to the lookup provider.
    pub lookups: u64,
    /// The number of lost answers, each of which may cause one more lookup.
    pub answers_lost: u64,
}

impl Soak {
    /// Runs the soak on its own stack.
    ///
    /// # Panics
    /// When the stack does not start.
    pub async fn run(self) -> Soaked {
        let mut proxy = Proxy::start().await;
        let options = Options {
            port: 0,
            // A batch spends most of its time waiting for retries.
            polling: Polling { pollers: 16, ..Polling::default() },
            sweep: Duration::from_secs(1),
            due_after: Duration::from_secs(60),
            front: Some(proxy.front()),
            ..Options::default()
        };
        let stack = Stack::start(&options).await.expect("the stack starts");
        proxy.forward_to(&stack);
        proxy.break_at_random(self.seed, self.failing);

        let (_, gateway) = watch::channel(stack.addresses().gateway.clone().expect("its API is served"));
        let load = Load::new(gateway, self.seed);
        join_all((0..self.connections).map(|_| load.connection(|number| number < self.leads))).await;
        let books = load::settled(&Held::from(&stack), self.timeout).await;

        let lookups = stack.phone_lookup().calls();
        let injected = proxy.injected();
        let lost = |(point, side, _): &(Point, Side, _)| match point {
            Point::LookUp => *side == Side::After,
            Point::Finish => true,
            _ => false,
        };
        let answers_lost = injected.iter().filter(|(fault, _)| lost(fault)).map(|(_, times)| times).sum();
        let injected =
            injected.into_iter().map(|((point, side, name), times)| (format!("{point}, {name} {side}"), times));
        stack.stop().await;
        for service in Service::ALL {
            proxy.refuse(service).await;
        }
        Soaked { tally: load.tally(), books, injected: injected.collect(), lookups, answers_lost }
    }
}

impl Soaked {
    /// Descriptions of everything that is wrong.
    pub fn audit(&self) -> Vec<String> {
        let mut findings = self.tally.audit(&self.books);
        let paid_again = self.lookups.saturating_sub(u64::try_from(self.books.leads.len()).unwrap_or(u64::MAX));
        if paid_again > self.answers_lost {
            findings.push(format!(
                "{paid_again} lookups were paid for again, but only {} answers were lost",
                self.answers_lost
            ));
        }
        findings
    }
}
