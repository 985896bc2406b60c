//! What is accepted is never lost, and nothing is done twice: shown by breaking things.

#![expect(clippy::print_stdout, reason = "the books are for people, too")]

mod outages;
mod points;
mod repeats;
mod soak;
mod world;
