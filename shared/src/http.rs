//! HTTP, in and out: what is read from a request, and how leads and problems are answered (contract, sections 1, 2, 6).

mod problem;
pub mod request;
mod service;

pub use problem::Problem;
pub use service::{Accepted, respond, service};
