//! Somebody with a state folder and a contact book of their own, who runs the built `transom`.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::{Finished, Program, Scratch, transom};

/// A user of the program; everything of theirs is in the scratch folder.
#[derive(Debug)]
pub struct Person {
    name: String,
    home: PathBuf,
    key: String,
}

impl Person {
    /// Somebody with a new key and an empty book.
    ///
    /// # Panics
    /// When the program can't make a key.
    pub fn new(scratch: &Scratch, name: &str) -> Self {
        let mut person = Self {
            name: name.to_owned(),
            home: scratch.folder(name),
            key: String::new(),
        };
        fs::write(person.book(), "").expect("a scratch folder can be written to");
        let id = person.run(&["id", "--json"]);
        let id: Value = serde_json::from_str(&id.stdout).expect("id prints an object");
        person.key = id["key"].as_str().expect("a key").to_owned();
        person
    }

    /// Their key, as written.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Where their key and the pinned keys live.
    pub fn state(&self) -> PathBuf {
        self.home.join("state")
    }

    /// Their contact book.
    pub fn book(&self) -> PathBuf {
        self.home.join("user_list.txt")
    }

    /// Adds a line to their book.
    ///
    /// # Panics
    /// When it can't be written.
    pub fn write_in_book(&self, line: &str) {
        let book = OpenOptions::new().append(true).open(self.book());
        let mut book = book.expect("the book was made with the person");
        writeln!(book, "{line}").expect("a scratch folder can be written to");
    }

    /// Adds somebody, reachable at that address, with their key and rights
    /// (`view,call,files,auto`).
    pub fn knows(&self, other: &Self, address: &str, may: &str) {
        let Self { name, key, .. } = other;
        self.write_in_book(&format!("{name} {address} key={key} may={may}"));
    }

    /// `transom` with these arguments, their state and their book.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(transom());
        command
            .args(arguments)
            .arg("--state")
            .arg(self.state())
            .arg("--users")
            .arg(self.book())
            .current_dir(&self.home)
            // Programs of one user spare each other's calls; each person here is a user.
            .env("XDG_RUNTIME_DIR", &self.home)
            .env_remove("TRANSOM_LOG");
        command
    }

    /// Starts it in the background.
    pub fn start(&self, arguments: &[&str]) -> Program {
        Program::start(&mut self.command(arguments))
    }

    /// Runs it to its end.
    pub fn run(&self, arguments: &[&str]) -> Finished {
        self.start(arguments).finish()
    }

    /// Starts something that listens on a free port of loopback; gives its address too.
    pub fn listen(&self, arguments: &[&str]) -> (Program, String) {
        self.listen_by(arguments, Program::start)
    }

    /// The same, and `start` starts the command.
    pub fn listen_by(
        &self,
        arguments: &[&str],
        start: impl FnOnce(&mut Command) -> Program,
    ) -> (Program, String) {
        let free = ["--listen", "127.0.0.1:0", "--name", &self.name, "--json"];
        let mut program = start(&mut self.command(&[arguments, &free].concat()));
        let listening = program.event("listening");
        let address = listening["address"].as_str().expect("an address");
        (program, address.to_owned())
    }

    /// A path of theirs.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.home.join(name)
    }
}
