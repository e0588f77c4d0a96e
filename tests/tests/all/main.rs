//! The tests that need more than one crate, in one binary.
#![expect(
    clippy::unwrap_used,
    reason = "a test that can't go on says where, also in its helpers"
)]

mod imports;
mod program;
mod replay;
