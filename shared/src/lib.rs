//! Leadping's external lead intake: all that its functions share.
//!
//! A lead passes through these modules from top to bottom, and imports go down only (`.ci/run floors` checks it):
//!
//! | floor | modules |
//! | --- | --- |
//! | what a function does | [`intake`] takes a post: authenticate, judge, verify, save, announce; [`process`] finishes a lead, and sweeps what is unfinished |
//! | what it talks to | [`store`] the two tables; [`queue`] the `lead.created` message; [`trusted_form`], [`lookup`] the services outside |
//! | reading and judging | [`payload`] the table of fields; [`validation`] the rules; [`identity`] one submission, one lead; [`http`] problems and services |
//! | plumbing | [`client`] outbound HTTP, AWS, TLS, credentials; [`settings`], [`start`], [`telemetry`] |
//! | the model | [`lead`], [`source`], [`conversation`], [`event`], [`failure`], [`id`], [`time`] |
//!
//! Rules cite what they carry out: `(contract, section 3.3)` is a section of `docs/contract.md`, `(architecture, "Time")`
//! a heading of `docs/architecture.md`.

// Every byte that is read here may come from outside, and a slip in an index is a panic.
#![warn(clippy::indexing_slicing)]

// A build tool may choose how a program panics without a word: `cargo lambda` does where a profile leaves it open.
#[cfg(not(panic = "unwind"))]
compile_error!(
    "a panic has to unwind, or it takes a batch with it and leaves a partner without an answer: panic = \"unwind\""
);

pub mod client;
pub mod conversation;
pub mod event;
pub mod failure;
pub mod http;
pub mod id;
pub mod identity;
pub mod intake;
pub mod lead;
pub mod lookup;
pub mod payload;
pub mod process;
pub mod queue;
pub mod settings;
pub mod source;
pub mod start;
pub mod store;
pub mod telemetry;
pub mod time;
pub mod trusted_form;
pub mod validation;
