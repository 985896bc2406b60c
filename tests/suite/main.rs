//! The product, as partners, developers and operators meet it.

mod journeys;
