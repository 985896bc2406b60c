//! Leadping's external lead intake: the code that its functions share.
//!
//! A lead passes through these modules from top to bottom, and imports go down only (`.ci/run floors` checks it):
//!
//! | floor | modules |
//! | --- | --- |
//! | what a function does | [`intake`] takes a post: authenticate, judge, verify, save, announce; [`check`] answers what partners ask without creating a lead; [`read`] shows leads to users; [`process`] finishes a lead and sweeps the outbox |
//! | what it talks to | [`store`] the tables; [`queue`] the `lead.created` message; [`bus`] the events for subscribers; [`trusted_form`] and [`lookup`] the external services |
//! | reading and checking | [`payload`] the table of fields; [`validation`] the rules; [`identity`] one submission, one lead; [`http`] problems, routes and services |
//! | plumbing | [`client`] outbound HTTP, AWS, TLS, credentials; [`settings`], [`start`], [`telemetry`] |
//! | the model | [`lead`], [`source`], [`conversation`], [`event`], [`ledger`], [`failure`], [`id`], [`time`] |
//!
//! Comments cite the rule that the code implements: `(contract, section 3.3)` is a section of `docs/contract.md`,
//! `(architecture, "Time")` is a heading of `docs/architecture.md`.

// Any byte that is read here may come from outside, and an index out of range would panic.
#![warn(clippy::indexing_slicing)]

// A build tool may set the panic strategy silently: `cargo lambda` does when a profile does not set it.
#[cfg(not(panic = "unwind"))]
compile_error!(
    "set panic = \"unwind\": an aborting panic would lose a whole batch and leave a partner without an answer"
);

pub mod bus;
pub mod check;
pub mod client;
pub mod conversation;
pub mod event;
pub mod failure;
pub mod http;
pub mod id;
pub mod identity;
pub mod intake;
pub mod lead;
pub mod ledger;
pub mod lookup;
pub mod payload;
pub mod process;
pub mod queue;
pub mod read;
pub mod settings;
pub mod source;
pub mod start;
pub mod store;
pub mod telemetry;
pub mod time;
pub mod trusted_form;
pub mod validation;
