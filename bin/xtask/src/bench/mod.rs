//! `cargo xtask bench`: what the built programs do in numbers, beside what others do on the same
//! machine.

mod files;
mod film;
mod lab;
mod link;
mod parts;
pub(crate) mod peers;
mod processor;
pub(crate) mod sound;
mod sshd;
mod video;
mod view;
mod viewers;

use std::fs;
use std::path::{self, PathBuf};

use crate::failure::{Context as _, Failure, Outcome};
use crate::packages;
use crate::step;
use crate::workspace;

pub(crate) fn run(arguments: &[&str]) -> Outcome {
    match arguments {
        ["video", rest @ ..] => video::run(rest),
        ["files", rest @ ..] => files::run(rest),
        ["link", rest @ ..] => link::run(rest),
        ["sound", rest @ ..] => sound::cost(rest),
        ["view", rest @ ..] => view::run(rest),
        ["viewers", rest @ ..] => viewers::run(rest),
        _ => Err(Failure::usage(
            "bench: say which, link, viewers, video, files, sound or view",
        )),
    }
}

/// The folder of the programs to be measured: that of `--bin`, or what is built now.
fn programs(arguments: &[&str]) -> Outcome<PathBuf> {
    let Some(at) = arguments.iter().position(|argument| *argument == "--bin") else {
        build()?;
        return Ok(workspace::release(""));
    };
    let folder = arguments.get(at + 1);
    let folder = folder.ok_or_else(|| Failure::usage("bench: --bin takes a folder"))?;
    path::absolute(folder).context(folder)
}

/// The release build is what users run.
fn build() -> Outcome {
    packages::ensure(&[&packages::LIBCLANG])?;
    step::run(
        "building transom",
        &mut workspace::cargo(["build", "--locked", "--release", "-p", "transom-box"]),
    )
}

/// The value after an option, or the usual one.
fn number(arguments: &[&str], name: &str, usual: u32) -> Outcome<u32> {
    let Some(at) = arguments.iter().position(|argument| *argument == name) else {
        return Ok(usual);
    };
    let value = arguments.get(at + 1).and_then(|value| value.parse().ok());
    value
        .filter(|number| *number > 0)
        .ok_or_else(|| Failure::usage(format!("bench: {name} takes a number from 1")))
}

/// Resident memory of a process, in KB.
fn resident(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.unwrap_or(0)
}
