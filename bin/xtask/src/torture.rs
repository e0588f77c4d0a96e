//! `cargo xtask torture`: file transfers between real programs that are killed, cut off and given
//! disks that fail. What befalls them is an example of the tests' package, which knows the library
//! and its disk for tests.

use std::process::Command;

use crate::failure::Outcome;
use crate::packages;
use crate::step;
use crate::workspace::{self, cargo};

/// With the release profile. Without `--runs` there are 30, or the one of `--seed`.
pub(crate) fn run(arguments: &[&str]) -> Outcome {
    packages::ensure(&[&packages::LIBCLANG])?;
    let build = "build --locked --release -p transom-box";
    step::run("building the program", &mut cargo(build.split(' ')))?;
    let run = "run --locked --release -p transom-tests --example torture --";
    let mut command = cargo(run.split(' '));
    command.args(arguments);
    command.env("TRANSOM_PROGRAM", workspace::release("transom"));
    step::run("torture", &mut command)
}

/// Some runs, the same each time, with the programs that the tests have built.
pub(crate) fn built() -> Command {
    let built = workspace::target().join("debug");
    let mut command = Command::new(built.join("examples/torture"));
    command.args(["--seed", "1", "--runs", "30"]);
    command.env("TRANSOM_PROGRAM", built.join("transom"));
    command
}
