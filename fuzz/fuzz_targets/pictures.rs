//! However a stream of pictures is cut, the same pictures come out.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| transom_media::fuzzing::split(bytes));
