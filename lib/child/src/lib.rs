//! Programs that a station starts: their pipes, their messages, their end. It knows nothing of what
//! a program reads or writes, and starts no thread.
//!
//! On Unix a program and all that it starts are one process group, which never outlives this
//! process:
//!
//! ```text
//!                 ┌── process group ───────────────────────────┐
//!   this process ─┼─ lifeline (pipe) ─> watcher (group leader) │
//!                ─┼─ pipes ───────────> program ─> its children │
//!                 └─────────────────────────────────────────────┘
//! ```
//!
//! Nothing is ever written to the lifeline. When this process ends in any way, or drops the
//! [`Program`], the kernel closes the lifeline: then the watcher sends its group SIGTERM, and
//! SIGKILL half a second later. The parent-death signal of Linux would not do: it reaches the
//! program but not its children. A process that leaves the group, as by `setsid`, is out of reach.
//!
//! On other systems a program ends when it is dropped; what it started does not.

#![forbid(unsafe_code)]

#[cfg(not(unix))]
#[path = "elsewhere.rs"]
mod group;
#[cfg(unix)]
#[path = "unix.rs"]
mod group;
mod messages;
mod process;
mod program;

pub use program::{Ending, Program, shell};
