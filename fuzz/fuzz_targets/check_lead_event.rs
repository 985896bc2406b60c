//! The dry runs and `/sources/me`, from the event to the first read of a lead.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::window(input));
