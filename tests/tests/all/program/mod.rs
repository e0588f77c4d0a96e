//! The built `transom`, used as people use it: children with folders of their own on loopback.

mod again;
mod browsing;
mod calling;
mod cameras;
#[cfg(target_os = "linux")]
mod controls;
#[cfg(target_os = "linux")]
mod device;
#[cfg(target_os = "linux")]
mod drawing;
mod files;
#[cfg(unix)]
mod files_evil;
mod follow;
mod hostile;
#[cfg(target_os = "linux")]
mod kernel;
#[cfg(target_os = "linux")]
mod nearby;
mod pairing;
#[cfg(target_os = "linux")]
mod prompts;
mod resume;
#[cfg(target_os = "linux")]
mod service;
#[cfg(target_os = "linux")]
mod signals;
mod sounding;
mod spool;
mod trouble;
mod trust;
mod usage;
mod watching;

use std::fs;
use std::process::Command;

use transom_tests::{Person, Program, Scratch};

/// Two people: one that listens and one that dials, each in the other's book.
struct Pair {
    scratch: Scratch,
    near: Person,
    far: Person,
}

impl Pair {
    /// Keys only: who may do what is written when the far side's address is known.
    fn new() -> Self {
        let scratch = Scratch::new();
        let near = Person::new(&scratch, "near");
        let far = Person::new(&scratch, "far");
        far.knows(&near, "127.0.0.1:9", "view,call,files");
        Self { scratch, near, far }
    }

    /// The far side as a camera box with these options more; the near side can find it.
    fn camera(&self, options: &[&str]) -> Program {
        self.listen("camera", options)
    }

    /// The far side as an inbox in the folder `inbox` of its own.
    fn inbox(&self, options: &[&str]) -> Program {
        let usual = ["--into", "inbox", "--accept", "known"];
        self.listen("receive", &[&usual, options].concat())
    }

    fn listen(&self, command: &str, options: &[&str]) -> Program {
        self.listen_by(command, options, Program::start)
    }

    fn listen_by(
        &self,
        command: &str,
        options: &[&str],
        start: impl FnOnce(&mut Command) -> Program,
    ) -> Program {
        let arguments = [&[command], options].concat();
        let (program, address) = self.far.listen_by(&arguments, start);
        fs::write(self.near.book(), "").unwrap();
        self.near.knows(&self.far, &address, "view,call,files");
        program
    }

    /// Where the near side looks for the far side.
    fn address(&self) -> String {
        let book = fs::read_to_string(self.near.book()).unwrap();
        let mut words = book.split(' ');
        words.nth(1).expect("name, then address").to_owned()
    }
}
