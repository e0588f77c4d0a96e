//! `cargo xtask sound` and `cargo xtask bench sound`: calls between two built programs through a
//! real sound server without a sound card, measured by correlation.
//!
//! Figures that miss their goal are only printed as such: a bench prints, a test asserts.

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

/// The folder of the programs to measure, and the analysis tools: built now, or those of `--bin`.
///
/// They are built with echo cancelling, so that it can be measured.
fn programs(arguments: &[&str]) -> Outcome<(PathBuf, Tools)> {
    if arguments.contains(&"--bin") {
        let folder = super::programs(arguments)?;
        let tools = Tools(folder.join("examples"));
        return Ok((folder, tools));
    }
    packages::ensure(&[&packages::LIBCLANG])?;
    let build = "build --locked --release -p transom-box --features echo";
    step::run("building transom", &mut workspace::cargo(build.split(' ')))?;
    Ok((workspace::release(""), Tools::build()?))
}

/// The analysis tools, which are examples of `lib/sound`.
struct Tools(PathBuf);

impl Tools {
    fn build() -> Outcome<Self> {
        let build = "build --locked --release -p transom-sound --features opus,echo --examples";
        let mut build = workspace::cargo(build.split(' '));
        step::run("building the analysis tools", &mut build)?;
        Ok(Self(workspace::release("examples")))
    }

    fn program(&self, name: &str) -> Command {
        Command::new(self.0.join(name))
    }

    /// Runs a tool; returns its output by lines.
    fn run(&self, arguments: &[&str]) -> Outcome<Vec<String>> {
        output(self.program("ears").args(arguments))
    }

    /// Runs a tool that prints one line.
    fn line(&self, arguments: &[&str]) -> Outcome<String> {
        let lines = self.run(arguments)?;
        let line = lines.into_iter().next();
        line.ok_or_else(|| Failure::new(format!("ears {}: no output", arguments.join(" "))))
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
