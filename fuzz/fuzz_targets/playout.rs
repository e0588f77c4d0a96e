//! Whatever is pushed and pulled, playout stays within its bounds.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| transom_sound::fuzzing::playout(bytes));
