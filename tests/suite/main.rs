//! The product, as partners, developers and operators meet it.

#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]

mod binaries;
mod citations;
mod contract;
mod events;
mod floors;
mod journeys;
mod messages;
mod phones;
mod properties;
mod reference;
mod stand_ins;
mod stored;
mod template;
