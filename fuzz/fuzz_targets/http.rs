//! However a client's requests are cut, the answers are the same.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| transom_door::fuzzing::http(bytes));
