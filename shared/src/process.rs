//! What happens to a lead after it was accepted: the worker opens the conversation, looks the number up, retains the
//! certificate and tells subscribers, and the sweep announces unfinished leads again (architecture, "The way of a lead").

mod news;
mod retain;
mod steps;
mod sweep;
mod visit;
mod worker;

pub use worker::{Worker, WorkerEvent};
