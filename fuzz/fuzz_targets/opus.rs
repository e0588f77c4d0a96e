//! Hostile Opus packets give errors, or as much sound as was announced.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| transom_sound::fuzzing::opus(bytes));
