//! The way on: converse, record, enrich; and the sweep that brings back what is unfinished (architecture, The way of
//! a lead).

mod steps;
mod sweep;
mod worker;

pub use worker::{Worker, WorkerEvent};
