//! A contact book prints as what it was read, its errors are bounded, and no line stops the others.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| transom_users::fuzzing::book(bytes));
