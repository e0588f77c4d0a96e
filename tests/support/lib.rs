//! What the cross-crate tests share: folders that vanish, the built programs as children that never
//! outlive a test, and peers that misbehave on purpose. It knows no test.

mod cargo;
mod scratch;

pub use cargo::{cargo, root};
pub use scratch::Scratch;
