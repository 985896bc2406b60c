//! The whole product on one machine, and the harness that the tests stand on.
//!
//! [`stack::Stack`] starts it: embedded engines that speak the protocols of DynamoDB ([`dynamodb`]) and SQS ([`sqs`]),
//! stand-ins for TrustedForm ([`trusted_form`]) and the look-up provider ([`phone_lookup`]), and what on AWS invokes
//! the functions: the HTTP API ([`gateway`], [`event`]), the queue's event source ([`event_source`]) and the schedule of the
//! sweep ([`schedule`]). The functions in between are the real ones, with the real AWS SDK: in this process, or each as a
//! [`binary`] of its own under a Runtime API ([`runtime_api`]).

pub mod binary;
pub mod demo;
pub mod dynamodb;
pub mod event;
pub mod event_source;
pub mod function;
pub mod gateway;
pub mod phone_lookup;
mod random;
pub mod runtime_api;
pub mod schedule;
pub mod server;
pub mod sqs;
pub mod stack;
pub mod tables;
pub mod task;
pub mod terminal;
#[cfg(test)]
mod testing;
pub mod trusted_form;
