//! Whatever a sender says, in whatever order, an inbox holds nothing but what it confirmed.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| transom_store::fuzzing::manifest(bytes));
