//! `cargo xtask test`: everything that can be checked on one machine, cheapest first.
//! It stops at the first failure, and that nothing is left running is itself a step.

use std::fs;
use std::path::PathBuf;

use crate::failure::{Failure, Outcome};
use crate::machine;
use crate::packages::{self, CPP, LIBCLANG, WINDOW, XVFB};
use crate::step;
use crate::workspace::{self, cargo};

pub(crate) fn run(arguments: &[&str]) -> Outcome {
    if let Some(argument) = arguments.first() {
        return Err(Failure::usage(format!("test: {argument}: not known")));
    }
    packages::ensure(&[&LIBCLANG, &CPP, &WINDOW, &XVFB])?;
    let before = ours_running();
    format()?;
    lint()?;
    no_std()?;
    tests()?;
    hostile_pictures()?;
    window()?;
    documentation()?;
    step::check("nothing left running", || nothing_left(&before))?;
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
    step::run(
        "clippy of the camera backend of other systems",
        &mut cargo("clippy --locked -p transom-media --features nokhwa -- -D warnings".split(' ')),
    )?;
    step::run(
        "clippy of the fuzz targets",
        &mut cargo(
            "clippy --locked --manifest-path fuzz/Cargo.toml --all-targets -- -D warnings"
                .split(' '),
        ),
    )
}

/// Any crate below wire and proto that brings std in clashes with the probe's own panic handler.
fn no_std() -> Outcome {
    let mut build = cargo("build --locked --manifest-path tests/no_std/Cargo.toml".split(' '));
    build
        .arg("--target-dir")
        .arg(workspace::target().join("no_std"));
    step::run("wire and proto without std", &mut build)
}

fn tests() -> Outcome {
    step::run(
        "unit and documentation tests",
        &mut cargo(
            "test --locked --workspace --exclude transom-view --exclude transom-tests".split(' '),
        ),
    )?;
    step::run(
        "cross-crate tests, corpus replay and built binaries",
        &mut cargo("test --locked -p transom-tests".split(' ')),
    )
}

/// The codecs are optimised and unchecked there, as in the programs that people use.
fn hostile_pictures() -> Outcome {
    step::run(
        "pictures in the release profile",
        &mut cargo("test --locked --release -p transom-media".split(' ')),
    )
}

/// Its tests bring their own display.
fn window() -> Outcome {
    step::run(
        "window",
        &mut cargo("test --locked -p transom-view".split(' ')),
    )
}

fn documentation() -> Outcome {
    let mut document = cargo("doc --locked --workspace --no-deps".split(' '));
    step::run("documentation", document.env("RUSTDOCFLAGS", "-D warnings"))
}

fn nothing_left(before: &[String]) -> Outcome {
    let left: Vec<String> = ours_running()
        .into_iter()
        .filter(|process| !before.contains(process))
        .collect();
    if left.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("still running: {}", left.join(", "))))
}

/// "PID PATH" of every process whose program was built here, this one left out.
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
