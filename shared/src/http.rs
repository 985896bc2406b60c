//! What all functions of the API have in common: the Lambda service, problem details, and the headers of each answer
//! (contract, sections 1 and 6).

pub(crate) mod problem;
pub(crate) mod rate_limit;
pub mod route;
mod service;
mod user_route;
mod window_route;

pub(crate) use problem::LIMIT_CODES;
pub use problem::Problem;
pub use route::Route;
pub(crate) use service::{Json, to_json};
pub use service::{request_id, respond, routed, service};
pub use user_route::{Scope, UserRoute};
pub use window_route::WindowRoute;
