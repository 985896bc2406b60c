//! Leadping's external lead intake: all that its functions share.
//!
//! A lead's way goes through the modules from above to below, and imports run the same way:
//!
//! | | |
//! | --- | --- |
//! | [`intake`] | takes a post: authenticate, read, validate, verify, save, announce |
//! | [`process`] | finishes a lead: conversation, events, phone look-up; and the sweep of what is unfinished |
//! | [`http`], [`queue`] | requests and answers; the `lead.created` message |
//! | [`payload`] | the table of fields; each entrance becomes a [`payload::Submission`] |
//! | [`validation`] | the rules; a submission becomes [`validation::Validated`] |
//! | [`trusted_form`], [`phone`] | the services outside; a validated lead becomes [`trusted_form::Verified`] |
//! | [`identity`] | one submission, one lead |
//! | [`store`] | the two tables |
//! | [`lead`], [`conversation`], [`source`], [`id`], [`time`] | the model |
//! | [`settings`], [`start`], [`credential`], [`aws`], [`web`], [`tls`], [`telemetry`] | the environment, our secrets, the clients, the logs |
//!
//! A rule names its source: the source document ("Sending leads to Leadping"), or a section of the contract that settles what
//! the document leaves open. What a section says is to be read here, too:
//!
//! | contract | is to be read in |
//! | --- | --- |
//! | 1 endpoints, 2 credentials | `docs/api.md`, "Your credentials" and "Limits" |
//! | 3 payloads, 4 rules | `docs/api.md`, "How a payload is read" and "Problems"; the tables there are made from this code |
//! | 5 the answer | `docs/api.md`, "The answer" and "Sending again" |
//! | 6 errors | `docs/api.md`, "Problems" |
//! | 7 after acceptance | `docs/reliability.md`, "What is promised, and why it holds" |
//! | 8 what no log holds | [`telemetry`], and `SECURITY.md` |
//! | architecture: tables, time, names | [`store`], [`aws`], `docs/decisions.md` |

// Every byte that is read here may come from outside, and a slip in an index is a panic.
#![warn(clippy::indexing_slicing)]

// A build tool may choose how a program panics without a word: `cargo lambda` does where a profile leaves it open.
#[cfg(not(panic = "unwind"))]
compile_error!(
    "a panic has to unwind, or it takes a batch with it and leaves a partner without an answer: panic = \"unwind\""
);

pub mod aws;
pub mod conversation;
pub mod credential;
pub mod http;
pub mod id;
pub mod identity;
pub mod intake;
pub mod lead;
pub mod payload;
pub mod phone;
pub mod process;
pub mod queue;
pub mod settings;
pub mod source;
pub mod start;
pub mod store;
pub mod telemetry;
pub mod time;
pub mod tls;
pub mod trusted_form;
pub mod validation;
pub mod web;
