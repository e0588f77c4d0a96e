//! Honest ends find nothing wrong with each other, and what is durable came whole.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| transom_proto::fuzzing::pair(bytes));
