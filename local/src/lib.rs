//! The whole product on one machine, and the harness of the tests.
//!
//! [`stack::Stack`] starts everything: embedded engines that speak the protocols of DynamoDB ([`dynamodb`]) and SQS
//! ([`sqs`]), [`stand_ins`] for TrustedForm and the lookup provider, and replacements for the services that invoke the
//! functions on AWS: the HTTP API ([`gateway`], [`event`]), the queue's event source ([`event_source`]) and the schedule of
//! the sweep ([`schedule`]). The functions are the real ones, with the real AWS SDK. They run in this process, or each as a
//! [`binary`] under a Runtime API ([`runtime_api`]).

pub mod binary;
pub mod demo;
pub mod dynamodb;
pub mod event;
pub mod event_source;
pub mod function;
pub mod gateway;
pub mod issuer;
mod random;
pub mod running;
pub mod runtime_api;
pub mod schedule;
pub mod server;
pub mod sqs;
pub mod stack;
pub mod stand_ins;
pub mod tables;
pub mod task;
pub mod terminal;
#[cfg(test)]
mod testing;
