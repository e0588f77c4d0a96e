//! An address that is taken has one spelling, and every other one is the same address.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| transom_users::fuzzing::address(bytes));
