//! What happens to a lead after it was accepted: the worker opens the conversation and looks the number up, and the
//! sweep announces unfinished leads again (architecture, "The way of a lead").

mod steps;
mod sweep;
mod worker;

pub use worker::{Worker, WorkerEvent};
