//! `POST /leads`, from the event to the last rule before TrustedForm.

#![no_main]

use leadping::payload::Entrance;

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::answer(Entrance::Structured, input));
