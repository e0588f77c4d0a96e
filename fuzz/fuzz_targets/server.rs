//! Replies of a sound server end the connection or not, the same however they are cut.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| transom_sound::fuzzing::server(bytes));
