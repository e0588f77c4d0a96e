//! Whatever a disk makes of a journal, no leaf counts that was not noted just so.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| transom_store::fuzzing::journal(bytes));
