//! What was repaired needs no second repair, and decodes or fails without harm.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| transom_media::fuzzing::repair(bytes));
