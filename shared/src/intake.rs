//! Taking a post, from the credentials to the answer (contract, section 5, "Order").

mod answer;
pub(crate) mod decide;
mod judge;
pub mod request;
mod reserve;
mod take;

pub use answer::Accepted;
pub(crate) use answer::LEADPING_TEST;
pub use judge::{Judged, judge, refused_certificate};
pub use request::Post;
pub use take::Intake;
