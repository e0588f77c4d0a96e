//! `cargo xtask sim`: whole stations on a virtual clock, over modelled links. The work is an
//! example of the library, which an xtask of std alone can't use.

use crate::failure::Outcome;
use crate::packages;
use crate::step;
use crate::workspace::cargo;

pub(crate) fn run(arguments: &[&str]) -> Outcome {
    packages::ensure(&[&packages::LIBCLANG])?;
    let mut play = cargo("run --locked --quiet --release -p transom --features sim".split(' '));
    play.args(["--example", "sim", "--"]).args(arguments);
    step::run("simulation", &mut play)
}
