//! `cargo xtask cross`: the headless program for 64-bit ARM, as a dynamic program for Debian and as
//! a static one for any Linux, each tried under an emulator against the program of this machine.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;
use std::process::Command;

use crate::children::Background;
use crate::failure::{Context, Failure, Outcome};
use crate::machine;
use crate::packages::{self, CROSS, LIBCLANG};
use crate::stage::{STARTING, Stage, is_event, text_field};
use crate::step;
use crate::workspace::{self, cargo};

/// A machine that is not this one.
#[derive(Clone, Copy)]
pub(crate) struct Target {
    pub(crate) triple: &'static str,
    /// What links for it; the C compiler does for both.
    linker: &'static str,
    /// The most bytes that the program may have.
    most_bytes: Option<u64>,
}

/// For Debian and its children.
pub(crate) const DYNAMIC: Target = Target {
    triple: "aarch64-unknown-linux-gnu",
    linker: COMPILER,
    most_bytes: None,
};

/// For any Linux: musl is inside, and rustup brings its start files.
const STATIC: Target = Target {
    triple: "aarch64-unknown-linux-musl",
    linker: "rust-lld",
    most_bytes: Some(5_000_000),
};

/// The profile of programs for small machines.
pub(crate) const PROFILE: &str = "small";

const COMPILER: &str = "aarch64-linux-gnu-gcc";
const LIBRARIES: &str = "/usr/aarch64-linux-gnu";
const EMULATOR: &str = "qemu-aarch64-static";

pub(crate) fn run(arguments: &[&str]) -> Outcome {
    if let Some(argument) = arguments.first() {
        return Err(Failure::usage(format!("cross: {argument}: not known")));
    }
    packages::ensure(&[&LIBCLANG, &CROSS])?;
    for target in [DYNAMIC, STATIC] {
        target.build()?;
        let program = target.program();
        let bytes = fs::metadata(&program).context(program.display())?.len();
        eprintln!("{}: {:.2} MB", program.display(), bytes as f64 / 1e6);
        if let Some(most) = target.most_bytes.filter(|most| bytes > *most) {
            let why = format!("{bytes} bytes, more than {most}");
            return Err(Failure::new(format!("{}: {why}", program.display())));
        }
    }
    step::run(
        "building transom for this machine",
        &mut cargo(["build", "--locked", "--release", "-p", "transom-box"]),
    )?;
    for target in [DYNAMIC, STATIC] {
        step::check(&format!("{} is watched from here", target.triple), || {
            watch(target)
        })?;
    }
    Ok(())
}

impl Target {
    /// The built program.
    pub(crate) fn program(self) -> PathBuf {
        self.folder().join("transom")
    }

    /// Where cargo puts what it builds for it.
    pub(crate) fn folder(self) -> PathBuf {
        workspace::target().join(self.triple).join(PROFILE)
    }

    pub(crate) fn build(self) -> Outcome {
        let triple = self.triple;
        ensure_library(triple)?;
        let mut build = cargo(["build", "--locked", "-p", "transom-box"]);
        build.args(["--profile", PROFILE, "--target", triple]);
        let name = triple.replace('-', "_");
        let linker = format!("CARGO_TARGET_{}_LINKER", name.to_uppercase());
        build
            .env(linker, self.linker)
            .env(format!("CC_{name}"), COMPILER)
            .env(format!("AR_{name}"), "aarch64-linux-gnu-ar")
            .env(
                format!("BINDGEN_EXTRA_CLANG_ARGS_{name}"),
                format!("-I{LIBRARIES}/include"),
            );
        step::run(&format!("building transom for {triple}"), &mut build)
    }
}

/// Rust's standard library for another machine; rustup has it.
fn ensure_library(triple: &str) -> Outcome {
    let mut rustc = Command::new("rustc");
    rustc.args(["--print", "target-libdir", "--target", triple]);
    let told = rustc.output().context("rustc")?;
    let folder = String::from_utf8_lossy(&told.stdout).trim().to_owned();
    if !machine::names_in(folder.as_ref()).is_empty() {
        return Ok(());
    }
    eprintln!("This machine lacks Rust's standard library for {triple}. It will be installed now.");
    let mut add = Command::new("rustup");
    step::run("rustup target add", add.args(["target", "add", triple]))
}

/// A box in the emulator, and a viewer of this machine that wants ten pictures.
fn watch(target: Target) -> Outcome {
    let stage = Stage::with_programs(programs(target)?)?;
    let (porch, desk) = (stage.person("porch")?, stage.person("desk")?);
    porch.knows(&desk, "127.0.0.1:9")?;
    let arguments =
        "camera --source pattern --size 320x240 --listen 127.0.0.1:0 --json --name porch";
    let arguments: Vec<&str> = arguments.split(' ').collect();
    let camera = Background::start(&mut porch.program(EMULATED, &arguments))?;
    let address = camera.line(STARTING, |line| {
        is_event(line, "listening").then(|| text_field(line, "address"))?
    })?;
    desk.knows(&porch, &address)?;
    let mut viewer = desk.transom(&["watch", "porch", "--frames", "10"]);
    let status = viewer.status().context("transom watch")?;
    match status.success() {
        true => Ok(()),
        false => Err(Failure::new(format!("transom watch: {status}"))),
    }
}

/// A folder with this machine's program, and the other machine's behind a script.
fn programs(target: Target) -> Outcome<PathBuf> {
    let folder = target.folder().join("emulated");
    if folder.exists() {
        fs::remove_dir_all(&folder).context(folder.display())?;
    }
    fs::create_dir_all(&folder).context(folder.display())?;
    symlink(workspace::release("transom"), folder.join("transom")).context(folder.display())?;
    let script = folder.join(EMULATED);
    let program = target.program();
    let text = format!(
        "#!/bin/sh\nexec {EMULATOR} -L {LIBRARIES} '{}' \"$@\"\n",
        program.display()
    );
    fs::write(&script, text).context(script.display())?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).context(script.display())?;
    Ok(folder)
}

/// The script that runs the other machine's program.
const EMULATED: &str = "transom-emulated";
