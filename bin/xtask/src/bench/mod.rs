//! `cargo xtask bench`: measures the built programs, and compares them with other programs on the
//! same machine.

mod camera;
mod door;
mod fake_camera;
mod files;
mod film;
mod http_viewer;
mod lab;
mod link;
mod parts;
pub(crate) mod peers;
mod processor;
pub(crate) mod soak;
pub(crate) mod sound;
mod sshd;
mod video;
mod view;
mod viewers;

use std::fs;
use std::path::{self, PathBuf};

use crate::cross;
use crate::failure::{Context as _, Failure, Outcome};
use crate::packages;
use crate::step;
use crate::workspace;

pub(crate) fn run(arguments: &[&str]) -> Outcome {
    match arguments {
        ["video", rest @ ..] => video::run(known(rest, &["--seconds"], &[])?),
        ["camera", rest @ ..] => {
            camera::run(known(rest, &["--seconds", "--rounds", "--bin"], &[])?)
        }
        ["door", rest @ ..] => door::run(rest),
        ["files", rest @ ..] => {
            let valued = ["--row", "--mib", "--files", "--rounds", "--bin"];
            files::run(known(rest, &valued, &["--parts"])?)
        }
        ["link", rest @ ..] => link::run(rest),
        ["sound", rest @ ..] => sound::cost(rest),
        ["view", rest @ ..] => view::run(known(rest, &["--seconds", "--calls"], &[])?),
        ["viewers", rest @ ..] => viewers::run(known(rest, &["--seconds", "--bin"], &[])?),
        _ => Err(Failure::usage(
            "bench: say which, link, viewers, video, camera, door, files, sound or view",
        )),
    }
}

/// Returns the arguments, if each is an option of the bench: a typing error must not start a run of
/// many minutes. `valued` are the options that take a value.
fn known<'a, 'b>(
    arguments: &'a [&'b str],
    valued: &[&str],
    flags: &[&str],
) -> Outcome<&'a [&'b str]> {
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if valued.contains(argument) {
            rest.next();
        } else if !flags.contains(argument) {
            let options = [valued, flags].concat().join(", ");
            return Err(Failure::usage(format!(
                "bench: {argument}: no such option (there are {options})"
            )));
        }
    }
    Ok(arguments)
}

/// The folder of the programs to measure: that of `--bin`, otherwise they are built now.
fn programs(arguments: &[&str]) -> Outcome<PathBuf> {
    programs_of(RELEASE, arguments)
}

/// The same, as the package of the camera box has them.
fn packaged_programs(arguments: &[&str]) -> Outcome<PathBuf> {
    programs_of(cross::PROFILE, arguments)
}

fn programs_of(profile: &str, arguments: &[&str]) -> Outcome<PathBuf> {
    let Some(at) = arguments.iter().position(|argument| *argument == "--bin") else {
        build(profile)?;
        return Ok(workspace::target().join(profile));
    };
    let folder = arguments.get(at + 1);
    let folder = folder.ok_or_else(|| Failure::usage("bench: --bin takes a folder"))?;
    path::absolute(folder).context(folder)
}

/// The profile of the programs that users build.
const RELEASE: &str = "release";

fn build(profile: &str) -> Outcome {
    packages::ensure(&[&packages::LIBCLANG])?;
    let mut build = workspace::cargo(["build", "--locked", "-p", "transom-box", "--profile"]);
    step::run("building transom", build.arg(profile))
}

/// The number after an option, or `default`.
fn number(arguments: &[&str], name: &str, default: u32) -> Outcome<u32> {
    let Some(at) = arguments.iter().position(|argument| *argument == name) else {
        return Ok(default);
    };
    let value = arguments.get(at + 1).and_then(|value| value.parse().ok());
    value
        .filter(|number| *number > 0)
        .ok_or_else(|| Failure::usage(format!("bench: {name} takes a number from 1")))
}

/// Resident memory of a process, in KB.
fn resident(process: u32) -> u64 {
    memory(process, "VmRSS:")
}

/// The most memory that was ever resident of a process, in KB.
fn most_resident(process: u32) -> u64 {
    memory(process, "VmHWM:")
}

fn memory(process: u32, field: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::known;

    #[test]
    fn a_typing_error_in_an_option_starts_no_bench() {
        let (valued, flags) = (&["--row", "--bin"], &["--json"]);
        let good = ["", "--json --row 3", "--bin --json"];
        for line in good {
            let words: Vec<_> = line.split_whitespace().collect();
            assert!(known(&words, valued, flags).is_ok(), "{line}");
        }
        let slips = [
            ("--rows 3", "--rows"),
            ("--row=3", "--row=3"),
            ("3", "3"),
            ("--json --no-naive", "--no-naive"),
        ];
        for (line, named) in slips {
            let words: Vec<_> = line.split_whitespace().collect();
            let error = known(&words, valued, flags).expect_err(line).to_string();
            assert!(
                error.contains(&format!("{named}: no such option")),
                "{error}"
            );
        }
    }
}
