//! Phone lookups: asking a provider what it knows about a number (contract, section 7, "Providers").

mod exchange;
#[cfg(test)]
pub(crate) mod loopback;
mod provider;
mod telnyx;
pub mod test;
mod twilio;

pub use provider::{Cause, LookupFault, Provider};
pub use telnyx::Telnyx;
pub use twilio::Twilio;
