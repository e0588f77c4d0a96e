//! `cargo xtask deb`: builds the Debian packages with cargo-deb. The `Cargo.toml` of each program
//! lists the files of its package; this command generates man pages and completions first.

mod check;
mod unit;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cross;
use crate::failure::{Context, Failure, Outcome};
use crate::machine;
use crate::packages::{self, CROSS, LIBCLANG};
use crate::step;
use crate::workspace::{self, cargo};

pub(crate) use unit::verify as verify_unit;

pub(crate) fn run(arguments: &[&str]) -> Outcome {
    let mut options = Options::default();
    for argument in arguments {
        match *argument {
            "--arm64" => options.arm64 = true,
            "--box" => options.box_only = true,
            "--check" => options.check = true,
            other => return Err(Failure::usage(format!("deb: {other}: not known"))),
        }
    }
    if options.arm64 && options.check {
        return Err(Failure::usage("deb: --check is for this machine's package"));
    }
    packages::ensure(&[&LIBCLANG])?;
    ensure_cargo_deb()?;
    let release = workspace::release("");
    write_manual(&release)?;
    build("transom-box", "release")?;
    write_completions(&release)?;
    let texts_beside = |program: &Path| -> Outcome {
        for folder in [MANUAL, COMPLETIONS] {
            copy_folder(&release.join(folder), program.join(folder))?;
        }
        Ok(())
    };
    if options.arm64 {
        packages::ensure(&[&CROSS])?;
        cross::DYNAMIC.build()?;
        texts_beside(&cross::DYNAMIC.folder())?;
        let target = [
            "--target",
            cross::DYNAMIC.triple,
            "--profile",
            cross::PROFILE,
        ];
        package("transom-box", &target)?;
    }
    build("transom-box", cross::PROFILE)?;
    texts_beside(&workspace::target().join(cross::PROFILE))?;
    let package = package("transom-box", &["--profile", cross::PROFILE])?;
    if !options.box_only {
        build("transom-view", "release")?;
        self::package("transom-view", &[])?;
    }
    match options.check {
        true => check::run(&package),
        false => Ok(()),
    }
}

#[derive(Default)]
struct Options {
    /// Also package the box for 64-bit ARM.
    arm64: bool,
    /// Don't package the window.
    box_only: bool,
    /// Also install and start the package in a clean Debian.
    check: bool,
}

fn ensure_cargo_deb() -> Outcome {
    let mut probe = cargo(["deb", "--version"]);
    let probe = probe.stdout(Stdio::null()).stderr(Stdio::null()).status();
    if probe.context("cargo deb")?.success() {
        return Ok(());
    }
    eprintln!(
        "This machine lacks cargo-deb, which makes Debian packages. It will be installed now."
    );
    step::run(
        "cargo install cargo-deb",
        &mut cargo(["install", "--locked", "cargo-deb"]),
    )
}

fn build(package: &str, profile: &str) -> Outcome {
    step::run(
        &format!("building {package}"),
        &mut cargo(["build", "--locked", "--profile", profile, "-p", package]),
    )
}

/// Writes a man page for each command. It builds the program with another feature; the next build
/// replaces it.
fn write_manual(release: &Path) -> Outcome {
    let folder = new_folder(release.join(MANUAL))?;
    let mut write = cargo("run --locked --release -p transom-box --features manual --".split(' '));
    step::run("man pages", write.arg("manual").arg(&folder))?;
    // Debian wants them compressed, and without the time at which that was done.
    let mut compress = Command::new("gzip");
    let pages = machine::names_in(&folder);
    let pages = pages.iter().map(|page| folder.join(page));
    step::run("gzip", compress.arg("-9n").args(pages))
}

fn write_completions(release: &Path) -> Outcome {
    let folder = new_folder(release.join(COMPLETIONS))?;
    for (shell, name) in [
        ("bash", "transom.bash"),
        ("fish", "transom.fish"),
        ("zsh", "_transom"),
    ] {
        let mut print = Command::new(release.join("transom"));
        let script = print.args(["completions", shell]).output();
        let script = script.context("transom completions")?.stdout;
        fs::write(folder.join(name), script).context(name)?;
    }
    Ok(())
}

/// Packages the built program. Returns the path of the package.
fn package(package: &str, options: &[&str]) -> Outcome<PathBuf> {
    let mut pack = cargo(["deb", "--locked", "--no-build", "-p", package]);
    // cargo-deb prints the path to stdout, and everything else to stderr.
    let pack = pack.args(options).stderr(Stdio::inherit());
    let title = format!("cargo deb -p {package}");
    let output = pack.output().context(&title)?;
    let path = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    match output.status.success() {
        true => {
            eprintln!("\n=== {path}");
            Ok(path.into())
        }
        false => Err(Failure::new(format!("{title}: {}", output.status))),
    }
}

fn new_folder(folder: PathBuf) -> Outcome<PathBuf> {
    if folder.exists() {
        fs::remove_dir_all(&folder).context(folder.display())?;
    }
    fs::create_dir_all(&folder).context(folder.display())?;
    Ok(folder)
}

fn copy_folder(from: &Path, to: PathBuf) -> Outcome {
    let to = new_folder(to)?;
    for name in machine::names_in(from) {
        fs::copy(from.join(&name), to.join(&name)).context(&name)?;
    }
    Ok(())
}

/// Folders beside the built program. `Cargo.toml` names them too.
const MANUAL: &str = "manual";
const COMPLETIONS: &str = "completions";
