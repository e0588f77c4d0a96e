//! Nobody completes a pairing without the code, honest sides do over any cuts.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| transom_secure::fuzzing::pairing(bytes));
