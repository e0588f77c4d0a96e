//! Strangers complete nothing, honest sides agree over any cuts, one changed bit ends it.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| transom_secure::fuzzing::handshake(bytes));
