//! What users and their systems read, from the event to the answer, over tables with a few stored items.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz::reading::answer(input));
