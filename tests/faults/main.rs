//! Breaks calls and kills functions to show that no accepted lead is lost and nothing is done twice.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a harness fails the test that uses it")]

mod alarms;
mod events;
mod limits;
mod operators;
mod outages;
mod page;
mod points;
mod repeats;
mod retain;
mod round_trips;
mod soak;
mod world;
