//! `POST` and `GET /leads/intake`, from the event to the last rule before TrustedForm.

#![no_main]

use leadping::payload::Entrance;

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::answer(Entrance::Flat, input));
