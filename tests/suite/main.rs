//! Tests of the whole product, as partners, developers and operators use it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a panic fails its test")]

mod architecture;
mod binaries;
mod citations;
mod contract;
mod dry_run;
mod events;
mod floors;
mod journeys;
mod limits;
mod messages;
mod phones;
mod properties;
mod reading;
mod reference;
mod rights;
mod runbooks;
mod stand_ins;
mod stored;
mod template;
mod test_keys;
mod window;
