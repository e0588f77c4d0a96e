//! `cargo xtask test`: everything that can be checked on one machine, the cheapest first. It stops
//! at the first failure. The last step checks that no program was left running.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::deb;
use crate::failure::{Context as _, Failure, Outcome};
use crate::machine;
use crate::packages::{
    self, ACCESSIBILITY, CHROMIUM, FFMPEG, LIBASOUND, LIBCLANG, MPV, PULSEAUDIO, WINDOW, XVFB,
};
use crate::processes::Mark;
use crate::step;
use crate::torture;
use crate::vm;
use crate::workspace::{self, cargo};

pub(crate) fn run(arguments: &[&str]) -> Outcome {
    if let Some(argument) = arguments.first() {
        return Err(Failure::usage(format!("test: {argument}: not known")));
    }
    packages::ensure(&[
        &LIBCLANG,
        &WINDOW,
        &XVFB,
        &ACCESSIBILITY,
        &LIBASOUND,
        &PULSEAUDIO,
        &FFMPEG,
        &MPV,
        &CHROMIUM,
    ])?;
    let before = ours_running();
    let mark = Mark::new("TRANSOM_TEST_RUN");
    format()?;
    lint()?;
    no_std()?;
    tests(&mark)?;
    step::run("torture of files", mark.put_on(&mut torture::built()))?;
    clients(&mark)?;
    vm::run(&[])?;
    hostile_pictures(&mark)?;
    documentation()?;
    deb::verify_unit()?;
    eprintln!(
        "The packages are tested by `cargo xtask deb --check`, the programs for ARM by `cross`, \
         more programs at the HTTP door by `clients`."
    );
    step::check("nothing left running", || {
        nothing_left(&before, &mark, ENDING)
    })?;
    eprintln!("\nAll passed.");
    Ok(())
}

fn format() -> Outcome {
    step::run("format", &mut cargo(["fmt", "--all", "--check"]))?;
    step::run(
        "format of the fuzz targets",
        &mut cargo(["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"]),
    )
}

fn lint() -> Outcome {
    step::run(
        "clippy",
        &mut cargo("clippy --locked --workspace --all-targets -- -D warnings".split(' ')),
    )?;
    let mut devices = cargo("clippy --locked -p transom-media -p transom-sound".split(' '));
    devices.args([
        "--features",
        "transom-media/nokhwa,transom-sound/alsa,transom-sound/cpal",
        "--",
        "-D",
        "warnings",
    ]);
    step::run(
        "clippy of sound cards, and of the cameras and sound devices of other systems",
        &mut devices,
    )?;
    let mut targets = cargo(
        "clippy --locked --manifest-path fuzz/Cargo.toml --all-targets -- -D warnings".split(' '),
    );
    // Nothing is linked, so libFuzzer is not compiled.
    targets.env("CUSTOM_LIBFUZZER_PATH", "none/libnone.a");
    step::run("clippy of the fuzz targets", &mut targets)
}

/// A dependency of wire or proto that uses std would clash with the panic handler of this test
/// crate.
fn no_std() -> Outcome {
    let mut build = cargo("build --locked --manifest-path tests/no_std/Cargo.toml".split(' '));
    build
        .arg("--target-dir")
        .arg(workspace::target().join("no_std"));
    step::run("wire and proto without std", &mut build)
}

/// One command for all packages, since for another set of packages cargo builds shared crates again
/// with other features.
fn tests(mark: &Mark) -> Outcome {
    step::run(
        "unit, documentation and cross-crate tests, corpus replay, built programs and the window",
        &mut marked("test --locked --workspace", mark),
    )?;
    step::run(
        "ciphers and echo as a build without features has them",
        &mut marked(
            "test --locked -p transom-secure -p transom-sound --lib",
            mark,
        ),
    )?;
    step::run(
        "whole stations on a virtual clock",
        &mut marked(
            "test --locked --release -p transom --features sim --lib --test sim --test sim_day",
            mark,
        ),
    )?;
    step::run(
        "examples of the simulation",
        &mut marked(
            "test --locked --release -p transom -p transom-proto --features transom/sim --doc sim",
            mark,
        ),
    )
}

/// In a process of its own, so that all descendants of it are marked.
fn clients(mark: &Mark) -> Outcome {
    let own = env::current_exe().context("xtask")?;
    let mut clients = Command::new(own);
    clients.args(["clients", "--light"]);
    step::run("programs at the HTTP door", mark.put_on(&mut clients))
}

/// In the release profile the codecs are optimised and arithmetic is unchecked, as for users.
fn hostile_pictures(mark: &Mark) -> Outcome {
    step::run(
        "pictures in the release profile",
        &mut marked("test --locked --release -p transom-media", mark),
    )
}

/// A cargo command whose descendants can all be found, by the mark in their environment.
fn marked(arguments: &str, mark: &Mark) -> Command {
    let mut command = cargo(arguments.split(' '));
    mark.put_on(&mut command);
    command
}

fn documentation() -> Outcome {
    let mut document = cargo("doc --locked --workspace --no-deps".split(' '));
    step::run("documentation", document.env("RUSTDOCFLAGS", "-D warnings"))
}

/// Fails if a descendant of the tests still runs, or any program that was built here. The watcher
/// of a killed box ends the box's programs within a second or two, so this waits up to `timeout`.
fn nothing_left(before: &[String], mark: &Mark, timeout: Duration) -> Outcome {
    let mut left = mark.left_after(timeout);
    left.extend(
        ours_running()
            .into_iter()
            .filter(|process| !before.contains(process)),
    );
    if left.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("still running: {}", left.join(", "))))
}

/// Generous, because the machine may be busy.
const ENDING: Duration = Duration::from_secs(20);

/// "PID PATH" of every process but ours whose program was built here.
fn ours_running() -> Vec<String> {
    let target = fs::canonicalize(workspace::target()).unwrap_or_else(|_| workspace::target());
    let own = std::process::id().to_string();
    machine::names_in("/proc".as_ref())
        .into_iter()
        .filter(|name| name.parse::<u32>().is_ok() && *name != own)
        .filter_map(|id| {
            let program = fs::read_link(PathBuf::from("/proc").join(&id).join("exe")).ok()?;
            let is_ours = program.starts_with(&target);
            is_ours.then(|| format!("{id} {}", program.display()))
        })
        .collect()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::process::Stdio;
    use std::time::Instant;

    use super::*;

    /// Kills the processes also if the test fails.
    struct Planted(Mark);

    impl Drop for Planted {
        fn drop(&mut self) {
            for id in self.0.running() {
                let _ = Command::new("kill").arg(id.to_string()).status();
            }
        }
    }

    #[test]
    fn an_orphan_with_a_session_of_its_own_is_found() {
        let planted = Planted(Mark::new("TRANSOM_TEST_PLANTED"));
        // Both shells end at once; one of the orphans has a session of its own.
        let mut shell = Command::new("sh");
        shell.args(["-c", "sh -c 'setsid sleep 600 & sleep 600 &' &"]);
        shell.stdout(Stdio::null()).stderr(Stdio::null());
        let started = planted.0.put_on(&mut shell).status();
        assert!(started.is_ok_and(|status| status.success()));
        let last = Instant::now() + 3 * ENDING;
        let orphans = loop {
            let found = planted.0.left_after(Duration::ZERO);
            // At first each of them is the shell or `setsid`.
            let sleeps = |line: &String| line.split(' ').nth(1) == Some("sleep");
            if found.len() == 2 && found.iter().all(sleeps) {
                break found;
            }
            assert!(Instant::now() < last, "{found:?}");
        };

        let check = |timeout| nothing_left(&ours_running(), &planted.0, timeout);
        let told = check(Duration::ZERO)
            .err()
            .map(|failure| failure.to_string());
        assert_eq!(told, Some(format!("still running: {}", orphans.join(", "))));
        for id in planted.0.running() {
            let killed = Command::new("kill").arg(id.to_string()).status();
            assert!(killed.is_ok_and(|status| status.success()));
        }
        assert!(check(3 * ENDING).is_ok());
    }
}
