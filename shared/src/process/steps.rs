//! What the worker's steps have in common. A step makes a call that may fail temporarily. A worker takes a lease, so
//! that only one makes the call. Then it records the result, postpones the step, or gives it up.

use std::time::Duration;

use crate::store::{Again, Lease};
use crate::time::Timestamp;

/// The longest wait between two tries (contract, section 7).
const MAX_WAIT: Duration = Duration::from_secs(6 * 60 * 60);

/// The timing of one step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    /// How long a lease lasts. Longer than the function's timeout, so that it never ends while its holder still runs.
    pub(super) lease: Duration,
    /// The shortest wait between two tries.
    pub(super) shortest_wait: Duration,
    /// How long after the first try the step is given up.
    pub(super) ends_after: Duration,
}

impl Step {
    /// A lease that begins now, and a due time after its end.
    pub(super) fn claim(self, now: Timestamp) -> Lease {
        let until = now.after(self.lease);
        Lease { until, due_at: until.after(self.shortest_wait) }
    }

    /// When to retry a step that failed temporarily: after the delay that the service `asked` for, or after waits that
    /// double. `None` means to give the step up. `since` is the time of the first try.
    pub(super) fn again(self, since: Timestamp, now: Timestamp, asked: Option<Duration>) -> Option<Again> {
        (now.since(since) < self.ends_after).then(|| match asked {
            Some(wait) => Again::NotBefore(now.after(wait)),
            None => Again::Due(now.after(wait(since, now, self.shortest_wait))),
        })
    }
}

/// The wait before the next try is the time since the first try, so waits double.
pub(super) fn wait(since: Timestamp, now: Timestamp, shortest: Duration) -> Duration {
    now.since(since).clamp(shortest.min(MAX_WAIT), MAX_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_until_the_step_is_given_up() {
        let step = Step {
            lease: Duration::from_secs(40),
            shortest_wait: Duration::from_mins(1),
            ends_after: Duration::from_hours(24),
        };
        let since: Timestamp = "2026-06-15T12:00:00Z".parse().unwrap();
        let cases = [
            // seconds since the first try, what the service asked for, the wait
            (0, None, Some(60)),
            (60, None, Some(60)),
            (600, None, Some(600)),
            (7 * 3_600, None, Some(6 * 3_600)),
            (600, Some(7), Some(7)),
            (86_399, None, Some(6 * 3_600)),
            (86_400, None, None),
            (86_400, Some(7), None),
        ];
        for (age, asked, expected) in cases {
            let now = since.after(Duration::from_secs(age));
            let waits = step.again(since, now, asked.map(Duration::from_secs)).map(|again| match again {
                Again::Due(at) | Again::NotBefore(at) => at.since(now).as_secs(),
            });
            assert_eq!(waits, expected, "{age} s");
        }
        let lease = step.claim(since);
        assert_eq!((lease.until.since(since).as_secs(), lease.due_at.since(since).as_secs()), (40, 100));
    }
}
