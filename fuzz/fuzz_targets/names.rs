//! A path or name that is taken can only lead down and is kept as it is.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| transom_wire::fuzzing::names(bytes));
