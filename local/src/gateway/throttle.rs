//! The throttle of a route: a token bucket, as the real gateway's.

use std::{
    sync::{Mutex, PoisonError},
    time::Instant,
};

/// How many requests each route lets through.
#[derive(Clone, Copy, Debug)]
pub struct Throttle {
    /// Requests a second, in the long run.
    pub rate: f64,
    /// Requests at once.
    pub burst: f64,
}

/// Tokens come in at the throttle's rate, up to its burst; a request takes one.
#[derive(Debug)]
pub(super) struct TokenBucket {
    throttle: Throttle,
    level: Mutex<(f64, Instant)>,
}

impl TokenBucket {
    /// A full bucket.
    pub(super) fn new(throttle: Throttle) -> Self {
        Self { throttle, level: Mutex::new((throttle.burst, Instant::now())) }
    }

    /// Takes a token at the time `now`, if there is one.
    pub(super) fn take(&self, now: Instant) -> bool {
        let mut level = self.level.lock().unwrap_or_else(PoisonError::into_inner);
        let (tokens, since) = *level;
        let gained = now.duration_since(since).as_secs_f64() * self.throttle.rate;
        let tokens = (tokens + gained).min(self.throttle.burst);
        let granted = tokens >= 1.0;
        *level = (if granted { tokens - 1.0 } else { tokens }, now);
        granted
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn tokens_come_back_at_the_rate_up_to_the_burst() {
        let bucket = TokenBucket::new(Throttle { rate: 2.0, burst: 2.0 });
        let start = Instant::now() + Duration::from_secs(60);
        // Milliseconds after the start, and how many of three requests get through.
        for (after, through) in [(0, 2), (499, 0), (500, 1), (60_000, 2)] {
            let now = start + Duration::from_millis(after);
            let granted = (0..3).filter(|_| bucket.take(now)).count();
            assert_eq!(granted, through, "{after} ms");
        }
    }
}
