//! However a peer's bytes are cut, the events and the verdict are the same.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| transom_proto::fuzzing::split(bytes));
