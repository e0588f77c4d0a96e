//! A path or name that is taken can only lead down and is kept as it is, on a disk too.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    transom_wire::fuzzing::names(bytes);
    transom_store::fuzzing::names(bytes);
});
