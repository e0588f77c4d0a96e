//! However a WAV file comes in, the same sound is read.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| transom_sound::fuzzing::wav(bytes));
