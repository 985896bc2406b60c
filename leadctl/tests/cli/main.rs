//! The binary against a whole running stack, and against none.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may, and so may its helpers")]

mod basics;
mod deployed;
mod doctor;
mod erasure;
mod events;
mod front;
mod hostile;
mod keys;
mod leads;
mod ledger;
mod queue;
mod running;
mod sources;
mod tokens;
mod transcript;
mod volume;
