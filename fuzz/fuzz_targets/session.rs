//! Whatever comes and whatever the caller does, a session holds no more than its limits.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| transom_proto::fuzzing::session(bytes));
