//! What is accepted is never lost, and nothing is done twice: shown by breaking things.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a harness fails the test that it stands in")]

mod operators;
mod outages;
mod page;
mod points;
mod repeats;
mod round_trips;
mod soak;
mod world;
