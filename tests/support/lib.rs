//! What the cross-crate tests share: folders that vanish, the built programs as children that never
//! outlive a test, and peers that misbehave on purpose. It knows no test.

mod cargo;
mod evil;
mod person;
mod program;
mod scratch;
mod terminal;

pub use cargo::{cargo, root, transom};
pub use evil::{Evil, Raw};
pub use person::Person;
pub use program::{Finished, PATIENCE, Program};
pub use rustix::process::Signal;
pub use scratch::Scratch;
pub use terminal::{Drawing, Terminal};
