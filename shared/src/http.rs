//! What is true of every function of the API: its service, its problems, the headers of each answer (contract, sections 1
//! and 6).

mod problem;
mod service;

pub use problem::Problem;
pub use service::{request_id, respond, service};
