//! Phone numbers: reading what a partner sent into a possible U.S. number, and looking that number
//! up at a provider.

mod exchange;
mod line;
mod lookup;
#[cfg(test)]
pub(crate) mod loopback;
mod number;
mod telnyx;
mod twilio;

pub use line::{CarrierType, LineType};
pub use lookup::{Carrier, Cause, Lookup, LookupFault, PhoneLookup, Provider};
pub use number::{NotPossible, Parsed, PhoneNumber};
pub use telnyx::Telnyx;
pub use twilio::Twilio;
