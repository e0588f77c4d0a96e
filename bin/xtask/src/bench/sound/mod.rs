//! `cargo xtask sound` and `cargo xtask bench sound`: calls between two built programs through a
//! real sound server without a sound card, heard by correlation.
//!
//! Figures that fall short are printed as such and fail nothing: a bench prints, a test asserts.

mod cost;
mod latency;
mod long;
mod quality;
mod server;
mod table;
mod windows;

use std::path::PathBuf;
use std::process::Command;

use crate::failure::{Context as _, Failure, Outcome};
use crate::packages;
use crate::step::{self, written};
use crate::workspace;

pub(super) use self::cost::run as cost;

pub(crate) fn run(arguments: &[&str]) -> Outcome {
    match arguments {
        ["latency", rest @ ..] => latency::run(rest),
        ["quality", rest @ ..] => quality::run(rest),
        ["long", rest @ ..] => long::run(rest),
        _ => Err(Failure::usage("sound: say which, latency, quality or long")),
    }
}

/// The folder of the programs to be measured, and the instruments: built now, or those of `--bin`.
///
/// With echo cancelling, so that it can be chosen.
fn programs(arguments: &[&str]) -> Outcome<(PathBuf, Ears)> {
    if arguments.contains(&"--bin") {
        let folder = super::programs(arguments)?;
        let ears = Ears(folder.join("examples"));
        return Ok((folder, ears));
    }
    packages::ensure(&[&packages::LIBCLANG])?;
    let build = "build --locked --release -p transom-box --features echo";
    step::run("building transom", &mut workspace::cargo(build.split(' ')))?;
    Ok((workspace::release(""), Ears::build()?))
}

/// The instruments: examples of `lib/sound`.
struct Ears(PathBuf);

impl Ears {
    fn build() -> Outcome<Self> {
        let build = "build --locked --release -p transom-sound --features opus,echo --examples";
        let mut build = workspace::cargo(build.split(' '));
        step::run("building the instruments", &mut build)?;
        Ok(Self(workspace::release("examples")))
    }

    fn program(&self, name: &str) -> Command {
        Command::new(self.0.join(name))
    }

    /// What the instrument says, line by line.
    fn say(&self, arguments: &[&str]) -> Outcome<Vec<String>> {
        output(self.program("ears").args(arguments))
    }

    /// The one line that it says.
    fn line(&self, arguments: &[&str]) -> Outcome<String> {
        let lines = self.say(arguments)?;
        let line = lines.into_iter().next();
        line.ok_or_else(|| Failure::new(format!("ears {}: said nothing", arguments.join(" "))))
    }
}

/// The lines that a program prints.
fn output(command: &mut Command) -> Outcome<Vec<String>> {
    let name = written(command);
    let output = command.output().context(&name)?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        return Err(Failure::new(format!("{name}: {}", why.trim())));
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(text.lines().map(str::to_owned).collect())
}
