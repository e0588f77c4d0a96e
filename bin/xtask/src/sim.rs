//! `cargo xtask sim`: whole stations on a virtual clock, over modelled links. The simulator is an
//! example of the library, because xtask does not depend on it.

use crate::failure::Outcome;
use crate::packages;
use crate::step;
use crate::workspace::cargo;

pub(crate) fn run(arguments: &[&str]) -> Outcome {
    packages::ensure(&[&packages::LIBCLANG])?;
    let mut command = cargo("run --locked --quiet --release -p transom --features sim".split(' '));
    command.args(["--example", "sim", "--"]).args(arguments);
    step::run("simulation", &mut command)
}
