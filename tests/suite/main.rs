//! The product, as partners, developers and operators meet it.

mod events;
mod journeys;
mod messages;
