//! The soak: many leads while a part of all calls fails, and then the books.

use std::time::Duration;

use futures_util::future::join_all;
use local::event_source::Polling;
use local::stack::{Options, Stack};
use tokio::sync::watch;

use crate::books::{Books, Held};
use crate::load::{self, Load, Tally};
use crate::proxy::{Point, Proxy, Service, Side};

/// What is soaked, and how.
#[derive(Clone, Copy, Debug)]
pub struct Soak {
    /// How many submissions are posted.
    pub leads: u64,
    /// Over how many connections at once.
    pub connections: usize,
    /// How many of a thousand outbound calls fail.
    pub failing: u64,
    /// What chance follows from.
    pub seed: u64,
    /// How long the last leads may take to become ready.
    pub patience: Duration,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Soaked {
    /// What the partners were told.
    pub tally: Tally,
    /// What is held.
    pub books: Books,
    /// Each fault and how often it was injected, in words.
    pub injected: Vec<(String, u64)>,
    /// How often the provider was asked.
    pub look_ups: u64,
    /// How many of those may have been asked again, because an answer was lost.
    pub answers_lost: u64,
}

impl Soak {
    /// Runs it, on a stack of its own.
    ///
    /// # Panics
    /// When the stack does not start.
    pub async fn run(self) -> Soaked {
        let mut proxy = Proxy::start().await;
        let options = Options {
            port: 0,
            // Most of a batch's time goes into waiting for second tries.
            polling: Polling { pollers: 16, ..Polling::default() },
            sweep: Duration::from_secs(1),
            due_after: Duration::from_secs(60),
            front: Some(proxy.front()),
            ..Options::default()
        };
        let stack = Stack::start(&options).await.expect("the stack starts");
        proxy.lead_to(&stack);
        proxy.break_at_random(self.seed, self.failing);

        let (_, gateway) = watch::channel(stack.addresses().gateway.clone().expect("its API is served"));
        let load = Load::new(gateway, self.seed);
        join_all((0..self.connections).map(|_| load.connection(|number| number < self.leads))).await;
        let books = load::settled(&Held::from(&stack), self.patience).await;

        let look_ups = stack.phone_lookup().calls();
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
        Soaked { tally: load.tally(), books, injected: injected.collect(), look_ups, answers_lost }
    }
}

impl Soaked {
    /// What is wrong, in words; nothing when the books balance.
    pub fn audit(&self) -> Vec<String> {
        let mut findings = self.tally.audit(&self.books);
        let paid_again = self.look_ups.saturating_sub(u64::try_from(self.books.leads.len()).unwrap_or(u64::MAX));
        if paid_again > self.answers_lost {
            findings.push(format!("{paid_again} look-ups were paid again, and {} answers lost", self.answers_lost));
        }
        findings
    }
}
