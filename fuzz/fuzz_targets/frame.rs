//! A frame is refused, skipped, or encodes back to the same bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| transom_wire::fuzzing::frame(bytes));
