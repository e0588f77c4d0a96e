//! A film reads back as it was written, whole or cut off.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| transom_media::fuzzing::film(bytes));
